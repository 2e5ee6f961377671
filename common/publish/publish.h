/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_PUBLISH_PUBLISH_H
#define DDNS_PUBLISH_PUBLISH_H

#include "common/conf/conf.h"
#include "common/store/writer.h"

/*
 * The publisher: a thread of its own that reads the journal and tells every
 * subscriber of the configuration, in the order of design: PowerDNS first,
 * then the resolvers.  It opens the store for itself; the cursors it keeps
 * go through the writer.
 */
struct ddns_publisher;

/* conf and writer are borrowed and must outlive the publisher. */
enum ddns_err ddns_publisher_start(const struct ddns_conf *conf,
    struct ddns_writer *writer, struct ddns_publisher **ret) DDNS_MUST_CHECK;
/*
 * Something was committed.  Any thread, but none during or after free; never
 * blocks; NULL is fine.
 */
void ddns_publisher_wake(struct ddns_publisher *publisher);
/* Saves the cursors and stops.  NULL is fine. */
void ddns_publisher_free(struct ddns_publisher *publisher);

#endif
