/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The publisher: journal in, deliveries out.
 *
 * One thread with an event loop.  It is woken by the writer of this process
 * and by commits of others, reads the rows of the feed behind the last one it
 * knows, finds out how far each change reaches, and puts it into the queue of
 * every subscriber it concerns.  From there each subscriber goes at its own
 * pace; none waits for another, but all wait for PowerDNS, as long as it
 * answers (order.c): a resolver that is told too early asks again and caches
 * the old answer for another TTL.
 *
 * Durable is only a cursor per subscriber: all rows up to it are done with.
 * It is written about once a second, all subscribers in one transaction, so
 * what one of them passes on to others (an answer that PowerDNS gave too long)
 * is not forgotten between two rows.  After a restart some things are told
 * twice, which does no harm.
 */
#include "common/publish/publish.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/publish/reach.h"
#include "common/publish/save.h"
#include "common/publish/subscriber.h"

#define FEED_ROWS_MAX 256 /* then the network has its turn */
#define TICK_S 1
#define ZONES_CACHED 64   /* by id, for the SOA of NOTIFYs */
#define SECONDARY_DELAY_US 1000000 /* serials of so long in one NOTIFY */

struct cached_zone {
	int64_t id; /* 0: free */
	struct ddns_zone zone;
};

struct ddns_hub {
	const struct ddns_conf *conf;
	struct ddns_store *store;
	struct event_base *base;
	uint64_t seed;
	struct ddns_sub **subs;
	struct ddns_order_first *first; /* room for one a sub */
	size_t subs_count;
	bool derived;          /* somebody wants what the change reaches */
	struct cached_zone zones[ZONES_CACHED];
	struct ddns_change changes[FEED_ROWS_MAX];
	unsigned changes_count, rows_count;
	int64_t read;          /* all rows up to here are in the queues */
	int64_t feed_last;     /* of the rows just read */
	bool live;             /* what was left from before us is read */
	bool read_failed;
	int wake_fd;
	struct event *wake, *watch, *tick, *kick;
	struct ddns_saver *saver;
};

struct ddns_publisher {
	struct ddns_hub hub;
	pthread_t thread;
	bool has_thread;
	_Atomic int64_t woken_us; /* first wake that was not yet seen */
	_Atomic bool stop;
};

/* ---- what the subscribers ask ---- */

struct event_base *
ddns_hub_base(const struct ddns_hub *hub)
{
	return hub->base;
}

const struct ddns_conf *
ddns_hub_conf(const struct ddns_hub *hub)
{
	return hub->conf;
}

uint64_t
ddns_hub_seed(const struct ddns_hub *hub)
{
	return hub->seed;
}

int64_t
ddns_hub_gate(const struct ddns_hub *hub)
{
	size_t count = 0;

	for (size_t i = 0; i < hub->subs_count; i++) {
		const struct ddns_sub *sub = hub->subs[i];

		if (sub->ops->holds == NULL)
			continue;
		hub->first[count].low = sub->ops->holds(sub);
		hub->first[count++].down = sub->down;
	}
	return ddns_order_gate(hub->first, count, hub->read);
}

void
ddns_hub_kick(struct ddns_hub *hub)
{
	event_active(hub->kick, 0, 0);
}

static bool
wants_name(const struct ddns_sub *sub, const struct ddns_name *name)
{
	if (sub->conf == NULL || sub->conf->zones_count == 0)
		return true;
	for (size_t i = 0; i < sub->conf->zones_count; i++)
		if (ddns_name_is_under(name, &sub->conf->zones[i]))
			return true;
	return false;
}

static bool
is_resolver(const struct ddns_sub *sub)
{
	return sub->ops->holds == NULL && sub->conf != NULL;
}

static void
add_to(struct ddns_sub *sub, const struct ddns_item_in *in, bool front)
{
	if (ddns_pending_add(&sub->queue, in, front, NULL) != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "subscriber not told name=%s "
		    "reason=\"out of memory\"", DDNS_Q(sub->name));
	if (sub->down)
		ddns_backoff_eager(&sub->health, ddns_mono_us_now());
}

