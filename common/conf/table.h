/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_CONF_TABLE_H
#define DDNS_CONF_TABLE_H

#include "common/conf/conf.h"

/*
 * Inside common/conf only: what an option is, and one reader for tables of
 * them.  One load at a time in a process.
 */
enum ddns_option_kind {
	DDNS_OPTION_UINT,    /* unsigned */
	DDNS_OPTION_UINTS,   /* unsigned[], `most_values` of them, 0 ends */
	DDNS_OPTION_BOOL,    /* bool */
	DDNS_OPTION_TEXT,    /* char *, NULL when absent and without default */
	DDNS_OPTION_LEVEL,   /* enum ddns_log_level */
	DDNS_OPTION_LISTENS, /* struct ddns_listen *, and a size_t count */
	DDNS_OPTION_PREFIXES, /* struct ddns_prefix *, and a size_t count */
	DDNS_OPTION_NAMES    /* struct ddns_name *, and a size_t count */
};

struct ddns_option {
	const char *name;
	enum ddns_option_kind kind;
	size_t offset;       /* in the structure that is filled */
	size_t count_offset; /* of the lists */
	long min, max;       /* UINT, UINTS; of lists: default port in min */
	const char *def;     /* as it would be written; NULL: none */
	const char *unit;    /* for messages; "" when there is none */
	size_t most_values;  /* UINTS */
};

/*
 * A repeated, titled section: `name "title" { ... }`.  add() gets the filled
 * structure (size_bytes, owned by it from then on, also on failure) and
 * appends it to `into`; on a mistake it writes to why and returns an error.
 */
struct ddns_option_section {
	const char *name;
	const struct ddns_option *options;
	size_t options_count;
	size_t size_bytes;
	enum ddns_err (*add)(void *into, const char *title, void *take_section,
	    struct ddns_buf *why);
};

enum ddns_err ddns_option_load(const char *path,
    const struct ddns_option *options, size_t options_count,
    const struct ddns_option_section *sections, size_t sections_count,
    void *into, struct ddns_buf *why) DDNS_MUST_CHECK;

/* Frees what the options of a filled structure own, not the structure. */
void ddns_option_done(const struct ddns_option *options, size_t count,
    void *filled);

/*
 * A TSIG secret: base64 on the first line of a file that others cannot read.
 * DDNS_EFORMAT with `why` otherwise.
 */
enum ddns_err ddns_option_read_secret(const char *path,
    struct ddns_conf_key *key, struct ddns_buf *why) DDNS_MUST_CHECK;

#endif
