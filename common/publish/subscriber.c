/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/publish/subscriber.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

#define REFUSAL_LOG_MS 60000 /* at most one line in so long */

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ddns_sub *sub = arg;

	(void)fd;
	(void)what;
	sub->armed.v = INT64_MAX;
	sub->ops->pump(sub);
}

enum ddns_err
ddns_sub_init(struct ddns_sub *sub, const struct ddns_sub_ops *ops,
    struct ddns_hub *hub, const struct ddns_conf_subscriber *conf,
    const char *name, const char *kind, const char *target, unsigned zone_max)
{
	sub->ops = ops;
	sub->hub = hub;
	sub->conf = conf;
	sub->kind = kind;
	sub->health.max_us = DDNS_BACKOFF_MAX_US;
	sub->armed.v = INT64_MAX;
	ddns_pending_init(&sub->queue, zone_max, ddns_hub_seed(hub));
	sub->name = ddns_strdup(name);
	sub->target = ddns_strdup(target);
	sub->timer = evtimer_new(ddns_hub_base(hub), on_timer, sub);
	if (sub->name == NULL || sub->target == NULL || sub->timer == NULL)
		return DDNS_ENOMEM;
	return DDNS_OK;
}

void
ddns_sub_done(struct ddns_sub *sub)
{
	if (sub->timer != NULL)
		event_free(sub->timer);
	ddns_pending_done(&sub->queue);
	free(sub->name);
	free(sub->target);
}

void
ddns_sub_arm(struct ddns_sub *sub, struct ddns_mono_us due)
{
	int64_t us = due.v - ddns_mono_us_now().v;
	struct timeval tv;

	if (due.v >= sub->armed.v)
		return;
	if (us < 0)
		us = 0;
	tv.tv_sec = us / 1000000;
	tv.tv_usec = us % 1000000;
	if (evtimer_add(sub->timer, &tv) == 0)
		sub->armed = due;
}

void
ddns_sub_say(struct ddns_sub *sub, const char *error)
{
	snprintf(sub->last_error, sizeof(sub->last_error), "%s", error);
	sub->last_fail = ddns_unix_ms_now();
	sub->dirty = true;
}

void
ddns_sub_refused(struct ddns_sub *sub, const char *error)
{
	ddns_sub_say(sub, error);
	if (sub->last_fail.v - sub->refusal_logged.v < REFUSAL_LOG_MS)
		return;
	sub->refusal_logged = sub->last_fail;
	ddns_log(DDNS_LOG_WARNING, "subscriber refuses name=%s reason=%s",
	    DDNS_Q(sub->name), DDNS_Q(error));
}

void
ddns_sub_acked(struct ddns_sub *sub, const struct ddns_item *item,
    struct ddns_mono_us now)
{
	ddns_latency_add(&sub->latency, item->since, now);
	sub->acked++;
	sub->last_ack = ddns_unix_ms_now();
	sub->dirty = true;
}

void
ddns_sub_failed(struct ddns_sub *sub, const char *error, bool down)
{
	ddns_sub_say(sub, error);
	sub->retries++;
	ddns_backoff_fail(&sub->health, ddns_mono_us_now());
	if (!down || sub->down)
		return;
	sub->down = true;
	ddns_log(DDNS_LOG_WARNING, "subscriber down name=%s kind=%s "
	    "target=%s reason=%s", DDNS_Q(sub->name), sub->kind,
	    DDNS_Q(sub->target), DDNS_Q(error));
}

void
ddns_sub_answered(struct ddns_sub *sub)
{
	ddns_backoff_success(&sub->health);
	if (!sub->down)
		return;
	sub->down = false;
	ddns_log(DDNS_LOG_NOTICE, "subscriber is back name=%s kind=%s "
	    "pending=%u", DDNS_Q(sub->name), sub->kind,
	    sub->queue.queue.count);
}

bool
ddns_sub_expired(const struct ddns_sub *sub, const struct ddns_item *item)
{
	int64_t ttl_ms = (int64_t)ddns_hub_conf(sub->hub)->max_cache_ttl_s *
	    1000;

	return item->time.v < ddns_unix_ms_now().v - ttl_ms;
}

int64_t
ddns_sub_low(const struct ddns_sub *sub)
{
	return ddns_item_list_low(&sub->queue.queue, sub->ops->low(sub));
}

/* ---- again ---- */

bool
ddns_again_put(struct ddns_again *again, const struct ddns_hub *hub,
    struct ddns_item *take_item, struct ddns_mono_us now)
{
	const unsigned *ms = ddns_hub_conf(hub)->purge_again_ms;
	unsigned stage = take_item->stage;

	if (stage >= DDNS_SUB_AGAIN_MAX || ms[stage] == 0)
		return false;
	if (stage == 0)
		take_item->due.v = now.v;
	else
		take_item->due.v -= (int64_t)ms[stage - 1] * 1000;
	take_item->due.v += (int64_t)ms[stage] * 1000;
	take_item->stage++;
	ddns_item_list_push(&again->stage[stage], take_item);
	return true;
}

struct ddns_item *
ddns_again_pop(struct ddns_again *again, struct ddns_mono_us now)
{
	for (size_t i = 0; i < DDNS_SUB_AGAIN_MAX; i++) {
		struct ddns_item *item = again->stage[i].first;

		if (item != NULL && item->due.v <= now.v)
			return ddns_item_list_pop(&again->stage[i]);
	}
	return NULL;
}

struct ddns_mono_us
ddns_again_due(const struct ddns_again *again)
{
	struct ddns_mono_us due = { INT64_MAX };

	for (size_t i = 0; i < DDNS_SUB_AGAIN_MAX; i++)
		if (again->stage[i].first != NULL &&
		    again->stage[i].first->due.v < due.v)
			due = again->stage[i].first->due;
	return due;
}

int64_t
ddns_again_low(const struct ddns_again *again, int64_t low)
{
	for (size_t i = 0; i < DDNS_SUB_AGAIN_MAX; i++)
		low = ddns_item_list_low(&again->stage[i], low);
	return low;
}

void
ddns_again_done(struct ddns_again *again)
{
	for (size_t i = 0; i < DDNS_SUB_AGAIN_MAX; i++)
		ddns_item_list_done(&again->stage[i]);
}