void
ddns_hub_tell_again(struct ddns_hub *hub, const struct ddns_item *item)
{
	struct ddns_item_in in = { .zone_id = item->zone_id,
		.seq = item->seq_low, .time = item->time,
		.serial = item->serial, .type = ddns_item_type(item),
		.flags = item->flags & ~(unsigned)DDNS_ITEM_LATE };
	struct ddns_name name, apex;

	if (item->flags & DDNS_ITEM_DERIVED)
		return;
	ddns_item_name(item, &name);
	in.name = &name;
	in.zone = ddns_item_apex(item, &apex) ? &apex : NULL;
	for (size_t i = 0; i < hub->subs_count; i++)
		if (is_resolver(hub->subs[i]) &&
		    wants_name(hub->subs[i], &name))
			add_to(hub->subs[i], &in, true);
}

int64_t
ddns_hub_purge_apex(struct ddns_hub *hub, const struct ddns_name *apex,
    int64_t zone_id, uint32_t serial)
{
	struct ddns_item_in in = { .name = apex, .zone = apex,
		.zone_id = zone_id, .seq = hub->read,
		.time = ddns_unix_ms_now(), .serial = serial,
		.type = DDNS_TYPE_SOA, .flags = DDNS_ITEM_DERIVED };

	for (size_t i = 0; i < hub->subs_count; i++) {
		struct ddns_sub *sub = hub->subs[i];

		if (sub->ops->holds == NULL || !wants_name(sub, apex))
			continue;
		add_to(sub, &in, false);
		sub->ops->pump(sub);
	}
	return hub->read;
}

const struct ddns_zone *
ddns_hub_zone(struct ddns_hub *hub, int64_t id)
{
	struct cached_zone *slot = &hub->zones[(uint64_t)id % ZONES_CACHED];

	if (id == 0)
		return NULL;
	if (slot->id != id) {
		slot->id = 0;
		if (ddns_store_zone_get(hub->store, id, &slot->zone) !=
		    DDNS_OK)
			return NULL;
		slot->id = id;
	}
	return &slot->zone;
}

/* ---- from the journal into the queues ---- */

struct route {
	struct ddns_hub *hub;
	const struct ddns_change *change;
};

/* One item of a change to those it is for, who have not seen it before. */
static enum ddns_err
route_item(const struct ddns_item_in *item, void *arg)
{
	const struct route *route = arg;
	struct ddns_hub *hub = route->hub;

	for (size_t i = 0; i < hub->subs_count; i++) {
		struct ddns_sub *sub = hub->subs[i];
		struct ddns_item_in in = *item;
		bool first = sub->ops->holds != NULL;

		if (sub->conf == NULL || item->seq <= sub->start ||
		    (!first && (item->flags & DDNS_ITEM_DERIVED)) ||
		    !wants_name(sub, &route->change->name))
			continue;
		if (first && sub->down)
			in.flags |= DDNS_ITEM_LATE;
		add_to(sub, &in, false);
	}
	return DDNS_OK;
}

/* Secondaries are told of the zone, whatever changed in it. */
static void
route_serial(struct ddns_hub *hub, const struct ddns_change *change,
    const struct ddns_zone *zone)
{
	struct ddns_item_in in = { .name = &zone->name, .zone = &zone->name,
		.zone_id = zone->id, .seq = change->seq, .time = change->time,
		.since = change->since, .serial = change->serial,
		.type = DDNS_TYPE_SOA, .flags = DDNS_ITEM_ZONE };
	struct ddns_item *item;

	for (size_t i = 0; i < hub->subs_count; i++) {
		struct ddns_sub *sub = hub->subs[i];

		if (sub->conf != NULL || change->seq <= sub->start)
			continue;
		if (ddns_pending_add(&sub->queue, &in, false, &item) !=
		    DDNS_OK)
			continue; /* it asks by itself, too */
		item->stage = 0; /* the apex is to be purged anew */
		if (item->due.v == 0)
			item->due.v = ddns_mono_us_now().v +
			    SECONDARY_DELAY_US;
	}
}

