/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "common/store/writer.h"

struct writer_test {
	struct store_test *t;
	struct ddns_writer *writer;
	struct ddns_store *reader;
	int64_t zone_id;
	atomic_int commits;
	sem_t done; /* posted by each done */
};

enum { PUT, FAIL, BLOCK, BIG, NOTHING };

struct job {
	struct ddns_write_job job;
	struct writer_test *w;
	int kind;
	char owner[32];
	uint8_t value;
	sem_t *gate;
	sem_t entered;
	/* what happened */
	enum ddns_err err;
	int seen_by_reader, commits_at_done, order;
};

static atomic_int next_order;

static enum ddns_err
apply(struct ddns_store *store, void *arg)
{
	static uint8_t big[60000];
	struct ddns_journal_row row = { .name = "big",
		.new_set = { big, sizeof(big) } };
	struct job *job = arg;
	enum ddns_err err = DDNS_OK;
	int64_t seq;

	job->order = next_order++;
	switch (job->kind) {
	case BLOCK:
		sem_post(&job->entered);
		sem_wait(job->gate);
		return DDNS_OK;
	case BIG:
		for (int i = 0; err == DDNS_OK && i < 10; i++)
			err = ddns_journal_append(store, &row, &seq);
		return err;
	case NOTHING:
		return DDNS_OK;
	default:
		put_a(store, job->w->zone_id, job->owner, job->value);
		return job->kind == FAIL ? DDNS_ERANGE : DDNS_OK;
	}
}

static void
done(enum ddns_err err, void *arg)
{
	struct job *job = arg;

	job->err = err;
	job->commits_at_done = job->w->commits;
	if (job->w->reader != NULL && job->owner[0] != '\0')
		job->seen_by_reader = get_a(job->w->reader, job->w->zone_id,
		    job->owner);
	sem_post(&job->w->done);
}

static void
on_commit(void *arg)
{
	((struct writer_test *)arg)->commits++;
}

static struct job
job_of(struct writer_test *w, int kind, const char *owner, uint8_t value)
{
	struct job job = { .w = w, .kind = kind, .value = value };

	strcpy(job.owner, owner);
	return job;
}

static enum ddns_err
submit(struct job *job)
{
	job->job = (struct ddns_write_job){ .apply = apply, .done = done,
		.arg = job };
	return ddns_writer_submit(job->w->writer, &job->job);
}

static void
await(struct writer_test *w, int count)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	while (count-- > 0)
		assert_int_equal(sem_timedwait(&w->done, &until), 0);
}

static int
setup(void **state)
{
	struct writer_test *w = calloc(1, sizeof(*w));
	struct ddns_store *store;

	store_test_setup((void **)&w->t);
	w->zone_id = add_zone(w->t->store, "a");
	store = w->t->store;
	w->t->store = NULL;
	sem_init(&w->done, 0, 0);
	assert_ok(ddns_store_open(w->t->path, DDNS_STORE_READ, &w->reader));
	assert_ok(ddns_writer_start(store, on_commit, w, &w->writer));
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct writer_test *w = *state;

	ddns_writer_free(w->writer);
	ddns_store_free(w->reader);
	store_test_teardown((void **)&w->t);
	free(w);
	return 0;
}

