/* SPDX-License-Identifier: BSD-3-Clause */
#include "pdns-backend/types.h"

#include <stddef.h>
#include <string.h>

#include "common/dns/rdata.h"
#include "common/dns/rrset.h"

/* The frequent ones first: this is searched from the front. */
static const struct {
	uint16_t type;
	const char text[12];
} types[] = {
	{ DDNS_TYPE_A, "A" },
	{ DDNS_TYPE_AAAA, "AAAA" },
	{ DDNS_TYPE_NS, "NS" },
	{ DDNS_TYPE_SOA, "SOA" },
	{ DDNS_TYPE_CNAME, "CNAME" },
	{ DDNS_TYPE_MX, "MX" },
	{ DDNS_TYPE_TXT, "TXT" },
	{ DDNS_TYPE_PTR, "PTR" },
	{ DDNS_TYPE_SRV, "SRV" },
	{ DDNS_TYPE_CAA, "CAA" },
	{ DDNS_TYPE_HTTPS, "HTTPS" },
	{ DDNS_TYPE_SVCB, "SVCB" },
	{ DDNS_TYPE_DS, "DS" },
	{ DDNS_TYPE_DNAME, "DNAME" },
	{ DDNS_TYPE_DHCID, "DHCID" },
	{ 7, "MB" },
	{ 8, "MG" },
	{ 9, "MR" },
	{ 13, "HINFO" },
	{ 14, "MINFO" },
	{ 17, "RP" },
	{ 18, "AFSDB" },
	{ 25, "KEY" },
	{ 29, "LOC" },
	{ 35, "NAPTR" },
	{ 36, "KX" },
	{ 37, "CERT" },
	{ 42, "APL" },
	{ 44, "SSHFP" },
	{ 45, "IPSECKEY" },
	{ DDNS_TYPE_RRSIG, "RRSIG" },
	{ DDNS_TYPE_NSEC, "NSEC" },
	{ DDNS_TYPE_DNSKEY, "DNSKEY" },
	{ DDNS_TYPE_NSEC3, "NSEC3" },
	{ DDNS_TYPE_NSEC3PARAM, "NSEC3PARAM" },
	{ 52, "TLSA" },
	{ 53, "SMIMEA" },
	{ 57, "RKEY" },
	{ 59, "CDS" },
	{ 60, "CDNSKEY" },
	{ 61, "OPENPGPKEY" },
	{ 62, "CSYNC" },
	{ 63, "ZONEMD" },
	{ 99, "SPF" },
	{ 104, "NID" },
	{ 105, "L32" },
	{ 106, "L64" },
	{ 107, "LP" },
	{ 108, "EUI48" },
	{ 109, "EUI64" },
	{ 256, "URI" },
};

const char *
ddns_pdns_type_text(uint16_t type)
{
	for (size_t i = 0; i < DDNS_COUNT(types); i++)
		if (types[i].type == type)
			return types[i].text;
	return NULL;
}

enum ddns_err
ddns_pdns_type_parse(const char *text, uint16_t *ret)
{
	if (strcmp(text, "ANY") == 0) {
		*ret = DDNS_TYPE_ANY;
		return DDNS_OK;
	}
	for (size_t i = 0; i < DDNS_COUNT(types); i++) {
		if (strcmp(types[i].text, text) != 0)
			continue;
		*ret = types[i].type;
		return DDNS_OK;
	}
	return ddns_type_parse(text, ret);
}
