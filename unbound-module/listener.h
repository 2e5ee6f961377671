/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_LISTENER_H
#define DDNS_MODULE_LISTENER_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "unbound-module/drop.h"
#include "unbound-module/settings.h"

/*
 * The module's own port: one thread that reads requests over UDP and TCP,
 * drops, and answers.  Unbound's workers have no part in it.
 */
struct ddns_listener;

struct ddns_listener_param {
	const struct ddns_settings *settings;
	struct ddns_dropper dropper;
	unsigned stats_interval_s; /* a line in the log; 0: none */
};

/*
 * Opens the ports and starts the thread.  must_bind: a port that cannot be
 * opened is an error (DDNS_EIO, why set); else it is logged and tried again
 * each second.  param is copied, what it points at stays the caller's until
 * ddns_listener_free().
 */
enum ddns_err ddns_listener_new(const struct ddns_listener_param *param,
    bool must_bind, struct ddns_listener **ret, struct ddns_buf *why)
    DDNS_MUST_CHECK;
/* Stops the thread and waits for it. */
void ddns_listener_free(struct ddns_listener *listener);

#endif
