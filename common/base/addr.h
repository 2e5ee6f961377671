/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BASE_ADDR_H
#define DDNS_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/err.h"

/*
 * An IP address without port.  family is AF_INET (4 bytes used), AF_INET6 (16
 * bytes) or AF_UNSPEC ("none").  Pure; any thread.
 */
struct ddns_addr {
	int family;
	uint8_t bytes[16]; /* network order, unused bytes zero */
};

struct ddns_prefix {
	struct ddns_addr addr;
	unsigned len_bits;
};

#define DDNS_ADDR_TEXT_MAX 48

/*
 * Strict text forms: dotted quad, RFC 4291 s.2.2 text.  "::ffff:a.b.c.d"
 * becomes the IPv4 address.  DDNS_EFORMAT for anything else, a zone id
 * ("%eth0") and white space included.
 */
enum ddns_err ddns_addr_parse(const char *text, struct ddns_addr *ret)
    DDNS_MUST_CHECK;
/* DDNS_EFORMAT for a family other than AF_INET and AF_INET6.  V4-mapped
 * becomes IPv4.  ret_port may be NULL. */
enum ddns_err ddns_addr_from_sockaddr(const struct sockaddr *sa,
    struct ddns_addr *ret, uint16_t *ret_port) DDNS_MUST_CHECK;
/* "198.51.100.7:53", "[2001:db8::1]:53", or without port (then def_port). */
enum ddns_err ddns_addr_parse_port(const char *text, uint16_t def_port,
    struct sockaddr_storage *ret, socklen_t *ret_len) DDNS_MUST_CHECK;
void ddns_addr_format(const struct ddns_addr *addr,
    char out[DDNS_ADDR_TEXT_MAX]); /* AF_UNSPEC: "" */
bool ddns_addr_equal(const struct ddns_addr *a, const struct ddns_addr *b);
size_t ddns_addr_len_bytes(const struct ddns_addr *addr); /* 4, 16 or 0 */

/* "192.0.2.0/24", "2001:db8::/32", or an address (full length). */
enum ddns_err ddns_prefix_parse(const char *text, struct ddns_prefix *ret)
    DDNS_MUST_CHECK;
bool ddns_prefix_has(const struct ddns_prefix *prefix,
    const struct ddns_addr *addr);

/*
 * What an address is good for, by the IANA special-purpose address registries
 * (RFC 6890 and its updates).  DDNS_ADDR_GLOBAL is all that is in none of the
 * others.
 */
#define DDNS_ADDR_CLASS_MAP(X)                                            \
	X(DDNS_ADDR_GLOBAL,        "global unicast")                      \
	X(DDNS_ADDR_PRIVATE,       "private (RFC 1918, RFC 4193)")        \
	X(DDNS_ADDR_CGNAT,         "shared address space (RFC 6598)")     \
	X(DDNS_ADDR_LOOPBACK,      "loopback")                            \
	X(DDNS_ADDR_LINKLOCAL,     "link-local")                          \
	X(DDNS_ADDR_UNSPECIFIED,   "unspecified (this network)")          \
	X(DDNS_ADDR_MULTICAST,     "multicast")                           \
	X(DDNS_ADDR_DOCUMENTATION, "documentation")                       \
	X(DDNS_ADDR_BENCHMARK,     "benchmarking (RFC 2544, RFC 5180)")   \
	X(DDNS_ADDR_TRANSLATION,   "protocol translation or tunnel")      \
	X(DDNS_ADDR_RESERVED,      "reserved")
#define DDNS_ADDR_CLASS_ENUM(code, text) code,
enum ddns_addr_class { DDNS_ADDR_CLASS_MAP(DDNS_ADDR_CLASS_ENUM) };
enum ddns_addr_class ddns_addr_classify(const struct ddns_addr *addr);
const char *ddns_addr_class_text(enum ddns_addr_class c);

#endif
