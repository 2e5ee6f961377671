/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast the store is by itself: lookups on one thread, and changes through
 * the writer with so many outstanding, on a zone with so many names.
 *
 * usage: bench_store FILE NAMES SECONDS OUTSTANDING...
 *
 * FILE is filled when it is not there yet and kept, so that a second run can
 * go on with it.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/store/writer.h"
#include "common/update/change.h"

#define FILL_ROWS 20000 /* in one transaction */

static int64_t
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static struct ddns_zone zone;
static uint64_t names;

static void
must(enum ddns_err err, const char *what)
{
	if (err == DDNS_OK)
		return;
	fprintf(stderr, "bench_store: %s: %s\n", what, ddns_err_text(err));
	exit(1);
}

/* Names that are told apart at the end, as those of customers are. */
static void
name_of(uint64_t i, struct ddns_name *ret)
{
	char text[64];

	snprintf(text, sizeof(text), "host-%08" PRIu64 ".dyn.test", i);
	must(ddns_name_parse(text, ret), "name");
}

static uint64_t
random_of(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
set_of(uint64_t value, struct ddns_rrset *ret)
{
	uint8_t addr[4];

	ddns_set_u32(addr, (uint32_t)value);
	ddns_rrset_reset(ret);
	must(ddns_rrset_of_addr(60, addr, 4, ret), "set");
}

static void
fill(struct ddns_store *store)
{
	struct ddns_rrset set = { 0 };
	struct ddns_name name;
	int64_t start = ddns_mono_us_now().v;

	must(ddns_name_parse("dyn.test", &zone.name), "zone");
	zone.mname = zone.rname = zone.name;
	must(ddns_store_zone_add(store, &zone, &zone.id), "zone add");
	for (uint64_t i = 0; i < names; i++) {
		if (i % FILL_ROWS == 0)
			must(ddns_store_begin(store, DDNS_STORE_WRITE),
			    "begin");
		name_of(i, &name);
		set_of(i, &set);
		must(ddns_store_rrset_put(store, zone.id, &name, DDNS_TYPE_A,
		    &set), "put");
		if (i % FILL_ROWS == FILL_ROWS - 1 || i == names - 1)
			must(ddns_store_commit(store), "commit");
	}
	ddns_rrset_done(&set);
	printf("filled %" PRIu64 " names in %.1f s\n", names,
	    (double)(ddns_mono_us_now().v - start) / 1e6);
}

static enum ddns_err
count(const struct ddns_rr *rr, void *arg)
{
	*(uint64_t *)arg += rr->rdata.len_bytes == 4;
	return DDNS_OK;
}

static void
bench_lookup(const char *path, int64_t seconds, bool snapshot)
{
	struct ddns_store *store;
	struct ddns_name name;
	uint64_t found = 0, done = 0, seed = 88172645463325252u;
	int64_t start, us = 0, cpu;

	must(ddns_store_open(path, DDNS_STORE_READ, &store), "open");
	ddns_store_expect_lookups(store);
	cpu = cpu_us();
	start = ddns_mono_us_now().v;
	while (us < seconds * 1000000) {
		if (snapshot)
			must(ddns_store_begin(store, DDNS_STORE_READ),
			    "begin");
		for (int i = 0; i < 1000; i++, done++) {
			name_of(random_of(&seed) % names, &name);
			must(ddns_store_rr_lookup(store, zone.id, &name,
			    DDNS_TYPE_ANY, count, &found), "lookup");
		}
		ddns_store_rollback(store);
		us = ddns_mono_us_now().v - start;
	}
	if (found < done)
		must(DDNS_EFORMAT, "records are missing");
	printf("lookups%s: %.0f/s, %.2f us of CPU each\n",
	    snapshot ? " in snapshots" : "", (double)done * 1e6 / (double)us,
	    (double)(cpu_us() - cpu) / (double)done);
	ddns_store_free(store);
}

/* ---- changes ---- */

struct run {
	struct ddns_writer *writer;
	int64_t end_us;
	_Atomic uint64_t changed;
	_Atomic int running;
	uint64_t seed; /* the writer's thread only */
	uint32_t latency_us[1 << 20];
	uint32_t latencies;
};

struct change {
	struct ddns_write_job job;
	struct run *run;
	struct ddns_rrset set;
	int64_t start_us;
};

static enum ddns_err
apply(struct ddns_store *store, void *arg)
{
	struct change *c = arg;
	struct ddns_actor actor = { .protocol = "dyndns2",
		.account = "account", .credential = "router at home",
		.user_agent = "ddclient/3.10.0", .now = ddns_unix_ms_now() };
	struct ddns_name name;
	bool changed;

	must(ddns_addr_parse("192.0.2.77", &actor.source), "address");
	name_of(random_of(&c->run->seed) % names, &name);
	set_of(random_of(&c->run->seed), &c->set);
	return ddns_change_rrset(store, &actor, &zone, &name, DDNS_TYPE_A,
	    &c->set, "good", "", NULL, &changed);
}

static void
done(enum ddns_err err, void *arg)
{
	struct change *c = arg;
	struct run *run = c->run;
	int64_t now = ddns_mono_us_now().v;

	must(err, "change");
	run->changed++;
	if (run->latencies < DDNS_COUNT(run->latency_us))
		run->latency_us[run->latencies++] =
		    (uint32_t)(now - c->start_us);
	c->start_us = now;
	if (now < run->end_us)
		must(ddns_writer_submit(run->writer, &c->job), "submit");
	else
		run->running--;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static long
log_mib(const char *path)
{
	char wal[4096];
	struct stat st;

	snprintf(wal, sizeof(wal), "%s-wal", path);
	return stat(wal, &st) == 0 ? (long)(st.st_size >> 20) : -1;
}

static void
bench_changes(const char *path, int64_t seconds, int outstanding)
{
	struct run *run = calloc(1, sizeof(*run));
	struct change *changes = calloc((size_t)outstanding,
	    sizeof(*changes));
	struct ddns_writer_stats stats;
	struct ddns_store *store;
	struct rusage usage;
	long log_size;
	int64_t start, cpu;

	if (run == NULL || changes == NULL)
		must(DDNS_ENOMEM, "run");
	must(ddns_store_open(path, DDNS_STORE_WRITE, &store), "open");
	must(ddns_writer_start(store, NULL, NULL, &run->writer), "writer");
	run->seed = (uint64_t)ddns_mono_us_now().v | 1;
	run->running = outstanding;
	cpu = cpu_us();
	start = ddns_mono_us_now().v;
	run->end_us = start + seconds * 1000000;
	for (int i = 0; i < outstanding; i++) {
		changes[i] = (struct change){ { .apply = apply, .done = done,
		    .arg = &changes[i] }, .run = run, .start_us = start };
		must(ddns_writer_submit(run->writer, &changes[i].job),
		    "submit");
	}
	while (run->running > 0)
		usleep(10000);
	start = ddns_mono_us_now().v - start;
	cpu = cpu_us() - cpu;
	ddns_writer_get_stats(run->writer, &stats);
	log_size = log_mib(path);
	ddns_writer_free(run->writer);
	getrusage(RUSAGE_SELF, &usage);
	qsort(run->latency_us, run->latencies, sizeof(uint32_t), compare);
	printf("changes W=%d: %.0f/s; answer p50 %.1f p99 %.1f max %.1f ms; "
	    "commit p50 %.2f p99 %.2f ms; group %.0f; CPU %.1f us each; log %ld MiB; "
	    "max RSS %ld MiB\n", outstanding,
	    (double)run->changed * 1e6 / (double)start,
	    run->latency_us[run->latencies / 2] / 1e3,
	    run->latency_us[run->latencies * 99ull / 100] / 1e3,
	    run->latency_us[run->latencies - 1] / 1e3,
	    stats.commit_p50_us / 1e3, stats.commit_p99_us / 1e3,
	    (double)stats.jobs / (double)stats.commits,
	    (double)cpu / (double)run->changed, log_size,
	    usage.ru_maxrss >> 10);
	for (int i = 0; i < outstanding; i++)
		ddns_rrset_done(&changes[i].set);
	free(changes);
	free(run);
}

int
main(int argc, char **argv)
{
	struct ddns_store *store;
	struct ddns_name apex;
	int64_t seconds;

	if (argc < 5) {
		fprintf(stderr,
		    "usage: bench_store FILE NAMES SECONDS OUTSTANDING...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	names = strtoull(argv[2], NULL, 10);
	seconds = atoi(argv[3]);
	must(ddns_store_open(argv[1], DDNS_STORE_WRITE, &store), "open");
	must(ddns_name_parse("dyn.test", &apex), "zone");
	if (ddns_store_zone_get_named(store, &apex, &zone) != DDNS_OK)
		fill(store);
	must(ddns_store_zone_get_named(store, &apex, &zone), "zone");
	ddns_store_free(store);
	bench_lookup(argv[1], seconds, false);
	bench_lookup(argv[1], seconds, true);
	for (int i = 4; i < argc && atoi(argv[i]) > 0; i++)
		bench_changes(argv[1], seconds, atoi(argv[i]));
	return 0;
}
