/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };

static void
set_v6(const uint8_t bytes[16], struct ddns_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (memcmp(bytes, v4_mapped, sizeof(v4_mapped)) == 0) {
		ret->family = AF_INET;
		memcpy(ret->bytes, bytes + 12, 4);
		return;
	}
	ret->family = AF_INET6;
	memcpy(ret->bytes, bytes, 16);
}

enum ddns_err
ddns_addr_parse(const char *text, struct ddns_addr *ret)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		memset(ret, 0, sizeof(*ret));
		ret->family = AF_INET;
		memcpy(ret->bytes, bytes, 4);
		return DDNS_OK;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		set_v6(bytes, ret);
		return DDNS_OK;
	}
	return DDNS_EFORMAT;
}

enum ddns_err
ddns_addr_from_sockaddr(const struct sockaddr *sa, struct ddns_addr *ret,
    uint16_t *ret_port)
{
	uint16_t port;

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *sin = (const void *)sa;

		memset(ret, 0, sizeof(*ret));
		ret->family = AF_INET;
		memcpy(ret->bytes, &sin->sin_addr, 4);
		port = ntohs(sin->sin_port);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const void *)sa;

		set_v6(sin6->sin6_addr.s6_addr, ret);
		port = ntohs(sin6->sin6_port);
	} else {
		return DDNS_EFORMAT;
	}
	if (ret_port != NULL)
		*ret_port = port;
	return DDNS_OK;
}

static enum ddns_err
parse_port(const char *text, uint16_t *ret)
{
	char *end;
	long v;

	if (*text < '0' || *text > '9')
		return DDNS_EFORMAT;
	v = strtol(text, &end, 10);
	if (*end != '\0' || v < 0 || v > 65535)
		return DDNS_EFORMAT;
	*ret = (uint16_t)v;
	return DDNS_OK;
}

/* Cuts "host:port" and "[host]:port" in two; port is "" where there is none. */
static enum ddns_err
split_port(const char *text, char host[DDNS_ADDR_TEXT_MAX], const char **port)
{
	const char *end;
	size_t len;

	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return DDNS_EFORMAT;
		*port = end[1] == ':' ? end + 2 : NULL;
	} else {
		end = strchr(text, ':');
		if (end != NULL && strchr(end + 1, ':') != NULL)
			end = NULL; /* bare IPv6 */
		*port = end != NULL ? end + 1 : NULL;
		if (end == NULL)
			end = text + strlen(text);
	}
	len = (size_t)(end - text);
	if (len >= DDNS_ADDR_TEXT_MAX)
		return DDNS_EFORMAT;
	memcpy(host, text, len);
	host[len] = '\0';
	return DDNS_OK;
}

enum ddns_err
ddns_addr_parse_port(const char *text, uint16_t def_port,
    struct sockaddr_storage *ret, socklen_t *ret_len)
{
	char host[DDNS_ADDR_TEXT_MAX];
	const char *port_text;
	uint16_t port = def_port;
	struct ddns_addr addr;

	if (split_port(text, host, &port_text) != DDNS_OK ||
	    ddns_addr_parse(host, &addr) != DDNS_OK ||
	    (port_text != NULL && parse_port(port_text, &port) != DDNS_OK))
		return DDNS_EFORMAT;
	memset(ret, 0, sizeof(*ret));
	if (addr.family == AF_INET) {
		struct sockaddr_in *sin = (void *)ret;

		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		memcpy(&sin->sin_addr, addr.bytes, 4);
		*ret_len = sizeof(*sin);
	} else {
		struct sockaddr_in6 *sin6 = (void *)ret;

		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		memcpy(&sin6->sin6_addr, addr.bytes, 16);
		*ret_len = sizeof(*sin6);
	}
	return DDNS_OK;
}

void
ddns_addr_format(const struct ddns_addr *addr, char out[DDNS_ADDR_TEXT_MAX])
{
	if (inet_ntop(addr->family, addr->bytes, out, DDNS_ADDR_TEXT_MAX) ==
	    NULL)
		out[0] = '\0';
}

bool
ddns_addr_equal(const struct ddns_addr *a, const struct ddns_addr *b)
{
	return a->family == b->family &&
	    memcmp(a->bytes, b->bytes, ddns_addr_len_bytes(a)) == 0;
}

size_t
ddns_addr_len_bytes(const struct ddns_addr *addr)
{
	if (addr->family == AF_INET)
		return 4;
	return addr->family == AF_INET6 ? 16 : 0;
}

enum ddns_err
ddns_prefix_parse(const char *text, struct ddns_prefix *ret)
{
	const char *slash = strchr(text, '/');
	char host[DDNS_ADDR_TEXT_MAX];
	struct ddns_prefix prefix;
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint16_t bits;

	if (len >= sizeof(host))
		return DDNS_EFORMAT;
	memcpy(host, text, len);
	host[len] = '\0';
	if (ddns_addr_parse(host, &prefix.addr) != DDNS_OK)
		return DDNS_EFORMAT;
	prefix.len_bits = (unsigned)ddns_addr_len_bytes(&prefix.addr) * 8;
	if (slash != NULL) {
		if (parse_port(slash + 1, &bits) != DDNS_OK ||
		    bits > prefix.len_bits)
			return DDNS_EFORMAT;
		prefix.len_bits = bits;
	}
	*ret = prefix;
	return DDNS_OK;
}

