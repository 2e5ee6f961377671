/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a request is about, and who answers it.
 */
#include "common/ingest/dnsport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/ingest/dns_query.h"
#include "common/ingest/dns_request.h"
#include "common/ingest/dns_update.h"

/* A message of many small RRs takes some thirty times its size in memory. */
#define IN_FLIGHT_MAX_BYTES (4 << 20)
#define FAILURES_NOTED_PER_S 5 /* rows; a stranger decides how many he sends */

struct ddns_dnsport {
	struct ddns_dns_work work;
	struct ddns_dns_udp *udp;
	struct ddns_dns_tcp *tcp;
};

/* ---- one request ---- */

/* A store that cannot be read shows in each answer (SERVFAIL). */
void
ddns_dns_work_begin(struct ddns_dns_work *work)
{
	if (ddns_store_begin(work->ingest->store, DDNS_STORE_READ) !=
	    DDNS_OK ||
	    ddns_dns_keys_refresh(work->keys, &work->policy_gen) != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "cannot read the store: %s",
		    ddns_store_get_error(work->ingest->store));
}

void
ddns_dns_work_end(struct ddns_dns_work *work)
{
	ddns_store_rollback(work->ingest->store);
}

static void
send_rcode(struct ddns_dns_work *work, struct ddns_dns_request *request,
    unsigned rcode)
{
	struct ddns_span answer = { 0 };

	if (ddns_dns_frame_answer(&request->frame, rcode, ddns_unix_s_now(),
	    &work->answer) == DDNS_OK)
		answer = ddns_buf_span(&work->answer);
	request->send(request, answer);
}

/* A signature that failed, for the journal, but not as many as there come. */
static void
note_failure(struct ddns_dns_work *work,
    const struct ddns_dns_request *request)
{
	const struct ddns_dns_frame *frame = &request->frame;
	struct ddns_actor actor = { .protocol = "update",
		.source = request->peer, .now = ddns_unix_ms_now() };
	char name[DDNS_NAME_TEXT_MAX] = "", key[DDNS_NAME_TEXT_MAX],
		source[DDNS_ADDR_TEXT_MAX];
	struct ddns_attempt attempt = { .actor = &actor, .name = name,
		.type = DDNS_TYPE_ANY, .result = "NOTAUTH",
		.reason = ddns_rcode_text(frame->state.error) };
	int64_t now_s = ddns_unix_s_of_ms(actor.now).v;

	if (work->failures_s != now_s) {
		work->failures_s = now_s;
		work->failures = 0;
	}
	if (work->ingest->attempts == NULL ||
	    work->failures++ >= FAILURES_NOTED_PER_S)
		return;
	if (frame->has_question)
		ddns_name_format(&frame->question.name, name);
	ddns_name_format(&frame->state.key_name, key);
	if (frame->key != NULL) { /* BADTIME, BADTRUNC: it is theirs */
		actor.account = ddns_dns_key_get_who(frame->key)->account;
		actor.credential = key;
	}
	if (!ddns_attempts_add(work->ingest->attempts, &attempt))
		return;
	ddns_addr_format(&request->peer, source);
	ddns_log(DDNS_LOG_INFO, "signature refused name=%s error=%s key=%s "
	    "source=%s", DDNS_Q(name), attempt.reason, DDNS_Q(key), source);
}

struct waiting {
	struct ddns_dns_work *work;
	struct ddns_dns_request *request;
	size_t bytes;
};

static void
on_updated(unsigned rcode, void *arg)
{
	struct waiting *waiting = arg;

	waiting->work->in_flight_bytes -= waiting->bytes;
	send_rcode(waiting->work, waiting->request, rcode);
	free(waiting);
}

static void
start_update(struct ddns_dns_work *work, struct ddns_dns_request *request)
{
	size_t bytes = request->frame.msg.len_bytes;
	struct waiting *waiting = NULL;

	if (work->in_flight_bytes + bytes <= IN_FLIGHT_MAX_BYTES)
		waiting = malloc(sizeof(*waiting));
	if (waiting == NULL) {
		send_rcode(work, request, DDNS_RCODE_SERVFAIL);
		return;
	}
	*waiting = (struct waiting){ work, request, bytes };
	work->in_flight_bytes += bytes;
	ddns_dns_update_start(work->ingest, work->policy_gen, &request->frame,
	    &request->peer, ddns_unix_ms_now(), on_updated, waiting);
}

