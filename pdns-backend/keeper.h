/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_KEEPER_H
#define DDNS_BACKEND_KEEPER_H

#include "common/base/err.h"

/*
 * Serves PowerDNS's pipe connector on standard input and output until the end
 * of input: in a process of its own, which is replaced when it is killed or
 * crashes.  DDNS_EIO: PowerDNS is gone.  Edges; before any thread.
 */
enum ddns_err ddns_keeper_run(const char *store_path) DDNS_MUST_CHECK;

#endif
