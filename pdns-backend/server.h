/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_SERVER_H
#define DDNS_BACKEND_SERVER_H

#include "common/base/err.h"

/*
 * The unix connector's other end.  Edges; one thread.
 */

/*
 * A listening socket: the one that systemd hands over (LISTEN_FDS), else a
 * new one at the path.  A path that a dead server left behind is taken over.
 * DDNS_EEXIST when a live one listens there; DDNS_ERANGE when the path is too
 * long; path NULL and nothing handed over: DDNS_ENOTFOUND.
 */
enum ddns_err ddns_server_listen(const char *path, int *ret) DDNS_MUST_CHECK;

/*
 * Serves each connection in a thread of its own, with a store of its own,
 * until SIGTERM or SIGINT.  What is being answered is answered first.
 */
enum ddns_err ddns_server_run(int listen_fd, const char *store_path)
    DDNS_MUST_CHECK;
#define DDNS_SERVER_CONNECTIONS_MAX 512 /* PowerDNS: one per thread, few */

#endif
