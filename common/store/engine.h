/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_STORE_ENGINE_H
#define DDNS_STORE_ENGINE_H

#include "common/store/store.h"

/*
 * What an engine gives to the writer and to nobody else.
 */

/*
 * The handle belongs to a writer from now on: the engine's housekeeping
 * (checkpoints) moves to a thread of its own, out of the way of commits, until
 * the handle is freed.
 */
enum ddns_err ddns_engine_serve_writer(struct ddns_store *store)
    DDNS_MUST_CHECK;
/* Did the last commit change anything? */
bool ddns_engine_has_changed(const struct ddns_store *store);

#endif
