/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * getAllDomains and getDomainInfo: which zones there are.
 *
 * All are of kind "master".  notified_serial is the serial: the daemon tells
 * secondaries itself, so that PowerDNS has none to tell.
 */
#include "pdns-backend/methods.h"

#include <time.h>

#include "pdns-backend/reply.h"

struct domains {
	struct ddns_buf *out;
	size_t count;
};

static enum ddns_err
put_domain(const struct ddns_zone *zone, void *arg)
{
	struct domains *d = arg;

	if (d->count++ > 0)
		ddns_buf_put_u8(d->out, ',');
	ddns_buf_put_text(d->out, "{\"id\":");
	ddns_reply_put_number(d->out, zone->id);
	ddns_buf_put_text(d->out, ",\"zone\":");
	ddns_reply_put_name(d->out, &zone->name);
	ddns_buf_put_text(d->out, ",\"kind\":\"master\",\"serial\":");
	ddns_reply_put_number(d->out, zone->serial);
	ddns_buf_put_text(d->out, ",\"notified_serial\":");
	ddns_reply_put_number(d->out, zone->serial);
	ddns_buf_put_text(d->out, ",\"last_check\":0,\"masters\":[]}");
	return d->out->err;
}

/*
 * PowerDNS asks this when it starts, and ends when there is no answer: wait
 * for a store that the daemon is about to make.
 */
static enum ddns_err
wait_for_store(struct ddns_backend *backend)
{
	static const struct timespec step = { .tv_nsec = 20 * 1000 * 1000 };
	int64_t until = ddns_mono_us_now().v + backend->patience_ms * 1000;
	enum ddns_err err;

	while ((err = ddns_backend_open_store(backend)) != DDNS_OK &&
	    ddns_mono_us_now().v < until)
		nanosleep(&step, NULL);
	return err;
}

enum ddns_err
ddns_method_get_all_domains(struct ddns_backend *backend,
    const struct ddns_request *req, struct ddns_buf *out)
{
	struct domains d = { .out = out };
	enum ddns_err err;

	(void)req;
	err = wait_for_store(backend);
	if (err != DDNS_OK)
		return err;
	ddns_buf_put_u8(out, '[');
	err = ddns_store_zone_list(backend->store, put_domain, &d);
	ddns_buf_put_u8(out, ']');
	return err;
}

enum ddns_err
ddns_method_get_domain_info(struct ddns_backend *backend,
    const struct ddns_request *req, struct ddns_buf *out)
{
	const char *text = ddns_request_text(req, "name");
	struct domains d = { .out = out };
	struct ddns_zone zone;
	struct ddns_name name;
	enum ddns_err err = DDNS_ENOTFOUND;

	if (text == NULL)
		return DDNS_EFORMAT;
	if (ddns_name_parse(text, &name) == DDNS_OK) {
		ddns_name_lower(&name);
		err = ddns_store_zone_get_named(backend->store, &name, &zone);
	}
	if (err == DDNS_OK)
		return put_domain(&zone, &d);
	if (err != DDNS_ENOTFOUND)
		return err;
	ddns_buf_put_text(out, "false");
	return DDNS_OK;
}
