/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/ingest/forwarded.h"

#include <string.h>
#include <strings.h>

#define HOPS_MAX 32

static bool
is_trusted(const struct ddns_addr *addr, const struct ddns_prefix *trusted,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ddns_prefix_has(&trusted[i], addr))
			return true;
	return false;
}

/* An address, or one with a port as some proxies write it. */
static bool
parse_hop(const char *text, size_t len, struct ddns_addr *ret)
{
	char hop[DDNS_ADDR_TEXT_MAX + 8];
	struct sockaddr_storage sa;
	socklen_t sa_len;

	if (len >= sizeof(hop))
		return false;
	memcpy(hop, text, len);
	hop[len] = '\0';
	if (ddns_addr_parse(hop, ret) == DDNS_OK)
		return true;
	return ddns_addr_parse_port(hop, 0, &sa, &sa_len) == DDNS_OK &&
	    ddns_addr_from_sockaddr((struct sockaddr *)&sa, ret, NULL) ==
	    DDNS_OK;
}

struct hop {
	const char *text;
	size_t len;
};

/* The last HOPS_MAX elements of all headers, in order. */
static size_t
collect(const struct ddns_http_request *request, struct hop hops[HOPS_MAX])
{
	const char *list;
	size_t at = 0, count = 0;

	while ((list = ddns_http_next(request, "X-Forwarded-For", &at)) !=
	    NULL) {
		while (*list != '\0') {
			size_t n;

			list += strspn(list, ", \t");
			n = strcspn(list, ", \t");
			if (n == 0)
				continue;
			if (count == HOPS_MAX) {
				memmove(hops, hops + 1,
				    (HOPS_MAX - 1) * sizeof(*hops));
				count--;
			}
			hops[count++] = (struct hop){ list, n };
			list += n;
		}
	}
	return count;
}

struct ddns_forwarded
ddns_forwarded_find(const struct ddns_http_request *request,
    const struct ddns_addr *peer, bool tls, const struct ddns_prefix *trusted,
    size_t trusted_count)
{
	struct ddns_forwarded found = { *peer, tls };
	struct hop hops[HOPS_MAX];
	const char *proto;
	size_t count;

	if (!is_trusted(peer, trusted, trusted_count))
		return found;
	proto = ddns_http_get(request, "X-Forwarded-Proto");
	if (proto != NULL)
		found.tls = strcasecmp(proto, "https") == 0;
	count = collect(request, hops);
	while (count > 0 &&
	    is_trusted(&found.source, trusted, trusted_count)) {
		struct ddns_addr hop;

		count--;
		if (!parse_hop(hops[count].text, hops[count].len, &hop))
			break;
		found.source = hop;
	}
	return found;
}
