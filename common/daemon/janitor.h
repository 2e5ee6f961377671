/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DAEMON_JANITOR_H
#define DDNS_DAEMON_JANITOR_H

#include "common/ingest/ingest.h"

/*
 * Keeps the store from growing for ever: old journal rows and forgotten
 * replayed messages go, a few at a time, through the writer like any change.
 */
struct ddns_janitor;

enum ddns_err ddns_janitor_new(struct ddns_ingest *ingest,
    struct ddns_janitor **ret) DDNS_MUST_CHECK;
/* After the writer has been freed and the mailbox drained.  NULL is fine. */
void ddns_janitor_free(struct ddns_janitor *janitor);

#endif
