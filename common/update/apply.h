/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_APPLY_H
#define DDNS_UPDATE_APPLY_H

#include "common/store/writer.h"
#include "common/update/authenticate.h"
#include "common/update/change.h"
#include "common/update/limit.h"

/*
 * The update request of the address protocols: some hosts, and for each of the
 * two families what shall become of it.  evaluate() judges it on the reader's
 * snapshot, which decides refusals and `nochg` without any write; what is left
 * goes to the writer as one job, so a request is applied whole or not at all.
 */

/* The dyndns2 word is what goes into the journal; order: worse is higher. */
#define DDNS_UPDATE_CODE_MAP(X)                                              \
	X(DDNS_UPDATE_GOOD,    "good")                                       \
	X(DDNS_UPDATE_NOCHG,   "nochg")                                      \
	X(DDNS_UPDATE_NOHOST,  "nohost")                                     \
	X(DDNS_UPDATE_NOTFQDN, "notfqdn")                                    \
	X(DDNS_UPDATE_NUMHOST, "numhost")                                    \
	X(DDNS_UPDATE_DNSERR,  "dnserr")   /* address or parameter refused */\
	X(DDNS_UPDATE_DONATOR, "!donator") /* may not withdraw */            \
	X(DDNS_UPDATE_ABUSE,   "abuse")    /* too many changes */            \
	X(DDNS_UPDATE_BLOCKED, "abuse")    /* by the administrator */        \
	X(DDNS_UPDATE_BUSY,    "911")      /* our fault: try again */
#define DDNS_UPDATE_CODE_ENUM(code, text) code,
enum ddns_update_code { DDNS_UPDATE_CODE_MAP(DDNS_UPDATE_CODE_ENUM) };
const char *ddns_update_code_text(enum ddns_update_code code);

enum ddns_family { DDNS_FAMILY_V4, DDNS_FAMILY_V6, DDNS_FAMILIES };
enum ddns_family_op { DDNS_OP_KEEP, DDNS_OP_SET, DDNS_OP_CLEAR };

struct ddns_update_op {
	enum ddns_family_op op;
	struct ddns_addr addr; /* of DDNS_OP_SET */
};

struct ddns_update_host {
	struct ddns_name name; /* len_bytes == 0: `code` is set already */
	bool companion; /* rides along (a wildcard) if it may: no reply line */

	enum ddns_update_code code;
	char reason[96]; /* for the journal and the log; "" none */
	bool warn;       /* published, but the administrator should know */

	/* evaluate()'s, for apply */
	int64_t host_id;
	struct ddns_zone zone;
	uint32_t ttl_s;
	bool write[DDNS_FAMILIES];
};

#define DDNS_UPDATE_MAX_HOSTS 20 /* of one request: Dyn's own limit */
#define DDNS_UPDATE_AGENT_MAX 200

struct ddns_update {
	struct ddns_write_job job; /* caller sets done and arg's meaning */
	struct ddns_principal who;
	struct ddns_actor actor; /* its texts live in this structure */
	char user_agent[DDNS_UPDATE_AGENT_MAX];
	struct ddns_update_op op[DDNS_FAMILIES];
	struct ddns_update_host *hosts; /* calloc'ed, ours */
	size_t hosts_count;
	int64_t policy_gen;
	struct ddns_mono_us now;
};

/*
 * Zeroes and sets who asks.  user_agent is cleaned (printable ASCII) and cut;
 * it may be NULL.  Frees nothing; end with _done.
 */
void ddns_update_init(struct ddns_update *update, const char *protocol,
    const struct ddns_principal *who, const struct ddns_addr *source,
    bool tls, const char *user_agent, struct ddns_unix_ms now);
void ddns_update_done(struct ddns_update *update);
/* A number that the rows of one request share; any thread. */
int64_t ddns_update_next_request(struct ddns_unix_ms now);
/* Copies to printable ASCII, other bytes become '?', cut to cap - 1. */
void ddns_update_clean(const char *text, char *out, size_t cap);

/*
 * Sets the code of every host.  *ret_write: at least one needs the writer (its
 * code is GOOD already, to become true by the commit).  limit may be NULL.
 * An error is the store's: then every code is BUSY.
 */
enum ddns_err ddns_update_evaluate(struct ddns_store *store,
    struct ddns_limit *limit, struct ddns_update *update, bool *ret_write)
    DDNS_MUST_CHECK;
/*
 * The job's apply function; arg is the struct ddns_update.  Judges again if the
 * policy changed in between.
 */
enum ddns_err ddns_update_apply(struct ddns_store *store, void *arg);
/* After the job failed: those that should have been written become BUSY. */
void ddns_update_fail(struct ddns_update *update);

#endif
