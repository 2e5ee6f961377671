/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_DNS_UPDATE_H
#define DDNS_INGEST_DNS_UPDATE_H

#include "common/ingest/dns_frame.h"
#include "common/ingest/ingest.h"

/* The answer to an update is known.  In the loop's thread. */
typedef void ddns_dns_update_done_fn(unsigned rcode, void *arg);

/*
 * One UPDATE from a frame that said GO to its rcode: judged at once on the
 * loop's reading handle, and what is left to do goes to the writer.  done is
 * called exactly once, before this returns or later.  Until then the frame
 * must live; its message is not looked at any more after this returned.
 * policy_gen: of ddns_dns_keys_refresh(), from before the frame was opened.
 */
void ddns_dns_update_start(struct ddns_ingest *ingest, int64_t policy_gen,
    const struct ddns_dns_frame *frame, const struct ddns_addr *source,
    struct ddns_unix_ms now, ddns_dns_update_done_fn *done, void *arg);

#endif
