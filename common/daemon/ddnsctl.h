/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DAEMON_DDNSCTL_H
#define DDNS_DAEMON_DDNSCTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/conf/conf.h"
#include "common/store/journal.h"
#include "common/store/store.h"
#include "common/update/change.h"

/*
 * ddnsctl: one table of commands, one file per family of them.  A command is
 * a function that returns true, or says what is wrong (ctl_fail(),
 * ctl_usage(), ctl_ok()) and returns false; main() rolls back what was not
 * committed, frees what hangs on struct ctl, and gives the exit code.
 * One thread.
 */
enum ctl_exit {
	CTL_EXIT_OK = 0,
	CTL_EXIT_FAILED = 1,
	CTL_EXIT_USAGE = 2,
	CTL_EXIT_UNSURE = 3 /* of check: cannot tell */
};

/* A list of these ends with a NULL name.  value NULL: the option is a flag. */
struct ctl_option {
	const char *name;
	const char *value;
	const char *about;
};

struct ctl;
struct ctl_command {
	const char *name; /* "zone add" */
	const char *args; /* "NAME [ADDR] TYPE...": tells how many, too */
	const char *about;
	const struct ctl_option *options; /* NULL: none */
	bool (*run)(struct ctl *ctl);
};

struct ctl_given {
	const struct ctl_option *option;
	const char *value; /* NULL for a flag */
};

struct ctl_args {
	const char **pos;
	unsigned pos_count;
	struct ctl_given *given;
	unsigned given_count;
};

struct ctl {
	const char *conf_path;
	bool json;
	const struct ctl_command *command;
	struct ctl_args args;
	enum ctl_exit exit;

	struct ddns_conf *conf;
	struct ddns_store *store;
	struct ddns_secret_key key;
	bool has_key;
	char *user; /* who does it */
	struct ddns_actor actor;
};

/* Every family's commands; a list ends with a NULL name. */
extern const struct ctl_command ctl_account_commands[];
extern const struct ctl_command ctl_backup_commands[];
extern const struct ctl_command ctl_check_commands[];
extern const struct ctl_command ctl_config_commands[];
extern const struct ctl_command ctl_grant_commands[];
extern const struct ctl_command ctl_host_commands[];
extern const struct ctl_command ctl_import_commands[];
extern const struct ctl_command ctl_key_commands[];
extern const struct ctl_command ctl_log_commands[];
extern const struct ctl_command ctl_record_commands[];
extern const struct ctl_command ctl_status_commands[];
extern const struct ctl_command ctl_token_commands[];
extern const struct ctl_command ctl_zone_commands[];

/* ---- ddnsctl_args.c: the command line; pure ---- */

/* The range that the words of `args` allow; "..." is CTL_MANY. */
#define CTL_MANY 1000000u
void ctl_args_range(const char *args, unsigned *ret_least,
    unsigned *ret_most);
/*
 * Words to positions and options; "--" ends the options, "--name=value" and
 * "--name value" are the same.  DDNS_EFORMAT: `why` tells the mistake.
 */
enum ddns_err ctl_args_parse(const struct ctl_command *command,
    const char *const *words, unsigned words_count, struct ctl_args *ret,
    struct ddns_buf *why) DDNS_MUST_CHECK;
void ctl_args_done(struct ctl_args *args);
/* "90", "90s", "15m", "1h30m", "7d", "2w"; at most 100 years. */
enum ddns_err ctl_parse_duration(const char *text, uint32_t *ret_s)
    DDNS_MUST_CHECK;
/*
 * "2026-11-21", "2026-11-21T05:00[:00[.123]][Z]", UTC; a duration is that long
 * before now; "@1700000000" seconds of the clock.
 */
enum ddns_err ctl_parse_time(const char *text, struct ddns_unix_ms now,
    struct ddns_unix_ms *ret) DDNS_MUST_CHECK;