bool
ddns_prefix_has(const struct ddns_prefix *prefix, const struct ddns_addr *addr)
{
	unsigned whole = prefix->len_bits / 8, rest = prefix->len_bits % 8;

	if (prefix->addr.family != addr->family ||
	    memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	    ((prefix->addr.bytes[whole] ^ addr->bytes[whole]) >>
	    (8 - rest)) == 0;
}

struct special {
	const char *prefix;
	enum ddns_addr_class class;
};

/* First match wins, so the exceptions stand before the range they are in. */
static const struct special special_v4[] = {
	{ "0.0.0.0/8", DDNS_ADDR_UNSPECIFIED },
	{ "10.0.0.0/8", DDNS_ADDR_PRIVATE },
	{ "100.64.0.0/10", DDNS_ADDR_CGNAT },
	{ "127.0.0.0/8", DDNS_ADDR_LOOPBACK },
	{ "169.254.0.0/16", DDNS_ADDR_LINKLOCAL },
	{ "172.16.0.0/12", DDNS_ADDR_PRIVATE },
	{ "192.0.0.9/32", DDNS_ADDR_GLOBAL },  /* PCP anycast, RFC 7723 */
	{ "192.0.0.10/32", DDNS_ADDR_GLOBAL }, /* TURN anycast, RFC 8155 */
	{ "192.0.0.0/24", DDNS_ADDR_RESERVED },
	{ "192.0.2.0/24", DDNS_ADDR_DOCUMENTATION },
	{ "192.88.99.0/24", DDNS_ADDR_TRANSLATION }, /* RFC 7526 */
	{ "192.168.0.0/16", DDNS_ADDR_PRIVATE },
	{ "198.18.0.0/15", DDNS_ADDR_BENCHMARK },
	{ "198.51.100.0/24", DDNS_ADDR_DOCUMENTATION },
	{ "203.0.113.0/24", DDNS_ADDR_DOCUMENTATION },
	{ "224.0.0.0/4", DDNS_ADDR_MULTICAST },
	{ "240.0.0.0/4", DDNS_ADDR_RESERVED },
};
static const struct special special_v6[] = {
	{ "::/128", DDNS_ADDR_UNSPECIFIED },
	{ "::1/128", DDNS_ADDR_LOOPBACK },
	{ "64:ff9b::/96", DDNS_ADDR_TRANSLATION },
	{ "64:ff9b:1::/48", DDNS_ADDR_TRANSLATION }, /* RFC 8215 */
	{ "100::/64", DDNS_ADDR_RESERVED },          /* discard, RFC 6666 */
	{ "100:0:0:1::/64", DDNS_ADDR_RESERVED },    /* dummy, RFC 9780 */
	{ "2001::/32", DDNS_ADDR_TRANSLATION },      /* Teredo */
	{ "2001:1::1/128", DDNS_ADDR_GLOBAL },       /* PCP anycast */
	{ "2001:1::2/128", DDNS_ADDR_GLOBAL },       /* TURN anycast */
	{ "2001:1::3/128", DDNS_ADDR_GLOBAL },       /* SRP anycast */
	{ "2001:2::/48", DDNS_ADDR_BENCHMARK },
	{ "2001:3::/32", DDNS_ADDR_GLOBAL },         /* AMT */
	{ "2001:4:112::/48", DDNS_ADDR_GLOBAL },     /* AS112 */
	{ "2001:20::/28", DDNS_ADDR_GLOBAL },        /* ORCHIDv2 */
	{ "2001:30::/28", DDNS_ADDR_GLOBAL },        /* DET, RFC 9374 */
	{ "2001::/23", DDNS_ADDR_RESERVED },
	{ "2001:db8::/32", DDNS_ADDR_DOCUMENTATION },
	{ "2002::/16", DDNS_ADDR_TRANSLATION },      /* 6to4 */
	{ "2620:4f:8000::/48", DDNS_ADDR_GLOBAL },   /* AS112 direct */
	{ "3fff::/20", DDNS_ADDR_DOCUMENTATION },    /* RFC 9637 */
	{ "5f00::/16", DDNS_ADDR_RESERVED },         /* SRv6 SIDs */
	{ "fc00::/7", DDNS_ADDR_PRIVATE },
	{ "fe80::/10", DDNS_ADDR_LINKLOCAL },
	{ "fec0::/10", DDNS_ADDR_PRIVATE },          /* RFC 3879 */
	{ "ff00::/8", DDNS_ADDR_MULTICAST },
	{ "2000::/3", DDNS_ADDR_GLOBAL },
	{ "::/0", DDNS_ADDR_RESERVED },              /* not allocated */
};

static enum ddns_addr_class
classify(const struct special *list, size_t count,
    const struct ddns_addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		struct ddns_prefix prefix;

		if (ddns_prefix_parse(list[i].prefix, &prefix) == DDNS_OK &&
		    ddns_prefix_has(&prefix, addr))
			return list[i].class;
	}
	return DDNS_ADDR_GLOBAL;
}

enum ddns_addr_class
ddns_addr_classify(const struct ddns_addr *addr)
{
	if (addr->family == AF_INET)
		return classify(special_v4, DDNS_COUNT(special_v4), addr);
	if (addr->family == AF_INET6)
		return classify(special_v6, DDNS_COUNT(special_v6), addr);
	return DDNS_ADDR_UNSPECIFIED;
}

const char *
ddns_addr_class_text(enum ddns_addr_class c)
{
#define DDNS_ADDR_CLASS_CASE(code, text) \
	case code:                       \
		return text;
	switch (c) {
		DDNS_ADDR_CLASS_MAP(DDNS_ADDR_CLASS_CASE)
	}
	return "unknown";
}
