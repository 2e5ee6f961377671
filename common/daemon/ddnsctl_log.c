/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The journal for people and programs: who changed what, when, from where,
 * and what was refused and why.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/rdata.h"

#define FOLLOW_ROWS 10 /* that --follow begins with */
#define WATCH_MS 1000 /* look again this often even if nobody wakes us */

static json_t *
set_json(uint16_t type, struct ddns_span bytes)
{
	struct ddns_rrset set = { 0 };
	json_t *json = NULL;

	if (bytes.len_bytes > 0 &&
	    ddns_rrset_from_bytes(bytes, &set) == DDNS_OK)
		json = ctl_json_set(type, &set);
	ddns_rrset_done(&set);
	return json != NULL ? json : json_array();
}

/* What people read in one column: "192.0.2.1 -> 192.0.2.2", or the reason. */
static json_t *
what_json(const struct ddns_journal_row *row, const json_t *old,
    const json_t *new)
{
	struct ddns_buf text = { 0 };
	const json_t *sides[2] = { old, new }, *one;
	json_t *json;
	size_t i;

	for (unsigned s = 0; s < 2 && row->flags & DDNS_JOURNAL_CHANGED &&
	    !(row->flags & DDNS_JOURNAL_ZONE) && row->type != DDNS_TYPE_NONE;
	    s++) {
		if (s == 1)
			ddns_buf_put_text(&text, " -> ");
		if (json_array_size(sides[s]) == 0)
			ddns_buf_put_text(&text, "-");
		json_array_foreach(sides[s], i, one)
			ddns_buf_putf(&text, "%s%s", i > 0 ? "," : "",
			    json_string_value(one));
	}
	if (*row->reason != '\0')
		ddns_buf_putf(&text, "%s%s", text.len_bytes > 0 ? "; " : "",
		    row->reason);
	if (row->repeats > 1)
		ddns_buf_putf(&text, " (%u times)", (unsigned)row->repeats);
	json = ctl_json_text(ddns_buf_text(&text));
	ddns_buf_done(&text);
	return json;
}

static json_t *
row_json(const struct ddns_journal_row *row)
{
	char type[DDNS_TYPE_TEXT_MAX];
	json_t *old = set_json(row->type, row->old_set);
	json_t *new = set_json(row->type, row->new_set);
	json_t *what = what_json(row, old, new);

	return json_pack("{s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:o, s:o, s:o, s:o, s:I, s:b, s:b, s:b, s:b, s:b, s:I, s:o, "
	    "s:o}",
	    "seq", (json_int_t)row->seq,
	    "time", ctl_json_time_ms(row->time),
	    "request", (json_int_t)row->request,
	    "protocol", ctl_json_text(row->protocol),
	    "result", ctl_json_text(row->result),
	    "reason", ctl_json_text(row->reason),
	    "account", ctl_json_text(row->account),
	    "credential", ctl_json_text(row->credential),
	    "source", ctl_json_text(row->source),
	    "user_agent", ctl_json_text(row->user_agent),
	    "name", ctl_json_text(row->name),
	    "type", row->type == DDNS_TYPE_NONE ? json_null() :
		json_string(ddns_type_format(row->type, type)),
	    "old", old,
	    "new", new,
	    "serial", (json_int_t)row->serial,
	    "changed", (row->flags & DDNS_JOURNAL_CHANGED) != 0,
	    "appeared", (row->flags & DDNS_JOURNAL_APPEARED) != 0,
	    "vanished", (row->flags & DDNS_JOURNAL_VANISHED) != 0,
	    "zone", (row->flags & DDNS_JOURNAL_ZONE) != 0,
	    "tls", (row->flags & DDNS_JOURNAL_TLS) != 0,
	    "repeats", (json_int_t)row->repeats,
	    "last", ctl_json_time_ms(row->last),
	    "what", what);
}

struct listing {
	struct ctl_table *table;
	int64_t last;
};

static enum ddns_err
list_row(const struct ddns_journal_row *row, void *arg)
{
	struct listing *l = arg;

	l->last = row->seq;
	return ctl_table_add(l->table, row_json(row));
}