enum ddns_err ctl_parse_u32(const char *text, uint32_t least, uint32_t most,
    uint32_t *ret) DDNS_MUST_CHECK;

/* ---- ddnsctl_open.c: configuration, store, key file, who we are ---- */

bool ctl_conf(struct ctl *ctl); /* loads it once */
bool ctl_read(struct ctl *ctl); /* opens the store for reading */
/*
 * Opens the store for writing, makes store and key file if they are not
 * there, and begins a transaction.
 */
bool ctl_begin(struct ctl *ctl);
bool ctl_commit(struct ctl *ctl);
bool ctl_load_key(struct ctl *ctl); /* the key file, into ctl->key */
/* Makes the key file if there is none; *ret_made tells. */
bool ctl_make_key(struct ctl *ctl, bool *ret_made);
/* A journal row for a change of policy: what was done, by whom. */
bool ctl_note(struct ctl *ctl, const char *name, const char *fmt, ...)
    DDNS_PRINTF(3, 4);

/* ---- ddnsctl_say.c: errors, tables, JSON ---- */

/* All three print to standard error, set the exit code, return false. */
bool ctl_fail(struct ctl *ctl, const char *fmt, ...) DDNS_PRINTF(2, 3);
bool ctl_usage(struct ctl *ctl, const char *fmt, ...) DDNS_PRINTF(2, 3);
/* true for DDNS_OK, else says "what: why" with the store's own words. */
bool ctl_ok(struct ctl *ctl, enum ddns_err err, const char *what);
void ctl_warn(const char *fmt, ...) DDNS_PRINTF(1, 2);

/* One row shape for both views: `key` in JSON, `head` above the column. */
struct ctl_column {
	const char *key;
	const char *head;
};

#define CTL_COLUMNS_MAX 16
struct ctl_table {
	struct ctl *ctl;
	const struct ctl_column *columns;
	unsigned columns_count;
	bool lines; /* JSON: an object a line instead of an array */
	bool begun;
	json_t *rows; /* of the table: those that are not printed yet */
	unsigned widths[CTL_COLUMNS_MAX];
};
void ctl_table_start(struct ctl *ctl, struct ctl_table *ret,
    const struct ctl_column *columns, unsigned columns_count);
enum ddns_err ctl_table_add(struct ctl_table *table, json_t *take_row)
    DDNS_MUST_CHECK;
/* Writes what waits; a table can go on after it (log --follow). */
void ctl_table_flush(struct ctl_table *table);
bool ctl_table_end(struct ctl_table *table);
/* One object: "key: value" lines, or JSON. */
bool ctl_show(struct ctl *ctl, json_t *take_object);
/* What a changing command says: a line for people, the object in JSON. */
bool ctl_done(struct ctl *ctl, json_t *take_object, const char *fmt, ...)
    DDNS_PRINTF(3, 4);

/* Values; never NULL but for want of memory. */
json_t *ctl_json_text(const char *text); /* mends what is no UTF-8 */
json_t *ctl_json_name(const struct ddns_name *name);
json_t *ctl_json_time_s(struct ddns_unix_s t); /* 0: null */
json_t *ctl_json_time_ms(struct ddns_unix_ms t);
/* The data of a set as an array of texts. */
json_t *ctl_json_set(uint16_t type, const struct ddns_rrset *set);

/* ---- ddnsctl_take.c: options and arguments to values, checked ---- */

const char *ctl_pos(const struct ctl *ctl, unsigned i); /* NULL: not given */
const char *ctl_opt(const struct ctl *ctl, const char *name); /* the last */
bool ctl_flag(const struct ctl *ctl, const char *name);
/* The i-th value of an option that may come again; NULL behind the last. */
const char *ctl_opt_nth(const struct ctl *ctl, const char *name, unsigned i);

/* `what` names the field in the error: "--ns", "NAME".  Lower-cased. */
bool ctl_take_name(struct ctl *ctl, const char *what, const char *text,
    struct ddns_name *ret);
