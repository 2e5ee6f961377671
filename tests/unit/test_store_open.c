/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Opening, migrating, copying; other processes and other users. */

static void
sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
}

static int
user_version(const char *path)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int v;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1,
	    &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	v = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return v;
}

static void
close_store(struct store_test *t)
{
	ddns_store_free(t->store);
	t->store = NULL;
}

static enum ddns_err
open_as(struct store_test *t, enum ddns_store_mode mode)
{
	return ddns_store_open(t->path, mode, &t->store);
}

static void
test_open_to_read_wants_a_store(void **state)
{
	struct store_test *t = *state;

	close_store(t);
	unlink(t->path);
	assert_int_equal(open_as(t, DDNS_STORE_READ), DDNS_ENOTFOUND);
	assert_null(t->store);
	assert_int_equal(access(t->path, F_OK), -1);
	assert_int_equal(ddns_store_open("/nonexistent/x.db",
	    DDNS_STORE_WRITE, &t->store), DDNS_EIO);
}

static void
test_open_migrates_from_an_empty_file(void **state)
{
	struct store_test *t = *state;
	struct stat st;

	assert_int_equal(user_version(t->path), 1);
	close_store(t);
	assert_int_equal(truncate(t->path, 0), 0);
	assert_int_equal(open_as(t, DDNS_STORE_READ), DDNS_EVERSION);
	assert_ok(open_as(t, DDNS_STORE_WRITE));
	assert_int_equal(user_version(t->path), 1);
	add_zone(t->store, "a");
	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void
test_open_refuses_a_newer_schema(void **state)
{
	struct store_test *t = *state;

	close_store(t);
	sql(t->path, "PRAGMA user_version = 99");
	assert_int_equal(open_as(t, DDNS_STORE_WRITE), DDNS_EVERSION);
	assert_int_equal(open_as(t, DDNS_STORE_READ), DDNS_EVERSION);
	sql(t->path, "PRAGMA user_version = -1");
	assert_int_equal(open_as(t, DDNS_STORE_WRITE), DDNS_EVERSION);
	assert_null(t->store);
}

static void
test_open_refuses_what_is_no_store(void **state)
{
	struct store_test *t = *state;
	FILE *file;

	close_store(t);
	sql(t->path, "PRAGMA user_version = 0");
	assert_int_equal(open_as(t, DDNS_STORE_WRITE), DDNS_EFORMAT);
	file = fopen(t->path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database\n", file);
	fclose(file);
	assert_int_equal(open_as(t, DDNS_STORE_WRITE), DDNS_EFORMAT);
	assert_int_equal(open_as(t, DDNS_STORE_READ), DDNS_EFORMAT);
	assert_null(t->store);
}

static void
test_read_handle_never_writes(void **state)
{
	struct store_test *t = *state;
	struct ddns_zone zone = zone_of("a");
	int64_t id;

	add_zone(t->store, "a");
	close_store(t);
	assert_ok(open_as(t, DDNS_STORE_READ));
	assert_int_equal(ddns_store_begin(t->store, DDNS_STORE_WRITE),
	    DDNS_EDENIED);
	zone.name = name_of("b");
	assert_int_equal(ddns_store_zone_add(t->store, &zone, &id),
	    DDNS_EDENIED);
	assert_int_equal(ddns_store_zone_delete(t->store, 1), DDNS_EDENIED);
	assert_ok(ddns_store_zone_get(t->store, 1, &zone));
}

static void
test_transactions_and_snapshots(void **state)
{
	struct store_test *t = *state;
	struct ddns_store *reader;
	int64_t id = add_zone(t->store, "a");

	assert_ok(ddns_store_open(t->path, DDNS_STORE_READ, &reader));
	put_a(t->store, id, "h.a", 1);
	assert_int_equal(get_a(reader, id, "h.a"), 1);
	/* a snapshot stays as it was */
	assert_ok(ddns_store_begin(reader, DDNS_STORE_READ));
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	put_a(t->store, id, "h.a", 2);
	assert_int_equal(get_a(t->store, id, "h.a"), 2);
	assert_int_equal(get_a(reader, id, "h.a"), 1);
	assert_ok(ddns_store_commit(t->store));
	assert_int_equal(get_a(reader, id, "h.a"), 1);
	assert_ok(ddns_store_commit(reader));
	assert_int_equal(get_a(reader, id, "h.a"), 2);
	/* outside one each call sees the newest, never the uncommitted */
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	put_a(t->store, id, "h.a", 3);
	assert_int_equal(get_a(reader, id, "h.a"), 2);
	ddns_store_rollback(t->store);
	assert_int_equal(get_a(t->store, id, "h.a"), 2);
	ddns_store_rollback(t->store);
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_READ));
	assert_int_equal(ddns_store_begin(t->store, DDNS_STORE_READ),
	    DDNS_EBUSY);
	assert_int_equal(ddns_store_host_touch(t->store, 1,
	    (struct ddns_unix_s){ 1 }), DDNS_EDENIED);
	ddns_store_rollback(t->store);
	ddns_store_free(reader);
}

