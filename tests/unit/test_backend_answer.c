/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include <jansson.h>

#include "common/base/log.h"
#include "common/dns/rdata.h"
#include "pdns-backend/backend.h"

/* A store with one zone, a backend on it, and the last reply. */
struct backend_test {
	struct store_test *store;
	int64_t zone;
	struct ddns_backend *backend;
	struct ddns_buf out;
};

static char logged[4096];

static void
keep_log(enum ddns_log_level level, const char *line)
{
	(void)level;
	snprintf(logged, sizeof(logged), "%s", line);
}

static void
put(struct backend_test *t, const char *owner, uint16_t type, const char *text)
{
	struct ddns_name name = name_of(owner);
	struct ddns_rrset set = { 0 };
	struct ddns_buf rdata = { 0 };

	assert_ok(ddns_store_rrset_get(t->store->store, t->zone, &name, type,
	    &set));
	if (type != DDNS_TYPE_NONE)
		assert_ok(ddns_rdata_parse(type, text, &rdata));
	assert_ok(ddns_rrset_add(&set, type == DDNS_TYPE_NONE ? 0 : 60,
	    ddns_buf_span(&rdata)));
	assert_ok(ddns_store_rrset_put(t->store->store, t->zone, &name, type,
	    &set));
	ddns_buf_done(&rdata);
	ddns_rrset_done(&set);
}

static int
setup(void **state)
{
	struct backend_test *t = calloc(1, sizeof(*t));
	void *store = NULL;

	assert_non_null(t);
	store_test_setup(&store);
	t->store = store;
	t->zone = add_zone(t->store->store, "dyn.test");
	assert_ok(ddns_backend_new(t->store->path, &t->backend));
	logged[0] = '\0';
	ddns_log_set_sink(keep_log);
	*state = t;
	return 0;
}

static int
teardown(void **state)
{
	struct backend_test *t = *state;
	void *store = t->store;

	ddns_log_set_sink(NULL);
	ddns_backend_free(t->backend);
	ddns_buf_done(&t->out);
	store_test_teardown(&store);
	free(t);
	return 0;
}

