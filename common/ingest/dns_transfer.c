/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The records of a zone, or what became of them, as a stream of messages.
 *
 * AXFR is the SOA, all records, the SOA.  IXFR is the SOA, then for each
 * serial that the journal knows: the old SOA, what went, the new SOA, what
 * came; then the SOA.  The rows of one serial (many updates may share a
 * commit) are folded first: per RRset what was before the first and what is
 * after the last counts.
 *
 * Registered names without data (DDNS_TYPE_NONE) are no records.
 */
#include "common/ingest/dns_transfer.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/journal.h"

#define MESSAGE_BYTES 16384 /* so that the client starts early */

/* What happened to one RRset under one serial. */
struct folded {
	struct ddns_name owner;
	uint64_t hash;
	uint16_t type;
	struct ddns_rrset before, after;
};

struct stream {
	struct ddns_dns_transfer *transfer;
	struct ddns_zone zone;
	struct ddns_msg_writer w;
	struct ddns_buf out;
	unsigned in_message; /* RRs */
	bool started;
	/* of IXFR */
	uint32_t old_serial, new_serial; /* of the rows being folded */
	bool folding;
	struct folded *folded;
	size_t folded_count, folded_cap;
};

/* ---- messages ---- */

static void
start_message(struct stream *s)
{
	ddns_dns_frame_start(s->transfer->frame, &s->w, &s->out);
	if (s->out.max_bytes > MESSAGE_BYTES)
		s->out.max_bytes = MESSAGE_BYTES;
	ddns_msg_set_flags(&s->w, DDNS_MSG_AA);
	s->in_message = 0;
	s->started = true;
}

static enum ddns_err
send_message(struct stream *s)
{
	struct ddns_dns_transfer *transfer = s->transfer;
	enum ddns_err err;

	if (atomic_load(transfer->stop))
		return DDNS_ESTOP;
	err = ddns_dns_frame_finish(transfer->frame, &s->w,
	    DDNS_RCODE_NOERROR, ddns_unix_s_now());
	transfer->frame->has_question = false; /* only the first has it */
	return err != DDNS_OK ? err :
	    transfer->send(ddns_buf_span(&s->out), transfer->arg);
}

static enum ddns_err
put_rr(struct stream *s, const struct ddns_name *owner, uint16_t type,
    uint32_t ttl_s, struct ddns_span rdata)
{
	enum ddns_err err;

	if (!s->started)
		start_message(s);
	for (;;) {
		err = ddns_msg_put_rr(&s->w, DDNS_SECTION_ANSWER, owner, type,
		    DDNS_CLASS_IN, ttl_s, rdata);
		if (err == DDNS_OK)
			s->in_message++;
		if (err != DDNS_ENOSPACE)
			return err;
		if (s->in_message == 0 && s->out.max_bytes == MESSAGE_BYTES) {
			/* large by itself: it may have a message alone */
			s->out.max_bytes = DDNS_MSG_MAX_BYTES -
			    DDNS_TSIG_RR_MAX - 16;
			continue;
		}
		if (s->in_message == 0)
			return DDNS_ENOSPACE;
		err = send_message(s);
		if (err != DDNS_OK)
			return err;
		start_message(s);
	}
}

static enum ddns_err
put_soa(struct stream *s, uint32_t serial)
{
	struct ddns_zone zone = s->zone;
	struct ddns_buf rdata = { 0 };
	enum ddns_err err;

	zone.serial = serial;
	ddns_zone_soa_rdata(&zone, &rdata);
	err = rdata.err != DDNS_OK ? rdata.err : put_rr(s, &zone.name,
	    DDNS_TYPE_SOA, zone.soa_ttl_s, ddns_buf_span(&rdata));
	ddns_buf_done(&rdata);
	return err;
}

/* ---- AXFR ---- */

static enum ddns_err
put_stored(const struct ddns_rr *rr, void *arg)
{
	if (rr->type == DDNS_TYPE_NONE)
		return DDNS_OK;
	return put_rr(arg, &rr->owner, rr->type, rr->ttl_s, rr->rdata);
}

static enum ddns_err
put_all(struct stream *s)
{
	enum ddns_err err = put_soa(s, s->zone.serial);

	if (err == DDNS_OK)
		err = ddns_store_rr_list(s->transfer->store, s->zone.id,
		    put_stored, s);
	return err == DDNS_OK ? put_soa(s, s->zone.serial) : err;
}

/* ---- IXFR ---- */

/* The RRs of `from` that are not in `but`; with another TTL they are not. */
static enum ddns_err
put_difference(struct stream *s, const struct folded *f,
    const struct ddns_rrset *from, const struct ddns_rrset *but)
{
	bool same_ttl = ddns_rrset_ttl_s(from) == ddns_rrset_ttl_s(but);
	enum ddns_err err = DDNS_OK;
	struct ddns_span rdata;
	size_t pos = 0;

	while (err == DDNS_OK && ddns_rrset_next(from, &pos, &rdata))
		if (!same_ttl || !ddns_rrset_has(but, rdata))
			err = put_rr(s, &f->owner, f->type,
			    ddns_rrset_ttl_s(from), rdata);
	return err;
}

