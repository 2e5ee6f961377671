/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the subscribers are doing: how far behind each is, and how long it took
 * from a commit to its acknowledgement.
 */
#include "common/daemon/ddnsctl.h"

struct listing {
	struct ctl_table *table;
	int64_t newest;
};

static json_t *
ms_json(uint32_t us)
{
	return us == 0 ? json_null() : json_real(us / 1000.0);
}

static enum ddns_err
list_subscriber(const struct ddns_subscriber *s, void *arg)
{
	struct listing *l = arg;
	int64_t lag = l->newest > s->seq ? l->newest - s->seq : 0;

	return ctl_table_add(l->table, json_pack("{s:o, s:o, s:o, s:I, s:I, "
	    "s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "subscriber", ctl_json_text(s->name),
	    "kind", ctl_json_text(s->kind),
	    "target", ctl_json_text(s->target),
	    "seq", (json_int_t)s->seq,
	    "lag", (json_int_t)lag,
	    "pending", (json_int_t)s->pending,
	    "acked", (json_int_t)s->acked,
	    "retries", (json_int_t)s->retries,
	    "last_ack", ctl_json_time_ms(s->last_ack),
	    "last_fail", ctl_json_time_ms(s->last_fail),
	    "last_error", ctl_json_text(s->last_error),
	    "p50_ms", ms_json(s->ack_p50_us),
	    "p99_ms", ms_json(s->ack_p99_us),
	    "max_ms", ms_json(s->ack_max_us)));
}

static bool
run_status(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {
		{ "subscriber", "SUBSCRIBER" }, { "kind", "KIND" },
		{ "target", "TARGET" }, { "lag", "LAG" },
		{ "pending", "PENDING" }, { "acked", "ACKED" },
		{ "retries", "RETRIES" }, { "last_ack", "LAST ACK" },
		{ "p50_ms", "P50 MS" }, { "p99_ms", "P99 MS" },
		{ "last_error", "LAST ERROR" },
	};
	struct ctl_table table;
	struct listing l = { .table = &table };

	/* one snapshot, or the lag could be of two moments */
	if (!ctl_read(ctl) || !ctl_ok(ctl, ddns_store_begin(ctl->store,
	    DDNS_STORE_READ), "store") ||
	    !ctl_ok(ctl, ddns_journal_last(ctl->store, &l.newest),
	    "journal"))
		return false;
	ctl_table_start(ctl, &table, columns, DDNS_COUNT(columns));
	return ctl_ok(ctl, ddns_store_subscriber_list(ctl->store,
	    list_subscriber, &l), "subscribers") && ctl_table_end(&table);
}

const struct ctl_command ctl_status_commands[] = {
	{ "status", "", "show how far each subscriber has been told", NULL,
	    run_status },
	{ NULL, NULL, NULL, NULL, NULL },
};
