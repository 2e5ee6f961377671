/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int max_level = DDNS_LOG_INFO;
static _Atomic(ddns_log_sink *) replaced_sink;

static void
write_stderr(enum ddns_log_level level, const char *line)
{
	static _Atomic int journal = -1;

	if (journal < 0)
		journal = getenv("JOURNAL_STREAM") != NULL;
	if (journal)
		fprintf(stderr, "<%d>%s\n", (int)level, line);
	else
		fprintf(stderr, "%s\n", line);
}

void
ddns_log_set_level(enum ddns_log_level max)
{
	max_level = max;
}

enum ddns_log_level
ddns_log_get_level(void)
{
	return (enum ddns_log_level)max_level;
}

void
ddns_log_set_sink(ddns_log_sink *sink)
{
	replaced_sink = sink;
}

void
ddns_log(enum ddns_log_level level, const char *fmt, ...)
{
	ddns_log_sink *sink = replaced_sink;
	char line[2048];
	va_list ap;

	if ((int)level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (sink == NULL)
		sink = write_stderr;
	sink(level, line);
}

struct ddns_log_quoted
ddns_log_quote_span(struct ddns_span bytes)
{
	struct ddns_log_quoted q;
	size_t n = 0;

	q.text[n++] = '"';
	for (size_t i = 0; i < bytes.len_bytes; i++) {
		uint8_t c = bytes.base[i];

		if (n + 4 > DDNS_LOG_VALUE_MAX) {
			memcpy(q.text + n, "...", 3);
			n += 3;
			break;
		}
		if (c == '"' || c == '\\') {
			q.text[n++] = '\\';
			q.text[n++] = (char)c;
		} else if (c < 0x20 || c >= 0x7f) {
			n += (size_t)snprintf(q.text + n, 5, "\\x%02x", c);
		} else {
			q.text[n++] = (char)c;
		}
	}
	q.text[n++] = '"';
	q.text[n] = '\0';
	return q;
}

struct ddns_log_quoted
ddns_log_quote(const char *text)
{
	if (text == NULL)
		text = "";
	return ddns_log_quote_span(
	    (struct ddns_span){ (const uint8_t *)text, strlen(text) });
}