static void
forget_folded(struct stream *s)
{
	for (size_t i = 0; i < s->folded_count; i++) {
		ddns_rrset_done(&s->folded[i].before);
		ddns_rrset_done(&s->folded[i].after);
	}
	s->folded_count = 0;
	s->folding = false;
}

static enum ddns_err
put_folded(struct stream *s)
{
	enum ddns_err err;

	if (!s->folding)
		return DDNS_OK;
	err = put_soa(s, s->old_serial);
	for (size_t i = 0; i < s->folded_count && err == DDNS_OK; i++)
		err = put_difference(s, &s->folded[i], &s->folded[i].before,
		    &s->folded[i].after);
	if (err == DDNS_OK)
		err = put_soa(s, s->new_serial);
	for (size_t i = 0; i < s->folded_count && err == DDNS_OK; i++)
		err = put_difference(s, &s->folded[i], &s->folded[i].after,
		    &s->folded[i].before);
	s->old_serial = s->new_serial;
	forget_folded(s);
	return err;
}

static struct folded *
find_folded(struct stream *s, const struct ddns_name *owner, uint16_t type)
{
	uint64_t hash = ddns_name_hash(owner, type);
	struct folded *f;

	for (size_t i = 0; i < s->folded_count; i++) {
		f = &s->folded[i];
		if (f->hash == hash && f->type == type &&
		    ddns_name_equal(&f->owner, owner))
			return f;
	}
	if (s->folded_count == s->folded_cap) {
		size_t cap = s->folded_cap == 0 ? 16 : s->folded_cap * 2;

		f = realloc(s->folded, cap * sizeof(*f));
		if (f == NULL)
			return NULL;
		s->folded = f;
		s->folded_cap = cap;
	}
	f = &s->folded[s->folded_count++];
	*f = (struct folded){ .owner = *owner, .hash = hash, .type = 0 };
	return f;
}

static enum ddns_err
fold(struct stream *s, const struct ddns_journal_row *row)
{
	struct ddns_name owner;
	struct folded *f;
	enum ddns_err err;

	if (row->type == DDNS_TYPE_NONE)
		return DDNS_OK;
	err = ddns_name_parse(row->name, &owner);
	if (err != DDNS_OK)
		return err;
	f = find_folded(s, &owner, row->type);
	if (f == NULL)
		return DDNS_ENOMEM;
	if (f->type == 0) { /* new: what was before it all */
		f->type = row->type;
		err = ddns_rrset_from_bytes(row->old_set, &f->before);
	}
	return err != DDNS_OK ? err :
	    ddns_rrset_from_bytes(row->new_set, &f->after);
}

static enum ddns_err
on_row(const struct ddns_journal_row *row, void *arg)
{
	struct stream *s = arg;
	enum ddns_err err = DDNS_OK;

	if (!s->started) {
		err = put_soa(s, s->zone.serial);
		s->old_serial = s->transfer->serial;
	}
	if (err == DDNS_OK && s->folding && row->serial != s->new_serial)
		err = put_folded(s);
	if (err != DDNS_OK)
		return err;
	s->folding = true;
	s->new_serial = row->serial;
	return fold(s, row);
}

/* DDNS_ENOTFOUND (and nothing put): the history does not reach back. */
static enum ddns_err
put_changes(struct stream *s)
{
	enum ddns_err err = ddns_journal_zone(s->transfer->store, s->zone.id,
	    s->transfer->serial, on_row, s);

	if (err == DDNS_OK)
		err = put_folded(s);
	if (err != DDNS_OK)
		return err;
	if (!s->started) /* another serial, but no row of how it came */
		return DDNS_ENOTFOUND;
	if (s->old_serial != s->zone.serial) {
		/* a step without a change of ours: the SOAs alone tell it */
		s->folding = true;
		s->new_serial = s->zone.serial;
		err = put_folded(s);
	}
	return err == DDNS_OK ? put_soa(s, s->zone.serial) : err;
}

static enum ddns_err
put_transfer(struct stream *s)
{
	enum ddns_err err;

	/* up to date, or newer than we are: just the SOA (RFC 1995 s.2) */
	if (s->transfer->incremental &&
	    (int32_t)(s->transfer->serial - s->zone.serial) >= 0)
		return put_soa(s, s->zone.serial);
	if (!s->transfer->incremental)
		return put_all(s);
	err = put_changes(s);
	return err == DDNS_ENOTFOUND && !s->started ? put_all(s) : err;
}

enum ddns_err
ddns_dns_transfer_run(struct ddns_dns_transfer *transfer)
{
	struct stream s = { .transfer = transfer };
	enum ddns_err err = ddns_store_begin(transfer->store,
	    DDNS_STORE_READ);

	if (err == DDNS_OK)
		err = ddns_store_zone_get(transfer->store, transfer->zone_id,
		    &s.zone);
	if (err == DDNS_OK)
		err = put_transfer(&s);
	if (err == DDNS_OK)
		err = send_message(&s);
	ddns_store_rollback(transfer->store);
	forget_folded(&s);
	free(s.folded);
	ddns_buf_done(&s.out);
	return err;
}