/* The reply's text, after looking that it is one JSON object on one line. */
static const char *
ask(struct backend_test *t, const char *request)
{
	size_t len = strlen(request);
	char *line = malloc(len + 1);
	const char *reply;
	json_t *json;

	assert_non_null(line);
	memcpy(line, request, len);
	line[len] = '\n';
	ddns_backend_answer(t->backend, line, len, &t->out);
	free(line);
	assert_ok(t->out.err);
	reply = ddns_buf_text(&t->out);
	assert_ptr_equal(strchr(reply, '\n'), reply + t->out.len_bytes - 1);
	json = json_loads(reply, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_non_null(json_object_get(json, "result"));
	json_decref(json);
	return reply;
}

static const char *
lookup(struct backend_test *t, const char *name, const char *type, long id)
{
	char request[4096];

	snprintf(request, sizeof(request), "{\"method\":\"lookup\","
	    "\"parameters\":{\"qname\":\"%s\",\"qtype\":\"%s\","
	    "\"zone-id\":%ld}}", name, type, id);
	return ask(t, request);
}

#define EMPTY "{\"result\":[]}\n"
#define SOA_ROW "{\"qtype\":\"SOA\",\"qname\":\"dyn.test\",\"content\":" \
	"\"ns1.example a.example 10 1 2 3 4\",\"ttl\":5,\"auth\":1,"     \
	"\"domain_id\":1}"
#define ROW(type, name, content, ttl, auth)                         \
	"{\"qtype\":\"" type "\",\"qname\":\"" name "\",\"content\":" \
	"\"" content "\",\"ttl\":" #ttl ",\"auth\":" #auth           \
	",\"domain_id\":1}"
#define RESULT(rows) "{\"result\":[" rows "]}\n"

static void
test_lookup_gives_the_records_of_a_name(void **state)
{
	struct backend_test *t = *state;

	put(t, "host.dyn.test", DDNS_TYPE_AAAA, "2001:db8::1");
	put(t, "host.dyn.test", DDNS_TYPE_A, "192.0.2.1");
	put(t, "*.dyn.test", DDNS_TYPE_A, "192.0.2.9");
	assert_string_equal(lookup(t, "HOST.Dyn.Test.", "ANY", 1),
	    RESULT(ROW("A", "host.dyn.test", "192.0.2.1", 60, 1) ","
	    ROW("AAAA", "host.dyn.test", "2001:db8::1", 60, 1)));
	assert_string_equal(lookup(t, "host.dyn.test", "AAAA", 1),
	    RESULT(ROW("AAAA", "host.dyn.test", "2001:db8::1", 60, 1)));
	assert_string_equal(lookup(t, "host.dyn.test", "TXT", 1), EMPTY);
	assert_string_equal(lookup(t, "nx.dyn.test", "ANY", 1), EMPTY);
	assert_string_equal(lookup(t, "*.dyn.test", "ANY", 1),
	    RESULT(ROW("A", "*.dyn.test", "192.0.2.9", 60, 1)));
}

static void
test_lookup_of_the_apex_has_the_soa(void **state)
{
	struct backend_test *t = *state;

	put(t, "dyn.test", DDNS_TYPE_NS, "ns1.dyn.test");
	assert_string_equal(lookup(t, "dyn.test.", "ANY", 1),
	    RESULT(SOA_ROW "," ROW("NS", "dyn.test", "ns1.dyn.test", 60, 1)));
	assert_string_equal(lookup(t, "dyn.test.", "SOA", 1),
	    RESULT(SOA_ROW));
	assert_string_equal(lookup(t, "dyn.test.", "SOA", -1),
	    RESULT(SOA_ROW));
	assert_string_equal(lookup(t, "dyn.test.", "SOA", 4294967295),
	    RESULT(SOA_ROW));
	assert_string_equal(lookup(t, "dyn.test.", "NS", 1),
	    RESULT(ROW("NS", "dyn.test", "ns1.dyn.test", 60, 1)));
	assert_string_equal(lookup(t, "x.dyn.test.", "SOA", -1), EMPTY);
	assert_string_equal(lookup(t, "test.", "SOA", -1), EMPTY);
	assert_string_equal(lookup(t, ".", "SOA", -1), EMPTY);
}

static void
test_lookup_tells_nodata_from_nxdomain(void **state)
{
	struct backend_test *t = *state;

	put(t, "a.b.c.dyn.test", DDNS_TYPE_A, "192.0.2.1");
	put(t, "reg.dyn.test", DDNS_TYPE_NONE, "");
	assert_string_equal(lookup(t, "b.c.dyn.test", "ANY", 1),
	    RESULT(ROW("", "b.c.dyn.test", "", 0, 1)));
	assert_string_equal(lookup(t, "c.dyn.test", "ANY", 1),
	    RESULT(ROW("", "c.dyn.test", "", 0, 1)));
	assert_string_equal(lookup(t, "reg.dyn.test", "ANY", 1),
	    RESULT(ROW("", "reg.dyn.test", "", 0, 1)));
	/* an empty row would count as a record of that type */
	assert_string_equal(lookup(t, "reg.dyn.test", "A", 1), EMPTY);
	assert_string_equal(lookup(t, "b.dyn.test", "ANY", 1), EMPTY);
	assert_string_equal(lookup(t, "x.a.b.c.dyn.test", "ANY", 1), EMPTY);
	put(t, "reg.dyn.test", DDNS_TYPE_A, "192.0.2.2");
	assert_string_equal(lookup(t, "reg.dyn.test", "ANY", 1),
	    RESULT(ROW("A", "reg.dyn.test", "192.0.2.2", 60, 1)));
}

#define DS_TEXT "1 8 2 0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef"

static void
put_delegation(struct backend_test *t)
{
	put(t, "sub.dyn.test", DDNS_TYPE_A, "192.0.2.1");
	put(t, "sub.dyn.test", DDNS_TYPE_A, "192.0.2.2");
	put(t, "sub.dyn.test", DDNS_TYPE_NS, "ns.x.sub.dyn.test");
	put(t, "sub.dyn.test", DDNS_TYPE_DS, DS_TEXT);
	put(t, "ns.x.sub.dyn.test", DDNS_TYPE_A, "192.0.2.3");
	put(t, "ns.x.sub.dyn.test", DDNS_TYPE_NS, "deeper.test");
	put(t, "y.sub.dyn.test", DDNS_TYPE_A, "192.0.2.4");
	put(t, "t.dyn.test", DDNS_TYPE_A, "192.0.2.5");
}

static void
test_lookup_clears_auth_at_and_below_a_delegation(void **state)
{
	struct backend_test *t = *state;

	put_delegation(t);
	assert_string_equal(lookup(t, "sub.dyn.test", "ANY", 1), RESULT(
	    ROW("A", "sub.dyn.test", "192.0.2.1", 60, 0) ","
	    ROW("A", "sub.dyn.test", "192.0.2.2", 60, 0) ","
	    ROW("NS", "sub.dyn.test", "ns.x.sub.dyn.test", 60, 0) ","
	    ROW("DS", "sub.dyn.test", DS_TEXT, 60, 1)));
	assert_string_equal(lookup(t, "sub.dyn.test", "A", 1), RESULT(
	    ROW("A", "sub.dyn.test", "192.0.2.1", 60, 0) ","
	    ROW("A", "sub.dyn.test", "192.0.2.2", 60, 0)));
	assert_string_equal(lookup(t, "sub.dyn.test", "DS", 1),
	    RESULT(ROW("DS", "sub.dyn.test", DS_TEXT, 60, 1)));
	assert_string_equal(lookup(t, "y.sub.dyn.test", "A", 1),
	    RESULT(ROW("A", "y.sub.dyn.test", "192.0.2.4", 60, 0)));
	assert_string_equal(lookup(t, "x.sub.dyn.test", "ANY", 1),
	    RESULT(ROW("", "x.sub.dyn.test", "", 0, 0)));
	assert_string_equal(lookup(t, "t.dyn.test", "ANY", 1),
	    RESULT(ROW("A", "t.dyn.test", "192.0.2.5", 60, 1)));
}

static void
test_list_gives_all_with_empty_names_and_auth(void **state)
{
	struct backend_test *t = *state;

	put_delegation(t);
	put(t, "dyn.test", DDNS_TYPE_NS, "ns1.dyn.test");
	put(t, "a.b.c.dyn.test", DDNS_TYPE_A, "192.0.2.7");
	put(t, "z.b.c.dyn.test", DDNS_TYPE_A, "192.0.2.8");
	put(t, "reg.dyn.test", DDNS_TYPE_NONE, "");
	put(t, "t.dyn.test", DDNS_TYPE_NONE, "");
	put(t, "zreg.dyn.test", DDNS_TYPE_NONE, "");
	assert_string_equal(ask(t, "{\"method\":\"list\",\"parameters\":{"
	    "\"zonename\":\"Dyn.test.\",\"domain_id\":1,"
	    "\"include_disabled\":false}}"), RESULT(SOA_ROW ","
	    ROW("NS", "dyn.test", "ns1.dyn.test", 60, 1) ","
	    ROW("", "c.dyn.test", "", 0, 1) ","
	    ROW("", "b.c.dyn.test", "", 0, 1) ","
	    ROW("A", "a.b.c.dyn.test", "192.0.2.7", 60, 1) ","
	    ROW("A", "z.b.c.dyn.test", "192.0.2.8", 60, 1) ","
	    ROW("", "reg.dyn.test", "", 0, 1) ","
	    ROW("A", "sub.dyn.test", "192.0.2.1", 60, 0) ","
	    ROW("A", "sub.dyn.test", "192.0.2.2", 60, 0) ","
	    ROW("NS", "sub.dyn.test", "ns.x.sub.dyn.test", 60, 0) ","
	    ROW("DS", "sub.dyn.test", DS_TEXT, 60, 1) ","
	    ROW("", "x.sub.dyn.test", "", 0, 0) ","
	    ROW("A", "ns.x.sub.dyn.test", "192.0.2.3", 60, 0) ","
	    ROW("NS", "ns.x.sub.dyn.test", "deeper.test", 60, 0) ","
	    ROW("A", "y.sub.dyn.test", "192.0.2.4", 60, 0) ","
	    ROW("A", "t.dyn.test", "192.0.2.5", 60, 1) ","
	    ROW("", "zreg.dyn.test", "", 0, 1)));
}

static void
test_list_refuses_what_is_not_that_zone(void **state)
{
	struct backend_test *t = *state;

	assert_string_equal(ask(t, "{\"method\":\"list\",\"parameters\":{"
	    "\"zonename\":\"other.test.\",\"domain_id\":1}}"),
	    "{\"result\":false}\n");
	assert_string_equal(ask(t, "{\"method\":\"list\",\"parameters\":{"
	    "\"zonename\":\"dyn.test.\",\"domain_id\":2}}"),
	    "{\"result\":false}\n");
	assert_string_equal(ask(t, "{\"method\":\"list\",\"parameters\":{"
	    "\"zonename\":\"dyn.test.\",\"domain_id\":-1}}"),
	    RESULT(SOA_ROW));
}

static void
test_list_warns_of_what_the_unix_connector_cannot_carry(void **state)
{
	static const char list[] = "{\"method\":\"list\",\"parameters\":{"
	    "\"zonename\":\"dyn.test.\",\"domain_id\":1}}";
	struct backend_test *t = *state;
	char owner[64];

	assert_ok(ddns_store_begin(t->store->store, DDNS_STORE_WRITE));
	for (int i = 0; i < 6000; i++) {
		snprintf(owner, sizeof(owner), "host%d.dyn.test", i);
		put_a(t->store->store, t->zone, owner, 1);
	}
	assert_ok(ddns_store_commit(t->store->store));
	ask(t, "{\"method\":\"initialize\",\"parameters\":{\"command\":"
	    "\"x\",\"timeout\":\"0\"}}");
	ask(t, list);
	assert_string_equal(logged, "");
	ask(t, "{\"method\":\"initialize\",\"parameters\":{\"path\":"
	    "\"/x\"}}");
	ask(t, list);
	assert_non_null(strstr(logged, "6001 records"));
}

static void
test_lookup_without_a_zone_asks_all_that_hold_the_name(void **state)
{
	struct backend_test *t = *state;
	int64_t dyn = t->zone;

	t->zone = add_zone(t->store->store, "test");
	put(t, "dyn.test", DDNS_TYPE_NS, "ns1.dyn.test");
	put(t, "a.dyn.test", DDNS_TYPE_A, "192.0.2.1");
	put(t, "a.test", DDNS_TYPE_A, "192.0.2.2");
	t->zone = dyn;
	put(t, "a.dyn.test", DDNS_TYPE_A, "192.0.2.3");
	assert_string_equal(lookup(t, "a.dyn.test", "A", -1), RESULT(
	    ROW("A", "a.dyn.test", "192.0.2.3", 60, 1) ","
	    "{\"qtype\":\"A\",\"qname\":\"a.dyn.test\",\"content\":"
	    "\"192.0.2.1\",\"ttl\":60,\"auth\":0,\"domain_id\":2}"));
	assert_string_equal(lookup(t, "a.dyn.test", "A", 1),
	    RESULT(ROW("A", "a.dyn.test", "192.0.2.3", 60, 1)));
	assert_string_equal(lookup(t, "a.test", "A", 1), EMPTY);
	assert_non_null(strstr(lookup(t, "a.test", "A", 2), "192.0.2.2"));
}

static void
test_lookup_warns_once_of_what_is_not_ours(void **state)
{
	struct backend_test *t = *state;

	assert_string_equal(lookup(t, "a.other.test", "ANY", 1), EMPTY);
	assert_non_null(strstr(logged, "not ours"));
	assert_non_null(strstr(logged, "\"a.other.test\""));
	logged[0] = '\0';
	assert_string_equal(lookup(t, "a.other.test", "ANY", 7), EMPTY);
	assert_string_equal(logged, "");
}

static void
test_lookup_sees_a_commit_at_once_though_replies_are_kept(void **state)
{
	struct backend_test *t = *state;
	char want[256];

	for (int i = 1; i < 100; i++) {
		put_a(t->store->store, t->zone, "a.dyn.test", (uint8_t)i);
		snprintf(want, sizeof(want), "\"192.0.2.%d\"", i);
		for (int again = 0; again < 3; again++)
			assert_non_null(strstr(lookup(t, "a.dyn.test", "ANY",
			    1), want));
		assert_ok(ddns_store_begin(t->store->store,
		    DDNS_STORE_WRITE));
		put_a(t->store->store, t->zone, "a.dyn.test", 222);
		assert_non_null(strstr(lookup(t, "a.dyn.test", "ANY", 1),
		    want));
		ddns_store_rollback(t->store->store);
	}
}

static void
test_lookup_takes_any_bytes_in_a_name(void **state)
{
	struct backend_test *t = *state;
	char label[304], name[1300], text[1300];

	put(t, "a\\.b\\000\\\"\\\\\\200.dyn.test", DDNS_TYPE_TXT,
	    "\"x\\\"\\\\\\200\"");
	assert_string_equal(lookup(t, "a\\\\.b\\\\000\\\\034\\\\\\\\\\\\200"
	    ".dyn.test.", "ANY", 1), RESULT(ROW("TXT",
	    "a\\\\.b\\\\000\\\\\\\"\\\\\\\\\\\\200.dyn.test",
	    "\\\"x\\\\\\\"\\\\\\\\\\\\200\\\"", 60, 1)));
	/* the longest name there is, each byte escaped */
	name[0] = text[0] = label[0] = '\0';
	for (int i = 0; i < 60; i++)
		strcat(label, "\\\\255");
	for (int i = 0; i < 4; i++) {
		strcat(name, label);
		strcat(name, ".");
	}
	strcat(name, "dyn.test.");
	assert_string_equal(lookup(t, name, "ANY", 1), EMPTY);
	assert_string_equal(logged, "");
	/* and what is none */
	memset(text, 'x', 1000);
	text[1000] = '\0';
	assert_string_equal(lookup(t, text, "ANY", 1), EMPTY);
	assert_string_equal(lookup(t, "", "ANY", 1), EMPTY);
	assert_string_equal(lookup(t, "a..dyn.test", "ANY", 1), EMPTY);
	assert_string_equal(lookup(t, "dyn.test", "NONSENSE", 1), EMPTY);
}

static void
test_lookup_shows_types_as_powerdns_can_read_them(void **state)
{
	struct backend_test *t = *state;

	put(t, "a.dyn.test", 65400, "\\# 2 abcd");
	put(t, "a.dyn.test", 39, "b.test"); /* DNAME */
	put(t, "a.dyn.test", DDNS_TYPE_MX, "10 mail.dyn.test");
	put(t, "b.dyn.test", 65401, "\\# 0"); /* ALIAS of PowerDNS */
	put(t, "c.dyn.test", 19, "\"311061700956\""); /* X25: not there */
	assert_string_equal(lookup(t, "a.dyn.test", "ANY", 1), RESULT(
	    ROW("MX", "a.dyn.test", "10 mail.dyn.test", 60, 1) ","
	    ROW("DNAME", "a.dyn.test", "b.test", 60, 1) ","
	    ROW("TYPE65400", "a.dyn.test", "\\\\# 2 abcd", 60, 1)));
	assert_string_equal(lookup(t, "a.dyn.test", "TYPE65400", 1), RESULT(
	    ROW("TYPE65400", "a.dyn.test", "\\\\# 2 abcd", 60, 1)));
	assert_string_equal(lookup(t, "b.dyn.test", "ANY", 1), RESULT(
	    ROW("TYPE65401", "b.dyn.test", "\\\\# 0", 60, 1)));
	assert_string_equal(lookup(t, "c.dyn.test", "ANY", 1), RESULT(
	    ROW("TYPE19", "c.dyn.test", "\\\\# 13 0c333131303631373030393536",
	    60, 1)));
}

static void
test_domains_and_metadata(void **state)
{
	static const char info[] = "{\"id\":1,\"zone\":\"dyn.test\",\"kind\":"
	    "\"master\",\"serial\":10,\"notified_serial\":10,"
	    "\"last_check\":0,\"masters\":[]}";
	struct backend_test *t = *state;
	char want[512];

	snprintf(want, sizeof(want), "{\"result\":%s}\n", info);
	assert_string_equal(ask(t, "{\"method\":\"getDomainInfo\","
	    "\"parameters\":{\"name\":\"DYN.test.\"}}"), want);
	snprintf(want, sizeof(want), "{\"result\":[%s]}\n", info);
	assert_string_equal(ask(t, "{\"method\":\"getAllDomains\","
	    "\"parameters\":{\"include_disabled\":true}}"), want);
	assert_string_equal(ask(t, "{\"method\":\"getDomainInfo\","
	    "\"parameters\":{\"name\":\"other.test.\"}}"),
	    "{\"result\":false}\n");
	assert_non_null(strstr(ask(t, "{\"method\":\"getAllDomainMetadata\","
	    "\"parameters\":{\"name\":\"dyn.test.\"}}"),
	    "\"API-RECTIFY\":[\"0\"]"));
	assert_string_equal(ask(t, "{\"method\":\"getAllDomainMetadata\","
	    "\"parameters\":{\"name\":\"other.test.\"}}"),
	    "{\"result\":{}}\n");
	assert_string_equal(ask(t, "{\"method\":\"getDomainMetadata\","
	    "\"parameters\":{\"name\":\"dyn.test.\",\"kind\":"
	    "\"API-RECTIFY\"}}"), "{\"result\":[\"0\"]}\n");
	assert_string_equal(ask(t, "{\"method\":\"getDomainMetadata\","
	    "\"parameters\":{\"name\":\"dyn.test.\",\"kind\":"
	    "\"ALSO-NOTIFY\"}}"), EMPTY);
	/* else PowerDNS's own dnsupdate could be open */
	assert_non_null(strstr(ask(t, "{\"method\":\"getDomainMetadata\","
	    "\"parameters\":{\"name\":\"dyn.test.\",\"kind\":"
	    "\"TSIG-ALLOW-DNSUPDATE\"}}"), ".invalid\"]"));
}

static void
test_methods_that_are_not_supported_say_so_in_their_type(void **state)
{
	static const struct {
		const char *method, *result;
	} t[] = {
		{ "initialize", "true" }, { "getUpdatedMasters", "[]" },
		{ "getUnfreshSlaveInfos", "[]" }, { "getTSIGKeys", "[]" },
		{ "getTSIGKey", "false" }, { "getDomainKeys", "false" },
		{ "setNotified", "true" }, { "setDomainMetadata", "false" },
		{ "startTransaction", "false" }, { "feedRecord", "false" },
		{ "directBackendCmd", "\"not supported" },
		{ "searchRecords", "false" }, { "noSuchMethod", "false" },
		{ "", "false" }, { "LOOKUP", "false" },
	};
	char request[128], want[64];

	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		const char *reply;

		snprintf(request, sizeof(request),
		    "{\"method\":\"%s\",\"parameters\":{}}", t[i].method);
		snprintf(want, sizeof(want), "{\"result\":%s", t[i].result);
		reply = ask(*state, request);
		if (strncmp(reply, want, strlen(want)) != 0)
			fail_msg("%s: %s", t[i].method, reply);
	}
}

