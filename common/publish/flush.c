/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stock Unbound, without our module: unbound-control's protocol.
 *
 * "UBCT1 command arguments\n" over a connection of its own per command, on a
 * unix socket, or on TCP with TLS where both sides show certificates made by
 * unbound-control-setup (the server's own certificate is the only authority
 * that is trusted; it names no host).
 *
 * What is sent for a name: flush_type for each type that changed, which also
 * ends every answer made with that RRset, aliases included; "flush" when the
 * name came or went; and flush_type SOA at the apex when a "no such name" or
 * "no such data" may be cached: Unbound keeps one SOA for all of them, without
 * it they are gone, for any type and for aliases that led to the name.
 *
 * Unbound without the module still stores an answer that was under way during
 * the flush.  So everything is flushed again after the same times as the
 * second purges of PowerDNS; that narrows the gap, it does not close it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/rdata.h"
#include "common/publish/command.h"
#include "common/publish/subscriber.h"

#define WORKERS 4            /* the server takes 10 connections */
#define TIMEOUT_MS 2000
#define TIMEOUT_ZONE_MS 30000 /* walks the whole cache */
#define RETRY_MAX_US 5000000
#define ZONE_NAMES_MAX 500

struct worker {
	struct flush *flush;
	struct ddns_item *item; /* NULL: idle */
	struct ddns_buf lines;  /* the commands, each with its line's end */
	size_t pos;             /* of the one that is under way */
	struct ddns_command *command;
};

struct flush {
	struct ddns_sub sub;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	SSL_CTX *tls;           /* made at the first use */
	struct ddns_again again;
	struct worker workers[WORKERS];
	unsigned busy;
};

static void pump(struct ddns_sub *sub);
static void step(struct worker *w);

static bool
wants_tls(const struct flush *f)
{
	return f->sub.conf->server_cert_file != NULL;
}

static void
put_command(struct ddns_buf *lines, const char *command,
    const struct ddns_name *name, const char *more)
{
	char text[DDNS_NAME_TEXT_MAX];

	ddns_name_format(name, text);
	ddns_buf_putf(lines, "UBCT1 %s %s%s%s\n", command, text,
	    *more != '\0' ? " " : "", more);
}

static void
put_commands(struct ddns_buf *lines, const struct ddns_item *item)
{
	char type[DDNS_TYPE_TEXT_MAX];
	struct ddns_name name, apex;

	ddns_buf_reset(lines);
	ddns_item_name(item, &name);
	if (item->flags & DDNS_ITEM_KEY)
		put_command(lines, "flush_zone", &name, "");
	else if (item->flags & DDNS_ITEM_WHOLE)
		put_command(lines, "flush", &name, "");
	for (unsigned i = 0; !(item->flags & DDNS_ITEM_KEY) &&
	    i < item->types_count; i++)
		put_command(lines, "flush_type", &name,
		    ddns_type_format(item->types[i], type));
	if ((item->flags & DDNS_ITEM_NEGATIVE) && ddns_item_apex(item, &apex))
		put_command(lines, "flush_type", &apex, "SOA");
}

static void
idle(struct worker *w)
{
	w->item = NULL;
	w->flush->busy--;
}

static void
fail(struct worker *w, const char *error)
{
	struct flush *f = w->flush;
	struct ddns_item *item = w->item;

	idle(w);
	item->stage = 0;
	ddns_pending_give(&f->sub.queue, item);
	ddns_sub_failed(&f->sub, error, true);
}

static void
flushed(struct worker *w)
{
	struct ddns_mono_us now = ddns_mono_us_now();
	struct flush *f = w->flush;
	struct ddns_item *item = w->item;

	idle(w);
	if (item->stage == 0)
		ddns_sub_acked(&f->sub, item, now);
	item->since.v = 0; /* measured */
	if (!ddns_again_put(&f->again, f->sub.hub, item, now))
		ddns_item_free(item);
}

/* The server speaks, so it is there; what it says no to it will never do. */
static void
check_reply(struct flush *f, const char *reply)
{
	char line[DDNS_SUB_ERROR_MAX];

	ddns_sub_answered(&f->sub);
	if (strncmp(reply, "ok", 2) == 0)
		return;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(reply, "\n"), reply);
	ddns_sub_refused(&f->sub, line);
}

static void
on_reply(enum ddns_err err, const char *reply, void *arg)
{
	struct worker *w = arg;
	struct flush *f = w->flush;

	w->command = NULL;
	if (err != DDNS_OK) {
		fail(w, reply);
	} else {
		check_reply(f, reply);
		step(w);
	}
	pump(&f->sub);
}

/* Sends the next command of the worker's item, or ends with it. */
static void
step(struct worker *w)
{
	struct flush *f = w->flush;
	struct ddns_command_to to = { (const void *)&f->addr, f->addr_len,
		f->tls };
	const uint8_t *line = w->lines.base + w->pos, *end;
	struct ddns_span request;
	const char *why;
	enum ddns_err err;

	if (w->pos == w->lines.len_bytes) {
		flushed(w);
		return;
	}
	end = memchr(line, '\n', w->lines.len_bytes - w->pos);
	request = (struct ddns_span){ line, (size_t)(end - line) + 1 };
	w->pos += request.len_bytes;
	err = ddns_command_start(ddns_hub_base(f->sub.hub), &to, request,
	    DDNS_COMMAND_LINE, w->item->flags & DDNS_ITEM_KEY ?
	    TIMEOUT_ZONE_MS : TIMEOUT_MS,
	    on_reply, w, &w->command, &why);
	if (err != DDNS_OK)
		fail(w, why);
}