/* Keeps the writer busy while a test fills the queue; post gate to go on. */
static void
block(struct writer_test *w, struct job *job, sem_t *gate)
{
	*job = job_of(w, BLOCK, "", 0);
	job->gate = gate;
	sem_init(gate, 0, 0);
	sem_init(&job->entered, 0, 0);
	assert_ok(submit(job));
	sem_wait(&job->entered);
	/* longer than a group collects: what follows is the next group */
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static void
test_done_comes_after_the_commit(void **state)
{
	struct writer_test *w = *state;
	struct job job;

	for (uint8_t i = 1; i <= 50; i++) {
		job = job_of(w, PUT, "h.a", i);
		assert_ok(submit(&job));
		await(w, 1);
		assert_ok(job.err);
		assert_int_equal(job.seen_by_reader, i);
		assert_int_equal(job.commits_at_done, i);
	}
}

/*
 * Submits all while the writer is busy.  As a rule they become one group; but
 * a group also ends by time, so on a busy machine they may not: false.
 */
static bool
run_group(struct writer_test *w, struct job *jobs, int count)
{
	struct ddns_writer_stats stats;
	struct job blocker;
	uint64_t before;
	sem_t gate;

	block(w, &blocker, &gate);
	ddns_writer_get_stats(w->writer, &stats);
	before = stats.jobs;
	for (int i = 0; i < count; i++)
		assert_ok(submit(&jobs[i]));
	sem_post(&gate);
	await(w, count + 1);
	while (ddns_writer_get_stats(w->writer, &stats),
	    stats.jobs != before + (uint64_t)count + 1)
		sched_yield(); /* counted just after the last done */
	return stats.last_group == (uint32_t)count;
}

static void
check_group(const struct job *jobs, int bad, int value)
{
	for (int i = 0; i < 10; i++) {
		assert_int_equal(jobs[i].err,
		    i == bad ? DDNS_ERANGE : DDNS_OK);
		if (i == bad)
			assert_int_not_equal(jobs[i].seen_by_reader, value);
		else
			assert_int_equal(jobs[i].seen_by_reader, value);
		if (i > 0)
			assert_int_equal(jobs[i].order,
			    jobs[i - 1].order + 1);
	}
}

#define TRIES 100 /* for a group that was not cut by time */

static void
test_group_keeps_all_but_the_bad_job(void **state)
{
	struct writer_test *w = *state;
	struct ddns_writer_stats stats;
	struct job jobs[10];
	char owner[32];

	for (int bad = 0; bad < 10; bad += 3) {
		bool whole = false;
		int before = 0;

		for (int try = 0; try < TRIES && !whole; try++) {
			for (int i = 0; i < 10; i++) {
				sprintf(owner, "h%d.a", i);
				jobs[i] = job_of(w, i == bad ? FAIL : PUT,
				    owner, (uint8_t)(try * 2 + bad % 2));
			}
			before = w->commits;
			whole = run_group(w, jobs, 10);
			check_group(jobs, bad, try * 2 + bad % 2);
		}
		assert_true(whole);
		assert_int_equal(w->commits, before + 1);
	}
	ddns_writer_get_stats(w->writer, &stats);
	assert_true(stats.failed >= 4);
	assert_int_equal(stats.max_group, 10);
	assert_true(stats.commits >= 4);
	assert_true(stats.commit_p50_us > 0);
	assert_true(stats.commit_p99_us >= stats.commit_p50_us);
}

static void
test_group_of_bad_jobs_changes_nothing(void **state)
{
	struct writer_test *w = *state;
	struct job jobs[3];

	for (int i = 0; i < 3; i++)
		jobs[i] = job_of(w, i == 2 ? NOTHING : FAIL, "h.a", 1);
	run_group(w, jobs, 3);
	assert_int_equal(jobs[0].err, DDNS_ERANGE);
	assert_int_equal(jobs[1].err, DDNS_ERANGE);
	assert_ok(jobs[2].err);
	assert_int_equal(get_a(w->reader, w->zone_id, "h.a"), -1);
}

static void
test_commit_of_nothing_wakes_nobody(void **state)
{
	struct writer_test *w = *state;
	struct ddns_zone zone;
	struct job job = job_of(w, NOTHING, "", 0);

	assert_ok(submit(&job));
	await(w, 1);
	assert_int_equal(w->commits, 0); /* nothing changed */
	assert_ok(ddns_store_zone_get(w->reader, w->zone_id, &zone));
	assert_int_equal(zone.serial, 10);
}

static void
test_submit_to_a_full_queue_is_busy(void **state)
{
	struct writer_test *w = *state;
	struct job *jobs = calloc(DDNS_WRITER_MAX_WAITING + 1, sizeof(*jobs));
	struct ddns_writer_stats stats;
	struct job blocker;
	sem_t gate;

	assert_non_null(jobs);
	block(w, &blocker, &gate);
	for (int i = 0; i <= DDNS_WRITER_MAX_WAITING; i++) {
		jobs[i] = job_of(w, NOTHING, "", 0);
		assert_int_equal(submit(&jobs[i]),
		    i < DDNS_WRITER_MAX_WAITING ? DDNS_OK : DDNS_EBUSY);
	}
	sem_post(&gate);
	await(w, DDNS_WRITER_MAX_WAITING + 1);
	assert_ok(submit(&jobs[DDNS_WRITER_MAX_WAITING]));
	await(w, 1);
	ddns_writer_get_stats(w->writer, &stats);
	assert_true(stats.max_group <= DDNS_WRITER_MAX_GROUP);
	free(jobs);
}

static void
test_free_finishes_what_waits(void **state)
{
	struct writer_test *w = *state;
	struct job jobs[20], blocker;
	char owner[32];
	sem_t gate;

	block(w, &blocker, &gate);
	for (int i = 0; i < 20; i++) {
		sprintf(owner, "h%d.a", i);
		jobs[i] = job_of(w, PUT, owner, 9);
		assert_ok(submit(&jobs[i]));
	}
	sem_post(&gate);
	ddns_writer_free(w->writer);
	w->writer = NULL;
	for (int i = 0; i < 20; i++) {
		assert_ok(jobs[i].err);
		assert_int_equal(jobs[i].seen_by_reader, 9);
	}
}

static off_t
log_size(const struct writer_test *w)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s-wal", w->t->path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static bool
run_on_full_disk(struct writer_test *w, struct job *jobs, int count)
{
	struct rlimit was, tight;
	bool whole;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	tight = was;
	tight.rlim_cur = (rlim_t)log_size(w) + 300000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	whole = run_group(w, jobs, count);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	return whole;
}

static void
test_full_disk_fails_the_group_and_passes(void **state)
{
	struct writer_test *w = *state;
	struct job jobs[4];
	bool whole = false;
	int before = -1;

	signal(SIGXFSZ, SIG_IGN);
	for (int try = 0; try < TRIES && !whole; try++) {
		before = get_a(w->reader, w->zone_id, "h.a");
		jobs[0] = job_of(w, PUT, "h.a", (uint8_t)(try + 1));
		jobs[1] = job_of(w, BIG, "", 0);
		jobs[2] = job_of(w, PUT, "i.a", (uint8_t)(try + 1));
		jobs[3] = job_of(w, FAIL, "j.a", 1);
		whole = run_on_full_disk(w, jobs, 4);
		assert_int_not_equal(jobs[1].err, DDNS_OK);
		assert_int_not_equal(jobs[3].err, DDNS_OK);
	}
	assert_true(whole);
	assert_int_not_equal(jobs[0].err, DDNS_OK);
	assert_int_not_equal(jobs[2].err, DDNS_OK);
	assert_int_equal(get_a(w->reader, w->zone_id, "h.a"), before);
	jobs[0] = job_of(w, PUT, "h.a", 201);
	jobs[1] = job_of(w, BIG, "", 0);
	run_group(w, jobs, 2);
	assert_ok(jobs[0].err);
	assert_ok(jobs[1].err);
	assert_int_equal(get_a(w->reader, w->zone_id, "h.a"), 201);
}

/* A reader that never rests, in snapshots, beside the writer. */
struct busy_reader {
	struct writer_test *w;
	atomic_bool stop;
	int64_t slowest_us;
	long reads;
};

static void *
read_on(void *arg)
{
	struct busy_reader *b = arg;
	struct ddns_name name = name_of("h.a");
	struct ddns_rrset set = { 0 };

	while (!b->stop) {
		struct ddns_mono_us start = ddns_mono_us_now();
		int64_t us;

		if (ddns_store_begin(b->w->reader, DDNS_STORE_READ) !=
			DDNS_OK ||
		    ddns_store_rrset_get(b->w->reader, b->w->zone_id, &name,
			DDNS_TYPE_A, &set) != DDNS_OK)
			break;
		ddns_store_rollback(b->w->reader);
		us = ddns_mono_us_now().v - start.v;
		if (us > b->slowest_us)
			b->slowest_us = us;
		b->reads++;
	}
	ddns_rrset_done(&set);
	return NULL;
}

/* 240 MB of changes: the log must be started anew several times. */
static void
test_log_stays_bounded_under_load(void **state)
{
	struct writer_test *w = *state;
	struct busy_reader b = { .w = w };
	struct job *jobs = calloc(400, sizeof(*jobs));
	pthread_t thread;
	off_t largest = 0;

	assert_non_null(jobs);
	assert_int_equal(pthread_create(&thread, NULL, read_on, &b), 0);
	for (int i = 0; i < 400; i++) {
		jobs[i] = job_of(w, BIG, "", 0);
		assert_ok(submit(&jobs[i]));
	}
	for (int i = 0; i < 400; i++) {
		off_t size = log_size(w);

		if (size > largest)
			largest = size;
		await(w, 1);
		assert_ok(jobs[i].err);
	}
	b.stop = true;
	pthread_join(thread, NULL);
	assert_true(b.reads > 100);
	assert_true(b.slowest_us < 2000000); /* not the busy wait */
	assert_in_range(largest, 1, 110 << 20);
	free(jobs);
}

/* A long snapshot must not stop the writer. */
static void
test_reader_does_not_block_the_writer(void **state)
{
	struct writer_test *w = *state;
	struct ddns_store *reader = w->reader;
	struct job job;

	w->reader = NULL; /* not in done */
	assert_ok(ddns_store_begin(reader, DDNS_STORE_READ));
	assert_int_equal(get_a(reader, w->zone_id, "h.a"), -1);
	for (int i = 0; i < 200; i++) {
		job = job_of(w, i % 2 ? PUT : BIG, "h.a", 1);
		assert_ok(submit(&job));
		await(w, 1);
		assert_ok(job.err);
	}
	assert_int_equal(get_a(reader, w->zone_id, "h.a"), -1);
	ddns_store_rollback(reader);
	assert_int_equal(get_a(reader, w->zone_id, "h.a"), 1);
	w->reader = reader;
}

#define with_writer(test) \
	cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_writer(test_done_comes_after_the_commit),
		with_writer(test_group_keeps_all_but_the_bad_job),
		with_writer(test_group_of_bad_jobs_changes_nothing),
		with_writer(test_commit_of_nothing_wakes_nobody),
		with_writer(test_submit_to_a_full_queue_is_busy),
		with_writer(test_free_finishes_what_waits),
		with_writer(test_full_disk_fails_the_group_and_passes),
		with_writer(test_log_stays_bounded_under_load),
		with_writer(test_reader_does_not_block_the_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
