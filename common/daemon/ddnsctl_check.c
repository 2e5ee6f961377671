/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the world see what the store holds?  Asks the authoritative server and
 * each resolver for A and AAAA of one name, compares the data, and gives the
 * verdict as exit code, for monitoring:
 *
 *     0  all agree
 *     1  at least one answers something else (stale, missing, lingering)
 *     3  cannot tell: not our name, no store, or a server gave no answer
 *
 * A disagreement that was seen counts more than an answer that was not.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/msg.h"
#include "common/dns/rdata.h"

#define TIMEOUT_S 2
#define TRIES 2 /* over UDP; then the server counts as silent */
#define UDP_BYTES 1232
#define CNAME_MAX 8

enum verdict {
	VERDICT_AGREES,
	VERDICT_STALE,   /* other data than stored */
	VERDICT_MISSING, /* none, though there is some */
	VERDICT_LINGERS, /* some, though there is none */
	VERDICT_NO_ANSWER
};

static const char *const verdict_texts[] = { "agrees", "stale", "missing",
	"lingers", "no answer" };

struct question {
	struct ddns_name name;
	uint16_t type;
	bool recurse;
	uint16_t id;
};

struct answer {
	unsigned rcode;
	bool truncated;
	struct ddns_rrset set;
	uint32_t ttl_s;
	const char *error; /* NULL: there is an answer */
	int64_t took_us;
};

/* ---- one question to one server ---- */

static enum ddns_err
write_question(const struct question *q, struct ddns_buf *out)
{
	struct ddns_msg_writer w;
	enum ddns_err err;

	ddns_msg_start(&w, out, q->id, q->recurse ? DDNS_MSG_RD : 0);
	err = ddns_msg_put_question(&w, &q->name, q->type, DDNS_CLASS_IN);
	if (err == DDNS_OK)
		err = ddns_msg_put_opt(&w, UDP_BYTES, 0, false);
	return err;
}

/* Is it the answer to our question?  A stranger's packet is passed over. */
static bool
is_answer(const struct question *q, struct ddns_span msg,
    struct ddns_msg_header *header, size_t *pos)
{
	struct ddns_question asked;

	*pos = DDNS_MSG_HEADER_BYTES;
	return ddns_msg_read_header(msg, header) == DDNS_OK &&
	    header->id == q->id && (header->flags & DDNS_MSG_QR) != 0 &&
	    header->count[DDNS_SECTION_QUESTION] == 1 &&
	    ddns_msg_read_question(msg, pos, &asked) == DDNS_OK &&
	    ddns_name_equal(&asked.name, &q->name) && asked.type == q->type &&
	    asked.class == DDNS_CLASS_IN;
}

/* The RRset of the type at `at`; a CNAME there instead moves `at` on. */
static enum ddns_err
read_owner(const struct question *q, struct ddns_span msg, size_t pos,
    unsigned count, struct ddns_name *at, bool *moved, struct answer *a)
{
	struct ddns_buf rdata = { 0 };
	enum ddns_err err = DDNS_OK;
	struct ddns_name from = *at;

	*moved = false;
	for (unsigned i = 0; i < count && err == DDNS_OK; i++) {
		struct ddns_msg_rr rr;
		size_t name_pos;

		err = ddns_msg_read_rr(msg, &pos, &rr);
		if (err != DDNS_OK || rr.class != DDNS_CLASS_IN ||
		    !ddns_name_equal(&rr.owner, &from))
			continue;
		name_pos = rr.rdata;
		if (rr.type == DDNS_TYPE_CNAME && rr.type != q->type) {
			err = ddns_name_read(msg, &name_pos, at);
			*moved = err == DDNS_OK;
		}
		if (rr.type != q->type)
			continue;
		ddns_buf_reset(&rdata);
		err = ddns_rdata_read(rr.type, msg, rr.rdata,
		    rr.rdata_len_bytes, &rdata);
		if (err == DDNS_OK)
			err = ddns_rrset_add(&a->set, rr.ttl_s,
			    ddns_buf_span(&rdata));
		a->ttl_s = rr.ttl_s;
	}
	ddns_buf_done(&rdata);
	return err;
}

