/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two lists in the order of arrival: one for what is written after a second,
 * one for what may wait.  The delay of a list is constant, so its head is
 * always what is due first.  A small hash table over both finds the row that a
 * repeated attempt belongs to.
 *
 * All is bounded: the rows that wait, the jobs that the writer has not done
 * yet, and how many rows a credential or a stranger can make, or the disk would
 * be his who changes one letter with each request.  Beyond that attempts are
 * only counted, and the count becomes a row of its own: the journal never
 * claims to be complete when it is not.
 */
#include "common/update/attempts.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/update/limit.h"

#define BUCKETS 4096
#define SOON_MS 1000
#define BATCH_ROWS 256
#define BATCHES_MAX 16
/* rows of one credential or source, */
#define ROWS_BURST 200
#define ROWS_PER_MIN 60
/* and of all that showed no credential: a UDP source is easily forged */
#define STRANGERS_PER_S 50

struct row {
	struct row *next;     /* of the list, then of the batch */
	struct row *next_hash;
	uint64_t hash;
	int64_t cred_id;
	int64_t request;
	struct ddns_unix_ms first, last;
	uint32_t repeats;
	uint16_t type;
	bool tls;
	struct ddns_addr source;
	const char *protocol; /* static */
	/* into text[] */
	const char *result, *reason, *account, *credential, *agent, *name;
	char text[];
};

struct list {
	struct row *head, **tail;
	int64_t delay_ms;
};

struct ddns_attempts {
	struct ddns_writer *writer;
	uint64_t seed;
	struct list soon, later;
	struct row *buckets[BUCKETS];
	struct ddns_limit *rows; /* per credential or source */
	int64_t strangers_s; /* the second of ... */
	unsigned strangers;  /* so many rows of strangers */
	unsigned waiting;
	uint32_t uncounted; /* no room: become one row */
	struct ddns_unix_ms uncounted_since;
	_Atomic unsigned *batches; /* shared with the jobs */
};

struct batch {
	struct ddns_write_job job;
	struct row *rows;
	_Atomic unsigned *batches;
};

static void
list_init(struct list *list, int64_t delay_ms)
{
	list->head = NULL;
	list->tail = &list->head;
	list->delay_ms = delay_ms;
}

enum ddns_err
ddns_attempts_new(struct ddns_writer *writer, unsigned harmless_s,
    struct ddns_attempts **ret)
{
	struct ddns_attempts *attempts = calloc(1, sizeof(*attempts));
	enum ddns_err err = DDNS_ENOMEM;

	if (attempts == NULL)
		return DDNS_ENOMEM;
	attempts->writer = writer;
	list_init(&attempts->soon, SOON_MS);
	list_init(&attempts->later, (int64_t)harmless_s * 1000);
	attempts->batches = calloc(1, sizeof(*attempts->batches));
	if (attempts->batches != NULL)
		err = ddns_limit_new(ROWS_BURST, ROWS_PER_MIN,
		    &attempts->rows);
	if (err == DDNS_OK)
		err = ddns_random(&attempts->seed, sizeof(attempts->seed));
	if (err != DDNS_OK) {
		ddns_limit_free(attempts->rows);
		free(attempts->batches);
		free(attempts);
		return err;
	}
	*attempts->batches = 1; /* ours */
	*ret = attempts;
	return DDNS_OK;
}

