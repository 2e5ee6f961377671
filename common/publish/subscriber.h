/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_PUBLISH_SUBSCRIBER_H
#define DDNS_PUBLISH_SUBSCRIBER_H

#include <event2/event.h>

#include "common/conf/conf.h"
#include "common/publish/latency.h"
#include "common/publish/order.h"
#include "common/publish/pending.h"
#include "common/store/journal.h"

/*
 * What the subscribers of all kinds have in common, and what they ask of the
 * publisher (the hub).  All of it runs in the publisher's thread.
 */
struct ddns_hub;
struct ddns_sub;

#define DDNS_SUB_AGAIN_MAX DDNS_COUNT(((struct ddns_conf *)0)->purge_again_ms)
#define DDNS_SUB_ERROR_MAX 128

struct ddns_sub_ops {
	/* Does what can be done now and arms the timer for the rest. */
	void (*pump)(struct ddns_sub *sub);
	/* The lowest seq that is in work, not in the queue; INT64_MAX none. */
	int64_t (*low)(const struct ddns_sub *sub);
	/* Of these, how many nobody has acknowledged yet. */
	unsigned (*in_flight)(const struct ddns_sub *sub);
	/* The lowest seq that others wait for; NULL: nobody waits for it. */
	int64_t (*holds)(const struct ddns_sub *sub);
	void (*free)(struct ddns_sub *sub);
};

struct ddns_sub {
	const struct ddns_sub_ops *ops;
	struct ddns_hub *hub;
	const struct ddns_conf_subscriber *conf; /* NULL: a secondary */
	char *name, *target;
	const char *kind;
	struct event *timer;
	struct ddns_mono_us armed; /* when it fires; INT64_MAX: it does not */
	struct ddns_pending queue;
	struct ddns_backoff health;
	bool down;         /* its last try failed, or the last several did */
	int64_t start;     /* rows up to here it has seen before */
	int64_t cursor;    /* as last written to the store */
	bool dirty;        /* there is news for its row */
	int64_t acked, retries;
	struct ddns_unix_ms last_ack, last_fail;
	char last_error[DDNS_SUB_ERROR_MAX];
	struct ddns_unix_ms refusal_logged;
	struct ddns_latency latency;
};

/* All three give a sub whose ops->free() the caller calls. */
enum ddns_err ddns_purge_new(struct ddns_hub *hub,
    const struct ddns_conf_subscriber *conf, struct ddns_sub **ret)
    DDNS_MUST_CHECK;
enum ddns_err ddns_flush_new(struct ddns_hub *hub,
    const struct ddns_conf_subscriber *conf, struct ddns_sub **ret)
    DDNS_MUST_CHECK;
/* conf NULL: a secondary at `to`, told of new serials only, unsigned. */
enum ddns_err ddns_notifier_new(struct ddns_hub *hub,
    const struct ddns_conf_subscriber *conf, const struct ddns_listen *to,
    struct ddns_sub **ret) DDNS_MUST_CHECK;

enum ddns_err ddns_sub_init(struct ddns_sub *sub,
    const struct ddns_sub_ops *ops, struct ddns_hub *hub,
    const struct ddns_conf_subscriber *conf, const char *name,
    const char *kind, const char *target, unsigned zone_max) DDNS_MUST_CHECK;
void ddns_sub_done(struct ddns_sub *sub);
/* Calls pump at `due`, or at an earlier time that was asked for before;
 * v == INT64_MAX: nothing to arm. */
void ddns_sub_arm(struct ddns_sub *sub, struct ddns_mono_us due);
void ddns_sub_acked(struct ddns_sub *sub, const struct ddns_item *item,
    struct ddns_mono_us now);
void ddns_sub_say(struct ddns_sub *sub, const char *error);
/* It will never do what we asked: remembered, and logged now and then. */
void ddns_sub_refused(struct ddns_sub *sub, const char *error);
/* A try failed: error text, back-off, and one log line when it goes down. */
void ddns_sub_failed(struct ddns_sub *sub, const char *error, bool down);
void ddns_sub_answered(struct ddns_sub *sub);
/* No cache can hold what the item is about any more. */
bool ddns_sub_expired(const struct ddns_sub *sub,
    const struct ddns_item *item);
/* What is still to be done, in the queue and in work. */
int64_t ddns_sub_low(const struct ddns_sub *sub);

/* Items that were done and are to be done again, by stage. */
struct ddns_again {
	struct ddns_item_list stage[DDNS_SUB_AGAIN_MAX];
};
/* false: it was the last time, the item is still the caller's. */
bool ddns_again_put(struct ddns_again *again, const struct ddns_hub *hub,
    struct ddns_item *take_item, struct ddns_mono_us now);
struct ddns_item *ddns_again_pop(struct ddns_again *again,
    struct ddns_mono_us now); /* NULL: none is due */
/* When the next one is due; v == INT64_MAX: none. */
struct ddns_mono_us ddns_again_due(const struct ddns_again *again);
int64_t ddns_again_low(const struct ddns_again *again, int64_t low);
void ddns_again_done(struct ddns_again *again);

/* ---- what the hub does for them ---- */

struct event_base *ddns_hub_base(const struct ddns_hub *hub);
const struct ddns_conf *ddns_hub_conf(const struct ddns_hub *hub);
uint64_t ddns_hub_seed(const struct ddns_hub *hub);
/* Up to which seq the resolvers may be told now. */
int64_t ddns_hub_gate(const struct ddns_hub *hub);
/* The gate may have moved: pump those who wait for it, soon. */
void ddns_hub_kick(struct ddns_hub *hub);
/* Tells the resolvers once more: they may have fetched an old answer. */
void ddns_hub_tell_again(struct ddns_hub *hub, const struct ddns_item *item);
/* Purges the apex before a secondary is sent there; gives the gate to wait
 * for. */
int64_t ddns_hub_purge_apex(struct ddns_hub *hub, const struct ddns_name *apex,
    int64_t zone_id, uint32_t serial);
/* For the SOA of a NOTIFY; NULL when there is no such zone.  Borrowed until
 * the next call. */
const struct ddns_zone *ddns_hub_zone(struct ddns_hub *hub, int64_t id);

#endif