static enum ddns_err
route_change(struct ddns_hub *hub, const struct ddns_change *change)
{
	struct route route = { hub, change };
	const struct ddns_zone *zone;

	if (change->flags & DDNS_JOURNAL_ZONE)
		hub->zones[(uint64_t)change->zone_id % ZONES_CACHED].id = 0;
	zone = ddns_hub_zone(hub, change->zone_id);
	if (zone != NULL)
		route_serial(hub, change, zone);
	return ddns_reach(hub->store, change, zone, hub->derived, route_item,
	    &route);
}

/* Only copies: the row lives until the next call on the store. */
static enum ddns_err
collect(const struct ddns_journal_row *row, void *arg)
{
	struct ddns_hub *hub = arg;
	struct ddns_change *change = &hub->changes[hub->changes_count];

	hub->rows_count++;
	hub->feed_last = row->seq;
	if (ddns_change_of_row(row, (struct ddns_mono_us){ 0 }, change) ==
	    DDNS_OK)
		hub->changes_count++;
	return DDNS_OK;
}

/*
 * Reads the next rows and queues them.  `since` is when they were committed.
 * The end of the journal is read too: rows that changed nothing are passed
 * over once and for all.
 */
static enum ddns_err
read_rows(struct ddns_hub *hub, struct ddns_mono_us since, bool *ret_more)
{
	int64_t last = hub->read;
	enum ddns_err err;

	hub->changes_count = hub->rows_count = 0;
	hub->feed_last = 0;
	err = ddns_journal_feed(hub->store, hub->read, FEED_ROWS_MAX, collect,
	    hub);
	*ret_more = hub->rows_count == FEED_ROWS_MAX;
	if (err == DDNS_OK && !*ret_more)
		err = ddns_journal_last(hub->store, &last);
	for (unsigned i = 0; i < hub->changes_count && err == DDNS_OK; i++) {
		if (hub->live)
			hub->changes[i].since = since;
		err = route_change(hub, &hub->changes[i]);
		if (err == DDNS_OK)
			hub->read = hub->changes[i].seq;
	}
	if (err != DDNS_OK)
		return err;
	if (*ret_more)
		last = hub->feed_last;
	if (last > hub->read)
		hub->read = last;
	return DDNS_OK;
}

/* Those that others wait for go first. */
static void
pump_all(struct ddns_hub *hub)
{
	for (int others = 0; others < 2; others++)
		for (size_t i = 0; i < hub->subs_count; i++) {
			struct ddns_sub *sub = hub->subs[i];

			if ((sub->ops->holds == NULL) == (others == 1))
				sub->ops->pump(sub);
		}
}

static void
read_journal(struct ddns_hub *hub, struct ddns_mono_us since)
{
	enum ddns_err err = ddns_store_begin(hub->store, DDNS_STORE_READ);
	bool more = false;

	if (err == DDNS_OK) {
		err = read_rows(hub, since, &more);
		ddns_store_rollback(hub->store);
	}
	if (err != DDNS_OK && !hub->read_failed)
		ddns_log(DDNS_LOG_ERROR, "publisher cannot read the journal "
		    "reason=\"%s\" detail=%s", ddns_err_text(err),
		    DDNS_Q(ddns_store_get_error(hub->store)));
	hub->read_failed = err != DDNS_OK; /* the tick tries again */
	if (err == DDNS_OK && !more)
		hub->live = true;
	pump_all(hub);
	if (more)
		event_active(hub->wake, 0, 0);
}

/* ---- events ---- */

/* When the first of the commits was made that we were woken for, or now. */
static struct ddns_mono_us
take_since(struct ddns_publisher *p)
{
	struct ddns_mono_us since = { atomic_exchange(&p->woken_us, 0) };

	return since.v != 0 ? since : ddns_mono_us_now();
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct ddns_publisher *p = arg;
	uint64_t count;

	if (what & EV_READ)
		while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
			;
	if (atomic_load(&p->stop))
		event_base_loopbreak(p->hub.base);
	else
		read_journal(&p->hub, take_since(p));
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct ddns_publisher *p = arg;

	(void)fd;
	(void)what;
	ddns_store_watch_drain(p->hub.store);
	read_journal(&p->hub, take_since(p));
}

