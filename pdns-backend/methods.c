/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request, one reply, and the store behind it.
 *
 * Whatever comes in, one JSON object and a newline go out.  A failure of ours
 * is `"result":null`: PowerDNS then answers SERVFAIL at once, keeps nothing in
 * its caches, and asks anew.  `false` would be kept as NXDOMAIN or REFUSED,
 * and for getAllDomains as "there are no zones".
 *
 * The store may be missing, or be another file than a moment ago (restored
 * from a backup): it is opened when it is wanted, closed after any failure,
 * and a few times a second the name is compared with what is open.
 */
#include "pdns-backend/methods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "pdns-backend/reply.h"

#define LOOK_EACH_US 200000  /* at the file */
#define TELL_EACH_US 1000000 /* the same trouble again */
#define PATIENCE_MAX_MS 5000
#define TIMEOUT_DEFAULT_MS 2000 /* PowerDNS's, of a connector */

/* ---- the store ---- */

void
ddns_backend_close_store(struct ddns_backend *backend)
{
	ddns_store_free(backend->store);
	backend->store = NULL;
	memset(backend->zones, 0, sizeof(backend->zones));
	ddns_kept_forget(&backend->kept);
}

static enum ddns_err
look(const struct ddns_backend *backend, uint64_t *ret_dev, uint64_t *ret_ino)
{
	struct stat st;

	if (stat(backend->store_path, &st) != 0)
		return errno == ENOENT ? DDNS_ENOTFOUND :
		    errno == EACCES ? DDNS_EDENIED : DDNS_EIO;
	*ret_dev = st.st_dev;
	*ret_ino = st.st_ino;
	return DDNS_OK;
}

static enum ddns_err
open_new(struct ddns_backend *backend, uint64_t dev, uint64_t ino)
{
	enum ddns_err err;

	ddns_backend_close_store(backend);
	err = ddns_store_open(backend->store_path, DDNS_STORE_READ,
	    &backend->store);
	if (err != DDNS_OK)
		return err;
	ddns_store_expect_lookups(backend->store);
	err = look(backend, &backend->store_dev, &backend->store_ino);
	if (err == DDNS_OK &&
	    (backend->store_dev != dev || backend->store_ino != ino))
		err = DDNS_EBUSY; /* replaced while we opened it */
	if (err != DDNS_OK)
		ddns_backend_close_store(backend);
	return err;
}

enum ddns_err
ddns_backend_open_store(struct ddns_backend *backend)
{
	int64_t now_us = ddns_mono_us_now().v;
	uint64_t dev = 0, ino = 0;
	enum ddns_err err;

	if (backend->store != NULL && now_us < backend->look_at.v)
		return DDNS_OK;
	backend->look_at.v = now_us + LOOK_EACH_US;
	err = look(backend, &dev, &ino);
	if (err != DDNS_OK)
		ddns_backend_close_store(backend);
	else if (backend->store == NULL || dev != backend->store_dev ||
	    ino != backend->store_ino)
		err = open_new(backend, dev, ino);
	return err;
}

enum ddns_err
ddns_backend_get_apex(struct ddns_backend *backend, int64_t id,
    const struct ddns_name **ret)
{
	struct ddns_zone_slot *slot;
	struct ddns_zone zone;
	enum ddns_err err = DDNS_OK;

	slot = &backend->zones[(uint64_t)id % DDNS_ZONE_SLOTS];
	if (slot->id != id) {
		err = ddns_store_zone_get(backend->store, id, &zone);
		if (err != DDNS_OK)
			return err;
		slot->id = id;
		slot->apex = zone.name;
	}
	*ret = &slot->apex;
	return err;
}

void
ddns_backend_tell_foreign(struct ddns_backend *backend, const char *name,
    int64_t zone_id)
{
	if (backend->told_foreign)
		return;
	backend->told_foreign = true;
	ddns_log(DDNS_LOG_WARNING, "pdns-backend-ddns: asked for name=%s in "
	    "zone-id=%lld, which is not ours: another backend is launched "
	    "beside this one, or a zone is gone; metadata may be ignored",
	    DDNS_Q(name), (long long)zone_id);
}

/* ---- methods ---- */

/*
 * PowerDNS gives its connection string.  How long it waits for an answer
 * decides how long we may.
 */
enum ddns_err
ddns_method_initialize(struct ddns_backend *backend,
    const struct ddns_request *req, struct ddns_buf *out)
{
	const char *text = ddns_request_text(req, "timeout");
	long timeout_ms = TIMEOUT_DEFAULT_MS;

	if (text != NULL)
		timeout_ms = strtol(text, NULL, 10);
	if (timeout_ms == 0 || timeout_ms / 4 * 3 > PATIENCE_MAX_MS)
		backend->patience_ms = PATIENCE_MAX_MS;
	else
		backend->patience_ms = timeout_ms / 4 * 3;
	backend->over_unix = ddns_request_text(req, "path") != NULL;
	ddns_buf_put_text(out, "true");
	return DDNS_OK;
}

static const char unsupported[] = "not supported by pdns-backend-ddns";
static const char read_only[] = "not supported by pdns-backend-ddns, which "
    "only reads: zones and records are changed by ddnsctl and ddnsd";

/*
 * Those with a function, then those with the answer that says "no" in the
 * method's own type, and for PowerDNS's log why, where somebody wanted it.
 */
