/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_REPLY_H
#define DDNS_BACKEND_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/dns/name.h"

/*
 * Writing replies: JSON appended to a buffer.  Pure; any thread.
 */

/* A string with its quotes. */
void ddns_reply_put_string(struct ddns_buf *out, const char *text);
void ddns_reply_put_number(struct ddns_buf *out, int64_t v);
void ddns_reply_put_name(struct ddns_buf *out, const struct ddns_name *name);
/*
 * A whole reply with the result given as JSON; `why`, where it is not NULL,
 * is for PowerDNS's log.
 */
void ddns_reply_put_result(struct ddns_buf *out, const char *json,
    const char *why);
#define DDNS_REPLY_BEGIN "{\"result\":"
#define DDNS_REPLY_END "}\n"

#endif
