/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_STORE_JOURNAL_H
#define DDNS_STORE_JOURNAL_H

#include "common/store/store.h"

/*
 * The journal: one row for every attempt, refused ones too.  It is the audit
 * log, the feed of the publisher and the history for IXFR.  Rows are numbered
 * in the order of commits and never change.
 */
enum ddns_journal_flags {
	DDNS_JOURNAL_CHANGED = 1,  /* records changed: the rows of the feed */
	DDNS_JOURNAL_APPEARED = 2, /* the owner did not exist before */
	DDNS_JOURNAL_VANISHED = 4, /* the owner does not exist any more */
	DDNS_JOURNAL_TLS = 8,      /* the request came over TLS */
	DDNS_JOURNAL_ZONE = 16     /* the whole zone may have changed */
};

struct ddns_journal_row {
	int64_t seq; /* >= 1; set by append */
	struct ddns_unix_ms time;
	int64_t request;      /* rows of one request share it; 0: none */
	const char *protocol; /* "dyndns2", "update", "admin", ... */
	const char *result;   /* code of that protocol: "good", "REFUSED" */
	const char *reason;   /* for the operator; "" when there is none */
	const char *account;  /* names as they were then; "" unknown */
	const char *credential;
	const char *source;   /* address; "" for local */
	const char *user_agent;
	int64_t zone_id;      /* 0: none of ours */
	uint32_t serial;      /* of a CHANGED row: the zone's, after it */
	const char *name;     /* as ddns_name_format(), or as it was sent */
	uint16_t type;        /* DDNS_TYPE_ANY: several, or the name itself */
	struct ddns_span old_set; /* struct ddns_rrset's bytes; empty: absent */
	struct ddns_span new_set;
	unsigned flags;
	uint32_t repeats;     /* attempts that this row stands for, >= 1 */
	struct ddns_unix_ms last; /* of the last of them */
};
typedef enum ddns_err ddns_journal_fn(const struct ddns_journal_row *row,
    void *arg);

/* In a WRITE transaction.  NULL texts are stored as "". */
enum ddns_err ddns_journal_append(struct ddns_store *store,
    const struct ddns_journal_row *row, int64_t *ret_seq) DDNS_MUST_CHECK;

/* CHANGED rows with seq > after, oldest first, at most max. */
enum ddns_err ddns_journal_feed(struct ddns_store *store, int64_t after,
    unsigned max, ddns_journal_fn *each, void *arg) DDNS_MUST_CHECK;
/* The highest seq there is, or 0. */
enum ddns_err ddns_journal_last(struct ddns_store *store, int64_t *ret)
    DDNS_MUST_CHECK;
/* The highest seq whose time is before t, or 0: where a late reader starts. */
enum ddns_err ddns_journal_before(struct ddns_store *store,
    struct ddns_unix_ms t, int64_t *ret) DDNS_MUST_CHECK;
/*
 * CHANGED rows of a zone with serials after `from` (RFC 1982) up to the newest,
 * oldest first.  DDNS_ENOTFOUND: the history does not reach back to `from`,
 * or holds a ZONE row (answer AXFR then).
 */
enum ddns_err ddns_journal_zone(struct ddns_store *store, int64_t zone_id,
    uint32_t from, ddns_journal_fn *each, void *arg) DDNS_MUST_CHECK;

struct ddns_journal_filter {
	const char *name;       /* exact, any case, or NULL */
	const char *account;
	const char *credential;
	const char *result;
	const char *source;
	struct ddns_unix_ms since, until; /* v == 0: open */
	int64_t after;          /* seq > after */
	unsigned max;           /* newest so many, given oldest first; 0: all */
	bool changed_only;
	bool failed_only;       /* result is not a success */
};
enum ddns_err ddns_journal_query(struct ddns_store *store,
    const struct ddns_journal_filter *filter, ddns_journal_fn *each,
    void *arg) DDNS_MUST_CHECK;
/*
 * Removes rows older than t, at most max of them, never the newest one and
 * none that a subscriber has still to see.  ret_removed tells how many.
 */
enum ddns_err ddns_journal_trim(struct ddns_store *store,
    struct ddns_unix_ms t, unsigned max, unsigned *ret_removed)
    DDNS_MUST_CHECK;

/* ---- subscribers: who is told, and how far ---- */

struct ddns_subscriber {
	const char *name; /* unique, from the configuration */
	const char *kind; /* "pdns-control", "notify", "unbound-control" */
	const char *target; /* address or path, for people */
	int64_t seq;      /* all up to here is acknowledged */
	int64_t pending;  /* names still to be told, when last written */
	int64_t acked;    /* deliveries acknowledged since it was added */
	int64_t retries;
	struct ddns_unix_ms last_ack; /* 0: never */
	struct ddns_unix_ms last_fail;
	const char *last_error; /* "" none */
	uint32_t ack_p50_us, ack_p99_us, ack_max_us; /* commit to ack, recent */
};
typedef enum ddns_err ddns_subscriber_fn(const struct ddns_subscriber *s,
    void *arg);

enum ddns_err ddns_store_subscriber_get(struct ddns_store *store,
    const char *name, struct ddns_subscriber *ret) DDNS_MUST_CHECK;
enum ddns_err ddns_store_subscriber_put(struct ddns_store *store,
    const struct ddns_subscriber *subscriber) DDNS_MUST_CHECK; /* upsert */
enum ddns_err ddns_store_subscriber_list(struct ddns_store *store,
    ddns_subscriber_fn *each, void *arg) DDNS_MUST_CHECK;
enum ddns_err ddns_store_subscriber_delete(struct ddns_store *store,
    const char *name) DDNS_MUST_CHECK;

#endif
