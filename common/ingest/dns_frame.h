/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_DNS_FRAME_H
#define DDNS_INGEST_DNS_FRAME_H

#include "common/ingest/dns_key.h"

/*
 * What is around every DNS request, whatever it asks: the header, EDNS, TSIG;
 * and the same around its answer.  Bytes in, bytes out, in the thread of the
 * event loop.
 */
struct ddns_dns_frame {
	/* the request, borrowed: valid while it is being read */
	struct ddns_span msg;
	struct ddns_msg_header header;
	struct ddns_msg_extra extra;

	/* what its answer needs, valid until _done */
	bool has_question;
	struct ddns_question question;
	bool tcp;
	bool has_tsig; /* the answer carries TSIG, unsigned if tsig is NULL */
	struct ddns_tsig_state state;
	struct ddns_dns_key *key; /* NULL: none that could be verified */
	struct ddns_tsig_key *tsig;
};

enum ddns_dns_verdict {
	DDNS_DNS_DROP,   /* no answer at all */
	DDNS_DNS_ANSWER, /* answer at once, with *ret_rcode */
	DDNS_DNS_GO      /* well-formed, and verified if signed */
};

/*
 * Takes a request apart.  An opcode that nobody here knows is answered NOTIMP,
 * a malformed message FORMERR (with TSIG only once that was verified), an
 * unverified one NOTAUTH, EDNS of a version above 0 BADVERS.  End with _done.
 */
enum ddns_dns_verdict ddns_dns_frame_open(struct ddns_dns_frame *frame,
    struct ddns_span msg, bool tcp, struct ddns_dns_keys *keys,
    struct ddns_unix_s now, unsigned *ret_rcode);
void ddns_dns_frame_done(struct ddns_dns_frame *frame);

#define DDNS_DNS_UDP_BYTES 1232 /* of our answers at most, and in our OPT */

/*
 * Starts the answer in out (emptied): header and question.  While it is
 * written, out->max_bytes leaves room for what _finish() adds.
 */
void ddns_dns_frame_start(const struct ddns_dns_frame *frame,
    struct ddns_msg_writer *w, struct ddns_buf *out);
/* Forgets all but the question and sets TC: it did not fit. */
void ddns_dns_frame_truncate(const struct ddns_dns_frame *frame,
    struct ddns_msg_writer *w, struct ddns_buf *out);
/* rcode, OPT if there was one, TSIG.  Any error: send nothing. */
enum ddns_err ddns_dns_frame_finish(struct ddns_dns_frame *frame,
    struct ddns_msg_writer *w, unsigned rcode, struct ddns_unix_s now)
    DDNS_MUST_CHECK;
/* The whole of an answer that has only a rcode to say. */
enum ddns_err ddns_dns_frame_answer(struct ddns_dns_frame *frame,
    unsigned rcode, struct ddns_unix_s now, struct ddns_buf *out)
    DDNS_MUST_CHECK;

#endif
