/* SPDX-License-Identifier: BSD-3-Clause */
/* Zone files: each RR that is handed over is canonical and has a text. */
#include "common/dns/rdata.h"
#include "common/dns/rrset.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static enum ddns_err
each(const struct ddns_zonefile_rr *rr, void *arg)
{
	struct ddns_buf again = { 0 }, text = { 0 };

	(void)arg;
	FUZZ_CHECK(rr->ttl_s <= DDNS_TTL_MAX_S && rr->owner.len_bytes > 0);
	FUZZ_CHECK(ddns_rdata_read(rr->type, rr->rdata, 0,
	    rr->rdata.len_bytes, &again) == DDNS_OK);
	FUZZ_CHECK(again.len_bytes == rr->rdata.len_bytes);
	FUZZ_CHECK(ddns_rdata_format(rr->type, rr->rdata, &text) == DDNS_OK);
	ddns_buf_done(&again);
	ddns_buf_done(&text);
	return DDNS_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ddns_name origin = { 3, { 1, 'x', 0 } };
	const char *why = NULL;
	unsigned line = 0;
	enum ddns_err err;
	FILE *file;

	if (size == 0)
		return 0;
	file = fmemopen((void *)(uintptr_t)data, size, "r");
	if (file == NULL)
		return 0;
	err = ddns_zonefile_read(file, &origin, 60, each, NULL, &line, &why);
	FUZZ_CHECK(err == DDNS_OK || (err == DDNS_EFORMAT && why != NULL));
	fclose(file);
	return 0;
}
