/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PowerDNS by its control socket: drops what it cached of the changed names.
 *
 * One line carries all names that wait ("PURGE a.example b.example\n"), one
 * command goes over a connection, one command is under way at a time.  The
 * answer is the number of entries that were removed, without a line's end:
 * its first digit tells whether there were any.
 *
 * A lookup that was under way during the change is put into PowerDNS's caches
 * after the first purge.  So each name is purged again, after
 * purge-again: if that removed something, the resolvers are told once more,
 * for one of them may have been given just that answer.
 *
 * A server that does not answer within a second is down: the resolvers do not
 * wait for it any more, what it missed is marked late, and when it is back
 * and has purged, the resolvers are told once more as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/publish/command.h"
#include "common/publish/subscriber.h"

#define HOLD_US 1000000          /* so long the resolvers wait for it */
#define TIMEOUT_MS 1000
#define TIMEOUT_SUFFIX_MS 10000  /* walks its caches: 1 s at a million */
#define AGAIN_WAIT_US 5000       /* a second purge waits for first ones */
#define RETRY_MAX_US 5000000     /* a local socket costs nothing to try */
#define LINE_NAMES_MAX 5000      /* 6.5 us each in the server */
#define LINE_BYTES_MAX 512000    /* the server takes 1,024,000 */
#define ZONE_NAMES_MAX 5000      /* more wait: the zone's suffix */

enum doing { IDLE, REDISCOVER, FIRST, AGAIN };

struct purge {
	struct ddns_sub sub;
	enum doing doing;
	struct ddns_item_list flight;
	struct ddns_again again;
	struct ddns_command *command;
	struct ddns_mono_us hold_until;
	struct ddns_buf line;
	char *secret;               /* TCP: the first line */
	struct sockaddr_storage addr;
	socklen_t addr_len;
};

static void pump(struct ddns_sub *sub);

/*
 * PowerDNS hangs on a name that it cannot parse, and splits at blanks: all but
 * letters, digits and a few others go as \DDD, which it understands.
 */
static void
put_name(struct ddns_buf *line, const struct ddns_item *item)
{
	const uint8_t *p = item->wire;

	ddns_buf_put_u8(line, ' ');
	while (*p != 0) {
		for (unsigned i = 1; i <= *p; i++) {
			uint8_t c = p[i];

			if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_' || c == '*' || c == '/')
				ddns_buf_put_u8(line, c);
			else
				ddns_buf_putf(line, "\\%03u", c);
		}
		p += *p + 1;
		if (*p != 0)
			ddns_buf_put_u8(line, '.');
	}
	if (item->flags & DDNS_ITEM_KEY)
		ddns_buf_put_u8(line, '$');
}

/* The root's name would be an empty word.  A line without names purges all,
 * which is what a change of the root is about. */
static bool
is_named(const struct ddns_item *item)
{
	return item->len_bytes > 1;
}

static void
put_line(struct purge *p, enum doing doing)
{
	ddns_buf_reset(&p->line);
	if (p->secret != NULL)
		ddns_buf_putf(&p->line, "%s\n", p->secret);
	if (doing == REDISCOVER) {
		ddns_buf_put_text(&p->line, "REDISCOVER\n");
		return;
	}
	ddns_buf_put_text(&p->line, "PURGE");
	for (const struct ddns_item *i = p->flight.first; i != NULL;
	    i = i->next)
		if (is_named(i))
			put_name(&p->line, i);
	ddns_buf_put_u8(&p->line, '\n');
}

/* The resolvers are not to wait for what is in the list. */
static void
set_late(struct ddns_item_list *list)
{
	for (struct ddns_item *i = list->first; i != NULL; i = i->next)
		i->flags |= DDNS_ITEM_LATE;
}

/* Still at work, but it takes too long for others to wait. */
static void
overdue(struct purge *p)
{
	if (p->sub.down)
		return;
	ddns_sub_failed(&p->sub, "no answer within a second", true);
	if (p->doing != AGAIN)
		set_late(&p->flight);
	set_late(&p->sub.queue.queue);
	ddns_hub_kick(p->sub.hub);
}

