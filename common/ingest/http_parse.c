/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/ingest/http_parse.h"

#include <string.h>
#include <strings.h>

size_t
ddns_http_head_len(const char *data, size_t len, size_t *scanned)
{
	size_t i = *scanned;

	while (i < len) {
		const char *lf = memchr(data + i, '\n', len - i);

		if (lf == NULL)
			break;
		i = (size_t)(lf - data) + 1;
		if (i < len && data[i] == '\n')
			return i + 1;
		if (i + 1 < len && data[i] == '\r' && data[i + 1] == '\n')
			return i + 2;
		if (i + 1 >= len) { /* the empty line may still come */
			*scanned = i - 1;
			return 0;
		}
	}
	*scanned = len;
	return 0;
}

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (!is_token_char(*text))
			return false;
	return true;
}

/* Field values: anything but control characters, a tab is fine. */
static bool
is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') ||
		    *text == 0x7f)
			return false;
	return true;
}

/* Cuts the next line off; NULL when a line holds a CR or a NUL inside. */
static char *
next_line(char **at, const char *end)
{
	char *line = *at;
	char *lf = memchr(line, '\n', (size_t)(end - line));
	size_t len;

	if (lf == NULL)
		return NULL;
	*at = lf + 1;
	if (lf > line && lf[-1] == '\r')
		lf--;
	*lf = '\0';
	len = (size_t)(lf - line);
	return strlen(line) == len && strchr(line, '\r') == NULL ? line : NULL;
}

/* "http://host/path" is as good as "/path" (RFC 9112 s.3.2.2). */
static char *
skip_authority(char *target)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (int i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);

		if (strncasecmp(target, schemes[i], n) == 0)
			return target + n + strcspn(target + n, "/");
	}
	return target;
}

static int
parse_request_line(char *line, struct ddns_http_request *ret)
{
	char *target = strchr(line, ' ');
	char *version = strrchr(line, ' ');
	char *query;

	if (target == NULL || version == target)
		return 400;
	*target++ = '\0';
	*version++ = '\0';
	if (strncmp(version, "HTTP/", 5) != 0)
		return 400;
	if (strncmp(version, "HTTP/1.", 7) != 0)
		return 505;
	if ((version[7] != '0' && version[7] != '1') || version[8] != '\0')
		return 400;
	if (!is_token(line) || !is_clean(target))
		return 400;
	ret->method = line;
	ret->minor = (unsigned)(version[7] - '0');
	ret->path = skip_authority(target);
	if (ret->path[0] != '/')
		return 400;
	query = strchr(ret->path, '?');
	if (query != NULL)
		*query++ = '\0';
	ret->query = query != NULL ? query : ret->path + strlen(ret->path);
	return 0;
}

static int
parse_header(char *line, struct ddns_http_request *ret)
{
	struct ddns_http_header *header;
	char *colon = strchr(line, ':');
	char *end;

	if (colon == NULL)
		return 400;
	*colon++ = '\0';
	if (!is_token(line) || !is_clean(colon))
		return 400;
	if (ret->headers_count == DDNS_HTTP_HEADERS_MAX)
		return 431;
	colon += strspn(colon, " \t");
	end = colon + strlen(colon);
	while (end > colon && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	header = &ret->headers[ret->headers_count++];
	header->name = line;
	header->value = colon;
	return 0;
}

const char *
ddns_http_next(const struct ddns_http_request *request, const char *name,
    size_t *at)
{
	while (*at < request->headers_count) {
		const struct ddns_http_header *h = &request->headers[(*at)++];

		if (strcasecmp(h->name, name) == 0)
			return h->value;
	}
	return NULL;
}

const char *
ddns_http_get(const struct ddns_http_request *request, const char *name)
{
	size_t at = 0;

	return ddns_http_next(request, name, &at);
}

/*
 * Only a plain Content-Length frames a body here: two of them, or a transfer
 * coding beside one, is how requests are smuggled (RFC 9112 s.11.2).
 */
static int
parse_framing(struct ddns_http_request *ret)
{
	size_t at = 0;
	const char *p = ddns_http_next(ret, "Content-Length", &at);

	if (ddns_http_get(ret, "Transfer-Encoding") != NULL)
		return p != NULL ? 400 : 501;
	if (p == NULL)
		return 0;
	if (ddns_http_next(ret, "Content-Length", &at) != NULL ||
	    *p == '\0' || strlen(p) > 9)
		return 400;
	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return 400;
		ret->content_length = ret->content_length * 10 +
		    (size_t)(*p - '0');
	}
	return 0;
}

static bool
has_element(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == len && strncasecmp(list, word, n) == 0)
			return true;
		list += n;
	}
	return false;
}

int
ddns_http_parse(char *head, size_t len, struct ddns_http_request *ret)
{
	char *at = head, *line;
	const char *value;
	size_t pos = 0;
	int status;

	memset(ret, 0, sizeof(*ret));
	line = next_line(&at, head + len);
	status = line == NULL ? 400 : parse_request_line(line, ret);
	while (status == 0) {
		line = next_line(&at, head + len);
		if (line == NULL)
			return 400;
		if (*line == '\0')
			break;
		status = parse_header(line, ret);
	}
	if (status != 0)
		return status;
	if (ret->minor == 1) { /* RFC 9112 s.3.2: exactly one Host */
		if (ddns_http_next(ret, "Host", &pos) == NULL ||
		    ddns_http_next(ret, "Host", &pos) != NULL)
			return 400;
		ret->keep_alive = true;
	}
	for (pos = 0; (value = ddns_http_next(ret, "Connection", &pos)) !=
	    NULL;)
		if (has_element(value, "close"))
			ret->keep_alive = false;
	value = ddns_http_get(ret, "Expect");
	ret->expects_continue = value != NULL && ret->minor == 1 &&
	    strcasecmp(value, "100-continue") == 0;
	return parse_framing(ret);
}
