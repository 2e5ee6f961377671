/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * getDomainMetadata and getAllDomainMetadata: the same for each zone of ours.
 *
 * API-RECTIFY        0: for one changed record PowerDNS would list the zone
 * SOA-EDIT-API       else the HTTP API would not move the serial
 * TSIG-ALLOW-DNSUPDATE  a key that cannot exist: PowerDNS's own dnsupdate is
 *                    never open for these zones; updates go to the daemon
 */
#include "pdns-backend/methods.h"

#include <string.h>

#include "pdns-backend/reply.h"

static const struct {
	const char *kind, *value;
} defaults[] = {
	{ "API-RECTIFY", "0" },
	{ "SOA-EDIT-API", "INCREASE" },
	{ "TSIG-ALLOW-DNSUPDATE", "updates-go-to-ddnsd.invalid" },
};

/* DDNS_ENOTFOUND: not a zone of ours. */
static enum ddns_err
check_zone(struct ddns_backend *backend, const struct ddns_request *req)
{
	const char *text = ddns_request_text(req, "name");
	struct ddns_zone zone;
	struct ddns_name name;

	if (text == NULL)
		return DDNS_EFORMAT;
	if (ddns_name_parse(text, &name) != DDNS_OK)
		return DDNS_ENOTFOUND;
	ddns_name_lower(&name);
	return ddns_store_zone_get_named(backend->store, &name, &zone);
}

static void
put_values(struct ddns_buf *out, const char *value)
{
	ddns_buf_put_u8(out, '[');
	ddns_reply_put_string(out, value);
	ddns_buf_put_u8(out, ']');
}

enum ddns_err
ddns_method_get_domain_metadata(struct ddns_backend *backend,
    const struct ddns_request *req, struct ddns_buf *out)
{
	const char *kind = ddns_request_text(req, "kind");
	enum ddns_err err = check_zone(backend, req);

	if (err != DDNS_OK && err != DDNS_ENOTFOUND)
		return err;
	if (kind == NULL)
		return DDNS_EFORMAT;
	for (size_t i = 0; err == DDNS_OK && i < DDNS_COUNT(defaults); i++) {
		if (strcmp(defaults[i].kind, kind) != 0)
			continue;
		put_values(out, defaults[i].value);
		return DDNS_OK;
	}
	ddns_buf_put_text(out, "[]");
	return DDNS_OK;
}

enum ddns_err
ddns_method_get_all_domain_metadata(struct ddns_backend *backend,
    const struct ddns_request *req, struct ddns_buf *out)
{
	enum ddns_err err = check_zone(backend, req);

	if (err != DDNS_OK && err != DDNS_ENOTFOUND)
		return err;
	ddns_buf_put_u8(out, '{');
	for (size_t i = 0; err == DDNS_OK && i < DDNS_COUNT(defaults); i++) {
		if (i > 0)
			ddns_buf_put_u8(out, ',');
		ddns_reply_put_string(out, defaults[i].kind);
		ddns_buf_put_u8(out, ':');
		put_values(out, defaults[i].value);
	}
	ddns_buf_put_u8(out, '}');
	return DDNS_OK;
}