static bool
has_suffix(const struct purge *p)
{
	for (const struct ddns_item *i = p->flight.first; i != NULL;
	    i = i->next)
		if (i->flags & DDNS_ITEM_KEY)
			return true;
	return false;
}

/* Nothing is lost: it all goes back to the front of the queue. */
static void
fail(struct purge *p, const char *error)
{
	struct ddns_item *item;

	p->doing = IDLE;
	ddns_sub_failed(&p->sub, error, true);
	while ((item = p->flight.last) != NULL) {
		ddns_item_list_remove(&p->flight, item);
		item->stage = 0;
		ddns_pending_give(&p->sub.queue, item);
	}
	set_late(&p->sub.queue.queue);
	ddns_sub_arm(&p->sub, p->sub.health.next);
	ddns_hub_kick(p->sub.hub);
}

static void
first_done(struct purge *p, struct ddns_item *item, struct ddns_mono_us now)
{
	ddns_sub_acked(&p->sub, item, now);
	item->since.v = 0; /* measured */
	if (item->flags & DDNS_ITEM_LATE)
		ddns_hub_tell_again(p->sub.hub, item);
	item->flags &= (uint8_t)~DDNS_ITEM_LATE;
}

static void
purged(struct purge *p, bool removed)
{
	struct ddns_mono_us now = ddns_mono_us_now();
	struct ddns_item *item;

	while ((item = ddns_item_list_pop(&p->flight)) != NULL) {
		if (p->doing == FIRST)
			first_done(p, item, now);
		else if (removed)
			ddns_hub_tell_again(p->sub.hub, item);
		if (!ddns_again_put(&p->again, p->sub.hub, item, now))
			ddns_item_free(item);
	}
	p->doing = IDLE;
	ddns_sub_answered(&p->sub);
	ddns_hub_kick(p->sub.hub);
}

static void start(struct purge *p, enum doing doing);

static void
on_reply(enum ddns_err err, const char *reply, void *arg)
{
	struct purge *p = arg;

	p->command = NULL;
	if (err == DDNS_OK && p->doing == REDISCOVER) {
		start(p, FIRST);
		return;
	}
	if (err != DDNS_OK)
		fail(p, reply);
	else if (*reply < '0' || *reply > '9')
		fail(p, "no number in the answer");
	else
		purged(p, *reply != '0');
	pump(&p->sub);
}

static void
start(struct purge *p, enum doing doing)
{
	struct ddns_command_to to = { (const void *)&p->addr, p->addr_len,
		NULL };
	const char *why = "out of memory";
	enum ddns_err err;

	p->doing = doing;
	put_line(p, doing);
	err = p->line.err;
	if (err == DDNS_OK)
		err = ddns_command_start(ddns_hub_base(p->sub.hub), &to,
		    ddns_buf_span(&p->line), DDNS_COMMAND_DATA,
		    has_suffix(p) ? TIMEOUT_SUFFIX_MS : TIMEOUT_MS, on_reply,
		    p, &p->command, &why);
	if (err != DDNS_OK) {
		fail(p, why);
		return;
	}
	p->hold_until.v = ddns_mono_us_now().v + HOLD_US;
	ddns_sub_arm(&p->sub, p->hold_until);
}

static void
start_first(struct purge *p)
{
	struct ddns_item *item;
	size_t bytes = 0;
	bool rediscover = false;

	while ((item = p->sub.queue.queue.first) != NULL &&
	    p->flight.count < LINE_NAMES_MAX && bytes < LINE_BYTES_MAX) {
		bytes += 4u * item->len_bytes;
		ddns_pending_take(&p->sub.queue, item);
		if (item->flags & DDNS_ITEM_REDISCOVER)
			rediscover = true;
		item->stage = 0;
		ddns_item_list_push(&p->flight, item);
	}
	start(p, rediscover ? REDISCOVER : FIRST);
}

