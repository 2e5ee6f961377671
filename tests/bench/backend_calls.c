/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Microseconds of our own per call, without PowerDNS and without pipes:
 *     backend_calls STORE ZONE HOSTS [CALLS]
 * on a store made by `fill_store STORE ZONE -n HOSTS`.  Beside it: what only
 * reading the request costs, by our reader and by jansson.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/base/clock.h"
#include "pdns-backend/backend.h"
#include "pdns-backend/request.h"

static char line[1024];

static size_t
make_lookup(const char *name, const char *zone)
{
	return (size_t)snprintf(line, sizeof(line), "{\"method\": \"lookup\", "
	    "\"parameters\": {\"local\": \"127.0.0.1\", \"qname\": "
	    "\"%s%s%s.\", \"qtype\": \"ANY\", \"real-remote\": "
	    "\"127.0.0.1/32\", \"remote\": \"127.0.0.1\", \"zone-id\": 1}}\n",
	    name, *name == '\0' ? "" : ".", zone) - 1;
}

static unsigned
next_random(void)
{
	static uint64_t state = 88172645463325252u; /* xorshift64 */

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 11);
}

enum kind { HOST, NOTHING, DEEP, APEX, PARSE, JANSSON };

static size_t
one_call(enum kind kind, struct ddns_backend *backend, const char *zone,
    unsigned hosts, struct ddns_buf *out)
{
	struct ddns_request req;
	char name[64] = "";
	json_t *json;
	size_t len;

	if (kind != APEX)
		snprintf(name, sizeof(name), "%s%07u",
		    kind == NOTHING ? "nx" : kind == DEEP ? "a.b.c.host" :
		    "host", next_random() % hosts);
	len = make_lookup(name, zone);
	if (kind == PARSE)
		return ddns_request_parse(line, len, &req) == DDNS_OK;
	if (kind == JANSSON) {
		json = json_loadb(line, len, 0, NULL);
		len = json_object_size(json);
		json_decref(json);
		return len;
	}
	ddns_backend_answer(backend, line, len, out);
	return out->len_bytes;
}

static void
measure(const char *what, enum kind kind, struct ddns_backend *backend,
    const char *zone, unsigned hosts, unsigned calls)
{
	struct ddns_buf out = { 0 };
	struct ddns_mono_us start;
	size_t bytes = 0;

	for (unsigned i = 0; i < calls / 10; i++)
		one_call(kind, backend, zone, hosts, &out);
	start = ddns_mono_us_now();
	for (unsigned i = 0; i < calls; i++)
		bytes += one_call(kind, backend, zone, hosts, &out);
	printf("%-28s %7.2f us/call  %6zu bytes\n", what,
	    (double)(ddns_mono_us_now().v - start.v) / calls, bytes / calls);
	ddns_buf_done(&out);
}

int
main(int argc, char **argv)
{
	struct ddns_backend *backend = NULL;
	unsigned hosts, calls = 200000;

	if (argc < 4) {
		fputs("usage: backend_calls STORE ZONE HOSTS "
		    "[CALLS]\n", stderr);
		return 2;
	}
	hosts = (unsigned)strtoul(argv[3], NULL, 10);
	if (argc > 4)
		calls = (unsigned)strtoul(argv[4], NULL, 10);
	if (ddns_backend_new(argv[1], &backend) != DDNS_OK)
		return 1;
	measure("lookup of a host", HOST, backend, argv[2], hosts, calls);
	measure("lookup, NXDOMAIN", NOTHING, backend, argv[2], hosts, calls);
	measure("lookup, 3 labels deeper", DEEP, backend, argv[2], hosts,
	    calls);
	measure("lookup of the apex", APEX, backend, argv[2], hosts, calls);
	measure("only reading, ours", PARSE, backend, argv[2], hosts, calls);
	measure("only reading, jansson", JANSSON, backend, argv[2], hosts,
	    calls);
	ddns_backend_free(backend);
	return 0;
}
