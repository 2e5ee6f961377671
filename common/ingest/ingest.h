/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_INGEST_H
#define DDNS_INGEST_INGEST_H

#include <event2/event.h>

#include "common/conf/conf.h"
#include "common/ingest/mailbox.h"
#include "common/store/writer.h"
#include "common/update/attempts.h"
#include "common/update/limit.h"

/*
 * What every front end needs.  All borrowed; all of it belongs to the thread
 * of the event loop, but for the writer, which any thread may use.
 */
struct ddns_ingest {
	struct event_base *base;
	const struct ddns_conf *conf;
	const struct ddns_secret_key *key;
	struct ddns_store *store; /* a READ handle of the loop's own */
	struct ddns_writer *writer;
	struct ddns_mailbox *mailbox;
	struct ddns_attempts *attempts;
	struct ddns_limit *changes;  /* per credential, host and family */
	struct ddns_limit *failures; /* wrong credentials, per source */
	unsigned pending; /* requests that the writer has */
};

#endif
