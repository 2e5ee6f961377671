/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resolvers with our module, and secondaries: NOTIFY, RFC 1996.
 *
 * One message per changed name and type, signed (RFC 8945), with the zone's
 * SOA in the authority section.  Up to WINDOW of them are under way at a time;
 * the same name is never twice among them, what changes meanwhile waits.  An
 * answer counts when its ID, source (the socket is connected), question and
 * TSIG fit; all else is as if it had not come (RFC 8945 s.5.3.2), so a forger
 * can neither end a delivery nor mark the receiver down.  A retry is signed
 * anew under a new ID; a late answer to an earlier try counts as well, for it
 * was for the same changes.
 *
 * After DOWN_TRIES misses in a row without any answer the receiver is down:
 * one message at a time probes it with back-off, over UDP and then over TCP,
 * and the rest waits in the queue, where it merges.  Should TCP answer and
 * UDP not, TCP is used for the next TCP_KEEP_US.
 *
 * A secondary gets plain NOTIFY(SOA), at most one a second and zone, after the
 * apex has been purged from PowerDNS, so that it sees the new serial there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "common/base/secret.h"
#include "common/dns/notify.h"
#include "common/dns/tsig.h"
#include "common/publish/subscriber.h"

#define WINDOW 64
#define TRIES_UDP 3                 /* of one item; then it is a failure */
#define DOWN_TRIES 3                /* misses in a row that make it down */
#define PROBE_TIMEOUT_US 1000000    /* UDP, while down */
#define TCP_TIMEOUT_US 2000000      /* a connection, then an answer */
#define TCP_KEEP_US 600000000
#define ZONE_NAMES_MAX 500          /* more wait: one NOTIFY for the zone */
#define SECONDARY_GIVE_UP_MS 600000 /* it also asks by itself, SOA refresh */

struct try {
	uint16_t id;
	struct ddns_tsig_state request; /* to verify the answer with */
};

struct slot {
	struct ddns_item *item; /* NULL: free */
	unsigned tries;
	struct ddns_mono_us deadline;
	struct try last[TRIES_UDP]; /* try n is at n % TRIES_UDP */
};

struct notifier {
	struct ddns_sub sub;
	struct ddns_tsig_key *key; /* NULL: plain */
	struct sockaddr_storage addr;
	socklen_t addr_len;
	int fd;                    /* UDP; -1: not open */
	struct event *readable;
	struct bufferevent *tcp;   /* NULL: not open */
	struct ddns_mono_us tcp_until; /* TCP is what works, so long */
	bool probe_tcp;            /* while down: UDP has been tried */
	struct slot slots[WINDOW];
	unsigned slots_used;
	unsigned misses;           /* since anything was answered */
	struct ddns_buf msg;
};

static void pump(struct ddns_sub *sub);
static void give_all_back(struct notifier *n);
static void udp_close(struct notifier *n);

static bool
is_secondary(const struct notifier *n)
{
	return n->sub.conf == NULL;
}

/* ---- sending ---- */

static void
name_to_tell(const struct ddns_item *item, struct ddns_name *ret)
{
	struct ddns_name name;

	ddns_item_name(item, &name);
	if ((item->flags & DDNS_ITEM_KEY) != DDNS_ITEM_SUBTREE ||
	    ddns_name_wildcard(&name, ret) != DDNS_OK)
		*ret = name; /* too long: nothing can be below it */
}