/* FNV-1a, seeded: strangers must not choose the bucket. */
static uint64_t
hash_bytes(uint64_t h, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

static uint64_t
hash_text(uint64_t h, const char *text)
{
	return hash_bytes(h, text, strlen(text) + 1);
}

static const char *
text_of(const char *text)
{
	return text != NULL ? text : "";
}

static uint64_t
hash_attempt(uint64_t seed, const struct ddns_attempt *a)
{
	uint64_t h = seed;

	h = hash_text(h, text_of(a->name));
	h = hash_text(h, a->result);
	h = hash_text(h, text_of(a->reason));
	h = hash_text(h, text_of(a->actor->credential));
	h = hash_text(h, text_of(a->actor->user_agent));
	h = hash_bytes(h, a->actor->source.bytes,
	    sizeof(a->actor->source.bytes));
	return hash_bytes(h, &a->type, sizeof(a->type));
}

static bool
is_same(const struct row *row, const struct ddns_attempt *a)
{
	const struct ddns_actor *actor = a->actor;

	return row->type == a->type && row->tls == actor->tls &&
	    ddns_addr_equal(&row->source, &actor->source) &&
	    strcmp(row->protocol, actor->protocol) == 0 &&
	    strcmp(row->name, text_of(a->name)) == 0 &&
	    strcmp(row->result, a->result) == 0 &&
	    strcmp(row->reason, text_of(a->reason)) == 0 &&
	    strcmp(row->account, text_of(actor->account)) == 0 &&
	    strcmp(row->credential, text_of(actor->credential)) == 0 &&
	    strcmp(row->agent, text_of(actor->user_agent)) == 0;
}

static const char *
put(char **at, const char *text)
{
	size_t len = strlen(text) + 1;
	char *p = memcpy(*at, text, len);

	*at += len;
	return p;
}

static struct row *
row_new(const struct ddns_attempt *a, uint64_t hash)
{
	const struct ddns_actor *actor = a->actor;
	const char *texts[] = { a->result, text_of(a->reason),
		text_of(actor->account), text_of(actor->credential),
		text_of(actor->user_agent), text_of(a->name) };
	size_t len = 0;
	struct row *row;
	char *at;

	for (size_t i = 0; i < DDNS_COUNT(texts); i++)
		len += strlen(texts[i]) + 1;
	row = calloc(1, sizeof(*row) + len);
	if (row == NULL)
		return NULL;
	at = row->text;
	row->result = put(&at, texts[0]);
	row->reason = put(&at, texts[1]);
	row->account = put(&at, texts[2]);
	row->credential = put(&at, texts[3]);
	row->agent = put(&at, texts[4]);
	row->name = put(&at, texts[5]);
	row->hash = hash;
	row->cred_id = a->cred_id;
	row->request = actor->request;
	row->first = row->last = actor->now;
	row->repeats = 1;
	row->type = a->type;
	row->tls = actor->tls;
	row->source = actor->source;
	row->protocol = actor->protocol;
	return row;
}

static void
unhash(struct ddns_attempts *attempts, struct row *row)
{
	struct row **at = &attempts->buckets[row->hash % BUCKETS];

	while (*at != row)
		at = &(*at)->next_hash;
	*at = row->next_hash;
}

static enum ddns_err
append(struct ddns_store *store, const struct row *row)
{
	char source[DDNS_ADDR_TEXT_MAX];
	struct ddns_journal_row out = {
		.time = row->first,
		.request = row->request,
		.protocol = row->protocol,
		.result = row->result,
		.reason = row->reason,
		.account = row->account,
		.credential = row->credential,
		.source = source,
		.user_agent = row->agent,
		.name = row->name,
		.type = row->type,
		.flags = row->tls ? DDNS_JOURNAL_TLS : 0,
		.repeats = row->repeats,
		.last = row->last,
	};
	int64_t seq;
	enum ddns_err err;

	ddns_addr_format(&row->source, source);
	err = ddns_journal_append(store, &out, &seq);
	if (err == DDNS_OK && row->cred_id != 0)
		err = ddns_store_cred_touch(store, row->cred_id,
		    ddns_unix_s_of_ms(row->last));
	if (err == DDNS_ENOTFOUND) /* the credential has gone meanwhile */
		err = DDNS_OK;
	return err;
}

static enum ddns_err
batch_apply(struct ddns_store *store, void *arg)
{
	struct batch *batch = arg;
	enum ddns_err err = DDNS_OK;

	for (struct row *row = batch->rows; row != NULL && err == DDNS_OK;
	    row = row->next)
		err = append(store, row);
	return err;
}

static void
release(_Atomic unsigned *batches)
{
	if (atomic_fetch_sub(batches, 1) == 1)
		free((void *)batches);
}

static void
batch_done(enum ddns_err err, void *arg)
{
	struct batch *batch = arg;
	unsigned count = 0;

	for (struct row *row = batch->rows, *next; row != NULL; row = next) {
		next = row->next;
		free(row);
		count++;
	}
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "journal rows of %u refused or "
		    "unchanged updates are lost: %s", count,
		    ddns_err_text(err));
	release(batch->batches);
	free(batch);
}

/* Takes up to BATCH_ROWS due rows off the list and gives them to the writer. */
static bool
submit_due(struct ddns_attempts *attempts, struct list *list,
    struct ddns_unix_ms due)
{
	struct batch *batch;
	struct row **end;
	unsigned n = 0;

	if (list->head == NULL || list->head->first.v > due.v)
		return false;
	batch = calloc(1, sizeof(*batch));
	if (batch == NULL)
		return false;
	batch->rows = list->head;
	for (end = &batch->rows; *end != NULL && n < BATCH_ROWS &&
	    (*end)->first.v <= due.v; end = &(*end)->next)
		n++;
	list->head = *end;
	*end = NULL;
	if (list->head == NULL)
		list->tail = &list->head;
	for (struct row *row = batch->rows; row != NULL; row = row->next)
		unhash(attempts, row);
	attempts->waiting -= n;
	batch->job.apply = batch_apply;
	batch->job.done = batch_done;
	batch->job.arg = batch;
	batch->batches = attempts->batches;
	(*attempts->batches)++;
	if (ddns_writer_submit(attempts->writer, &batch->job) != DDNS_OK) {
		batch_done(DDNS_EBUSY, batch);
		return false;
	}
	return true;
}

