/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BACKEND_TYPES_H
#define DDNS_BACKEND_TYPES_H

#include <stdint.h>

#include "common/base/err.h"

/*
 * The RR types that PowerDNS 4.7 has a name and a parser for.  To any other
 * mnemonic it answers SERVFAIL or takes it for an empty name; such types go as
 * TYPEn with generic data (RFC 3597).  Pure; any thread.
 */
const char *ddns_pdns_type_text(uint16_t type); /* NULL: not of those */
/* Also TYPEn and what else ddns_type_parse() knows. */
enum ddns_err ddns_pdns_type_parse(const char *text, uint16_t *ret)
    DDNS_MUST_CHECK;

#endif