static enum ddns_err
write_message(struct notifier *n, struct slot *slot, struct try *try)
{
	struct ddns_notify notify = { .id = try->id,
		.type = ddns_item_type(slot->item) };
	const struct ddns_zone *zone;
	struct ddns_buf soa = { 0 };
	uint32_t ttl_s = 0;
	enum ddns_err err;

	name_to_tell(slot->item, &notify.name);
	zone = ddns_hub_zone(n->sub.hub, slot->item->zone_id);
	if (zone != NULL) {
		struct ddns_zone then = *zone;

		if (slot->item->serial != 0)
			then.serial = slot->item->serial;
		notify.has_soa = true;
		notify.zone = then.name;
		notify.serial = then.serial;
		ttl_s = then.soa_ttl_s;
		ddns_zone_soa_rdata(&then, &soa);
	}
	ddns_buf_reset(&n->msg);
	err = soa.err;
	if (err == DDNS_OK)
		err = ddns_notify_write(&notify, ttl_s, ddns_buf_span(&soa),
		    &n->msg);
	if (err == DDNS_OK && n->key != NULL)
		err = ddns_tsig_sign(&n->msg, 0, n->key, NULL,
		    ddns_unix_s_now(), &try->request);
	ddns_buf_done(&soa);
	return err;
}

/* false: it did not go out, as if it had been lost. */
static bool
send_udp(struct notifier *n)
{
	return n->fd >= 0 && send(n->fd, n->msg.base, n->msg.len_bytes,
	    MSG_NOSIGNAL) == (ssize_t)n->msg.len_bytes;
}

static bool
send_tcp(struct notifier *n)
{
	uint8_t len[2];

	ddns_set_u16(len, (uint16_t)n->msg.len_bytes);
	return n->tcp != NULL &&
	    bufferevent_write(n->tcp, len, sizeof(len)) == 0 &&
	    bufferevent_write(n->tcp, n->msg.base, n->msg.len_bytes) == 0;
}

static struct try *
slot_find_try(struct slot *slot, uint16_t id)
{
	unsigned count = slot->item == NULL ? 0 : slot->tries;

	for (unsigned i = 0; i < count && i < TRIES_UDP; i++)
		if (slot->last[i].id == id)
			return &slot->last[i];
	return NULL;
}

static struct slot *
slot_find(struct notifier *n, uint16_t id, struct try **ret)
{
	for (unsigned i = 0; i < WINDOW; i++) {
		*ret = slot_find_try(&n->slots[i], id);
		if (*ret != NULL)
			return &n->slots[i];
	}
	return NULL;
}

static bool
new_id(struct notifier *n, uint16_t *ret)
{
	struct try *other;

	do {
		if (ddns_random(ret, sizeof(*ret)) != DDNS_OK)
			return false;
	} while (slot_find(n, *ret, &other) != NULL);
	return true;
}

static bool tcp_open(struct notifier *n);
static bool udp_open(struct notifier *n);

static bool
use_tcp(const struct notifier *n, struct ddns_mono_us now)
{
	if (now.v < n->tcp_until.v)
		return true;
	return n->sub.down && n->probe_tcp;
}

static int64_t
patience_us(const struct notifier *n, const struct slot *slot, bool tcp)
{
	if (tcp)
		return TCP_TIMEOUT_US;
	return n->sub.down ? PROBE_TIMEOUT_US : ddns_backoff_delay_us(
	    slot->tries + 1, DDNS_BACKOFF_MAX_US);
}

/* Sends or sends again what is in the slot. */
static void
slot_send(struct notifier *n, struct slot *slot, struct ddns_mono_us now)
{
	struct try *try = &slot->last[slot->tries % TRIES_UDP];
	bool tcp = use_tcp(n, now);
	enum ddns_err err;
	uint16_t id;

	slot->deadline.v = now.v + patience_us(n, slot, tcp);
	if (!new_id(n, &id))
		return; /* then its deadline passes */
	try->id = id;
	slot->tries++;
	err = write_message(n, slot, try);
	if (err != DDNS_OK)
		ddns_sub_say(&n->sub, ddns_err_text(err));
	else if (!(tcp ? tcp_open(n) && send_tcp(n) :
	    udp_open(n) && send_udp(n)))
		slot->deadline.v = now.v; /* known to be lost */
}

static void
slot_free(struct notifier *n, struct slot *slot)
{
	slot->item = NULL;
	n->slots_used--;
}

/* ---- answers ---- */