static void
answer_query(struct ddns_dns_work *work, struct ddns_dns_request *request)
{
	struct ddns_span answer = { 0 };

	if (ddns_dns_query_answer(work->ingest->store, &request->frame,
	    ddns_unix_s_now(), &work->answer) == DDNS_OK)
		answer = ddns_buf_span(&work->answer);
	request->send(request, answer);
}

/* ---- transfers ---- */

/* RFC 1995 s.3: the SOA of what the client has, in the authority section. */
static bool
read_serial(const struct ddns_dns_frame *frame, uint32_t *ret)
{
	size_t pos = frame->extra.section[DDNS_SECTION_AUTHORITY], end;
	struct ddns_span msg = frame->msg;
	struct ddns_msg_rr rr;
	struct ddns_name name;

	if (frame->header.count[DDNS_SECTION_AUTHORITY] != 1 ||
	    ddns_msg_read_rr(msg, &pos, &rr) != DDNS_OK ||
	    rr.type != DDNS_TYPE_SOA ||
	    !ddns_name_equal(&rr.owner, &frame->question.name))
		return false;
	pos = rr.rdata;
	end = rr.rdata + rr.rdata_len_bytes;
	msg.len_bytes = end;
	if (ddns_name_read(msg, &pos, &name) != DDNS_OK ||
	    ddns_name_read(msg, &pos, &name) != DDNS_OK || end - pos != 20)
		return false;
	*ret = ddns_get_u32(msg.base + pos);
	return true;
}

static bool
may_transfer(const struct ddns_dns_frame *frame)
{
	return frame->key != NULL &&
	    (ddns_dns_key_get_who(frame->key)->flags &
	    DDNS_CRED_ALLOW_TRANSFER) != 0;
}

/* By UDP: the present SOA alone, which makes the client come by TCP if it
 * differs (RFC 1995 s.2). */
static void
answer_soa_only(struct ddns_dns_work *work, struct ddns_dns_request *request,
    const struct ddns_zone *zone)
{
	struct ddns_buf rdata = { 0 };
	struct ddns_msg_writer w;
	struct ddns_span answer = { 0 };
	enum ddns_err err;

	ddns_dns_frame_start(&request->frame, &w, &work->answer);
	ddns_msg_set_flags(&w, DDNS_MSG_AA);
	ddns_zone_soa_rdata(zone, &rdata);
	err = ddns_msg_put_rr(&w, DDNS_SECTION_ANSWER, &zone->name,
	    DDNS_TYPE_SOA, DDNS_CLASS_IN, zone->soa_ttl_s,
	    ddns_buf_span(&rdata));
	if (err == DDNS_ENOSPACE) {
		ddns_dns_frame_truncate(&request->frame, &w, &work->answer);
		err = DDNS_OK;
	}
	if (err == DDNS_OK)
		err = ddns_dns_frame_finish(&request->frame, &w,
		    DDNS_RCODE_NOERROR, ddns_unix_s_now());
	ddns_buf_done(&rdata);
	if (err == DDNS_OK)
		answer = ddns_buf_span(&work->answer);
	request->send(request, answer);
}

static void
start_transfer(struct ddns_dns_work *work, struct ddns_dns_request *request)
{
	const struct ddns_dns_frame *frame = &request->frame;
	bool incremental = frame->question.type == DDNS_TYPE_IXFR;
	struct ddns_name apex = frame->question.name;
	unsigned rcode = DDNS_RCODE_NOERROR;
	struct ddns_zone zone;
	uint32_t serial = 0;
	enum ddns_err err;

	ddns_name_lower(&apex);
	if ((incremental && !read_serial(frame, &serial)) ||
	    (!incremental && request->transfer == NULL))
		rcode = DDNS_RCODE_FORMERR; /* AXFR by UDP: RFC 5936 s.4.2 */
	else if (!may_transfer(frame))
		rcode = DDNS_RCODE_REFUSED;
	if (rcode == DDNS_RCODE_NOERROR) {
		err = ddns_store_zone_get_named(work->ingest->store, &apex,
		    &zone);
		if (err == DDNS_ENOTFOUND)
			rcode = DDNS_RCODE_NOTAUTH;
		else if (err != DDNS_OK)
			rcode = DDNS_RCODE_SERVFAIL;
	}
	if (rcode != DDNS_RCODE_NOERROR)
		send_rcode(work, request, rcode);
	else if (request->transfer == NULL)
		answer_soa_only(work, request, &zone);
	else
		request->transfer(request, &zone, incremental, serial);
}

