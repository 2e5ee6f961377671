/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

#include "common/store/writer.h"

/*
 * A child commits jobs and reports each `done`; it is killed at random points,
 * again and again.  Afterwards each reported job must be there, and none by
 * half: a job writes a row, a record and another row.
 */
#define ROUNDS 40
#define HOSTS 50
#define WINDOW 64

struct job {
	struct ddns_write_job job;
	int64_t number;
	int out;
};

static void
owner_of(int64_t number, char out[32])
{
	snprintf(out, 32, "h%d.a", (int)(number % HOSTS));
}

static enum ddns_err
write_row(struct ddns_store *store, const struct job *job, const char *result)
{
	uint32_t serial;
	struct ddns_journal_row row = { .request = job->number,
		.result = result, .zone_id = 1, .name = "x",
		.flags = DDNS_JOURNAL_CHANGED };
	int64_t seq;
	enum ddns_err err = ddns_store_zone_bump(store, 1, &serial);

	row.serial = serial;
	return err != DDNS_OK ? err : ddns_journal_append(store, &row, &seq);
}

static enum ddns_err
apply(struct ddns_store *store, void *arg)
{
	const struct job *job = arg;
	char owner[32];
	enum ddns_err err = write_row(store, job, "first");

	if (err != DDNS_OK)
		return err;
	owner_of(job->number, owner);
	put_a(store, 1, owner, (uint8_t)(job->number / HOSTS));
	if (job->number % 7 == 3)
		return DDNS_ERANGE; /* must leave nothing */
	return write_row(store, job, "second");
}

static void
done(enum ddns_err err, void *arg)
{
	struct job *job = arg;

	if (err != DDNS_OK && err != DDNS_ERANGE)
		_exit(2);
	if (write(job->out, &job->number, sizeof(job->number)) !=
	    sizeof(job->number))
		_exit(3);
	free(job);
}

static void
child(const char *path, int64_t from, int out)
{
	struct ddns_store *store;
	struct ddns_writer *writer;

	if (ddns_store_open(path, DDNS_STORE_WRITE, &store) != DDNS_OK ||
	    ddns_writer_start(store, NULL, NULL, &writer) != DDNS_OK)
		_exit(4);
	for (int64_t n = from;; n++) {
		struct job *job = calloc(1, sizeof(*job));

		if (job == NULL)
			_exit(5);
		*job = (struct job){ { .apply = apply, .done = done,
		    .arg = job }, n, out };
		if (ddns_writer_submit(writer, &job->job) != DDNS_OK)
			_exit(6);
		if (n % WINDOW == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 500000 },
			    NULL);
	}
}

/* Runs a child for a while; the highest number that it reported, or from-1. */
static int64_t
run_and_kill(const char *path, int64_t from, int64_t run_us)
{
	struct ddns_mono_us start = { 0 };
	int64_t number, last = from - 1;
	struct pollfd p = { .events = POLLIN };
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		child(path, from, fds[1]);
	}
	close(fds[1]);
	p.fd = fds[0];
	while (poll(&p, 1, 30000) == 1 &&
	    read(fds[0], &number, sizeof(number)) == sizeof(number)) {
		assert_int_equal(number, last + 1); /* in order */
		last = number;
		if (start.v == 0)
			start = ddns_mono_us_now();
		else if (ddns_mono_us_now().v - start.v > run_us)
			kill(pid, SIGKILL);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	close(fds[0]);
	return last;
}

struct check {
	int64_t last;      /* highest number seen */
	int64_t half;      /* of a first row whose second is to come */
	int64_t next;      /* number expected */
	int values[HOSTS]; /* what the last job of each host wrote */
	uint32_t serial;
};

static enum ddns_err
check_row(const struct ddns_journal_row *row, void *arg)
{
	struct check *c = arg;

	if (strcmp(row->result, "first") == 0) {
		assert_int_equal(c->half, 0);
		while (c->next % 7 == 3)
			c->next++;
		assert_int_equal(row->request, c->next);
		c->half = row->request;
	} else {
		assert_int_equal(row->request, c->half);
		c->half = 0;
		c->last = row->request;
		c->next = row->request + 1;
		c->values[row->request % HOSTS] =
		    (uint8_t)(row->request / HOSTS);
	}
	assert_true(row->serial == c->serial || row->serial == c->serial + 1);
	c->serial = row->serial;
	return DDNS_OK;
}

static void
check_integrity(const char *path)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1,
	    &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static void
test_kill_loses_nothing_reported(void **state)
{
	struct store_test *t = *state;
	struct ddns_journal_filter all = { 0 };
	struct check c = { .serial = 10 };
	int64_t next = HOSTS, reported;
	unsigned seed = (unsigned)getpid();

	add_zone(t->store, "a");
	for (int i = 0; i < HOSTS; i++)
		c.values[i] = -1;
	for (int round = 0; round < ROUNDS; round++) {
		struct ddns_zone zone;
		int64_t from = next;
		char owner[32];

		ddns_store_free(t->store);
		reported = run_and_kill(t->path, from,
		    (int64_t)(rand_r(&seed) % 30000));
		assert_ok(ddns_store_open(t->path, DDNS_STORE_WRITE,
		    &t->store));
		c.next = from;
		assert_ok(ddns_journal_query(t->store, &all, check_row, &c));
		assert_int_equal(c.half, 0);
		while (reported % 7 == 3)
			reported--;
		assert_true(c.last >= reported);
		for (int i = 0; i < HOSTS; i++) {
			owner_of(i, owner);
			assert_int_equal(get_a(t->store, 1, owner),
			    c.values[i]);
		}
		assert_ok(ddns_store_zone_get(t->store, 1, &zone));
		assert_int_equal(zone.serial, c.serial);
		assert_ok(ddns_journal_last(t->store, &all.after));
		next = c.last + 1 > reported ? c.last + 1 : reported + 1;
	}
	assert_true(next > HOSTS + ROUNDS);
	check_integrity(t->path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_kill_loses_nothing_reported, store_test_setup,
		    store_test_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
