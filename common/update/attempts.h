/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_ATTEMPTS_H
#define DDNS_UPDATE_ATTEMPTS_H

#include "common/store/writer.h"
#include "common/update/change.h"

/*
 * The journal rows of attempts that changed nothing.  They are collected here
 * and written later, many to a job, so that neither a client that repeats
 * itself nor an attacker makes a write per request: attempts that differ in
 * nothing but their time become one row with a count.  One thread at a time.
 */
struct ddns_attempts;

#define DDNS_ATTEMPTS_MAX 4096 /* waiting rows; about 600 bytes each */

struct ddns_attempt {
	const struct ddns_actor *actor;
	const char *name; /* as sent, cleaned (ddns_update_clean()) */
	uint16_t type;    /* DDNS_TYPE_ANY: several */
	const char *result, *reason;
	int64_t cred_id;  /* its last_used is touched; 0: none */
	bool harmless;    /* nochg, challenge: may wait for the long interval */
};

/* writer is borrowed.  harmless_s: how long harmless ones are collected. */
enum ddns_err ddns_attempts_new(struct ddns_writer *writer,
    unsigned harmless_s, struct ddns_attempts **ret) DDNS_MUST_CHECK;
/*
 * true: the first of its kind since the last writing, so worth a log line.
 * Without memory or room the attempt is counted, and the count is written.
 */
bool ddns_attempts_add(struct ddns_attempts *attempts,
    const struct ddns_attempt *attempt);
/* Hands what is due to the writer; call about once a second. */
void ddns_attempts_tick(struct ddns_attempts *attempts,
    struct ddns_unix_ms now);
/*
 * Hands over all that waits, and frees.  What was handed over is written by
 * the time the writer is freed.  NULL is fine.
 */
void ddns_attempts_free(struct ddns_attempts *attempts);

#endif
