/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the sections of an UPDATE message to a list of checked RRs.
 *
 * What is wrong with an RR's form is noted at the RR and not answered at once:
 * RFC 2136 s.3.2.5 evaluates prerequisites one by one, so one that fails wins
 * over a malformed one behind it.
 */
#include "common/update/message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/dns/rdata.h"
#include "common/update/address.h"

/* Types that are questions or belong to one message, never data. */
static bool
is_meta(uint16_t type)
{
	return type == DDNS_TYPE_NONE || type == DDNS_TYPE_OPT ||
	    (type >= 128 && type <= 255);
}

static enum ddns_err
keep_rdata(struct ddns_update_message *message, struct ddns_span msg,
    const struct ddns_msg_rr *rr, struct ddns_update_rr *to)
{
	enum ddns_err err;

	to->rdata = message->data.len_bytes;
	err = ddns_rdata_read(rr->type, msg, rr->rdata, rr->rdata_len_bytes,
	    &message->data);
	if (err == DDNS_EFORMAT) {
		message->data.len_bytes = to->rdata;
		message->data.err = DDNS_OK;
		to->rcode = DDNS_RCODE_FORMERR;
		return DDNS_OK;
	}
	to->rdata_len_bytes = message->data.len_bytes - to->rdata;
	return err;
}

/* RFC 2136 s.3.2.5, without looking into the zone. */
static enum ddns_err
check_prereq(struct ddns_update_message *message, struct ddns_span msg,
    const struct ddns_msg_rr *rr, struct ddns_update_rr *to)
{
	bool existence = rr->class == DDNS_CLASS_ANY ||
	    rr->class == DDNS_CLASS_NONE;

	if (rr->ttl_s != 0)
		to->rcode = DDNS_RCODE_FORMERR;
	else if (!ddns_name_is_under(&to->owner, &message->zone))
		to->rcode = DDNS_RCODE_NOTZONE;
	else if (existence && (rr->rdata_len_bytes != 0 ||
	    (is_meta(rr->type) && rr->type != DDNS_TYPE_ANY)))
		to->rcode = DDNS_RCODE_FORMERR;
	else if (!existence && (rr->class != message->zone_class ||
	    is_meta(rr->type)))
		to->rcode = DDNS_RCODE_FORMERR;
	else if (!existence)
		return keep_rdata(message, msg, rr, to);
	return DDNS_OK;
}

/* RFC 2136 s.3.4.1.3. */
static enum ddns_err
check_update(struct ddns_update_message *message, struct ddns_span msg,
    const struct ddns_msg_rr *rr, struct ddns_update_rr *to)
{
	bool delete_set = rr->class == DDNS_CLASS_ANY;
	bool delete_rr = rr->class == DDNS_CLASS_NONE;

	if (!ddns_name_is_under(&to->owner, &message->zone))
		to->rcode = DDNS_RCODE_NOTZONE;
	else if (!delete_set && !delete_rr && rr->class != message->zone_class)
		to->rcode = DDNS_RCODE_FORMERR;
	else if (is_meta(rr->type) &&
	    !(delete_set && rr->type == DDNS_TYPE_ANY))
		to->rcode = DDNS_RCODE_FORMERR;
	else if ((delete_set || delete_rr) && rr->ttl_s != 0)
		to->rcode = DDNS_RCODE_FORMERR;
	else if (delete_set && rr->rdata_len_bytes != 0)
		to->rcode = DDNS_RCODE_FORMERR;
	else if (!delete_set)
		return keep_rdata(message, msg, rr, to);
	return DDNS_OK;
}

typedef enum ddns_err check_fn(struct ddns_update_message *message,
    struct ddns_span msg, const struct ddns_msg_rr *rr,
    struct ddns_update_rr *to);

static enum ddns_err
read_section(struct ddns_update_message *message, struct ddns_span msg,
    size_t pos, size_t count, check_fn *check, struct ddns_update_rr **ret)
{
	struct ddns_update_rr *list;
	enum ddns_err err = DDNS_OK;

	list = calloc(count == 0 ? 1 : count, sizeof(*list));
	if (list == NULL)
		return DDNS_ENOMEM;
	*ret = list;
	for (size_t i = 0; i < count && err == DDNS_OK; i++) {
		struct ddns_msg_rr rr;

		err = ddns_msg_read_rr(msg, &pos, &rr);
		if (err != DDNS_OK)
			break;
		list[i].owner = rr.owner;
		ddns_name_lower(&list[i].owner);
		list[i].hash = ddns_name_hash(&list[i].owner, 0);
		list[i].type = rr.type;
		list[i].class = rr.class;
		/* RFC 2181 s.8: a TTL with the top bit set is zero */
		list[i].ttl_s = rr.ttl_s > DDNS_TTL_MAX_S ? 0 : rr.ttl_s;
		err = check(message, msg, &rr, &list[i]);
	}
	return err;
}

