/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_STORE_WRITER_H
#define DDNS_STORE_WRITER_H

#include "common/store/store.h"

/*
 * Group commit: one thread that owns the writing handle, collects the jobs
 * that wait, applies each inside a mark of its own in one transaction, commits
 * once, and only then tells each job.  A job whose apply fails is undone
 * alone.
 */
struct ddns_writer;

/* Changes the store.  Runs in the writer's thread; an error undoes just it. */
typedef enum ddns_err ddns_write_apply_fn(struct ddns_store *store, void *arg);
/*
 * Runs in the writer's thread after the commit is on stable storage (err
 * DDNS_OK), or after nothing of the job was kept (apply's error, or the
 * commit's).  Short: hand over to another thread and return.  May free the
 * job.
 */
typedef void ddns_write_done_fn(enum ddns_err err, void *arg);

struct ddns_write_job {
	ddns_write_apply_fn *apply;
	ddns_write_done_fn *done; /* NULL: nobody waits */
	void *arg;
	struct ddns_write_job *next; /* the writer's */
	enum ddns_err err;           /* the writer's */
};

#define DDNS_WRITER_MAX_WAITING 20000 /* jobs; more is DDNS_EBUSY */
#define DDNS_WRITER_MAX_GROUP 512     /* jobs in one commit */

/*
 * take_store is a WRITE handle.  on_commit (may be NULL) runs in the writer's
 * thread after each commit that changed something, before the jobs' done:
 * it wakes the publisher.
 */
enum ddns_err ddns_writer_start(struct ddns_store *take_store,
    void (*on_commit)(void *arg), void *arg, struct ddns_writer **ret)
    DDNS_MUST_CHECK;
/*
 * Any thread.  The job is the caller's and must live until done ran.
 * DDNS_EBUSY: too many wait; DDNS_ESTOP: the writer is being freed.
 */
enum ddns_err ddns_writer_submit(struct ddns_writer *writer,
    struct ddns_write_job *job) DDNS_MUST_CHECK;
/* Finishes what waits, stops the thread, frees all.  NULL is fine. */
void ddns_writer_free(struct ddns_writer *writer);

struct ddns_writer_stats {
	uint64_t commits, jobs, failed;
	uint32_t last_group, max_group;
	uint32_t commit_p50_us, commit_p99_us; /* the sync; of the last 1024 */
};
void ddns_writer_get_stats(struct ddns_writer *writer,
    struct ddns_writer_stats *ret);

#endif