static void
start_again(struct purge *p, struct ddns_mono_us now)
{
	struct ddns_item *item;
	size_t bytes = 0;

	while (p->flight.count < LINE_NAMES_MAX && bytes < LINE_BYTES_MAX &&
	    (item = ddns_again_pop(&p->again, now)) != NULL) {
		bytes += 4u * item->len_bytes;
		ddns_item_list_push(&p->flight, item);
	}
	start(p, AGAIN);
}

static void
pump(struct ddns_sub *sub)
{
	struct purge *p = (struct purge *)sub;
	struct ddns_mono_us now = ddns_mono_us_now();
	bool waiting = sub->queue.queue.first != NULL;
	struct ddns_mono_us due = ddns_again_due(&p->again);

	if (p->doing != IDLE) {
		if (now.v >= p->hold_until.v)
			overdue(p);
		else
			ddns_sub_arm(sub, p->hold_until);
		return;
	}
	if (now.v < sub->health.next.v) {
		if (waiting || due.v != INT64_MAX)
			ddns_sub_arm(sub, sub->health.next);
	} else if (waiting && now.v - due.v < AGAIN_WAIT_US) {
		start_first(p);
	} else if (due.v <= now.v) {
		start_again(p, now);
	} else {
		ddns_sub_arm(sub, due);
	}
}

static int64_t
low(const struct ddns_sub *sub)
{
	const struct purge *p = (const struct purge *)sub;

	return ddns_again_low(&p->again,
	    ddns_item_list_low(&p->flight, INT64_MAX));
}

static unsigned
in_flight(const struct ddns_sub *sub)
{
	const struct purge *p = (const struct purge *)sub;

	return p->doing == AGAIN ? 0 : p->flight.count;
}

/* Both the flight and the queue are sorted, and the flight is older. */
static int64_t
holds(const struct ddns_sub *sub)
{
	const struct purge *p = (const struct purge *)sub;

	if ((p->doing == FIRST || p->doing == REDISCOVER) &&
	    p->flight.first != NULL)
		return p->flight.first->seq_low;
	if (sub->queue.queue.first != NULL)
		return sub->queue.queue.first->seq_low;
	return INT64_MAX;
}

static void
purge_free(struct ddns_sub *sub)
{
	struct purge *p = (struct purge *)sub;

	ddns_command_cancel(p->command);
	ddns_item_list_done(&p->flight);
	ddns_again_done(&p->again);
	ddns_buf_done(&p->line);
	if (p->secret != NULL)
		explicit_bzero(p->secret, strlen(p->secret));
	free(p->secret);
	ddns_sub_done(sub);
	free(p);
}

static const struct ddns_sub_ops ops = { pump, low, in_flight, holds,
	purge_free };

/* The first line of the file. */
static enum ddns_err
read_secret(const char *path, char **ret)
{
	char line[512] = "";
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return DDNS_EIO;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	*ret = ddns_strdup(line);
	explicit_bzero(line, sizeof(line));
	return *ret == NULL ? DDNS_ENOMEM : DDNS_OK;
}

enum ddns_err
ddns_purge_new(struct ddns_hub *hub, const struct ddns_conf_subscriber *conf,
    struct ddns_sub **ret)
{
	struct purge *p = calloc(1, sizeof(*p));
	enum ddns_err err;

	if (p == NULL)
		return DDNS_ENOMEM;
	err = ddns_sub_init(&p->sub, &ops, hub, conf, conf->name,
	    "pdns-control", conf->address, ZONE_NAMES_MAX);
	p->sub.health.max_us = RETRY_MAX_US;
	if (err == DDNS_OK && conf->path != NULL) {
		err = ddns_command_unix(conf->path, &p->addr, &p->addr_len);
	} else {
		p->addr = conf->to.addr;
		p->addr_len = conf->to.addr_len;
	}
	if (err == DDNS_OK && conf->secret_file != NULL)
		err = read_secret(conf->secret_file, &p->secret);
	if (err != DDNS_OK) {
		purge_free(&p->sub);
		return err;
	}
	*ret = &p->sub;
	return DDNS_OK;
}