static void
make_room(struct ddns_attempts *attempts)
{
	struct ddns_unix_ms any = { INT64_MAX };

	if (*attempts->batches > BATCHES_MAX)
		return;
	if (!submit_due(attempts, &attempts->soon, any))
		submit_due(attempts, &attempts->later, any);
}

static void
insert(struct ddns_attempts *attempts, struct list *list, struct row *row)
{
	struct row **bucket = &attempts->buckets[row->hash % BUCKETS];

	row->next_hash = *bucket;
	*bucket = row;
	*list->tail = row;
	list->tail = &row->next;
	attempts->waiting++;
}

/* The row that says how many have no row of their own. */
static void
add_uncounted(struct ddns_attempts *attempts)
{
	struct ddns_actor actor = { .protocol = "ddnsd",
		.now = attempts->uncounted_since };
	struct ddns_attempt a = { .actor = &actor, .name = "",
		.type = DDNS_TYPE_ANY, .result = "abuse",
		.reason = "more attempts than could be written one by one" };
	struct row *row;

	if (attempts->uncounted == 0 ||
	    attempts->waiting >= DDNS_ATTEMPTS_MAX)
		return;
	row = row_new(&a, hash_attempt(attempts->seed, &a));
	if (row == NULL)
		return;
	row->repeats = attempts->uncounted;
	attempts->uncounted = 0;
	insert(attempts, &attempts->soon, row);
}

/* What changes nothing is not limited: it needs a valid credential. */
static bool
may_have_row(struct ddns_attempts *attempts, const struct ddns_attempt *a)
{
	static const struct ddns_name any = { .len_bytes = 1 };
	struct ddns_mono_us now = ddns_mono_us_now();
	int64_t second = now.v / 1000000;
	uint64_t key;

	if (a->cred_id != 0 && a->harmless)
		return true;
	key = a->cred_id != 0 ? ddns_limit_key_change(attempts->rows,
	    a->cred_id, &any, 0) : ddns_limit_key_source(attempts->rows,
	    &a->actor->source);
	if (!ddns_limit_take(attempts->rows, key, now))
		return false;
	if (a->cred_id != 0)
		return true;
	if (attempts->strangers_s != second) {
		attempts->strangers_s = second;
		attempts->strangers = 0;
	}
	return attempts->strangers++ < STRANGERS_PER_S;
}

bool
ddns_attempts_add(struct ddns_attempts *attempts,
    const struct ddns_attempt *a)
{
	uint64_t hash = hash_attempt(attempts->seed, a);
	struct row *row = attempts->buckets[hash % BUCKETS];
	bool may;

	while (row != NULL && (row->hash != hash || !is_same(row, a)))
		row = row->next_hash;
	if (row != NULL) {
		row->repeats++;
		row->last = a->actor->now;
		return false;
	}
	may = may_have_row(attempts, a);
	if (may && attempts->waiting >= DDNS_ATTEMPTS_MAX)
		make_room(attempts);
	row = may && attempts->waiting < DDNS_ATTEMPTS_MAX ?
	    row_new(a, hash) : NULL;
	if (row == NULL) {
		if (attempts->uncounted++ == 0)
			attempts->uncounted_since = a->actor->now;
		return false;
	}
	insert(attempts, a->harmless ? &attempts->later : &attempts->soon,
	    row);
	return true;
}

void
ddns_attempts_tick(struct ddns_attempts *attempts, struct ddns_unix_ms now)
{
	struct list *lists[] = { &attempts->soon, &attempts->later };

	add_uncounted(attempts);
	for (size_t i = 0; i < DDNS_COUNT(lists); i++) {
		struct ddns_unix_ms due = { now.v - lists[i]->delay_ms };

		/* the clock was set back: nobody waits for its return */
		if (lists[i]->head != NULL && lists[i]->head->first.v > now.v)
			due.v = INT64_MAX;
		while (*attempts->batches <= BATCHES_MAX &&
		    submit_due(attempts, lists[i], due))
			;
	}
}

void
ddns_attempts_free(struct ddns_attempts *attempts)
{
	struct ddns_unix_ms any = { INT64_MAX };
	struct list *lists[2];

	if (attempts == NULL)
		return;
	lists[0] = &attempts->soon;
	lists[1] = &attempts->later;
	for (int i = 0; i < 2; i++)
		while (submit_due(attempts, lists[i], any))
			;
	add_uncounted(attempts);
	submit_due(attempts, &attempts->soon, any);
	for (int i = 0; i < 2; i++) {
		for (struct row *row = lists[i]->head, *next; row != NULL;
		    row = next) {
			next = row->next;
			free(row);
		}
	}
	release(attempts->batches);
	ddns_limit_free(attempts->rows);
	free(attempts);
}
