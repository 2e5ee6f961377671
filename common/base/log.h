/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BASE_LOG_H
#define DDNS_BASE_LOG_H

#include <stddef.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

/*
 * The log of a program: one line an event, to standard error (where journald
 * picks it up, with its <N> level prefix when JOURNAL_STREAM is set) or to a
 * function that replaces it (Unbound's log in the module, a test's).
 *
 * common/ returns errors; programs log them once.  A value that came from
 * outside goes through DDNS_Q(): quoted, control characters and quotes
 * escaped, cut at DDNS_LOG_VALUE_MAX.  Any thread.
 */
enum ddns_log_level {
	DDNS_LOG_ERROR = 3, /* numbers of syslog(3) */
	DDNS_LOG_WARNING = 4,
	DDNS_LOG_NOTICE = 5,
	DDNS_LOG_INFO = 6,
	DDNS_LOG_DEBUG = 7
};

#define DDNS_LOG_VALUE_MAX 256

typedef void ddns_log_sink(enum ddns_log_level level, const char *line);

void ddns_log_set_level(enum ddns_log_level max);
enum ddns_log_level ddns_log_get_level(void);
void ddns_log_set_sink(ddns_log_sink *sink); /* NULL: standard error */
void ddns_log(enum ddns_log_level level, const char *fmt, ...)
    DDNS_PRINTF(2, 3);

/* Storage for one quoted value, on the stack of the caller. */
struct ddns_log_quoted {
	char text[DDNS_LOG_VALUE_MAX + 8];
};
struct ddns_log_quoted ddns_log_quote(const char *text); /* NULL: "" */
struct ddns_log_quoted ddns_log_quote_span(struct ddns_span bytes);
#define DDNS_Q(value) (ddns_log_quote(value).text)

#endif