static void
on_acked(struct notifier *n, struct slot *slot)
{
	struct ddns_item *item = slot->item;

	slot_free(n, slot);
	ddns_sub_acked(&n->sub, item, ddns_mono_us_now());
	ddns_item_free(item);
}

/*
 * An answer that is authentic, and no success.  The receiver has judged: what
 * it does not serve (REFUSED, NOTAUTH) or understand (NOTIMP, RFC 1996 s.4.6)
 * it will not do the next time either.  Only a failure of the moment is
 * worth another try.
 */
static void
on_refused(struct notifier *n, struct slot *slot, unsigned rcode,
    unsigned tsig_error)
{
	char text[DDNS_SUB_ERROR_MAX], name_text[DDNS_NAME_TEXT_MAX];
	struct ddns_name name;

	ddns_item_name(slot->item, &name);
	ddns_name_format(&name, name_text);
	snprintf(text, sizeof(text), "%s for %.80s",
	    ddns_rcode_text(tsig_error != 0 ? tsig_error : rcode), name_text);
	if (rcode == DDNS_RCODE_SERVFAIL || tsig_error != 0) {
		ddns_sub_say(&n->sub, text);
		return; /* the deadline sends it again */
	}
	ddns_sub_refused(&n->sub, text);
	ddns_item_free(slot->item);
	slot_free(n, slot);
}

static bool
question_fits(const struct ddns_item *item, const struct ddns_question *q)
{
	struct ddns_name name;

	name_to_tell(item, &name);
	return q->class == DDNS_CLASS_IN && q->type == ddns_item_type(item) &&
	    ddns_name_equal(&q->name, &name);
}

/* The slot that an answer is for, if it is one and nobody made it up. */
static struct slot *
read_answer(struct notifier *n, struct ddns_span msg,
    struct ddns_msg_header *header, unsigned *ret_tsig_error)
{
	size_t pos = DDNS_MSG_HEADER_BYTES;
	struct ddns_question question;
	struct ddns_msg_extra extra;
	struct slot *slot;
	struct try *try;

	*ret_tsig_error = 0;
	if (ddns_msg_read_header(msg, header) != DDNS_OK ||
	    !(header->flags & DDNS_MSG_QR) || header->count[0] != 1 ||
	    ddns_msg_opcode(header) != DDNS_OPCODE_NOTIFY)
		return NULL;
	slot = slot_find(n, header->id, &try);
	if (slot == NULL || ddns_msg_scan(msg, header, &extra) != DDNS_OK ||
	    ddns_msg_read_question(msg, &pos, &question) != DDNS_OK ||
	    !question_fits(slot->item, &question))
		return NULL;
	if (n->key == NULL)
		return slot;
	if (!extra.has_tsig) {
		ddns_sub_say(&n->sub, "unsigned answer");
		return NULL;
	}
	if (ddns_tsig_verify_answer(msg, &extra, n->key, &try->request,
	    ddns_unix_s_now(), ret_tsig_error) == DDNS_OK)
		return slot;
	ddns_sub_say(&n->sub, *ret_tsig_error != 0 ?
	    ddns_rcode_text(*ret_tsig_error) : "answer with a wrong TSIG");
	return NULL;
}

static void
on_message(struct notifier *n, struct ddns_span msg, bool tcp)
{
	struct ddns_mono_us now = ddns_mono_us_now();
	struct ddns_msg_header header;
	unsigned tsig_error;
	struct slot *slot = read_answer(n, msg, &header, &tsig_error);

	if (slot == NULL)
		return;
	n->misses = 0;
	if (tcp && n->sub.down)
		n->tcp_until.v = now.v + TCP_KEEP_US;
	ddns_sub_answered(&n->sub);
	if (header.flags & DDNS_MSG_TC) {
		n->tcp_until.v = now.v + TCP_KEEP_US;
		slot_send(n, slot, now);
	} else if (ddns_msg_rcode(&header) == DDNS_RCODE_NOERROR &&
	    tsig_error == 0) {
		on_acked(n, slot);
	} else {
		on_refused(n, slot, ddns_msg_rcode(&header), tsig_error);
	}
}

