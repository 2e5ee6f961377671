/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_HOSTNAME_H
#define DDNS_UPDATE_HOSTNAME_H

#include "common/base/err.h"
#include "common/dns/name.h"

/*
 * A host name as people and clients write it, as the name that is stored:
 * lower-case, a last dot is fine, at least two labels, letters, digits and
 * hyphens (an underscore is let pass, a first label "*" too), non-ASCII text
 * (UTF-8, NFC or not) to A-labels by IDNA 2008 (RFC 5891, non-transitional).
 * DDNS_EFORMAT for anything else; ret is set only on DDNS_OK.  Any thread.
 */
enum ddns_err ddns_hostname_parse(const char *text, struct ddns_name *ret)
    DDNS_MUST_CHECK;

#endif
