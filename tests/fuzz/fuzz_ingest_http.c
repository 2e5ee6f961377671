/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One HTTP request from its bytes to what is asked: head, form, credential,
 * source, dyndns2.  Whatever comes, the texts stay inside and the result keeps
 * its promises.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/ingest/credentials.h"
#include "common/ingest/dyndns2.h"
#include "common/ingest/forwarded.h"
#include "common/ingest/reply.h"

static void
check_dyndns2(const struct ddns_form *form, const struct ddns_addr *source)
{
	struct ddns_dyndns2 got;

	ddns_dyndns2_parse(form, source, &got);
	FUZZ_CHECK(got.hosts_count <= DDNS_UPDATE_MAX_HOSTS);
	FUZZ_CHECK(!form->bad || got.code != DDNS_UPDATE_GOOD);
	FUZZ_CHECK((got.code == DDNS_UPDATE_GOOD) == (got.reason[0] == '\0'));
	for (size_t i = 0; i < got.hosts_count; i++) {
		const struct ddns_name *name = &got.hosts[i].name;

		FUZZ_CHECK(got.hosts[i].text_len > 0);
		FUZZ_CHECK(name->len_bytes == 0 ||
		    (ddns_name_labels(name) >= 2 &&
		    ddns_name_is_hostname(name, true)));
	}
	for (int f = 0; f < DDNS_FAMILIES; f++)
		if (got.op[f].op == DDNS_OP_SET)
			FUZZ_CHECK((got.op[f].addr.family == AF_INET) ==
			    (f == DDNS_FAMILY_V4));
}

static void
check_request(struct ddns_http_request *request, char *body)
{
	static const struct ddns_prefix proxies = { { AF_INET, { 10 } }, 8 };
	static const struct ddns_addr peer = { AF_INET, { 10, 0, 0, 1 } };
	struct ddns_credentials credentials;
	struct ddns_form form = { .count = 0 };
	struct ddns_forwarded from;

	ddns_form_parse(request->query, &form);
	ddns_form_parse(body, &form);
	FUZZ_CHECK(form.count <= DDNS_FORM_MAX);
	from = ddns_forwarded_find(request, &peer, false, &proxies, 1);
	FUZZ_CHECK(from.source.family == AF_INET ||
	    from.source.family == AF_INET6);
	ddns_credentials_find(request, &form, &credentials);
	FUZZ_CHECK(credentials.token_len_bytes <= DDNS_CREDENTIALS_MAX);
	FUZZ_CHECK(credentials.token_len_bytes > 0 ||
	    credentials.from == DDNS_CREDENTIALS_NONE ||
	    credentials.from == DDNS_CREDENTIALS_BROKEN);
	FUZZ_CHECK(ddns_client_of(request) < DDNS_CLIENTS);
	check_dyndns2(&form, &from.source);
}

/* However the bytes arrive, the head ends at the same place. */
static size_t
find_head(const char *data, size_t size)
{
	size_t scanned = 0, slow = 0, len;

	len = ddns_http_head_len(data, size, &scanned);
	scanned = 0;
	for (size_t n = 0; n <= size && slow == 0; n++)
		slow = ddns_http_head_len(data, n, &scanned);
	FUZZ_CHECK(slow == len);
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ddns_http_request request;
	char *head, *body;
	size_t len;

	if (size > DDNS_HTTP_HEAD_MAX)
		return 0;
	len = find_head((const char *)data, size);
	if (len == 0)
		return 0;
	head = malloc(len + 1);
	body = calloc(1, size - len + 1);
	if (head != NULL && body != NULL) {
		memcpy(head, data, len);
		memcpy(body, data + len, size - len);
		if (ddns_http_parse(head, len, &request) == 0)
			check_request(&request, body);
	}
	free(head);
	free(body);
	return 0;
}