/* ---- failures ---- */

/* Nobody is there, or nobody who answers. */
static void
on_down(struct notifier *n, const char *error)
{
	bool udp_only = n->sub.down && !n->probe_tcp;

	n->tcp_until.v = 0;
	give_all_back(n);
	udp_close(n); /* our address may have changed since it was opened */
	n->probe_tcp = udp_only;
	if (udp_only)
		ddns_sub_arm(&n->sub, ddns_mono_us_now()); /* TCP at once */
	else
		ddns_sub_failed(&n->sub, error, true);
}

static void
give_all_back(struct notifier *n)
{
	struct ddns_item_list list = { 0 };
	struct ddns_item *item;

	for (unsigned i = 0; i < WINDOW; i++) {
		struct slot *slot = &n->slots[i];

		if (slot->item == NULL)
			continue;
		slot->item->attempts += slot->tries;
		ddns_item_list_push(&list, slot->item);
		slot_free(n, slot);
	}
	while ((item = ddns_item_list_pop(&list)) != NULL)
		ddns_pending_give(&n->sub.queue, item);
}

static void
on_missed(struct notifier *n, struct slot *slot, struct ddns_mono_us now)
{
	n->sub.retries++;
	n->misses++;
	n->sub.dirty = true;
	if (ddns_sub_expired(&n->sub, slot->item)) {
		ddns_item_free(slot->item);
		slot_free(n, slot);
		return;
	}
	if (n->sub.down || (slot->tries >= TRIES_UDP &&
	    n->misses >= DOWN_TRIES)) {
		on_down(n, "no answer");
		return;
	}
	slot_send(n, slot, now);
}

/* ---- UDP ---- */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct notifier *n = arg;
	uint8_t in[4096];

	(void)what;
	/* A closed port speaks through ICMP: an error, once per message. */
	for (unsigned i = 0; i < 2 * WINDOW && n->fd == fd; i++) {
		ssize_t len = recv(fd, in, sizeof(in), 0);

		if (len >= 0) {
			on_message(n, (struct ddns_span){ in, (size_t)len },
			    false);
		} else if (errno == ECONNREFUSED || errno == EHOSTUNREACH ||
		    errno == ENETUNREACH) {
			if (n->slots_used > 0 &&
			    !use_tcp(n, ddns_mono_us_now()))
				on_down(n, strerror(errno));
		} else if (errno != EINTR) {
			break;
		}
	}
	pump(&n->sub);
}