/* RFC 2136 s.3.1.1: exactly one zone, type SOA. */
static enum ddns_err
read_zone(struct ddns_span msg, const struct ddns_msg_header *header,
    struct ddns_update_message *message, unsigned *ret_rcode)
{
	size_t pos = DDNS_MSG_HEADER_BYTES;
	struct ddns_question zone;

	*ret_rcode = DDNS_RCODE_FORMERR;
	if (header->count[DDNS_SECTION_QUESTION] != 1 ||
	    ddns_msg_read_question(msg, &pos, &zone) != DDNS_OK ||
	    zone.type != DDNS_TYPE_SOA)
		return DDNS_EFORMAT;
	if (zone.class != DDNS_CLASS_IN) {
		*ret_rcode = DDNS_RCODE_NOTAUTH;
		return DDNS_EFORMAT;
	}
	message->zone = zone.name;
	message->zone_class = zone.class;
	ddns_name_lower(&message->zone);
	return DDNS_OK;
}

enum ddns_err
ddns_update_message_read(struct ddns_span msg,
    const struct ddns_msg_header *header, const struct ddns_msg_extra *extra,
    struct ddns_update_message **ret, unsigned *ret_rcode)
{
	struct ddns_update_message *message = calloc(1, sizeof(*message));
	enum ddns_err err;

	if (message == NULL)
		return DDNS_ENOMEM;
	err = read_zone(msg, header, message, ret_rcode);
	if (err != DDNS_OK)
		goto out;
	message->prereqs_count = header->count[DDNS_SECTION_ANSWER];
	message->updates_count = header->count[DDNS_SECTION_AUTHORITY];
	err = read_section(message, msg, extra->section[DDNS_SECTION_ANSWER],
	    message->prereqs_count, check_prereq, &message->prereqs);
	if (err == DDNS_OK)
		err = read_section(message, msg,
		    extra->section[DDNS_SECTION_AUTHORITY],
		    message->updates_count, check_update, &message->updates);
	if (err != DDNS_OK)
		goto out;
	for (size_t i = 0; i < message->updates_count &&
	    message->prescan_rcode == DDNS_RCODE_NOERROR; i++)
		message->prescan_rcode = message->updates[i].rcode;
	*ret_rcode = DDNS_RCODE_NOERROR;
	*ret = message;
	message = NULL;
out:
	ddns_update_message_free(message);
	return err;
}

void
ddns_update_message_free(struct ddns_update_message *message)
{
	if (message == NULL)
		return;
	free(message->prereqs);
	free(message->updates);
	ddns_buf_done(&message->data);
	free(message);
}

bool
ddns_update_message_is_bad(const struct ddns_update_message *message)
{
	if (message->prescan_rcode != DDNS_RCODE_NOERROR)
		return true;
	for (size_t i = 0; i < message->prereqs_count; i++)
		if (message->prereqs[i].rcode != DDNS_RCODE_NOERROR)
			return true;
	return false;
}

static bool
is_signer_made(uint16_t type)
{
	return type == DDNS_TYPE_RRSIG || type == DDNS_TYPE_NSEC ||
	    type == DDNS_TYPE_NSEC3;
}

struct asking {
	struct ddns_store *store;
	const struct ddns_zone *zone;
	const struct ddns_subject *who;
	const struct ddns_update_message *message;
	const struct ddns_update_rr *rr;
	struct ddns_decision decision;
	const struct ddns_name *host; /* whose flags were looked up last */
	unsigned host_flags;          /* 0 where no host is registered */
	bool is_host;
};

static enum ddns_err
ask(struct asking *asking, uint16_t type)
{
	return ddns_update_authorize(asking->store, asking->who,
	    &asking->rr->owner, type, &asking->decision);
}

static enum ddns_err
ask_existing(const struct ddns_rr *stored, void *arg)
{
	struct asking *asking = arg;
	enum ddns_err err;

	if (stored->type == DDNS_TYPE_NONE ||
	    (stored->type == DDNS_TYPE_NS && ddns_name_equal(
	    &asking->rr->owner, &asking->zone->name)))
		return DDNS_OK; /* stays whoever asks */
	err = ask(asking, stored->type);
	if (err != DDNS_OK)
		return err;
	return asking->decision.allowed ? DDNS_OK : DDNS_ESTOP;
}

