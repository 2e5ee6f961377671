/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/daemon/janitor.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/store/journal.h"

#define FIRST_S 5
#define EVERY_S 60
#define AGAIN_S 0      /* when there was more than one batch */
#define BATCH_ROWS 500 /* some milliseconds of the writer */
#define DAY_MS ((int64_t)86400 * 1000)

struct ddns_janitor {
	struct ddns_ingest *ingest;
	struct event *timer;
	struct ddns_write_job job;
	struct ddns_letter letter;
	unsigned removed, forgotten; /* journal rows; answers of old messages */
	enum ddns_err err;
};

static void
schedule(struct ddns_janitor *janitor, time_t seconds)
{
	struct timeval tv = { seconds, 0 };

	evtimer_add(janitor->timer, &tv);
}

static enum ddns_err
sweep(struct ddns_store *store, void *arg)
{
	struct ddns_janitor *janitor = arg;
	struct ddns_unix_ms now = ddns_unix_ms_now();
	struct ddns_unix_ms old = { now.v -
	    (int64_t)janitor->ingest->conf->journal_keep_days * DAY_MS };
	enum ddns_err err;

	err = ddns_journal_trim(store, old, BATCH_ROWS, &janitor->removed);
	if (err == DDNS_OK)
		err = ddns_store_replay_trim(store, ddns_unix_s_of_ms(now),
		    BATCH_ROWS, &janitor->forgotten);
	return err;
}

static void
on_done(enum ddns_err err, void *arg)
{
	struct ddns_janitor *janitor = arg;

	janitor->err = err;
	ddns_mailbox_post(janitor->ingest->mailbox, &janitor->letter);
}

static void
on_letter(struct ddns_letter *letter)
{
	struct ddns_janitor *janitor = (struct ddns_janitor *)(
	    (char *)letter - offsetof(struct ddns_janitor, letter));

	if (janitor->err != DDNS_OK)
		ddns_log(DDNS_LOG_WARNING, "cannot remove old journal rows: "
		    "%s", ddns_err_text(janitor->err));
	schedule(janitor, janitor->err == DDNS_OK &&
	    (janitor->removed >= BATCH_ROWS ||
	    janitor->forgotten >= BATCH_ROWS) ? AGAIN_S : EVERY_S);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ddns_janitor *janitor = arg;

	(void)fd;
	(void)what;
	janitor->removed = 0;
	janitor->forgotten = 0;
	if (ddns_writer_submit(janitor->ingest->writer, &janitor->job) !=
	    DDNS_OK)
		schedule(janitor, EVERY_S);
}

enum ddns_err
ddns_janitor_new(struct ddns_ingest *ingest, struct ddns_janitor **ret)
{
	struct ddns_janitor *janitor = calloc(1, sizeof(*janitor));

	if (janitor == NULL)
		return DDNS_ENOMEM;
	janitor->ingest = ingest;
	janitor->job.apply = sweep;
	janitor->job.done = on_done;
	janitor->job.arg = janitor;
	janitor->letter.open = on_letter;
	janitor->timer = evtimer_new(ingest->base, on_timer, janitor);
	if (janitor->timer == NULL) {
		free(janitor);
		return DDNS_ENOMEM;
	}
	schedule(janitor, FIRST_S);
	*ret = janitor;
	return DDNS_OK;
}

void
ddns_janitor_free(struct ddns_janitor *janitor)
{
	if (janitor == NULL)
		return;
	event_free(janitor->timer);
	free(janitor);
}