static bool
is_transfer(const struct ddns_dns_frame *frame)
{
	return frame->has_question &&
	    frame->question.class == DDNS_CLASS_IN &&
	    (frame->question.type == DDNS_TYPE_AXFR ||
	    frame->question.type == DDNS_TYPE_IXFR);
}

void
ddns_dns_work_handle(struct ddns_dns_work *work,
    struct ddns_dns_request *request, struct ddns_span msg, bool tcp)
{
	struct ddns_dns_frame *frame = &request->frame;
	unsigned rcode = DDNS_RCODE_NOERROR;

	switch (ddns_dns_frame_open(frame, msg, tcp, work->keys,
	    ddns_unix_s_now(), &rcode)) {
	case DDNS_DNS_DROP:
		request->send(request, (struct ddns_span){ 0 });
		return;
	case DDNS_DNS_ANSWER:
		if (frame->has_tsig && frame->state.error != 0)
			note_failure(work, request);
		send_rcode(work, request, rcode);
		return;
	case DDNS_DNS_GO:
		break;
	}
	if (ddns_msg_opcode(&frame->header) == DDNS_OPCODE_UPDATE)
		start_update(work, request);
	else if (is_transfer(frame))
		start_transfer(work, request);
	else
		answer_query(work, request);
}

/* ---- the port ---- */

enum ddns_err
ddns_dnsport_new(struct ddns_ingest *ingest, struct ddns_dnsport **ret)
{
	struct ddns_dnsport *port = calloc(1, sizeof(*port));
	enum ddns_err err;

	if (port == NULL)
		return DDNS_ENOMEM;
	port->work.ingest = ingest;
	err = ddns_dns_keys_new(ingest->store, ingest->key,
	    ingest->conf->tsig_sha1, &port->work.keys);
	if (err == DDNS_OK)
		err = ddns_dns_udp_new(&port->work, &port->udp);
	if (err == DDNS_OK)
		err = ddns_dns_tcp_new(&port->work, &port->tcp);
	if (err != DDNS_OK) {
		ddns_dnsport_free(port);
		return err;
	}
	*ret = port;
	return DDNS_OK;
}

enum ddns_err
ddns_dnsport_listen(struct ddns_dnsport *port, const struct ddns_listen *at,
    struct ddns_buf *why)
{
	char text[DDNS_ADDR_TEXT_MAX] = "";
	struct ddns_addr addr;
	uint16_t number = 0;
	enum ddns_err err;

	err = ddns_dns_udp_listen(port->udp, at);
	if (err == DDNS_OK)
		err = ddns_dns_tcp_listen(port->tcp, at);
	if (err == DDNS_OK)
		return DDNS_OK;
	if (ddns_addr_from_sockaddr((const struct sockaddr *)&at->addr, &addr,
	    &number) == DDNS_OK)
		ddns_addr_format(&addr, text);
	ddns_buf_putf(why, "dns-listen: cannot listen on %s port %u: %s",
	    text, number, err == DDNS_EIO ? strerror(errno) :
	    ddns_err_text(err));
	return err;
}

void
ddns_dnsport_stop(struct ddns_dnsport *port)
{
	if (port == NULL)
		return;
	ddns_dns_udp_stop(port->udp);
	ddns_dns_tcp_stop(port->tcp);
}

void
ddns_dnsport_free(struct ddns_dnsport *port)
{
	if (port == NULL)
		return;
	ddns_dns_udp_free(port->udp);
	ddns_dns_tcp_free(port->tcp);
	ddns_dns_keys_free(port->work.keys);
	ddns_buf_done(&port->work.answer);
	free(port);
}