static void
udp_close(struct notifier *n)
{
	if (n->readable != NULL)
		event_free(n->readable);
	n->readable = NULL;
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

static bool
udp_open(struct notifier *n)
{
	if (n->fd >= 0)
		return true;
	n->fd = socket(n->addr.ss_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (n->fd >= 0 && connect(n->fd, (const struct sockaddr *)&n->addr,
	    n->addr_len) == 0)
		n->readable = event_new(ddns_hub_base(n->sub.hub), n->fd,
		    EV_READ | EV_PERSIST, on_readable, n);
	if (n->readable != NULL && event_add(n->readable, NULL) == 0)
		return true;
	ddns_sub_say(&n->sub, strerror(errno));
	udp_close(n);
	return false;
}

/* ---- TCP ---- */

static void
tcp_close(struct notifier *n)
{
	if (n->tcp != NULL)
		bufferevent_free(n->tcp);
	n->tcp = NULL;
}

static void
on_tcp_read(struct bufferevent *bev, void *arg)
{
	struct notifier *n = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	uint8_t msg[4096], head[2];

	while (n->tcp == bev && evbuffer_copyout(in, head, 2) == 2) {
		size_t len = ddns_get_u16(head);

		if (len > sizeof(msg)) {
			tcp_close(n); /* no answer of ours is so long */
			break;
		}
		if (evbuffer_get_length(in) < 2 + len)
			break;
		evbuffer_drain(in, 2);
		evbuffer_remove(in, msg, len);
		on_message(n, (struct ddns_span){ msg, len }, true);
	}
	pump(&n->sub);
}

static void
on_tcp_event(struct bufferevent *bev, short what, void *arg)
{
	struct notifier *n = arg;
	const char *error = what & BEV_EVENT_ERROR ?
	    strerror(EVUTIL_SOCKET_ERROR()) : "TCP connection closed";

	(void)bev;
	if (!(what & (BEV_EVENT_ERROR | BEV_EVENT_EOF)))
		return;
	tcp_close(n);
	if (n->slots_used > 0 && use_tcp(n, ddns_mono_us_now()))
		on_down(n, error);
	pump(&n->sub);
}

static bool
tcp_open(struct notifier *n)
{
	if (n->tcp != NULL)
		return true;
	n->tcp = bufferevent_socket_new(ddns_hub_base(n->sub.hub), -1,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (n->tcp == NULL)
		return false;
	bufferevent_setcb(n->tcp, on_tcp_read, NULL, on_tcp_event, n);
	bufferevent_enable(n->tcp, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect(n->tcp,
	    (const struct sockaddr *)&n->addr, (int)n->addr_len) == 0)
		return true;
	tcp_close(n);
	return false;
}

/* ---- what goes next ---- */

static bool
is_under_way(const struct notifier *n, const struct ddns_item *item)
{
	for (unsigned i = 0; i < WINDOW; i++)
		if (n->slots[i].item != NULL &&
		    ddns_item_same_name(n->slots[i].item, item))
			return true;
	return false;
}

/*
 * A secondary's item waits until its serials have come together, then for the
 * apex to be purged.  false: not yet.
 */
static bool
secondary_ready(struct notifier *n, struct ddns_item *item,
    struct ddns_mono_us now)
{
	struct ddns_name apex;

	if (item->stage == 1)
		return true;
	if (now.v < item->due.v) {
		ddns_sub_arm(&n->sub, item->due);
		return false;
	}
	ddns_item_name(item, &apex);
	item->gate = ddns_hub_purge_apex(n->sub.hub, &apex, item->zone_id,
	    item->serial);
	item->stage = 1;
	return true;
}

/*
 * The queue is in order, so the first that may not go ends the search; not so
 * with a secondary's, where asking for the purge closes the gate anew.
 */
static struct ddns_item *
next_item(struct notifier *n, int64_t *gate, struct ddns_mono_us now)
{
	struct ddns_item *i;

	for (i = n->sub.queue.queue.first; i != NULL; i = i->next) {
		if (is_secondary(n) && !secondary_ready(n, i, now))
			return NULL;
		*gate = ddns_hub_gate(n->sub.hub);
		if (i->gate <= *gate && !is_under_way(n, i))
			return i;
		if (i->gate > *gate && !is_secondary(n))
			return NULL;
	}
	return NULL;
}

static void
start_next(struct notifier *n, struct ddns_item *item, int64_t gate,
    struct ddns_mono_us now)
{
	unsigned i = 0;

	while (n->slots[i].item != NULL)
		i++;
	if (is_secondary(n))
		ddns_pending_take(&n->sub.queue, item);
	else
		ddns_pending_take_until(&n->sub.queue, item, gate);
	n->slots[i] = (struct slot){ .item = item };
	n->slots_used++;
	slot_send(n, &n->slots[i], now);
}

static void
check_deadlines(struct notifier *n, struct ddns_mono_us now)
{
	for (unsigned i = 0; i < WINDOW && n->slots_used > 0; i++)
		if (n->slots[i].item != NULL &&
		    n->slots[i].deadline.v <= now.v)
			on_missed(n, &n->slots[i], now);
}

static void
arm_deadlines(struct notifier *n)
{
	struct ddns_mono_us first = { INT64_MAX };

	for (unsigned i = 0; i < WINDOW && n->slots_used > 0; i++)
		if (n->slots[i].item != NULL &&
		    n->slots[i].deadline.v < first.v)
			first = n->slots[i].deadline;
	ddns_sub_arm(&n->sub, first);
}

static void
pump(struct ddns_sub *sub)
{
	struct notifier *n = (struct notifier *)sub;
	struct ddns_mono_us now = ddns_mono_us_now();
	struct ddns_item *item;
	int64_t gate;

	check_deadlines(n, now);
	if (is_secondary(n))
		ddns_pending_expire(&sub->queue, (struct ddns_unix_ms){
		    ddns_unix_ms_now().v - SECONDARY_GIVE_UP_MS });
	while (n->slots_used < (sub->down ? 1 : WINDOW)) {
		if (now.v < sub->health.next.v) {
			if (sub->queue.queue.first != NULL)
				ddns_sub_arm(sub, sub->health.next);
			break;
		}
		item = next_item(n, &gate, now);
		if (item == NULL)
			break;
		start_next(n, item, gate, now);
	}
	arm_deadlines(n);
}

static int64_t
low(const struct ddns_sub *sub)
{
	const struct notifier *n = (const struct notifier *)sub;
	int64_t lowest = INT64_MAX;

	for (unsigned i = 0; i < WINDOW && n->slots_used > 0; i++)
		if (n->slots[i].item != NULL &&
		    n->slots[i].item->seq_low < lowest)
			lowest = n->slots[i].item->seq_low;
	return lowest;
}

static unsigned
in_flight(const struct ddns_sub *sub)
{
	return ((const struct notifier *)sub)->slots_used;
}

static void
notifier_free(struct ddns_sub *sub)
{
	struct notifier *n = (struct notifier *)sub;

	for (unsigned i = 0; i < WINDOW; i++)
		ddns_item_free(n->slots[i].item);
	tcp_close(n);
	udp_close(n);
	ddns_tsig_key_free(n->key);
	ddns_buf_done(&n->msg);
	ddns_sub_done(sub);
	free(n);
}

static const struct ddns_sub_ops ops = { pump, low, in_flight, NULL,
	notifier_free };

static enum ddns_err
make_key(const struct ddns_conf_key *conf, struct ddns_tsig_key **ret)
{
	struct ddns_span secret = { conf->secret, conf->secret_len_bytes };

	return ddns_tsig_key_new(&conf->name, conf->alg, secret, ret);
}

static void
secondary_text(const struct ddns_listen *to, char target[64], char name[80])
{
	char text[DDNS_ADDR_TEXT_MAX];
	struct ddns_addr addr;
	uint16_t port = 0;

	if (ddns_addr_from_sockaddr((const void *)&to->addr, &addr, &port) !=
	    DDNS_OK)
		memset(&addr, 0, sizeof(addr));
	ddns_addr_format(&addr, text);
	snprintf(target, 64, addr.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
	    text, port);
	snprintf(name, 80, "secondary %s", target);
}

enum ddns_err
ddns_notifier_new(struct ddns_hub *hub,
    const struct ddns_conf_subscriber *conf, const struct ddns_listen *to,
    struct ddns_sub **ret)
{
	struct notifier *n = calloc(1, sizeof(*n));
	char target[64] = "", name[80] = "";
	enum ddns_err err;

	if (n == NULL)
		return DDNS_ENOMEM;
	n->fd = -1;
	n->addr = to->addr;
	n->addr_len = to->addr_len;
	if (conf == NULL) {
		secondary_text(to, target, name);
		err = ddns_sub_init(&n->sub, &ops, hub, NULL, name,
		    "secondary", target, 0);
	} else {
		err = ddns_sub_init(&n->sub, &ops, hub, conf, conf->name,
		    "notify", conf->address, ZONE_NAMES_MAX);
	}
	if (err == DDNS_OK && conf != NULL)
		err = make_key(&conf->key, &n->key);
	if (err != DDNS_OK) {
		notifier_free(&n->sub);
		return err;
	}
	*ret = &n->sub;
	return DDNS_OK;
}