static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump_all(arg);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct ddns_publisher *p = arg;
	struct ddns_hub *hub = &p->hub;
	struct ddns_unix_ms old = { ddns_unix_ms_now().v -
		(int64_t)hub->conf->max_cache_ttl_s * 1000 };

	(void)fd;
	(void)what;
	read_journal(hub, take_since(p));
	for (size_t i = 0; i < hub->subs_count; i++)
		if (ddns_pending_expire(&hub->subs[i]->queue, old) > 0)
			hub->subs[i]->dirty = true;
	ddns_saver_save(hub->saver, hub->subs, hub->subs_count, hub->read,
	    false);
}

static void *
run(void *arg)
{
	struct ddns_publisher *p = arg;
	struct ddns_hub *hub = &p->hub;

	read_journal(hub, ddns_mono_us_now());
	ddns_saver_save(hub->saver, hub->subs, hub->subs_count, hub->read,
	    false);
	event_base_dispatch(hub->base);
	ddns_saver_save(hub->saver, hub->subs, hub->subs_count, hub->read,
	    true);
	return NULL;
}

void
ddns_publisher_wake(struct ddns_publisher *publisher)
{
	int64_t none = 0;
	uint64_t one = 1;

	if (publisher == NULL || !atomic_compare_exchange_strong(
	    &publisher->woken_us, &none, ddns_mono_us_now().v))
		return;
	while (write(publisher->hub.wake_fd, &one, sizeof(one)) < 0 &&
	    errno == EINTR)
		;
}

/* ---- start and stop ---- */

static enum ddns_err
add_sub(struct ddns_hub *hub, const struct ddns_conf_subscriber *conf,
    const struct ddns_listen *secondary)
{
	struct ddns_sub **to = &hub->subs[hub->subs_count];
	enum ddns_err err = DDNS_EUNSUPPORTED;

	if (conf == NULL) {
		err = ddns_notifier_new(hub, NULL, secondary, to);
	} else {
		switch (conf->kind) {
		case DDNS_SUBSCRIBER_PDNS_CONTROL:
			hub->derived = true;
			err = ddns_purge_new(hub, conf, to);
			break;
		case DDNS_SUBSCRIBER_NOTIFY:
			err = ddns_notifier_new(hub, conf, &conf->to, to);
			break;
		case DDNS_SUBSCRIBER_UNBOUND_CONTROL:
			err = ddns_flush_new(hub, conf, to);
			break;
		}
		if (err != DDNS_OK)
			ddns_log(DDNS_LOG_ERROR, "subscriber cannot be set "
			    "up name=%s reason=\"%s\"", DDNS_Q(conf->name),
			    ddns_err_text(err));
	}
	if (err == DDNS_OK)
		hub->subs_count++;
	return err;
}

static enum ddns_err
add_subs(struct ddns_hub *hub)
{
	size_t max = hub->conf->subscribers_count +
	    hub->conf->secondaries_count;
	enum ddns_err err = DDNS_OK;

	hub->subs = calloc(max + 1, sizeof(struct ddns_sub *));
	hub->first = calloc(max + 1, sizeof(*hub->first));
	if (hub->subs == NULL || hub->first == NULL)
		return DDNS_ENOMEM;
	for (size_t i = 0; i < hub->conf->subscribers_count &&
	    err == DDNS_OK; i++)
		err = add_sub(hub, &hub->conf->subscribers[i], NULL);
	for (size_t i = 0; i < hub->conf->secondaries_count &&
	    err == DDNS_OK; i++)
		err = add_sub(hub, NULL, &hub->conf->secondaries[i]);
	return err;
}

/* Everybody starts where it was, but not before what caches can still hold. */
static enum ddns_err
set_starts(struct ddns_hub *hub)
{
	struct ddns_unix_ms old = { ddns_unix_ms_now().v -
		(int64_t)hub->conf->max_cache_ttl_s * 1000 };
	int64_t oldest = 0;
	enum ddns_err err;

	err = ddns_journal_last(hub->store, &hub->read);
	if (err == DDNS_OK)
		err = ddns_journal_before(hub->store, old, &oldest);
	if (err == DDNS_OK)
		err = ddns_saver_load(hub->saver, hub->store, hub->subs,
		    hub->subs_count);
	if (err != DDNS_OK)
		return err;
	for (size_t i = 0; i < hub->subs_count; i++) {
		if (hub->subs[i]->start < oldest)
			hub->subs[i]->start = oldest;
		if (hub->subs[i]->start < hub->read)
			hub->read = hub->subs[i]->start;
	}
	return DDNS_OK;
}