static enum ddns_err
tls_load(const struct ddns_conf_subscriber *conf, SSL_CTX *tls)
{
	if (SSL_CTX_load_verify_locations(tls, conf->server_cert_file,
	    NULL) != 1 || conf->control_cert_file == NULL ||
	    SSL_CTX_use_certificate_chain_file(tls,
	    conf->control_cert_file) != 1 || conf->control_key_file == NULL ||
	    SSL_CTX_use_PrivateKey_file(tls, conf->control_key_file,
	    SSL_FILETYPE_PEM) != 1)
		return DDNS_EIO;
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	return DDNS_OK;
}

/* Now or later: the files may not be there yet when we start. */
static bool
tls_open(struct flush *f)
{
	if (f->tls != NULL || !wants_tls(f))
		return true;
	f->tls = SSL_CTX_new(TLS_client_method());
	if (f->tls != NULL && tls_load(f->sub.conf, f->tls) == DDNS_OK)
		return true;
	SSL_CTX_free(f->tls);
	f->tls = NULL;
	ddns_sub_failed(&f->sub, "certificates or key cannot be loaded", true);
	return false;
}

static struct ddns_item *
next_item(struct flush *f, struct ddns_mono_us now)
{
	int64_t gate = ddns_hub_gate(f->sub.hub);
	struct ddns_item *item = f->sub.queue.queue.first;

	if (item != NULL && item->gate <= gate) {
		ddns_pending_take_until(&f->sub.queue, item, gate);
		return item;
	}
	return ddns_again_pop(&f->again, now);
}

static bool
has_work(const struct flush *f)
{
	return f->sub.queue.queue.first != NULL ||
	    ddns_again_due(&f->again).v != INT64_MAX;
}

static void
start(struct flush *f, struct ddns_item *item)
{
	unsigned i = 0;

	while (f->workers[i].item != NULL)
		i++;
	f->workers[i].item = item;
	f->busy++;
	put_commands(&f->workers[i].lines, item);
	f->workers[i].pos = 0;
	step(&f->workers[i]);
}

static void
pump(struct ddns_sub *sub)
{
	struct flush *f = (struct flush *)sub;
	struct ddns_item *item;

	while (has_work(f) && f->busy < (sub->down ? 1 : WORKERS)) {
		struct ddns_mono_us now = ddns_mono_us_now();

		if (now.v < sub->health.next.v || !tls_open(f)) {
			ddns_sub_arm(sub, sub->health.next);
			return;
		}
		item = next_item(f, now);
		if (item == NULL)
			break;
		start(f, item);
	}
	ddns_sub_arm(sub, ddns_again_due(&f->again));
}

static int64_t
low(const struct ddns_sub *sub)
{
	const struct flush *f = (const struct flush *)sub;
	int64_t lowest = INT64_MAX;

	for (unsigned i = 0; i < WORKERS; i++)
		if (f->workers[i].item != NULL &&
		    f->workers[i].item->seq_low < lowest)
			lowest = f->workers[i].item->seq_low;
	return ddns_again_low(&f->again, lowest);
}

static unsigned
in_flight(const struct ddns_sub *sub)
{
	const struct flush *f = (const struct flush *)sub;
	unsigned count = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		if (f->workers[i].item != NULL &&
		    f->workers[i].item->stage == 0)
			count++;
	return count;
}

static void
flush_free(struct ddns_sub *sub)
{
	struct flush *f = (struct flush *)sub;

	for (unsigned i = 0; i < WORKERS; i++) {
		ddns_command_cancel(f->workers[i].command);
		ddns_item_free(f->workers[i].item);
		ddns_buf_done(&f->workers[i].lines);
	}
	ddns_again_done(&f->again);
	SSL_CTX_free(f->tls);
	ddns_sub_done(sub);
	free(f);
}

static const struct ddns_sub_ops ops = { pump, low, in_flight, NULL,
	flush_free };

enum ddns_err
ddns_flush_new(struct ddns_hub *hub, const struct ddns_conf_subscriber *conf,
    struct ddns_sub **ret)
{
	struct flush *f = calloc(1, sizeof(*f));
	enum ddns_err err;

	if (f == NULL)
		return DDNS_ENOMEM;
	for (unsigned i = 0; i < WORKERS; i++)
		f->workers[i].flush = f;
	err = ddns_sub_init(&f->sub, &ops, hub, conf, conf->name,
	    "unbound-control", conf->address, ZONE_NAMES_MAX);
	f->sub.health.max_us = RETRY_MAX_US;
	f->addr = conf->to.addr;
	f->addr_len = conf->to.addr_len;
	if (err == DDNS_OK && conf->path != NULL)
		err = ddns_command_unix(conf->path, &f->addr, &f->addr_len);
	if (err != DDNS_OK) {
		flush_free(&f->sub);
		return err;
	}
	*ret = &f->sub;
	return DDNS_OK;
}
