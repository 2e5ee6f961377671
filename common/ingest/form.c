/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/ingest/form.h"

#include <string.h>

#include "common/base/bytes.h"

/*
 * A '%' without two digits stays as it is: FRITZ!Box escapes nothing of what
 * it inserts.  A NUL would end the text early for us but not for others.
 */
static bool
decode(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		if (*text == '+') {
			*out++ = ' ';
		} else if (*text == '%' && ddns_hex_value(text[1]) >= 0 &&
		    ddns_hex_value(text[2]) >= 0) {
			int v = ddns_hex_value(text[1]) * 16 +
			    ddns_hex_value(text[2]);

			if (v == 0)
				return false;
			*out++ = (char)v;
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
	return true;
}

void
ddns_form_parse(char *text, struct ddns_form *form)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "&");
		char *next = text[len] == '&' ? text + len + 1 : text + len;
		char *value;

		text[len] = '\0';
		value = strchr(text, '=');
		if (value != NULL)
			*value++ = '\0';
		else
			value = text + len;
		if (*text != '\0') {
			if (form->count == DDNS_FORM_MAX || !decode(text) ||
			    !decode(value)) {
				form->bad = true;
				return;
			}
			form->pairs[form->count].name = text;
			form->pairs[form->count++].value = value;
		}
		text = next;
	}
}

const char *
ddns_form_get(const struct ddns_form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->pairs[i].name, name) == 0 &&
		    form->pairs[i].value[0] != '\0')
			return form->pairs[i].value;
	return NULL;
}

bool
ddns_form_conflicts(const struct ddns_form *form, const char *name)
{
	const char *first = ddns_form_get(form, name);

	for (size_t i = 0; first != NULL && i < form->count; i++)
		if (strcmp(form->pairs[i].name, name) == 0 &&
		    form->pairs[i].value[0] != '\0' &&
		    strcmp(form->pairs[i].value, first) != 0)
			return true;
	return false;
}
