/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_PUBLISH_SAVE_H
#define DDNS_PUBLISH_SAVE_H

#include "common/publish/subscriber.h"
#include "common/store/writer.h"

/*
 * The subscribers' rows in the store: read once, written back through the
 * writer, never waited for.
 */
struct ddns_saver;

/* writer is borrowed. */
enum ddns_err ddns_saver_new(struct ddns_writer *writer,
    struct ddns_saver **ret) DDNS_MUST_CHECK;
/* What was handed to the writer already is still written. */
void ddns_saver_free(struct ddns_saver *saver); /* NULL is fine */
/*
 * Sets start, cursor and counters of each sub that has a row (start stays 0
 * where there is none, or it was for another target), and remembers the rows
 * that are nobody's: the next save deletes them.
 */
enum ddns_err ddns_saver_load(struct ddns_saver *saver,
    struct ddns_store *store, struct ddns_sub **subs, size_t count)
    DDNS_MUST_CHECK;
/*
 * Writes the rows with news, all in one transaction.  Does nothing while the
 * last one is not yet written, unless this is to be the last.
 */
void ddns_saver_save(struct ddns_saver *saver, struct ddns_sub **subs,
    size_t count, int64_t read, bool last);

#endif