bool ctl_take_host_name(struct ctl *ctl, const char *what, const char *text,
    struct ddns_name *ret); /* letters, digits, hyphen */
/* These leave *ret alone when the option is not given. */
bool ctl_take_seconds(struct ctl *ctl, const char *option, uint32_t least,
    uint32_t most, uint32_t *ret);
bool ctl_take_number(struct ctl *ctl, const char *option, uint32_t least,
    uint32_t most, uint32_t *ret);
bool ctl_take_time(struct ctl *ctl, const char *option,
    struct ddns_unix_ms *ret);
bool ctl_take_expiry(struct ctl *ctl, const char *option,
    struct ddns_unix_s *ret);
/* `--x` sets the bit, `--no-x` clears it. */
void ctl_take_bit(const struct ctl *ctl, const char *yes, const char *no,
    unsigned bit, unsigned *flags);
bool ctl_take_type(struct ctl *ctl, const char *what, const char *text,
    uint16_t *ret);
/* "A,AAAA" or "a aaaa" to "A AAAA"; ret is yours. */
bool ctl_take_types(struct ctl *ctl, const char *what, const char *text,
    char **ret);
bool ctl_take_note(struct ctl *ctl, const char **ret); /* --note */
/* Copies what the store lent; *ret is yours and *text points at it then. */
bool ctl_keep(struct ctl *ctl, const char **text, char **ret);
/* 1 to 64 of letters, digits and . _ @ -: accounts and tokens. */
bool ctl_take_label(struct ctl *ctl, const char *what, const char *text);

/* Rows by the name given; "no such zone" and the like when not there. */
bool ctl_find_zone(struct ctl *ctl, const char *text, struct ddns_zone *ret);
bool ctl_find_zone_of(struct ctl *ctl, const struct ddns_name *name,
    struct ddns_zone *ret); /* the deepest that holds it */
bool ctl_find_host(struct ctl *ctl, const char *text, struct ddns_host *ret);
bool ctl_find_account(struct ctl *ctl, const char *text,
    struct ddns_account *ret);
/* kind 0: either */
bool ctl_find_cred(struct ctl *ctl, const char *text,
    enum ddns_cred_kind kind, struct ddns_cred *ret);

/* ---- shared by families ---- */

/* ddnsctl_zone.c: the defaults of a new zone, without name and mname. */
void ctl_zone_defaults(struct ddns_zone *zone, struct ddns_unix_ms now);
bool ctl_zone_take_name(struct ctl *ctl, const char *what, const char *text,
    struct ddns_name *ret);
/* Above all that the journal knows of a zone of that name. */
bool ctl_zone_raise_serial(struct ctl *ctl, struct ddns_zone *zone);
/* Says so if a new zone would hide hosts of the zone above. */
bool ctl_zone_may_add(struct ctl *ctl, const struct ddns_name *apex);
/* ddnsctl_host.c: gives the host's address records its TTL of now. */
bool ctl_host_apply_ttl(struct ctl *ctl, const struct ddns_zone *zone,
    const struct ddns_host *host);
/* ddnsctl_grant.c: "deny subtree dyn.test A AAAA", appended to cred. */
bool ctl_grant_add(struct ctl *ctl, const struct ddns_cred *cred,
    const char *text, int position);
/* ddnsctl_token.c: names of the flags, of a credential, as an array. */
json_t *ctl_json_cred_flags(unsigned flags);
json_t *ctl_json_cred(struct ctl *ctl, const struct ddns_cred *cred);
bool ctl_cred_change(struct ctl *ctl, enum ddns_cred_kind kind); /* set */
bool ctl_cred_revoke(struct ctl *ctl, enum ddns_cred_kind kind);
bool ctl_cred_delete(struct ctl *ctl, enum ddns_cred_kind kind);
bool ctl_cred_list(struct ctl *ctl, enum ddns_cred_kind kind);
bool ctl_cred_show(struct ctl *ctl, enum ddns_cred_kind kind);

#endif
