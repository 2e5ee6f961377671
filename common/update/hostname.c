/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/update/hostname.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <idn2.h>

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static enum ddns_err
parse_ascii(const char *text, struct ddns_name *ret)
{
	struct ddns_name name;
	enum ddns_err err;

	/* An escape could smuggle in what is no host name. */
	if (strchr(text, '\\') != NULL)
		return DDNS_EFORMAT;
	err = ddns_name_parse(text, &name);
	if (err != DDNS_OK)
		return err;
	if (ddns_name_labels(&name) < 2 ||
	    !ddns_name_is_hostname(&name, true))
		return DDNS_EFORMAT;
	ddns_name_lower(&name);
	*ret = name;
	return DDNS_OK;
}

enum ddns_err
ddns_hostname_parse(const char *text, struct ddns_name *ret)
{
	char *ascii = NULL;
	enum ddns_err err;

	if (is_ascii(text))
		return parse_ascii(text, ret);
	if (strlen(text) > DDNS_NAME_TEXT_MAX ||
	    idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT |
	    IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES) != IDN2_OK)
		return DDNS_EFORMAT;
	err = parse_ascii(ascii, ret);
	idn2_free(ascii);
	return err;
}