static void
test_mark_undoes_just_what_came_after(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "a");

	assert_int_equal(ddns_store_mark(t->store), DDNS_EDENIED);
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	put_a(t->store, id, "h.a", 1);
	assert_ok(ddns_store_mark(t->store));
	put_a(t->store, id, "h.a", 2);
	put_a(t->store, id, "i.a", 2);
	assert_ok(ddns_store_mark_undo(t->store));
	assert_int_equal(get_a(t->store, id, "h.a"), 1);
	assert_int_equal(ddns_store_mark_undo(t->store), DDNS_ENOTFOUND);
	assert_ok(ddns_store_mark(t->store));
	put_a(t->store, id, "j.a", 3);
	assert_ok(ddns_store_mark_keep(t->store));
	assert_ok(ddns_store_commit(t->store));
	assert_int_equal(get_a(t->store, id, "h.a"), 1);
	assert_int_equal(get_a(t->store, id, "i.a"), -1);
	assert_int_equal(get_a(t->store, id, "j.a"), 3);
}

static void
test_backup_is_a_store(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "a");
	struct ddns_store *copy, *reader;
	char path[128];

	snprintf(path, sizeof(path), "%s.copy", t->path);
	put_a(t->store, id, "h.a", 7);
	assert_ok(ddns_store_open(t->path, DDNS_STORE_READ, &reader));
	assert_ok(ddns_store_backup(reader, path));
	assert_int_equal(ddns_store_backup(t->store, path), DDNS_EEXIST);
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	unlink(path);
	assert_ok(ddns_store_backup(reader, path)); /* beside a writer */
	ddns_store_rollback(t->store);
	assert_int_equal(ddns_store_zone_delete(reader, id), DDNS_EDENIED);
	assert_ok(ddns_store_open(path, DDNS_STORE_WRITE, &copy));
	assert_int_equal(get_a(copy, id, "h.a"), 7);
	put_a(copy, id, "h.a", 8);
	assert_int_equal(get_a(reader, id, "h.a"), 7);
	ddns_store_free(copy);
	ddns_store_free(reader);
}

/* ---- a full disk ---- */

static void
test_full_disk_fails_and_recovers(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "a"), seq;
	struct rlimit was, tight;
	uint8_t big[60000] = { 0 };
	struct ddns_journal_row row = { .name = "h.a",
		.new_set = { big, sizeof(big) } };
	enum ddns_err err = DDNS_OK;
	struct stat st;
	char wal[128];

	put_a(t->store, id, "h.a", 1);
	snprintf(wal, sizeof(wal), "%s-wal", t->path);
	assert_int_equal(stat(wal, &st), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	tight = was;
	tight.rlim_cur = (rlim_t)st.st_size + 200000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	put_a(t->store, id, "h.a", 2);
	for (int i = 0; i < 100 && err == DDNS_OK; i++)
		err = ddns_journal_append(t->store, &row, &seq);
	if (err == DDNS_OK)
		err = ddns_store_commit(t->store);
	else
		assert_int_not_equal(ddns_store_commit(t->store), DDNS_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_true(err == DDNS_ENOSPACE || err == DDNS_EIO);
	assert_int_not_equal(strlen(ddns_store_get_error(t->store)), 0);
	assert_int_equal(get_a(t->store, id, "h.a"), 1);
	put_a(t->store, id, "h.a", 3);
	assert_int_equal(get_a(t->store, id, "h.a"), 3);
}

/* ---- other processes ---- */

/* A child that runs fn and tells its result; 0 is good. */
static pid_t
spawn(int (*fn)(struct store_test *t, int in, int out), struct store_test *t,
    int *ret_in, int *ret_out)
{
	int to[2], from[2];
	pid_t pid;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(to[1]);
		close(from[0]);
		_exit(fn(t, to[0], from[1]));
	}
	close(to[0]);
	close(from[1]);
	*ret_in = to[1];
	*ret_out = from[0];
	return pid;
}

static void
expect_exit(pid_t pid, int want)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
}

static void
send_byte(int fd, char c)
{
	assert_int_equal(write(fd, &c, 1), 1);
}

static char
await_byte(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char c;

	assert_int_equal(poll(&p, 1, 20000), 1);
	return read(fd, &c, 1) == 1 ? c : 0;
}