static enum ddns_err
add_events(struct ddns_publisher *p)
{
	struct timeval tick = { TICK_S, 0 };
	struct ddns_hub *hub = &p->hub;
	int fd;

	hub->wake = event_new(hub->base, hub->wake_fd, EV_READ | EV_PERSIST,
	    on_wake, p);
	hub->tick = event_new(hub->base, -1, EV_PERSIST, on_tick, p);
	hub->kick = event_new(hub->base, -1, 0, on_kick, hub);
	if (hub->wake == NULL || hub->tick == NULL || hub->kick == NULL ||
	    event_add(hub->wake, NULL) != 0 ||
	    event_add(hub->tick, &tick) != 0)
		return DDNS_ENOMEM;
	fd = ddns_store_watch_fd(hub->store);
	if (fd < 0)
		return DDNS_OK; /* then the tick finds what others commit */
	hub->watch = event_new(hub->base, fd, EV_READ | EV_PERSIST, on_watch,
	    p);
	if (hub->watch == NULL || event_add(hub->watch, NULL) != 0)
		return DDNS_ENOMEM;
	return DDNS_OK;
}

static enum ddns_err
prepare(struct ddns_publisher *p, struct ddns_writer *writer)
{
	struct ddns_hub *hub = &p->hub;
	enum ddns_err err;

	hub->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (hub->wake_fd < 0)
		return DDNS_EIO;
	hub->base = event_base_new();
	if (hub->base == NULL)
		return DDNS_ENOMEM;
	err = ddns_random(&hub->seed, sizeof(hub->seed));
	if (err == DDNS_OK)
		err = ddns_store_open(hub->conf->store, DDNS_STORE_READ,
		    &hub->store);
	if (err == DDNS_OK)
		err = ddns_saver_new(writer, &hub->saver);
	if (err == DDNS_OK)
		err = add_subs(hub);
	if (err == DDNS_OK)
		err = set_starts(hub);
	if (err == DDNS_OK)
		err = add_events(p);
	return err;
}

/* Signals are for the main thread; SIGPIPE is for nobody. */
static enum ddns_err
start_thread(struct ddns_publisher *p)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&p->thread, NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->has_thread = failed == 0;
	return failed == 0 ? DDNS_OK : DDNS_ENOMEM;
}

enum ddns_err
ddns_publisher_start(const struct ddns_conf *conf, struct ddns_writer *writer,
    struct ddns_publisher **ret)
{
	struct ddns_publisher *p = calloc(1, sizeof(*p));
	enum ddns_err err = DDNS_ENOMEM;

	if (p == NULL)
		return err;
	p->hub.conf = conf;
	p->hub.wake_fd = -1;
	err = prepare(p, writer);
	if (err == DDNS_OK)
		err = start_thread(p);
	if (err != DDNS_OK) {
		ddns_publisher_free(p);
		return err;
	}
	*ret = p;
	return DDNS_OK;
}

static void
stop_thread(struct ddns_publisher *p)
{
	uint64_t one = 1;

	atomic_store(&p->stop, true);
	while (write(p->hub.wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(p->thread, NULL);
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
ddns_publisher_free(struct ddns_publisher *publisher)
{
	struct ddns_hub *hub;

	if (publisher == NULL)
		return;
	hub = &publisher->hub;
	if (publisher->has_thread)
		stop_thread(publisher);
	for (size_t i = 0; i < hub->subs_count; i++)
		hub->subs[i]->ops->free(hub->subs[i]);
	free(hub->subs);
	free(hub->first);
	free_event(hub->wake);
	free_event(hub->watch);
	free_event(hub->tick);
	free_event(hub->kick);
	if (hub->base != NULL)
		event_base_free(hub->base);
	ddns_saver_free(hub->saver);
	ddns_store_free(hub->store);
	if (hub->wake_fd >= 0)
		close(hub->wake_fd);
	free(publisher);
}