#define FAILED "{\"result\":null"
#define assert_failed(reply) \
	assert_memory_equal((reply), FAILED, strlen(FAILED))

static void
test_answer_is_a_failure_for_what_cannot_be_read(void **state)
{
	struct backend_test *t = *state;

	assert_failed(ask(t, ""));
	assert_failed(ask(t, "garbage"));
	assert_failed(ask(t, "{\"method\":\"lookup\"}"));
	assert_failed(ask(t, "{\"method\":\"lookup\",\"parameters\":"
	    "{\"qname\":1,\"qtype\":\"A\"}}"));
	assert_failed(ask(t, "{\"method\":\"list\",\"parameters\":{}}"));
	assert_string_equal(lookup(t, "nx.dyn.test", "ANY", 1), EMPTY);
}

static void
test_answer_is_a_failure_while_there_is_no_store(void **state)
{
	struct backend_test *t = *state;
	char away[128];

	assert_failed(ask(t, "{\"method\":\"nothing")); /* closes the store */
	snprintf(away, sizeof(away), "%s.copy", t->store->path);
	assert_int_equal(rename(t->store->path, away), 0);
	assert_failed(lookup(t, "nx.dyn.test", "ANY", 1));
	assert_non_null(strstr(logged, "not found"));
	assert_failed(ask(t, "{\"method\":\"getDomainInfo\",\"parameters\":"
	    "{\"name\":\"dyn.test.\"}}"));
	assert_string_equal(ask(t, "{\"method\":\"initialize\","
	    "\"parameters\":{\"timeout\":\"100\"}}"), "{\"result\":true}\n");
	assert_failed(ask(t, "{\"method\":\"getAllDomains\",\"parameters\":"
	    "{}}"));
	assert_int_equal(rename(away, t->store->path), 0);
	assert_string_equal(lookup(t, "nx.dyn.test", "ANY", 1), EMPTY);
}