/* For the child, where cmocka's asserts are of no use. */
#define must(cond)                                                        \
	do {                                                              \
		if (!(cond)) {                                            \
			fprintf(stderr, "# %d: %s\n", __LINE__, #cond);   \
			_exit(1);                                         \
		}                                                         \
	} while (0)

static int
child_get_a(struct ddns_store *store, const char *owner)
{
	struct ddns_name name;
	struct ddns_rrset set = { 0 };
	struct ddns_span rdata;
	size_t pos = 0;
	int v = -1;

	must(ddns_name_parse(owner, &name) == DDNS_OK);
	must(ddns_store_rrset_get(store, 1, &name, DDNS_TYPE_A, &set) ==
	    DDNS_OK);
	if (ddns_rrset_next(&set, &pos, &rdata))
		v = rdata.base[3];
	ddns_rrset_done(&set);
	return v;
}

/* Waits for each value in turn on nothing but the watch. */
static int
watch_values(struct store_test *t, int in, int out)
{
	struct ddns_store *store;
	struct pollfd p = { .events = POLLIN };
	int seen = 0, wakes = 0;

	(void)in;
	must(ddns_store_open(t->path, DDNS_STORE_READ, &store) == DDNS_OK);
	p.fd = ddns_store_watch_fd(store);
	must(p.fd >= 0);
	must(write(out, "r", 1) == 1);
	while (seen < 200) {
		int now = child_get_a(store, "h.a");

		if (now > seen) {
			seen = now;
			must(write(out, "+", 1) == 1);
			continue;
		}
		must(poll(&p, 1, 10000) == 1);
		ddns_store_watch_drain(store);
		must(poll(&p, 1, 0) >= 0);
		must(++wakes < 1000); /* does not spin */
	}
	ddns_store_free(store);
	return 0;
}

static void
test_watch_wakes_another_process_each_time(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "a");
	int in, out;
	pid_t pid = spawn(watch_values, t, &in, &out);

	assert_int_equal(await_byte(out), 'r');
	for (int i = 1; i <= 200; i++) {
		put_a(t->store, id, "h.a", (uint8_t)i);
		assert_int_equal(await_byte(out), '+');
	}
	expect_exit(pid, 0);
	close(in);
	close(out);
}

static bool
is_readable(int fd, int timeout_ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, timeout_ms) == 1;
}

static void
test_watch_survives_a_new_log(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "a");
	int fd = ddns_store_watch_fd(t->store);
	char wal[128], aside[128];
	FILE *file;

	assert_true(fd >= 0);
	ddns_store_watch_drain(t->store);
	assert_false(is_readable(fd, 0));
	put_a(t->store, id, "h.a", 1);
	assert_true(is_readable(fd, 1000));
	ddns_store_watch_drain(t->store);
	assert_false(is_readable(fd, 0));
	/* another file in its place: told, and watched from then on */
	snprintf(wal, sizeof(wal), "%s-wal", t->path);
	snprintf(aside, sizeof(aside), "%s.copy", t->path);
	assert_int_equal(rename(wal, aside), 0);
	file = fopen(wal, "w");
	assert_non_null(file);
	fclose(file);
	assert_true(is_readable(fd, 1000));
	ddns_store_watch_drain(t->store);
	assert_false(is_readable(fd, 0));
	assert_int_equal(utimensat(AT_FDCWD, wal, NULL, 0), 0);
	assert_true(is_readable(fd, 1000));
	assert_int_equal(rename(aside, wal), 0);
}

static int
read_in_steps(struct store_test *t, int in, int out)
{
	struct ddns_store *store = NULL;
	const gid_t group = 4242;
	char c;

	must(setgroups(0, NULL) == 0);
	must(setresgid(group, group, group) == 0);
	must(setresuid(4241, 4241, 4241) == 0);
	must(access(t->path, W_OK) == -1);
	while (read(in, &c, 1) == 1) {
		struct ddns_store *fresh;
		uint8_t v;

		if (store == NULL)
			must(ddns_store_open(t->path, DDNS_STORE_READ,
			    &store) == DDNS_OK);
		v = (uint8_t)child_get_a(store, "h.a");
		must(ddns_store_open(t->path, DDNS_STORE_READ, &fresh) ==
		    DDNS_OK);
		must(child_get_a(fresh, "h.a") == v);
		ddns_store_free(fresh);
		must(write(out, &v, 1) == 1);
	}
	ddns_store_free(store);
	return 0;
}

static int
ask(int in, int out)
{
	send_byte(in, '?');
	return (uint8_t)await_byte(out);
}

static void
give_to_group(const struct store_test *t)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[128];
	struct stat st;

	assert_int_equal(chown(t->dir, (uid_t)-1, 4242), 0);
	assert_int_equal(chmod(t->dir, 0750), 0);
	for (size_t i = 0; i < DDNS_COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", t->path, ends[i]);
		assert_int_equal(chown(path, (uid_t)-1, 4242), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0640);
	}
}