static const struct method {
	const char *name;
	ddns_method_fn *call;
	bool wants_store;
	const char *result;
	const char *why;
} methods[] = {
	{ "lookup", ddns_method_lookup, true, NULL, NULL },
	{ "getAllDomainMetadata", ddns_method_get_all_domain_metadata, true,
	    NULL, NULL },
	{ "getDomainMetadata", ddns_method_get_domain_metadata, true, NULL,
	    NULL },
	{ "getDomainInfo", ddns_method_get_domain_info, true, NULL, NULL },
	{ "getAllDomains", ddns_method_get_all_domains, false, NULL, NULL },
	{ "list", ddns_method_list, true, NULL, NULL },
	{ "initialize", ddns_method_initialize, false, NULL, NULL },
	{ "APILookup", ddns_method_lookup, true, NULL, NULL },

	/* nothing to sign with, nothing to notify of, no primary */
	{ "getDomainKeys", NULL, false, "false", NULL },
	{ "getTSIGKey", NULL, false, "false", NULL },
	{ "getTSIGKeys", NULL, false, "[]", NULL },
	{ "getUpdatedMasters", NULL, false, "[]", NULL },
	{ "getUnfreshSlaveInfos", NULL, false, "[]", NULL },
	{ "setNotified", NULL, false, "true", NULL },
	{ "setFresh", NULL, false, "true", NULL },
	{ "setStale", NULL, false, "true", NULL },
	{ "getBeforeAndAfterNamesAbsolute", NULL, false, "false",
	    unsupported },
	{ "searchRecords", NULL, false, "false", unsupported },
	{ "superMasterBackend", NULL, false, "false", NULL },
	{ "directBackendCmd", NULL, false,
	    "\"not supported by pdns-backend-ddns: use ddnsctl\"", NULL },

	{ "setDomainMetadata", NULL, false, "false", read_only },
	{ "addDomainKey", NULL, false, "false", read_only },
	{ "removeDomainKey", NULL, false, "false", read_only },
	{ "activateDomainKey", NULL, false, "false", read_only },
	{ "deactivateDomainKey", NULL, false, "false", read_only },
	{ "publishDomainKey", NULL, false, "false", read_only },
	{ "unpublishDomainKey", NULL, false, "false", read_only },
	{ "setTSIGKey", NULL, false, "false", read_only },
	{ "deleteTSIGKey", NULL, false, "false", read_only },
	{ "createSlaveDomain", NULL, false, "false", read_only },
	{ "startTransaction", NULL, false, "false", read_only },
	{ "commitTransaction", NULL, false, "false", read_only },
	{ "abortTransaction", NULL, false, "false", NULL },
	{ "replaceRRSet", NULL, false, "false", read_only },
	{ "feedRecord", NULL, false, "false", read_only },
	{ "feedEnts", NULL, false, "false", read_only },
	{ "feedEnts3", NULL, false, "false", read_only },
};

static const struct method *
find_method(const char *name)
{
	static const struct method unknown = { NULL, NULL, false, "false",
		unsupported };

	for (size_t i = 0; i < DDNS_COUNT(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return &unknown;
}

static enum ddns_err
call(struct ddns_backend *backend, const struct method *method,
    const struct ddns_request *req, struct ddns_buf *out)
{
	enum ddns_err err = DDNS_OK;

	if (method->call == NULL) {
		ddns_reply_put_result(out, method->result, method->why);
		return out->err;
	}
	if (method->wants_store)
		err = ddns_backend_open_store(backend);
	if (err != DDNS_OK)
		return err;
	ddns_buf_put_text(out, DDNS_REPLY_BEGIN);
	err = method->call(backend, req, out);
	ddns_buf_put_text(out, DDNS_REPLY_END);
	return err != DDNS_OK ? err : out->err;
}

/* Once a second at the most, for PowerDNS will ask again and again. */
static void
tell(struct ddns_backend *backend, const char *method, enum ddns_err err)
{
	int64_t now_us = ddns_mono_us_now().v;
	const char *detail = "";

	if (err == backend->told && now_us < backend->tell_at.v)
		return;
	backend->told = err;
	backend->tell_at.v = now_us + TELL_EACH_US;
	if (backend->store != NULL)
		detail = ddns_store_get_error(backend->store);
	ddns_log(DDNS_LOG_ERROR, "pdns-backend-ddns: method=%s failed: %s "
	    "store=%s detail=%s", DDNS_Q(method), ddns_err_text(err),
	    DDNS_Q(backend->store_path), DDNS_Q(detail));
}

void
ddns_backend_answer(struct ddns_backend *backend, char *line, size_t len,
    struct ddns_buf *out)
{
	struct ddns_request req;
	enum ddns_err err;

	ddns_buf_reset(out);
	err = ddns_request_parse(line, len, &req);
	if (err == DDNS_OK)
		err = call(backend, find_method(req.method), &req, out);
	if (err == DDNS_OK)
		return;
	tell(backend, req.method != NULL ? req.method : "", err);
	ddns_backend_close_store(backend);
	ddns_buf_reset(out);
	ddns_reply_put_result(out, "null", ddns_err_text(err));
}

enum ddns_err
ddns_backend_new(const char *store_path, struct ddns_backend **ret)
{
	struct ddns_backend *backend = calloc(1, sizeof(*backend));

	if (backend == NULL)
		return DDNS_ENOMEM;
	backend->patience_ms = TIMEOUT_DEFAULT_MS / 4 * 3;
	backend->store_path = ddns_strdup(store_path);
	if (backend->store_path == NULL) {
		free(backend);
		return DDNS_ENOMEM;
	}
	*ret = backend;
	return DDNS_OK;
}

void
ddns_backend_free(struct ddns_backend *backend)
{
	if (backend == NULL)
		return;
	ddns_backend_close_store(backend);
	free(backend->store_path);
	free(backend);
}
