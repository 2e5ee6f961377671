/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The publisher alone, driven by lines on standard input: what a front end
 * would do, without one.  For tests and measurements of the publisher.
 *
 *	zone ZONE               adds the zone
 *	set NAME TYPE DATA      makes this the RRset
 *	del NAME TYPE           deletes the RRset
 *	many COUNT GROUP ZONE   COUNT names hN.ZONE get a new A, GROUP a commit
 *	touch ZONE              the whole zone may have changed
 *
 * Each line is answered with "ok MICROSECONDS" after the commit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/conf/conf.h"
#include "common/dns/rdata.h"
#include "common/publish/publish.h"
#include "common/update/change.h"

static struct ddns_publisher *publisher;

#define MUST(call)                                                         \
	do {                                                               \
		enum ddns_err must_err = (call);                           \
		if (must_err != DDNS_OK) {                                 \
			fprintf(stderr, "%s: %s\n", #call,                 \
			    ddns_err_text(must_err));                      \
			exit(1);                                           \
		}                                                          \
	} while (0)

static struct ddns_actor
actor_now(void)
{
	return (struct ddns_actor){ .protocol = "admin",
		.now = ddns_unix_ms_now() };
}

static void
change(struct ddns_store *store, const char *name_text, uint16_t type,
    const char *data)
{
	struct ddns_actor actor = actor_now();
	struct ddns_rrset set = { 0 };
	struct ddns_buf rdata = { 0 };
	struct ddns_name name;
	struct ddns_zone zone;
	bool changed;

	MUST(ddns_name_parse(name_text, &name));
	MUST(ddns_store_zone_find(store, &name, &zone));
	if (data != NULL) {
		MUST(ddns_rdata_parse(type, data, &rdata));
		MUST(ddns_rrset_add(&set, 3600, ddns_buf_span(&rdata)));
	}
	MUST(ddns_change_rrset(store, &actor, &zone, &name, type, &set,
	    "good", "", NULL, &changed));
	ddns_buf_done(&rdata);
	ddns_rrset_done(&set);
}

static void
add_zone(struct ddns_store *store, const char *text)
{
	struct ddns_actor actor = actor_now();
	struct ddns_zone zone = { .serial = 1, .refresh_s = 3600,
		.retry_s = 600, .expire_s = 86400, .minimum_s = 60,
		.soa_ttl_s = 300, .host_ttl_s = 60, .ttl_min_s = 30,
		.ttl_max_s = 3600 };

	MUST(ddns_name_parse(text, &zone.name));
	MUST(ddns_name_parse("ns1.example", &zone.mname));
	MUST(ddns_name_parse("hostmaster.example", &zone.rname));
	MUST(ddns_store_zone_add(store, &zone, &zone.id));
	MUST(ddns_change_zone(store, &actor, &zone, "good", ""));
}

static void
touch(struct ddns_store *store, const char *text)
{
	struct ddns_actor actor = actor_now();
	struct ddns_name name;
	struct ddns_zone zone;

	MUST(ddns_name_parse(text, &name));
	MUST(ddns_store_zone_find(store, &name, &zone));
	MUST(ddns_change_zone(store, &actor, &zone, "good", ""));
}

static void
many(struct ddns_store *store, unsigned count, unsigned group,
    const char *zone)
{
	static unsigned round;
	char name[400], data[32];

	round++;
	for (unsigned i = 0; i < count; i++) {
		if (i > 0 && i % group == 0) {
			MUST(ddns_store_commit(store));
			ddns_publisher_wake(publisher);
			MUST(ddns_store_begin(store, DDNS_STORE_WRITE));
		}
		snprintf(name, sizeof(name), "h%u.%s", i, zone);
		snprintf(data, sizeof(data), "192.0.%u.%u", round & 255,
		    i & 255);
		change(store, name, DDNS_TYPE_A, data);
	}
}

static void
line_apply(struct ddns_store *store, char *line)
{
	char verb[16], a[300], b[300], c[300];
	uint16_t type;
	int n = sscanf(line, "%15s %299s %299s %299[^\n]", verb, a, b, c);

	if (n >= 2 && strcmp(verb, "zone") == 0) {
		add_zone(store, a);
	} else if (n >= 2 && strcmp(verb, "touch") == 0) {
		touch(store, a);
	} else if (n == 4 && strcmp(verb, "many") == 0) {
		many(store, (unsigned)atoi(a), (unsigned)atoi(b), c);
	} else if (n >= 3) {
		MUST(ddns_type_parse(b, &type));
		change(store, a, type, strcmp(verb, "set") == 0 ? c : NULL);
	} else {
		fprintf(stderr, "what? %s\n", line);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct ddns_store *writers = NULL, *own = NULL;
	struct ddns_writer *writer;
	struct ddns_buf why = { 0 };
	struct ddns_conf *conf;
	char line[1024];

	if (argc != 2)
		return 2;
	if (ddns_conf_load(argv[1], &conf, &why) != DDNS_OK) {
		fprintf(stderr, "%s\n", ddns_buf_text(&why));
		return 1;
	}
	ddns_log_set_level(DDNS_LOG_DEBUG);
	MUST(ddns_store_open(conf->store, DDNS_STORE_WRITE, &writers));
	MUST(ddns_store_open(conf->store, DDNS_STORE_WRITE, &own));
	MUST(ddns_writer_start(writers, NULL, NULL, &writer));
	MUST(ddns_publisher_start(conf, writer, &publisher));
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct ddns_mono_us start = ddns_mono_us_now();

		MUST(ddns_store_begin(own, DDNS_STORE_WRITE));
		line_apply(own, line);
		MUST(ddns_store_commit(own));
		ddns_publisher_wake(publisher);
		printf("ok %lld\n",
		    (long long)(ddns_mono_us_now().v - start.v));
		fflush(stdout);
	}
	ddns_publisher_free(publisher);
	ddns_writer_free(writer);
	ddns_store_free(own);
	ddns_conf_free(conf);
	ddns_buf_done(&why);
	return 0;
}
