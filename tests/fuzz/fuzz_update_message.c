/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS UPDATE behind the message reader: zone section, prescan, prerequisites
 * and changes, on a real store.  Whatever comes, each RR that is
 * kept points into the message's own data, what is malformed is never applied,
 * and what was applied can be applied again without a change.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/update/message.h"

static char dir[] = "/tmp/ddns-fuzz-XXXXXX";
static struct ddns_store *store;
static struct ddns_zone zone;

static void
name_from(const char *text, struct ddns_name *ret)
{
	FUZZ_CHECK(ddns_name_parse(text, ret) == DDNS_OK);
}

static void
clean(void)
{
	static const char *const files[] = { "t.db", "t.db-wal", "t.db-shm" };
	char path[64];

	ddns_store_free(store);
	for (size_t i = 0; i < DDNS_COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void
open_zone(void)
{
	char path[64];

	FUZZ_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/t.db", dir);
	FUZZ_CHECK(ddns_store_open(path, DDNS_STORE_WRITE, &store) ==
	    DDNS_OK);
	name_from("dyn.test", &zone.name);
	name_from("ns1.dyn.test", &zone.mname);
	name_from("h.dyn.test", &zone.rname);
	zone.ttl_max_s = 86400;
	FUZZ_CHECK(ddns_store_zone_add(store, &zone, &zone.id) == DDNS_OK);
	atexit(clean);
}

static void
check_rrs(const struct ddns_update_message *message,
    const struct ddns_update_rr *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(list[i].rdata + list[i].rdata_len_bytes <=
		    message->data.len_bytes);
		FUZZ_CHECK(list[i].rcode == DDNS_RCODE_NOERROR ||
		    ddns_update_message_is_bad(message));
	}
}

static void
check_apply(const struct ddns_update_message *message)
{
	struct ddns_actor actor = { .protocol = "update",
		.now = { 1000000 } };
	struct ddns_zone now = zone;
	unsigned rcode = DDNS_RCODE_NOERROR, changes = 0;
	enum ddns_err err;

	FUZZ_CHECK(ddns_store_begin(store, DDNS_STORE_WRITE) == DDNS_OK);
	FUZZ_CHECK(ddns_update_message_test(store, &zone, message, &rcode) ==
	    DDNS_OK);
	err = ddns_update_message_apply(store, &actor, &zone, message,
	    &changes);
	FUZZ_CHECK((err == DDNS_EFORMAT) ==
	    ddns_update_message_is_bad(message));
	/* an order of additions and deletions settles after one run, unless
	 * it is of a message that undoes itself */
	if (err == DDNS_OK && message->updates_count == 1) {
		FUZZ_CHECK(ddns_store_zone_get(store, zone.id, &now) ==
		    DDNS_OK);
		FUZZ_CHECK(ddns_update_message_apply(store, &actor, &now,
		    message, &changes) == DDNS_OK);
		FUZZ_CHECK(changes == 0);
	}
	ddns_store_rollback(store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ddns_span msg = { data, size };
	struct ddns_update_message *message = NULL;
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;
	unsigned rcode = 99;

	if (store == NULL)
		open_zone();
	if (ddns_msg_read_header(msg, &header) != DDNS_OK ||
	    ddns_msg_scan(msg, &header, &extra) != DDNS_OK)
		return 0;
	if (ddns_update_message_read(msg, &header, &extra, &message,
	    &rcode) != DDNS_OK) {
		FUZZ_CHECK(rcode == DDNS_RCODE_FORMERR ||
		    rcode == DDNS_RCODE_NOTAUTH);
		return 0;
	}
	FUZZ_CHECK(rcode == DDNS_RCODE_NOERROR);
	check_rrs(message, message->prereqs, message->prereqs_count);
	check_rrs(message, message->updates, message->updates_count);
	if (ddns_name_equal(&message->zone, &zone.name))
		check_apply(message);
	ddns_update_message_free(message);
	return 0;
}