static void
read_answer(const struct question *q, struct ddns_span msg,
    const struct ddns_msg_header *header, size_t pos, struct answer *a)
{
	struct ddns_name at = q->name;
	bool moved = true;
	enum ddns_err err = DDNS_OK;

	a->rcode = ddns_msg_rcode(header);
	a->truncated = (header->flags & DDNS_MSG_TC) != 0;
	ddns_rrset_reset(&a->set);
	for (unsigned i = 0; moved && i < CNAME_MAX && err == DDNS_OK; i++)
		err = read_owner(q, msg, pos,
		    header->count[DDNS_SECTION_ANSWER], &at, &moved, a);
	if (err != DDNS_OK)
		a->error = "malformed answer";
}

static int
open_socket(const struct ddns_listen *to, int kind)
{
	const struct sockaddr *addr = (const struct sockaddr *)&to->addr;
	struct timeval limit = { .tv_sec = TIMEOUT_S };
	int fd = socket(addr->sa_family, kind | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, addr, to->addr_len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Waits for our answer until the time is over, whatever else comes. */
static bool
receive_udp(int fd, const struct question *q, struct answer *a)
{
	int64_t end_us = ddns_mono_us_now().v + TIMEOUT_S * 1000000;
	uint8_t bytes[4096];

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int64_t left_us = end_us - ddns_mono_us_now().v;
		struct ddns_msg_header header;
		struct ddns_span msg = { .base = bytes };
		ssize_t len;
		size_t pos;

		if (left_us <= 0 || poll(&pfd, 1,
		    (int)(left_us / 1000) + 1) <= 0)
			return false;
		len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (len < 0)
			return false; /* refused: nobody listens */
		msg.len_bytes = (size_t)len;
		if (!is_answer(q, msg, &header, &pos))
			continue;
		read_answer(q, msg, &header, pos, a);
		return true;
	}
}

static bool
ask_udp(const struct ddns_listen *to, const struct question *q,
    struct ddns_span query, struct answer *a)
{
	bool got = false;

	for (int i = 0; i < TRIES && !got; i++) {
		int fd = open_socket(to, SOCK_DGRAM);

		if (fd < 0)
			return false;
		got = send(fd, query.base, query.len_bytes, 0) ==
		    (ssize_t)query.len_bytes && receive_udp(fd, q, a);
		close(fd);
	}
	return got;
}

static bool
read_all(int fd, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(fd, out, len, 0);

		if (n <= 0)
			return false;
		out += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
ask_tcp(const struct ddns_listen *to, const struct question *q,
    struct ddns_span query, struct answer *a)
{
	struct ddns_buf out = { 0 };
	struct ddns_msg_header header;
	uint8_t prefix[2];
	size_t len = 0, pos;
	bool got = false;
	int fd = open_socket(to, SOCK_STREAM);

	ddns_buf_put_u16(&out, (uint16_t)query.len_bytes);
	ddns_buf_put(&out, query.base, query.len_bytes);
	if (fd >= 0 && out.err == DDNS_OK && send(fd, out.base, out.len_bytes,
	    MSG_NOSIGNAL) == (ssize_t)out.len_bytes &&
	    read_all(fd, prefix, sizeof(prefix))) {
		len = ddns_get_u16(prefix);
		ddns_buf_reset(&out);
		got = ddns_buf_reserve(&out, len) &&
		    read_all(fd, out.base, len);
	}
	if (got) {
		struct ddns_span msg = { out.base, len };

		got = is_answer(q, msg, &header, &pos);
		if (got)
			read_answer(q, msg, &header, pos, a);
	}
	if (fd >= 0)
		close(fd);
	ddns_buf_done(&out);
	return got;
}

static void
ask(const struct ddns_listen *to, struct question *q, struct answer *a)
{
	struct ddns_buf query = { 0 };
	int64_t start_us = ddns_mono_us_now().v;

	a->error = "no answer";
	if (ddns_random(&q->id, sizeof(q->id)) == DDNS_OK &&
	    write_question(q, &query) == DDNS_OK) {
		a->error = NULL;
		if (!ask_udp(to, q, ddns_buf_span(&query), a) ||
		    (a->truncated &&
		    !ask_tcp(to, q, ddns_buf_span(&query), a)))
			a->error = "no answer";
	}
	ddns_buf_done(&query);
	a->took_us = ddns_mono_us_now().v - start_us;
	if (a->error == NULL && a->rcode != DDNS_RCODE_NOERROR &&
	    a->rcode != DDNS_RCODE_NXDOMAIN)
		a->error = ddns_rcode_text(a->rcode);
}

/* ---- the check ---- */

struct check {
	struct ctl *ctl;
	json_t *rows;
	struct ddns_name name;
	bool stale, unsure;
};

static enum verdict
judge(const struct ddns_rrset *stored, const struct answer *a)
{
	bool have = !ddns_rrset_is_absent(&a->set);
	bool want = !ddns_rrset_is_absent(stored);

	if (a->error != NULL)
		return VERDICT_NO_ANSWER;
	if (want && !have)
		return VERDICT_MISSING;
	if (!want && have)
		return VERDICT_LINGERS;
	return !have || ddns_rrset_equal_data(stored, &a->set) ?
	    VERDICT_AGREES : VERDICT_STALE;
}

static void
format_server(const struct ddns_listen *to, char host[DDNS_ADDR_TEXT_MAX],
    uint16_t *port)
{
	struct ddns_addr addr;

	*port = 0;
	*host = '\0';
	if (ddns_addr_from_sockaddr((const struct sockaddr *)&to->addr, &addr,
	    port) == DDNS_OK)
		ddns_addr_format(&addr, host);
}

/* The same question for a person to repeat. */
static void
put_dig(struct ddns_buf *out, const struct question *q, const char *host,
    uint16_t port)
{
	char name[DDNS_NAME_TEXT_MAX], type[DDNS_TYPE_TEXT_MAX];

	ddns_name_format(&q->name, name);
	ddns_buf_putf(out, "dig @%s", host);
	if (port != 53)
		ddns_buf_putf(out, " -p %u", port);
	ddns_buf_putf(out, "%s %s. %s", q->recurse ? "" : " +norecurse", name,
	    ddns_type_format(q->type, type));
}

static enum ddns_err
add_row(struct check *check, const char *role, const struct ddns_listen *to,
    const struct question *q, const struct answer *a, enum verdict verdict)
{
	char host[DDNS_ADDR_TEXT_MAX], type[DDNS_TYPE_TEXT_MAX];
	struct ddns_buf dig = { 0 };
	uint16_t port;
	json_t *row;

	format_server(to, host, &port);
	put_dig(&dig, q, host, port);
	row = json_pack("{s:s, s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:s, s:o}",
	    "role", role,
	    "server", host,
	    "port", (json_int_t)port,
	    "type", ddns_type_format(q->type, type),
	    "status", a->error != NULL ? a->error : ddns_rcode_text(a->rcode),
	    "data", ctl_json_set(q->type, &a->set),
	    "ttl", ddns_rrset_is_absent(&a->set) ? json_null() :
		json_integer(a->ttl_s),
	    "ms", json_real((double)(a->took_us / 10) / 100.0),
	    "verdict", verdict_texts[verdict],
	    "dig", ctl_json_text(ddns_buf_text(&dig)));
	ddns_buf_done(&dig);
	return json_array_append_new(check->rows, row) == 0 ? DDNS_OK :
	    DDNS_ENOMEM;
}

static bool
check_server(struct check *check, const char *role,
    const struct ddns_listen *to, uint16_t type,
    const struct ddns_rrset *stored)
{
	struct question q = {
		.name = check->name,
		.type = type,
		.recurse = strcmp(role, "resolver") == 0,
	};
	struct answer a = { .rcode = 0 };
	enum verdict verdict;
	enum ddns_err err;

	ask(to, &q, &a);
	verdict = judge(stored, &a);
	if (verdict == VERDICT_NO_ANSWER)
		check->unsure = true;
	else if (verdict != VERDICT_AGREES)
		check->stale = true;
	err = add_row(check, role, to, &q, &a, verdict);
	ddns_rrset_done(&a.set);
	return ctl_ok(check->ctl, err, "check");
}

/* The servers of the option, or else those of the configuration. */
struct servers {
	const char *role, *option;
	struct ddns_listen *list;
	size_t count;
	struct ddns_listen *own; /* list, when it is ours to free */
};

static bool
take_servers(struct ctl *ctl, struct servers *s)
{
	const char *text;

	for (unsigned i = 0; (text = ctl_opt_nth(ctl, s->option, i)) != NULL;
	    i++) {
		struct ddns_listen *list = realloc(s->own,
		    (i + 1) * sizeof(*list));

		if (list == NULL)
			return ctl_ok(ctl, DDNS_ENOMEM, s->option);
		s->own = s->list = list;
		s->count = i + 1;
		if (ddns_addr_parse_port(text, 53, &list[i].addr,
		    &list[i].addr_len) != DDNS_OK)
			return ctl_usage(ctl, "%s: \"%s\" is no address; "
			    "wanted: 192.0.2.53, 127.0.0.1:5300, "
			    "[2001:db8::53]:53", s->option, text);
	}
	return true;
}

/*
 * What the store would answer: follows CNAMEs as long as they lead to names of
 * ours.  DDNS_ENOTFOUND: to somebody else's.
 */
static enum ddns_err
read_stored(struct ddns_store *store, const struct ddns_name *name,
    uint16_t type, struct ddns_rrset *ret)
{
	struct ddns_name at = *name;
	struct ddns_rrset cname = { 0 };
	enum ddns_err err = DDNS_OK;

	for (int i = 0; i < CNAME_MAX && err == DDNS_OK; i++) {
		struct ddns_zone zone;
		struct ddns_span target;
		size_t pos = 0;

		err = ddns_store_zone_find(store, &at, &zone);
		if (err == DDNS_OK)
			err = ddns_store_rrset_get(store, zone.id, &at, type,
			    ret);
		if (err == DDNS_OK)
			err = ddns_store_rrset_get(store, zone.id, &at,
			    DDNS_TYPE_CNAME, &cname);
		if (err != DDNS_OK || type == DDNS_TYPE_CNAME ||
		    !ddns_rrset_next(&cname, &pos, &target) ||
		    !ddns_rdata_target(DDNS_TYPE_CNAME, target, &at))
			break;
	}
	ddns_rrset_done(&cname);
	return err;
}

static enum ddns_err
add_stored(struct check *check, uint16_t type,
    const struct ddns_rrset *stored)
{
	char text[DDNS_TYPE_TEXT_MAX];
	bool absent = ddns_rrset_is_absent(stored);

	return json_array_append_new(check->rows, json_pack(
	    "{s:s, s:n, s:n, s:s, s:n, s:o, s:o, s:n, s:n, s:n}",
	    "role", "store", "server", "port",
	    "type", ddns_type_format(type, text), "status",
	    "data", ctl_json_set(type, stored),
	    "ttl", absent ? json_null() :
		json_integer(ddns_rrset_ttl_s(stored)),
	    "ms", "verdict", "dig")) == 0 ? DDNS_OK : DDNS_ENOMEM;
}

static bool
check_type(struct check *check, uint16_t type, const struct servers *servers,
    size_t servers_count)
{
	struct ctl *ctl = check->ctl;
	struct ddns_rrset stored = { 0 };
	enum ddns_err err = read_stored(ctl->store, &check->name, type,
	    &stored);
	bool ok;

	if (err == DDNS_ENOTFOUND)
		ok = ctl_fail(ctl, "\"%s\" is in none of our zones, or an "
		    "alias of a name that is not", ctl_pos(ctl, 0));
	else
		ok = ctl_ok(ctl, err, "record") &&
		    ctl_ok(ctl, add_stored(check, type, &stored), "check");
	for (size_t s = 0; ok && s < servers_count; s++) {
		for (size_t i = 0; ok && i < servers[s].count; i++)
			ok = check_server(check, servers[s].role,
			    &servers[s].list[i], type, &stored);
	}
	ddns_rrset_done(&stored);
	return ok;
}

static bool
check_types(struct check *check, const struct servers *servers, size_t count)
{
	static const uint16_t both[] = { DDNS_TYPE_A, DDNS_TYPE_AAAA };
	struct ctl *ctl = check->ctl;
	const char *text;
	unsigned i;
	uint16_t type;

	for (i = 0; (text = ctl_opt_nth(ctl, "--type", i)) != NULL; i++) {
		if (!ctl_take_type(ctl, "--type", text, &type) ||
		    !check_type(check, type, servers, count))
			return false;
	}
	for (size_t k = 0; i == 0 && k < DDNS_COUNT(both); k++) {
		if (!check_type(check, both[k], servers, count))
			return false;
	}
	return true;
}

static void
print_check(struct check *check, const char *verdict)
{
	static const struct ctl_column columns[] = {
		{ "role", "WHO" }, { "server", "SERVER" }, { "port", "PORT" },
		{ "type", "TYPE" }, { "data", "DATA" }, { "ttl", "TTL" },
		{ "status", "STATUS" }, { "ms", "MS" },
		{ "verdict", "VERDICT" },
	};
	struct ctl_table table;
	const json_t *row;
	size_t i;

	ctl_table_start(check->ctl, &table, columns, DDNS_COUNT(columns));
	table.rows = json_incref(check->rows);
	(void)ctl_table_end(&table);
	putchar('\n');
	json_array_foreach(check->rows, i, row) {
		const char *dig = json_string_value(
		    json_object_get(row, "dig"));

		if (dig != NULL)
			puts(dig);
	}
	printf("\n%s: %s\n", ctl_pos(check->ctl, 0), verdict);
}

static bool
finish(struct check *check)
{
	struct ctl *ctl = check->ctl;
	const char *verdict = check->stale ? "disagreement" :
	    check->unsure ? "cannot tell: a server gave no answer" :
	    "all agree";

	if (ctl->json)
		ctl_show(ctl, json_pack("{s:o, s:s, s:O}",
		    "name", ctl_json_name(&check->name), "verdict", verdict,
		    "rows", check->rows));
	else
		print_check(check, verdict);
	ctl->exit = check->stale ? CTL_EXIT_FAILED : CTL_EXIT_UNSURE;
	return !check->stale && !check->unsure;
}

static const struct ctl_option check_options[] = {
	{ "--auth", "ADDRESS", "authoritative server [check-authoritative]; "
	    "may be given again" },
	{ "--resolver", "ADDRESS", "resolver [check-resolvers]; may be given "
	    "again" },
	{ "--type", "TYPE", "may be given again [A and AAAA]" },
	{ NULL, NULL, NULL }
};

static bool
run_servers(struct check *check, struct servers *servers, size_t count)
{
	struct ctl *ctl = check->ctl;
	size_t asked = 0;

	for (size_t s = 0; s < count; s++) {
		if (!take_servers(ctl, &servers[s]))
			return false;
		asked += servers[s].count;
	}
	if (asked == 0)
		return ctl_usage(ctl, "nobody to ask: give --auth or "
		    "--resolver, or check-authoritative and check-resolvers "
		    "in the configuration");
	if (ctl_read(ctl) && check_types(check, servers, count))
		return finish(check);
	if (ctl->exit != CTL_EXIT_USAGE)
		ctl->exit = CTL_EXIT_UNSURE;
	return false;
}

static bool
run_check(struct ctl *ctl)
{
	struct check check = { .ctl = ctl, .rows = json_array() };
	bool ok = false;

	if (!ctl_take_name(ctl, "HOST", ctl_pos(ctl, 0), &check.name))
		goto out;
	if (!ctl_conf(ctl)) {
		ctl->exit = CTL_EXIT_UNSURE;
		goto out;
	}
	struct servers servers[] = {
		{ "authoritative", "--auth", ctl->conf->check_authoritative,
		    ctl->conf->check_authoritative_count, NULL },
		{ "resolver", "--resolver", ctl->conf->check_resolvers,
		    ctl->conf->check_resolvers_count, NULL },
	};

	ok = run_servers(&check, servers, DDNS_COUNT(servers));
	for (size_t i = 0; i < DDNS_COUNT(servers); i++)
		free(servers[i].own);
out:
	json_decref(check.rows);
	return ok;
}

const struct ctl_command ctl_check_commands[] = {
	{ "check", "HOST", "does everybody answer what the store holds?",
	    check_options, run_check },
	{ NULL, NULL, NULL, NULL, NULL },
};
