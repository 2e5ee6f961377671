/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_INGEST_FORM_H
#define DDNS_INGEST_FORM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Parameters of a query string or a form (application/x-www-form-urlencoded),
 * decoded in place.  Pure.
 */
#define DDNS_FORM_MAX 64 /* parameters; clients send ten at the most */

struct ddns_form {
	struct {
		const char *name, *value;
	} pairs[DDNS_FORM_MAX];
	size_t count;
	bool bad; /* too many, or a %00: refuse the request */
};

/* Appends what is in text (a C string, changed, borrowed) to the form. */
void ddns_form_parse(char *text, struct ddns_form *form);
/* The first non-empty value of that name (exact), or NULL. */
const char *ddns_form_get(const struct ddns_form *form, const char *name);
/* Is a name there twice with different values? */
bool ddns_form_conflicts(const struct ddns_form *form, const char *name);

#endif
