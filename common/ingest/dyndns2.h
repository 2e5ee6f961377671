/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_DYNDNS2_H
#define DDNS_INGEST_DYNDNS2_H

#include "common/ingest/form.h"
#include "common/update/apply.h"

/*
 * The dyndns2 request out of its parameters, every alias that clients use
 * included.  Pure; docs/http.md lists them.
 */
struct ddns_dyndns2_host {
	const char *text;      /* borrowed from the form, not trusted */
	size_t text_len;
	struct ddns_name name; /* len_bytes == 0: not a full host name */
};

struct ddns_dyndns2 {
	/* GOOD: so far fine.  Else all of the request is refused. */
	enum ddns_update_code code;
	char reason[96];
	struct ddns_dyndns2_host hosts[DDNS_UPDATE_MAX_HOSTS];
	size_t hosts_count; /* 0: none named */
	struct ddns_update_op op[DDNS_FAMILIES];
	bool wildcard;
};

/* source: of the connection, for requests that bring no address. */
void ddns_dyndns2_parse(const struct ddns_form *form,
    const struct ddns_addr *source, struct ddns_dyndns2 *ret);

#endif
