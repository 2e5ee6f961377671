/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests of PowerDNS, one a line, on a store with a few names: each gets one
 * JSON object on one line, and what our reader takes is JSON to jansson too.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "common/base/log.h"
#include "common/dns/rrset.h"
#include "common/store/store.h"
#include "pdns-backend/backend.h"

static char dir[] = "/tmp/ddns-fuzz-XXXXXX";
static struct ddns_backend *backend;

static void
quiet(enum ddns_log_level level, const char *line)
{
	(void)level;
	(void)line;
}

static void
remove_store(void)
{
	static const char *const ends[] = { "/s", "/s-wal", "/s-shm", "" };
	char path[64];

	ddns_backend_free(backend);
	for (size_t i = 0; i < DDNS_COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, ends[i]);
		remove(path);
	}
}

static void
put_ns(struct ddns_store *store, int64_t zone, const char *owner)
{
	struct ddns_rrset set = { 0 };
	struct ddns_name name;

	FUZZ_CHECK(ddns_name_parse(owner, &name) == DDNS_OK);
	FUZZ_CHECK(ddns_rrset_add(&set, 60, (struct ddns_span){ name.wire,
	    name.len_bytes }) == DDNS_OK);
	FUZZ_CHECK(ddns_store_rrset_put(store, zone, &name, DDNS_TYPE_NS,
	    &set) == DDNS_OK);
	ddns_rrset_done(&set);
}

static void
make_store(void)
{
	struct ddns_zone zone = { .serial = 1, .soa_ttl_s = 60 };
	struct ddns_store *store = NULL;
	char path[64];

	ddns_log_set_sink(quiet);
	FUZZ_CHECK(mkdtemp(dir) != NULL);
	atexit(remove_store);
	snprintf(path, sizeof(path), "%s/s", dir);
	FUZZ_CHECK(ddns_store_open(path, DDNS_STORE_WRITE, &store) ==
	    DDNS_OK);
	FUZZ_CHECK(ddns_name_parse("a", &zone.name) == DDNS_OK);
	zone.mname = zone.rname = zone.name;
	FUZZ_CHECK(ddns_store_zone_add(store, &zone, &zone.id) == DDNS_OK);
	put_ns(store, zone.id, "a");
	put_ns(store, zone.id, "b.a");
	put_ns(store, zone.id, "d.c.b.a");
	ddns_store_free(store);
	FUZZ_CHECK(ddns_backend_new(path, &backend) == DDNS_OK);
}

static void
check_reply(struct ddns_buf *out)
{
	const char *text = ddns_buf_text(out);
	json_t *json;

	FUZZ_CHECK(out->err == DDNS_OK && strlen(text) == out->len_bytes);
	FUZZ_CHECK(strchr(text, '\n') == text + out->len_bytes - 1);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	FUZZ_CHECK(json_object_get(json, "result") != NULL);
	json_decref(json);
}

/*
 * jansson is stricter only about encoding and the range of numbers; so look at
 * lines that have neither bytes above ASCII nor digits in a row.
 */
static bool
is_comparable(const char *line, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		digits = line[i] >= '0' && line[i] <= '9' ? digits + 1 : 0;
		if ((line[i] & 0x80) != 0 || digits > 9 || line[i] == 'e' ||
		    line[i] == 'E')
			return false;
	}
	return true;
}

static void
one_line(const uint8_t *data, size_t len)
{
	struct ddns_buf out = { 0 };
	struct ddns_request req;
	char *line = malloc(len + 1);
	json_t *json;

	FUZZ_CHECK(line != NULL);
	memcpy(line, data, len);
	line[len] = '\n';
	json = json_loadb(line, len, JSON_ALLOW_NUL, NULL);
	ddns_backend_answer(backend, line, len, &out);
	check_reply(&out);
	memcpy(line, data, len);
	if (json == NULL && is_comparable(line, len))
		FUZZ_CHECK(ddns_request_parse(line, len, &req) != DDNS_OK);
	json_decref(json);
	ddns_buf_done(&out);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (backend == NULL)
		make_store();
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end == NULL ? size : (size_t)(end - data);

		one_line(data, len);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	return 0;
}