/* The group may read the files, and no more. */
static void
test_another_user_reads_with_and_without_a_writer(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "a");
	int in, out;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	give_to_group(t);
	put_a(t->store, id, "h.a", 1);
	pid = spawn(read_in_steps, t, &in, &out);
	assert_int_equal(ask(in, out), 1);
	put_a(t->store, id, "h.a", 2);
	assert_int_equal(ask(in, out), 2);
	close_store(t); /* the reader stays */
	assert_int_equal(ask(in, out), 2);
	assert_ok(open_as(t, DDNS_STORE_WRITE));
	put_a(t->store, id, "h.a", 3);
	assert_int_equal(ask(in, out), 3);
	close_store(t);
	close(in);
	expect_exit(pid, 0);
	close(out);

	/* starts when nobody has it open */
	pid = spawn(read_in_steps, t, &in, &out);
	assert_int_equal(ask(in, out), 3);
	assert_ok(open_as(t, DDNS_STORE_WRITE));
	for (int i = 4; i < 30; i++) {
		put_a(t->store, id, "h.a", (uint8_t)i);
		assert_int_equal(ask(in, out), i);
	}
	close(in);
	expect_exit(pid, 0);
	close(out);
}

/* Dies without closing anything. */
static int
write_and_die(struct store_test *t, int in, int out)
{
	(void)in;
	(void)out;
	t->store = NULL;
	must(ddns_store_open(t->path, DDNS_STORE_WRITE, &t->store) ==
	    DDNS_OK);
	put_a(t->store, 1, "h.a", 9);
	must(ddns_store_begin(t->store, DDNS_STORE_WRITE) == DDNS_OK);
	put_a(t->store, 1, "h.a", 10);
	_exit(0);
}

static void
test_another_user_reads_what_a_dead_writer_left(void **state)
{
	struct store_test *t = *state;
	int in, out;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	add_zone(t->store, "a");
	give_to_group(t);
	close_store(t);
	pid = spawn(write_and_die, t, &in, &out);
	expect_exit(pid, 0);
	close(in);
	close(out);
	pid = spawn(read_in_steps, t, &in, &out);
	assert_int_equal(ask(in, out), 9);
	close(in);
	expect_exit(pid, 0);
	close(out);
}

/* ---- locks ---- */

static int
hold_the_lock(struct store_test *t, int in, int out)
{
	struct ddns_store *store;
	char c;

	must(ddns_store_open(t->path, DDNS_STORE_WRITE, &store) == DDNS_OK);
	must(ddns_store_begin(store, DDNS_STORE_WRITE) == DDNS_OK);
	must(write(out, "h", 1) == 1);
	must(read(in, &c, 1) == 1);
	ddns_store_rollback(store);
	must(write(out, "f", 1) == 1);
	must(read(in, &c, 1) == 0);
	return 0;
}

static void
test_begin_waits_for_the_lock_then_gives_up(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "a");
	struct ddns_mono_us start;
	int in, out;
	pid_t pid;

	put_a(t->store, id, "h.a", 1);
	pid = spawn(hold_the_lock, t, &in, &out);
	assert_int_equal(await_byte(out), 'h');
	assert_int_equal(get_a(t->store, id, "h.a"), 1); /* does not wait */
	start = ddns_mono_us_now();
	assert_int_equal(ddns_store_begin(t->store, DDNS_STORE_WRITE),
	    DDNS_EBUSY);
	assert_in_range(ddns_mono_us_now().v - start.v, 4000000, 30000000);
	send_byte(in, 'g');
	assert_int_equal(await_byte(out), 'f');
	assert_ok(ddns_store_begin(t->store, DDNS_STORE_WRITE));
	ddns_store_rollback(t->store);
	close(in);
	expect_exit(pid, 0);
	close(out);
}

#define with_store(test)                                              \
	cmocka_unit_test_setup_teardown(test, store_test_setup,       \
	    store_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_open_to_read_wants_a_store),
		with_store(test_open_migrates_from_an_empty_file),
		with_store(test_open_refuses_a_newer_schema),
		with_store(test_open_refuses_what_is_no_store),
		with_store(test_read_handle_never_writes),
		with_store(test_transactions_and_snapshots),
		with_store(test_mark_undoes_just_what_came_after),
		with_store(test_backup_is_a_store),
		with_store(test_full_disk_fails_and_recovers),
		with_store(test_watch_wakes_another_process_each_time),
		with_store(test_watch_survives_a_new_log),
		with_store(test_another_user_reads_with_and_without_a_writer),
		with_store(test_another_user_reads_what_a_dead_writer_left),
		with_store(test_begin_waits_for_the_lock_then_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