static const struct ctl_option log_options[] = {
	{ "--host", "HOST", "only of this name" },
	{ "--account", "ACCOUNT", "only by this account" },
	{ "--credential", "CREDENTIAL", "only by this token or key" },
	{ "--result", "CODE", "only with this result: good, badauth, ..." },
	{ "--source", "ADDRESS", "only from this address" },
	{ "--since", "TIME", "from this time on: 2026-11-21T05:00Z, or 1h "
	    "ago" },
	{ "--until", "TIME", "before this time" },
	{ "--failed", NULL, "only what was refused or failed" },
	{ "--changed", NULL, "only what changed records" },
	{ "-n", "NUMBER", "the newest so many [all; with --follow 10]" },
	{ "--follow", NULL, "go on with what comes, until interrupted" },
	{ NULL, NULL, NULL }
};

static bool
take_filter(struct ctl *ctl, struct ddns_journal_filter *f,
    char name[DDNS_NAME_TEXT_MAX], char source[DDNS_ADDR_TEXT_MAX])
{
	const char *host = ctl_opt(ctl, "--host");
	const char *from = ctl_opt(ctl, "--source");
	struct ddns_addr addr;
	struct ddns_name parsed;
	uint32_t max = ctl_flag(ctl, "--follow") ? FOLLOW_ROWS : 0;

	if (host != NULL) {
		if (!ctl_take_name(ctl, "--host", host, &parsed))
			return false;
		ddns_name_format(&parsed, name);
		f->name = name;
	}
	if (from != NULL) {
		if (ddns_addr_parse(from, &addr) != DDNS_OK)
			return ctl_usage(ctl, "--source: \"%s\" is no "
			    "address", from);
		ddns_addr_format(&addr, source);
		f->source = source;
	}
	if (!ctl_take_number(ctl, "-n", 1, UINT32_MAX, &max) ||
	    !ctl_take_time(ctl, "--since", &f->since) ||
	    !ctl_take_time(ctl, "--until", &f->until))
		return false;
	f->max = max;
	f->account = ctl_opt(ctl, "--account");
	f->credential = ctl_opt(ctl, "--credential");
	f->result = ctl_opt(ctl, "--result");
	f->failed_only = ctl_flag(ctl, "--failed");
	f->changed_only = ctl_flag(ctl, "--changed");
	return true;
}

static void
wait_for_commit(struct ctl *ctl)
{
	struct pollfd pfd = {
		.fd = ddns_store_watch_fd(ctl->store),
		.events = POLLIN,
	};

	/* poll() skips fd -1: then it is the timer alone */
	(void)poll(&pfd, 1, WATCH_MS);
	ddns_store_watch_drain(ctl->store);
}

static bool
follow(struct ctl *ctl, struct ddns_journal_filter *filter,
    struct listing *l)
{
	filter->max = 0;
	for (;;) {
		enum ddns_err err;

		wait_for_commit(ctl);
		filter->after = l->last;
		err = ddns_journal_query(ctl->store, filter, list_row, l);
		if (!ctl_ok(ctl, err, "journal"))
			return false;
		ctl_table_flush(l->table);
		if (ferror(stdout))
			return false;
	}
}

static bool
run_log(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {
		{ "time", "TIME" }, { "protocol", "PROTOCOL" },
		{ "account", "ACCOUNT" }, { "credential", "CREDENTIAL" },
		{ "source", "SOURCE" }, { "name", "NAME" },
		{ "type", "TYPE" }, { "result", "RESULT" },
		{ "what", "WHAT" },
	};
	char name[DDNS_NAME_TEXT_MAX], source[DDNS_ADDR_TEXT_MAX];
	struct ddns_journal_filter filter = { .name = NULL };
	struct ctl_table table;
	struct listing l = { .table = &table };
	int64_t newest = 0;

	if (!take_filter(ctl, &filter, name, source) || !ctl_read(ctl))
		return false;
	ctl_table_start(ctl, &table, columns, DDNS_COUNT(columns));
	table.lines = ctl_flag(ctl, "--follow");
	/* asked before the rows: none between is missed */
	if (!ctl_ok(ctl, ddns_journal_last(ctl->store, &newest), "journal") ||
	    !ctl_ok(ctl, ddns_journal_query(ctl->store, &filter, list_row,
	    &l), "journal"))
		return false;
	if (!table.lines)
		return ctl_table_end(&table);
	if (l.last < newest)
		l.last = newest;
	ctl_table_flush(&table);
	return follow(ctl, &filter, &l);
}

const struct ctl_command ctl_log_commands[] = {
	{ "log", "", "show the journal of updates and changes, oldest first",
	    log_options, run_log },
	{ NULL, NULL, NULL, NULL, NULL },
};
