/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_BACKEND_H
#define DDNS_BACKEND_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "pdns-backend/request.h"

/*
 * One connection of PowerDNS and what answers it.  One thread at a time; any
 * number of connections beside each other, they share nothing.
 */
struct ddns_backend;

/* store_path is copied.  Opens nothing yet: the store may come later. */
enum ddns_err ddns_backend_new(const char *store_path,
    struct ddns_backend **ret) DDNS_MUST_CHECK;
void ddns_backend_free(struct ddns_backend *backend);

/*
 * Answers one request.  line is untrusted and changed; line[len] must be
 * writable.  *out is emptied first and then holds exactly one JSON object and
 * a newline, whatever the line was.  When that takes more memory than there
 * is, out->err is set and DDNS_REPLY_FAILED should go out instead.
 */
void ddns_backend_answer(struct ddns_backend *backend, char *line, size_t len,
    struct ddns_buf *out);
#define DDNS_REPLY_FAILED "{\"result\":null}\n"

/*
 * Requests from one descriptor, replies to the other, until the end of input:
 * DDNS_OK.  DDNS_EIO: the other side is gone.  Not closed.
 * busy, where it is not NULL, is true from before a request is taken off the
 * descriptor until its reply is written.
 */
enum ddns_err ddns_backend_serve(struct ddns_backend *backend, int in,
    int out, _Atomic bool *busy) DDNS_MUST_CHECK;
#define DDNS_LINE_MAX (1024 * 1024) /* of a request; ours, real ones: 1 KiB */

#endif
