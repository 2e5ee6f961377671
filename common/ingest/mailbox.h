/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_MAILBOX_H
#define DDNS_INGEST_MAILBOX_H

#include <event2/event.h>

#include "common/base/err.h"

/*
 * How another thread (the writer) hands finished work to the event loop.  A
 * letter is part of the work itself, so posting cannot fail.
 */
struct ddns_mailbox;

struct ddns_letter {
	/* Runs in the loop's thread; may free what the letter is in. */
	void (*open)(struct ddns_letter *letter);
	struct ddns_letter *next; /* the mailbox's */
};

enum ddns_err ddns_mailbox_new(struct event_base *base,
    struct ddns_mailbox **ret) DDNS_MUST_CHECK;
/* Any thread. */
void ddns_mailbox_post(struct ddns_mailbox *mailbox,
    struct ddns_letter *letter);
/* Opens all that is there now, in the order of posting.  The loop's thread. */
void ddns_mailbox_drain(struct ddns_mailbox *mailbox);
/* Drains, then frees; nobody may post any more.  NULL is fine. */
void ddns_mailbox_free(struct ddns_mailbox *mailbox);

#endif
