/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/publish/save.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

/* Two may hold it: the saver, and the writer while it has a job of ours. */
struct flag {
	_Atomic unsigned holders;
	_Atomic bool busy, failed;
};

struct ddns_saver {
	struct ddns_writer *writer;
	struct flag *flag;
	char **obsolete; /* names of rows to delete */
	size_t obsolete_count;
};

struct row {
	struct ddns_subscriber row;
	char name[128], target[128], error[DDNS_SUB_ERROR_MAX];
};

struct save {
	struct ddns_write_job job;
	struct flag *flag;
	char **obsolete;
	size_t obsolete_count;
	size_t count;
	struct row rows[];
};

static void
flag_release(struct flag *flag)
{
	if (flag != NULL && atomic_fetch_sub(&flag->holders, 1) == 1)
		free(flag);
}

static void
names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

enum ddns_err
ddns_saver_new(struct ddns_writer *writer, struct ddns_saver **ret)
{
	struct ddns_saver *saver = calloc(1, sizeof(*saver));

	if (saver != NULL)
		saver->flag = calloc(1, sizeof(*saver->flag));
	if (saver == NULL || saver->flag == NULL) {
		ddns_saver_free(saver);
		return DDNS_ENOMEM;
	}
	saver->writer = writer;
	atomic_store(&saver->flag->holders, 1);
	*ret = saver;
	return DDNS_OK;
}

void
ddns_saver_free(struct ddns_saver *saver)
{
	if (saver == NULL)
		return;
	names_free(saver->obsolete, saver->obsolete_count);
	flag_release(saver->flag);
	free(saver);
}

/* ---- read ---- */

struct load {
	struct ddns_saver *saver;
	struct ddns_sub **subs;
	size_t count;
};

static enum ddns_err
add_obsolete(struct ddns_saver *saver, const char *name)
{
	char **names = realloc(saver->obsolete, (saver->obsolete_count + 1) *
	    sizeof(char *));

	if (names == NULL)
		return DDNS_ENOMEM;
	saver->obsolete = names;
	names[saver->obsolete_count] = ddns_strdup(name);
	if (names[saver->obsolete_count] == NULL)
		return DDNS_ENOMEM;
	saver->obsolete_count++;
	return DDNS_OK;
}

static void
load_sub(struct ddns_sub *sub, const struct ddns_subscriber *row)
{
	if (strcmp(row->kind, sub->kind) != 0 ||
	    strncmp(row->target, sub->target,
	    sizeof(((struct row *)0)->target) - 1) != 0)
		return; /* another one under the same name: a new one */
	sub->start = row->seq;
	sub->acked = row->acked;
	sub->retries = row->retries;
	sub->last_ack = row->last_ack;
	sub->last_fail = row->last_fail;
	strncpy(sub->last_error, row->last_error, sizeof(sub->last_error) - 1);
}

static enum ddns_err
load_row(const struct ddns_subscriber *row, void *arg)
{
	const struct load *load = arg;

	for (size_t i = 0; i < load->count; i++) {
		if (strcmp(load->subs[i]->name, row->name) == 0) {
			load_sub(load->subs[i], row);
			return DDNS_OK;
		}
	}
	return add_obsolete(load->saver, row->name);
}

enum ddns_err
ddns_saver_load(struct ddns_saver *saver, struct ddns_store *store,
    struct ddns_sub **subs, size_t count)
{
	struct load load = { saver, subs, count };

	for (size_t i = 0; i < count; i++) {
		subs[i]->cursor = -1; /* its row is to be written in any case */
		subs[i]->dirty = true;
	}
	return ddns_store_subscriber_list(store, load_row, &load);
}

/* ---- write: in the writer's thread ---- */

static enum ddns_err
apply(struct ddns_store *store, void *arg)
{
	const struct save *save = arg;
	enum ddns_err err = DDNS_OK;

	for (size_t i = 0; i < save->obsolete_count && err == DDNS_OK; i++) {
		err = ddns_store_subscriber_delete(store, save->obsolete[i]);
		if (err == DDNS_ENOTFOUND)
			err = DDNS_OK;
	}
	for (size_t i = 0; i < save->count && err == DDNS_OK; i++)
		err = ddns_store_subscriber_put(store, &save->rows[i].row);
	return err;
}

static void
save_free(struct save *save)
{
	names_free(save->obsolete, save->obsolete_count);
	flag_release(save->flag);
	free(save);
}

static void
done(enum ddns_err err, void *arg)
{
	struct save *save = arg;

	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_WARNING, "cursors of the subscribers not "
		    "written reason=\"%s\"", ddns_err_text(err));
	atomic_store(&save->flag->failed, err != DDNS_OK);
	atomic_store(&save->flag->busy, false);
	save_free(save);
}

/* ---- write: in the publisher's thread ---- */

static int64_t
cursor_of(const struct ddns_sub *sub, int64_t read)
{
	int64_t low = ddns_sub_low(sub);

	return low <= read ? low - 1 : read;
}

static void
fill_row(struct row *r, struct ddns_sub *sub, int64_t read)
{
	struct ddns_subscriber *row = &r->row;

	strncpy(r->name, sub->name, sizeof(r->name) - 1);
	strncpy(r->target, sub->target, sizeof(r->target) - 1);
	snprintf(r->error, sizeof(r->error), "%s", sub->last_error);
	row->name = r->name;
	row->kind = sub->kind;
	row->target = r->target;
	row->seq = cursor_of(sub, read);
	row->pending = sub->queue.queue.count + sub->ops->in_flight(sub);
	row->acked = sub->acked;
	row->retries = sub->retries;
	row->last_ack = sub->last_ack;
	row->last_fail = sub->last_fail;
	row->last_error = r->error;
	ddns_latency_get(&sub->latency, &row->ack_p50_us, &row->ack_p99_us,
	    &row->ack_max_us);
	sub->cursor = row->seq;
	sub->dirty = false;
}

static bool
has_news(const struct ddns_sub *sub, int64_t read)
{
	return sub->dirty || sub->cursor != cursor_of(sub, read);
}

void
ddns_saver_save(struct ddns_saver *saver, struct ddns_sub **subs,
    size_t count, int64_t read, bool last)
{
	struct save *save;
	size_t news = 0;

	if (atomic_load(&saver->flag->busy) && !last)
		return;
	if (atomic_exchange(&saver->flag->failed, false))
		for (size_t i = 0; i < count; i++)
			subs[i]->dirty = true;
	for (size_t i = 0; i < count; i++)
		news += has_news(subs[i], read);
	if (news == 0 && saver->obsolete_count == 0)
		return;
	save = calloc(1, sizeof(*save) + count * sizeof(struct row));
	if (save == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		if (has_news(subs[i], read))
			fill_row(&save->rows[save->count++], subs[i], read);
	save->obsolete = saver->obsolete;
	save->obsolete_count = saver->obsolete_count;
	saver->obsolete = NULL;
	saver->obsolete_count = 0;
	save->job.apply = apply;
	save->job.done = done;
	save->job.arg = save;
	save->flag = saver->flag;
	atomic_fetch_add(&save->flag->holders, 1);
	atomic_store(&save->flag->busy, true);
	if (ddns_writer_submit(saver->writer, &save->job) != DDNS_OK)
		done(DDNS_EBUSY, save);
}