/* "All types": allowed by a rule for ANY, or when each type there is. */
static enum ddns_err
ask_all_types(struct asking *asking)
{
	enum ddns_err err = ask(asking, DDNS_TYPE_ANY);

	if (err != DDNS_OK || asking->decision.allowed)
		return err;
	asking->decision.allowed = true;
	return ddns_store_rr_lookup(asking->store, asking->zone->id,
	    &asking->rr->owner, DDNS_TYPE_ANY, ask_existing, asking);
}

/* The flags of the host with that name; a message mostly has one name. */
static enum ddns_err
find_host(struct asking *asking)
{
	const struct ddns_name *name = &asking->rr->owner;
	struct ddns_host host = { .flags = 0 };
	enum ddns_err err;

	if (asking->host != NULL && ddns_name_equal(asking->host, name))
		return DDNS_OK;
	err = ddns_store_host_get(asking->store, name, &host);
	if (err != DDNS_OK && err != DDNS_ENOTFOUND)
		return err;
	asking->host = name;
	asking->is_host = err == DDNS_OK;
	asking->host_flags = err == DDNS_OK ? host.flags : 0;
	return DDNS_OK;
}

static bool
is_address_allowed(const struct asking *asking, struct ddns_addr *ret)
{
	const struct ddns_update_rr *rr = asking->rr;

	if (rr->class != asking->message->zone_class ||
	    (rr->type != DDNS_TYPE_A && rr->type != DDNS_TYPE_AAAA))
		return true;
	*ret = (struct ddns_addr){
		.family = rr->type == DDNS_TYPE_A ? AF_INET : AF_INET6
	};
	memcpy(ret->bytes, asking->message->data.base + rr->rdata,
	    rr->rdata_len_bytes);
	return ddns_update_check_addr(ret, asking->host_flags) !=
	    DDNS_ADDR_REFUSE;
}

/*
 * A registered host keeps its policy whatever the protocol.  Other names, such
 * as those of a DHCP server's private network, have none.
 */
static enum ddns_err
ask_host(struct asking *asking, struct ddns_buf *why)
{
	char text[DDNS_ADDR_TEXT_MAX];
	struct ddns_addr addr;
	enum ddns_err err = find_host(asking);

	if (err != DDNS_OK || !asking->is_host)
		return err;
	asking->decision.allowed = false;
	if ((asking->host_flags & DDNS_HOST_DISABLED) != 0) {
		ddns_buf_put_text(why, "the host is disabled");
	} else if (!is_address_allowed(asking, &addr)) {
		ddns_addr_format(&addr, text);
		ddns_buf_putf(why, "%s is %s", text,
		    ddns_addr_class_text(ddns_addr_classify(&addr)));
	} else {
		asking->decision.allowed = true;
	}
	return DDNS_OK;
}

/* May the credential change the type of the name? */
static enum ddns_err
ask_grants(struct asking *asking, struct ddns_buf *why)
{
	enum ddns_err err;

	asking->decision.allowed = false;
	if (is_signer_made(asking->rr->type)) {
		ddns_buf_put_text(why, "only the signer makes that type");
		return DDNS_OK;
	}
	err = asking->rr->type == DDNS_TYPE_ANY ? ask_all_types(asking) :
	    ask(asking, asking->rr->type);
	if (err == DDNS_OK && !asking->decision.allowed)
		ddns_decision_format(&asking->decision, why);
	return err;
}

enum ddns_err
ddns_update_message_authorize(struct ddns_store *store,
    const struct ddns_zone *zone, const struct ddns_subject *who,
    const struct ddns_update_message *message, unsigned *ret_rcode,
    const struct ddns_update_rr **ret_bad, struct ddns_buf *why)
{
	struct asking asking = { .store = store, .zone = zone, .who = who,
		.message = message };

	*ret_rcode = DDNS_RCODE_NOERROR;
	for (size_t i = 0; i < message->updates_count; i++) {
		enum ddns_err err;

		asking.rr = &message->updates[i];
		err = ask_grants(&asking, why);
		if (err == DDNS_OK && asking.decision.allowed)
			err = ask_host(&asking, why);
		if (err != DDNS_OK)
			return err;
		if (asking.decision.allowed)
			continue;
		*ret_rcode = DDNS_RCODE_REFUSED;
		if (ret_bad != NULL)
			*ret_bad = asking.rr;
		return DDNS_OK;
	}
	return DDNS_OK;
}