static void
remove_log(const char *path)
{
	char log[128];

	snprintf(log, sizeof(log), "%s-wal", path);
	assert_int_equal(unlink(log), 0);
	snprintf(log, sizeof(log), "%s-shm", path);
	assert_int_equal(unlink(log), 0);
}

/* Restored from a backup: another file under the same name. */
static void
test_answer_finds_a_store_that_was_replaced(void **state)
{
	struct backend_test *t = *state;
	char copy[128];

	put_a(t->store->store, t->zone, "a.dyn.test", 1);
	snprintf(copy, sizeof(copy), "%s.copy", t->store->path);
	assert_ok(ddns_store_backup(t->store->store, copy));
	put_a(t->store->store, t->zone, "a.dyn.test", 2);
	assert_non_null(strstr(lookup(t, "a.dyn.test", "A", 1),
	    "\"192.0.2.2\""));
	ddns_store_free(t->store->store);
	t->store->store = NULL;
	remove_log(t->store->path);
	assert_int_equal(rename(copy, t->store->path), 0);
	for (int i = 0; i < 100 && strstr(lookup(t, "a.dyn.test", "A", 1),
	    "\"192.0.2.1\"") == NULL; i++)
		usleep(10000); /* it looks five times a second */
	assert_non_null(strstr(lookup(t, "a.dyn.test", "A", 1),
	    "\"192.0.2.1\""));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lookup_gives_the_records_of_a_name),
		TEST(test_lookup_of_the_apex_has_the_soa),
		TEST(test_lookup_tells_nodata_from_nxdomain),
		TEST(test_lookup_clears_auth_at_and_below_a_delegation),
		TEST(test_list_gives_all_with_empty_names_and_auth),
		TEST(test_list_refuses_what_is_not_that_zone),
		TEST(test_list_warns_of_what_the_unix_connector_cannot_carry),
		TEST(test_lookup_without_a_zone_asks_all_that_hold_the_name),
		TEST(test_lookup_warns_once_of_what_is_not_ours),
		TEST(test_lookup_sees_a_commit_at_once_though_replies_are_kept),
		TEST(test_lookup_takes_any_bytes_in_a_name),
		TEST(test_lookup_shows_types_as_powerdns_can_read_them),
		TEST(test_domains_and_metadata),
		TEST(test_methods_that_are_not_supported_say_so_in_their_type),
		TEST(test_answer_is_a_failure_for_what_cannot_be_read),
		TEST(test_answer_is_a_failure_while_there_is_no_store),
		TEST(test_answer_finds_a_store_that_was_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
