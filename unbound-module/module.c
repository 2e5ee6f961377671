/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Unbound's dynlib module calls: start and stop, and the way of a lookup.
 *
 *	operate, new or pass	the lookup takes its stamp
 *	query goes out		... or that of the query it shares
 *	response came in	TTLs are capped; an answer older than a change
 *				of its names is kept out of the cache
 *	operate, moddone	the same once more for the whole answer, since
 *				the change may have come meanwhile: what was
 *				stored is taken back, and the lookup restarts
 *
 * We must stand before the validator, which stores again when it is done.
 *
 * Nothing here waits, fails a lookup, or stops Unbound: at its start we refuse
 * with a message, and a reload that brings a mistake goes on with the last
 * good settings, because an init() that fails then would end the resolver.
 *
 * The library is linked with -z nodelete, so that the variables below outlive
 * the dlclose() of a reload.
 */
#include "config.h"
#include "daemon/daemon.h"
#include "dynlibmod/dynlibmod.h"
#include "services/cache/dns.h"
#include "services/cache/rrset.h"
#include "services/mesh.h"
#include "services/outside_network.h"
#include "util/config_file.h"
#include "util/data/dname.h"
#include "util/data/msgparse.h"
#include "util/data/msgreply.h"
#include "util/data/packed_rrset.h"
#include "util/log.h"
#include "util/module.h"
#include "util/net_help.h"
#include "util/rbtree.h"
#include "util/regional.h"
#include "util/storage/slabhash.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "unbound-module/abi.h"
#include "unbound-module/cache.h"
#include "unbound-module/generation.h"
#include "unbound-module/inflight.h"
#include "unbound-module/listener.h"
#include "unbound-module/settings.h"
#include "unbound-module/stats.h"
#include "unbound-module/window.h"
#include "unbound-module/zones.h"

#define TYPE_CNAME 5
#define TYPE_NSEC 47
/* A name that changes faster than it can be asked is answered uncached. */
#define RESTARTS_MAX 8

struct ddns_module {
	struct ddns_zones *zones;
	struct ddns_generation *generation;
	struct ddns_cache *cache;
	struct ddns_listener *listener;
	unsigned epoch; /* of the workers' windows */
};

struct lookup { /* one a query state, in its region */
	uint64_t stamp;
	int no_cache_store; /* as it was before us */
	unsigned restarts;
};

static struct ddns_settings *settings; /* the last good ones */
static struct ddns_stats stats;
static uint64_t generation_count; /* where the last instance stopped */
static bool was_up, is_up;

int init(struct module_env *env, int id);
void deinit(struct module_env *env, int id);
void operate(struct module_qstate *qstate, enum module_ev event, int id,
    struct outbound_entry *outbound);
void inform_super(struct module_qstate *qstate, int id,
    struct module_qstate *super);
void clear(struct module_qstate *qstate, int id);
size_t get_mem(struct module_env *env, int id);

static struct dynlibmod_env *
dynlib_of(const struct module_env *env, int id)
{
	return env->modinfo[id];
}

static struct ddns_module *
module_of(const struct module_env *env, int id)
{
	return dynlib_of(env, id)->dyn_env;
}

static void
log_to_unbound(enum ddns_log_level level, const char *line)
{
	switch (level) {
	case DDNS_LOG_ERROR:
		log_err("%s", line);
		break;
	case DDNS_LOG_WARNING:
		log_warn("%s", line);
		break;
	case DDNS_LOG_NOTICE:
	case DDNS_LOG_INFO:
		log_info("%s", line);
		break;
	case DDNS_LOG_DEBUG:
		verbose(VERB_ALGO, "%s", line);
		break;
	}
}

/* --- the way of a lookup --- */

static enum ddns_freshness
worse(enum ddns_freshness a, enum ddns_freshness b)
{
	return a > b ? a : b;
}

static enum ddns_freshness
judge_name(struct ddns_module *m, const uint8_t *name, size_t name_len,
    uint64_t stamp, struct ddns_zone **ret_zone)
{
	struct ddns_zone *zone;
	uint64_t hash;

	zone = ddns_zones_find(m->zones, name, name_len, &hash);
	*ret_zone = zone;
	if (zone == NULL)
		return DDNS_FRESH;
	return worse(ddns_generation_check(&zone->whole, stamp),
	    ddns_generation_check(ddns_generation_name(m->generation, hash),
	    stamp));
}

/*
 * A record set by its owner; an alias by its target too, since an answer that
 * the target does not exist names it nowhere else.  An NSEC record that may
 * deny a new name is not false as an answer, but must not stay: DDNS_BUSY.
 */
static enum ddns_freshness
judge_rrset(struct ddns_module *m, struct ub_packed_rrset_key *rrset,
    uint64_t stamp)
{
	enum ddns_freshness fresh;
	struct ddns_zone *zone;
	uint8_t *target = NULL;
	size_t target_len = 0;

	fresh = judge_name(m, rrset->rk.dname, rrset->rk.dname_len, stamp,
	    &zone);
	if (zone != NULL && rrset->rk.type == htons(TYPE_NSEC) &&
	    ddns_generation_check(&zone->proof, stamp) != DDNS_FRESH)
		fresh = worse(fresh, DDNS_BUSY);
	if (rrset->rk.type == htons(TYPE_CNAME)) {
		get_cname_target(rrset, &target, &target_len);
		if (target != NULL && target_len > 0)
			fresh = worse(fresh, judge_name(m, target, target_len,
			    stamp, &zone));
	}
	return fresh;
}

/* Nothing has changed anywhere since, and nothing is changing. */
static bool
is_quiet(const struct ddns_module *m, uint64_t stamp)
{
	uint64_t now = ddns_generation_stamp(m->generation);

	return now == stamp && (now & 1) == 0;
}

static void
cap_ttl(time_t *ttl, uint32_t max_ttl_s)
{
	if (*ttl > (time_t)max_ttl_s)
		*ttl = (time_t)max_ttl_s;
}

static bool
cap_rrset(struct ub_packed_rrset_key *rrset, uint32_t max_ttl_s)
{
	struct packed_rrset_data *data = rrset->entry.data;
	size_t i;

	if (data == NULL || data->ttl <= (time_t)max_ttl_s)
		return false;
	data->ttl = (time_t)max_ttl_s;
	for (i = 0; i < data->count + data->rrsig_count; i++)
		cap_ttl(&data->rr_ttl[i], max_ttl_s);
	return true;
}

/* Before the iterator stores: later is too late, see docs. */
static void
cap_response(struct ddns_module *m, struct reply_info *rep)
{
	const struct ddns_zone *zone;
	uint64_t hash;
	size_t i;
	bool capped = false;

	for (i = 0; i < rep->rrset_count; i++) {
		zone = ddns_zones_find(m->zones, rep->rrsets[i]->rk.dname,
		    rep->rrsets[i]->rk.dname_len, &hash);
		if (zone == NULL || zone->max_ttl_s == 0)
			continue;
		capped = cap_rrset(rep->rrsets[i], zone->max_ttl_s) || capped;
		if (rep->ttl > (time_t)zone->max_ttl_s) {
			rep->ttl = (time_t)zone->max_ttl_s;
			capped = true;
		}
	}
	if (!capped)
		return;
	rep->prefetch_ttl = PREFETCH_TTL_CALC(rep->ttl);
	rep->serve_expired_ttl = rep->ttl + SERVE_EXPIRED_TTL;
	ddns_stats_add(&stats.ttls_capped);
}

static bool
response_is_fresh(struct ddns_module *m, struct dns_msg *response,
    uint64_t stamp)
{
	struct ddns_zone *zone;
	size_t i;

	if (judge_name(m, response->qinfo.qname, response->qinfo.qname_len,
	    stamp, &zone) != DDNS_FRESH)
		return false;
	for (i = 0; i < response->rep->rrset_count; i++) {
		if (judge_rrset(m, response->rep->rrsets[i], stamp) !=
		    DDNS_FRESH)
			return false;
	}
	return true;
}

static int
on_response(struct module_qstate *qstate, struct dns_msg *response, int id,
    void *arg)
{
	struct ddns_module *m = arg;
	const struct lookup *lookup = qstate->minfo[id];

	if (response == NULL || response->rep == NULL)
		return 1; /* a timeout */
	if (ddns_zones_have_cap(m->zones))
		cap_response(m, response->rep);
	if (lookup == NULL)
		return 1;
	ddns_window_enter(ddns_window_mine(m->epoch));
	if (!is_quiet(m, lookup->stamp) &&
	    !response_is_fresh(m, response, lookup->stamp)) {
		qstate->no_cache_store = 1;
		ddns_stats_add(&stats.stores_prevented);
	}
	return 1;
}

/*
 * Is such a query on its way, to any server and with any EDNS options?  The
 * tree is ordered by question and flags first; options and server come last,
 * and none at all sorts before any.
 */
static bool
is_shared(const struct outside_network *outnet, const struct query_info *asked,
    uint16_t flags)
{
	/* what the iterator asks with: without CD it may be of forwarders */
	static const int dnssec[] = { EDNS_DO | BIT_CD, EDNS_DO };
	size_t kinds = (flags & BIT_RD) != 0 ? 2 : 1;
	uint8_t wire[10 + 255 + 4] = { 0 };
	struct serviced_query key, *found;
	rbnode_type *node;
	size_t i;

	/* no tree in Unbound's own replay tests */
	if (outnet->serviced == NULL || outnet->serviced->count == 0)
		return false;
	if (asked->qname_len > 255)
		return true;
	memset(&key, 0, sizeof(key));
	ddns_set_u16(wire, flags);
	ddns_set_u16(wire + 2, 1);
	memcpy(wire + 10, asked->qname, asked->qname_len);
	ddns_set_u16(wire + 10 + asked->qname_len, asked->qtype);
	ddns_set_u16(wire + 12 + asked->qname_len, asked->qclass);
	key.node.key = &key;
	key.qbuf = wire;
	key.qbuflen = 14 + asked->qname_len;
	for (i = 0; i < kinds; i++) {
		key.dnssec = dnssec[i];
		node = NULL;
		(void)rbtree_find_less_equal(outnet->serviced, &key, &node);
		node = node == NULL || node == RBTREE_NULL ?
		    rbtree_first(outnet->serviced) : rbtree_next(node);
		if (node == NULL || node == RBTREE_NULL)
			continue;
		found = (struct serviced_query *)node;
		if (found->qbuflen == key.qbuflen &&
		    memcmp(found->qbuf, wire, 10) == 0 &&
		    memcmp(found->qbuf + key.qbuflen - 4,
		    wire + key.qbuflen - 4, 4) == 0 &&
		    query_dname_compare(found->qbuf + 10, wire + 10) == 0)
			return true;
	}
	return false;
}

static int
on_query(struct query_info *asked, uint16_t flags,
    struct module_qstate *qstate, struct sockaddr_storage *addr,
    socklen_t addrlen, uint8_t *zone, size_t zonelen, struct regional *region,
    int id, void *arg)
{
	/* no sharing between threads, so none of this */
	static _Thread_local struct ddns_inflight inflight;
	struct ddns_module *m = arg;
	struct lookup *lookup = qstate->minfo[id];
	uint64_t key, stamp;

	(void)addr;
	(void)addrlen;
	(void)zone;
	(void)zonelen;
	(void)region;
	key = ddns_zones_hash_wire((uint64_t)asked->qtype << 16 | flags,
	    asked->qname, asked->qname_len);
	stamp = ddns_inflight_stamp(&inflight, key,
	    is_shared(qstate->env->outnet, asked, flags),
	    ddns_generation_stamp(m->generation));
	if (lookup != NULL && stamp < lookup->stamp)
		lookup->stamp = stamp;
	ddns_window_leave(ddns_window_mine(m->epoch));
	return 1;
}

static void
begin_lookup(struct ddns_module *m, struct module_qstate *qstate, int id)
{
	struct lookup *lookup = qstate->minfo[id];

	if (lookup == NULL) {
		lookup = regional_alloc_zero(qstate->region, sizeof(*lookup));
		qstate->minfo[id] = lookup;
	}
	if (lookup != NULL) {
		lookup->stamp = ddns_generation_stamp(m->generation);
		lookup->no_cache_store = qstate->no_cache_store;
	}
	ddns_window_enter(ddns_window_mine(m->epoch));
}

/* Judges the answer, and takes back what must not stay of it. */
static enum ddns_freshness
judge_answer(struct ddns_module *m, struct module_qstate *qstate,
    uint64_t stamp)
{
	struct dns_msg *msg = qstate->return_msg;
	enum ddns_freshness worst, fresh;
	struct ddns_zone *zone;
	size_t i;

	if (is_quiet(m, stamp))
		return DDNS_FRESH;
	worst = judge_name(m, qstate->qinfo.qname, qstate->qinfo.qname_len,
	    stamp, &zone);
	for (i = 0; msg != NULL && msg->rep != NULL &&
	    i < msg->rep->rrset_count; i++) {
		fresh = judge_rrset(m, msg->rep->rrsets[i], stamp);
		if (fresh != DDNS_FRESH)
			ddns_cache_undo_rrset(m->cache, msg->rep->rrsets[i]);
		worst = worse(worst, fresh);
	}
	if (worst != DDNS_FRESH)
		ddns_cache_undo_message(m->cache, &qstate->qinfo);
	return worst;
}

static void
restart(struct ddns_module *m, struct module_qstate *qstate, int id,
    struct lookup *lookup)
{
	lookup->restarts++;
	lookup->stamp = ddns_generation_stamp(m->generation);
	qstate->no_cache_store = lookup->no_cache_store;
	qstate->return_msg = NULL;
	qstate->return_rcode = 0;
	qstate->reply_origin = NULL;
	qstate->errinf = NULL;
	(*qstate->env->detach_subs)(qstate);
	ddns_window_enter(ddns_window_mine(m->epoch));
	qstate->ext_state[id] = module_restart_next;
	ddns_stats_add(&stats.lookups_restarted);
}

static void
end_lookup(struct ddns_module *m, struct module_qstate *qstate, int id)
{
	struct lookup *lookup = qstate->minfo[id];
	struct ddns_window *window = ddns_window_mine(m->epoch);
	enum ddns_freshness fresh;

	fresh = judge_answer(m, qstate, lookup != NULL ? lookup->stamp : 0);
	if (fresh == DDNS_STALE && lookup != NULL &&
	    qstate->return_msg != NULL) {
		if (lookup->restarts < RESTARTS_MAX) {
			restart(m, qstate, id, lookup);
			return;
		}
		ddns_stats_add(&stats.lookups_given_up);
	}
	/* a lookup that waited for this one goes on in the same breath */
	if (qstate->mesh_info->super_set.count > 0)
		ddns_window_enter(window);
	else
		ddns_window_leave(window);
	qstate->ext_state[id] = module_finished;
}

void
operate(struct module_qstate *qstate, enum module_ev event, int id,
    struct outbound_entry *outbound)
{
	struct ddns_module *m = module_of(qstate->env, id);

	(void)outbound;
	switch (event) {
	case module_event_new:
	case module_event_pass:
		if (m != NULL)
			begin_lookup(m, qstate, id);
		qstate->ext_state[id] = module_wait_module;
		break;
	case module_event_moddone:
		if (m != NULL)
			end_lookup(m, qstate, id);
		else
			qstate->ext_state[id] = module_finished;
		break;
	case module_event_reply:
	case module_event_noreply:
	case module_event_capsfail:
	case module_event_error:
		/* not for us: we send nothing */
		qstate->ext_state[id] = module_error;
		break;
	}
}

void
inform_super(struct module_qstate *qstate, int id,
    struct module_qstate *super)
{
	(void)qstate;
	(void)id;
	(void)super;
}

void
clear(struct module_qstate *qstate, int id)
{
	qstate->minfo[id] = NULL; /* was in the region */
}

size_t
get_mem(struct module_env *env, int id)
{
	const struct ddns_module *m = module_of(env, id);

	if (m == NULL)
		return 0;
	return sizeof(*m) + sizeof(*m->generation) +
	    ddns_zones_bytes(m->zones);
}

/* --- start and stop --- */

static bool
option_is(const struct module_env *env, const char *option, size_t want)
{
	char *text = NULL;
	bool same;

	if (config_get_option_collate(env->cfg, (char *)(uintptr_t)option,
	    &text) != 0 || text == NULL)
		return false;
	same = strtoul(text, NULL, 10) == want;
	free(text);
	return same;
}

static struct daemon *
daemon_of(const struct module_env *env)
{
	return (struct daemon *)(void *)((char *)env->alloc -
	    offsetof(struct daemon, superalloc));
}

static enum ddns_err
check_abi(struct module_env *env, int id, struct ddns_buf *why)
{
	struct ddns_abi abi = { .built_for = PACKAGE_STRING,
		.env_built_bytes = sizeof(*env),
		.env_found_bytes = malloc_usable_size(env),
		.subnet_found = dlsym(RTLD_DEFAULT, "subnetmod_init") != NULL,
		.cachedb_found = dlsym(RTLD_DEFAULT, "cachedb_init") != NULL,
		.module_self = true, .cache_slabs = true,
		.cache_functions = true, .daemon_env = true };
	enum ddns_err err;

#ifdef CLIENT_SUBNET
	abi.subnet_built = true;
#endif
#ifdef USE_CACHEDB
	abi.cachedb_built = true;
#endif
#ifndef THREADS_DISABLED
	abi.threads = true;
#endif
	ddns_abi_scan_program(&abi);
	err = ddns_abi_check(&abi, why);
	if (err != DDNS_OK)
		return err; /* before any pointer is followed */
	abi.module_self = dynlib_of(env, id)->func_init == init;
	abi.daemon_env = daemon_of(env)->env == env;
	abi.cache_slabs = option_is(env, "msg-cache-slabs",
	    env->msg_cache->size);
	abi.cache_functions = abi.module_self && abi.daemon_env &&
	    abi.cache_slabs && /* else the next pointers may be none */
	    env->msg_cache->array[0]->sizefunc == &msgreply_sizefunc &&
	    env->rrset_cache->table.array[0]->compfunc == &ub_rrset_compare;
	return ddns_abi_check(&abi, why);
}

static enum ddns_err
check_order(const struct module_env *env, int id, struct ddns_buf *why)
{
	char *modules = NULL;
	enum ddns_err err;

	if (config_get_option_collate(env->cfg,
	    (char *)(uintptr_t)"module-config", &modules) != 0 ||
	    modules == NULL)
		return DDNS_OK;
	err = ddns_abi_check_order(modules, id, why);
	free(modules);
	return err;
}

/* Loads the file; a mistake in it leaves the settings as they were. */
static enum ddns_err
load_settings(const struct dynlibmod_env *dynlib, struct ddns_buf *why)
{
	struct ddns_settings *fresh = NULL;
	char *path;
	enum ddns_err err;

	path = ddns_settings_path(getenv("DDNS_UNBOUND_CONF"), dynlib->fname);
	if (path == NULL)
		return DDNS_ENOMEM;
	err = ddns_settings_load(path, &fresh, why);
	free(path);
	if (err == DDNS_OK) {
		ddns_settings_free(settings);
		settings = fresh;
	} else if (settings != NULL) {
		ddns_log(DDNS_LOG_ERROR, "unbound-ddns: %s; the settings from "
		    "before stay in force", ddns_buf_text(why));
		ddns_buf_reset(why);
		err = DDNS_OK;
	}
	return err;
}

static bool
register_callbacks(struct ddns_module *m, struct module_env *env, int id)
{
	struct dynlibmod_env *dynlib = dynlib_of(env, id);
	/* typed, so that the compiler sees when Unbound changes them */
	inplace_cb_query_func_type *query = on_query;
	inplace_cb_query_response_func_type *response = on_response;

	return dynlib->inplace_cb_register_wrapped((void *)query,
	    inplace_cb_query, m, env, id) &&
	    dynlib->inplace_cb_register_wrapped((void *)response,
	    inplace_cb_query_response, m, env, id);
}

static void
forget_callbacks(struct module_env *env, int id)
{
	struct dynlibmod_env *dynlib = dynlib_of(env, id);

	dynlib->inplace_cb_delete_wrapped(env, inplace_cb_query, id);
	dynlib->inplace_cb_delete_wrapped(env, inplace_cb_query_response, id);
}

static void
module_free(struct ddns_module *m)
{
	if (m == NULL)
		return;
	ddns_listener_free(m->listener); /* first: its thread uses the rest */
	if (m->generation != NULL)
		generation_count = m->generation->count;
	ddns_cache_free(m->cache);
	ddns_zones_free(m->zones);
	free(m->generation);
	free(m);
}

static enum ddns_err
start_listener(struct ddns_module *m, const struct module_env *env,
    struct ddns_buf *why)
{
	struct ddns_listener_param param = { .settings = settings,
		.dropper = { m->cache, m->generation, m->zones, &stats,
		    settings->conf->grace_us } };
	char *text = NULL;

	if (config_get_option_collate(env->cfg,
	    (char *)(uintptr_t)"statistics-interval", &text) == 0 &&
	    text != NULL)
		param.stats_interval_s = (unsigned)strtoul(text, NULL, 10);
	free(text);
	return ddns_listener_new(&param, !was_up, &m->listener, why);
}

static enum ddns_err
module_new(struct module_env *env, int id, struct ddns_module **ret,
    struct ddns_buf *why)
{
	struct ddns_module *m = NULL;
	uint64_t seed;
	enum ddns_err err = DDNS_ENOMEM;

	m = calloc(1, sizeof(*m));
	if (m == NULL)
		goto out;
	m->generation = malloc(sizeof(*m->generation));
	m->cache = ddns_cache_new(env, daemon_of(env));
	if (m->generation == NULL || m->cache == NULL)
		goto out;
	ddns_generation_init(m->generation, generation_count);
	m->epoch = ddns_windows_reset();
	err = ddns_random(&seed, sizeof(seed));
	if (err == DDNS_OK)
		err = ddns_zones_new(settings->conf->zones,
		    settings->conf->zones_count, seed, &m->zones);
	if (err == DDNS_EEXIST)
		ddns_buf_putf(why, "%s: a zone is there twice",
		    settings->path);
	if (err == DDNS_OK)
		err = start_listener(m, env, why);
	if (err != DDNS_OK)
		goto out;
	if (!register_callbacks(m, env, id)) {
		forget_callbacks(env, id); /* one may be there */
		err = DDNS_ENOMEM;
		goto out;
	}
	*ret = m;
	m = NULL;
out:
	module_free(m);
	return err;
}

int
init(struct module_env *env, int id)
{
	struct ddns_buf why = { 0 };
	struct ddns_module *m = NULL;
	struct dynlibmod_env *dynlib;
	enum ddns_err err;

	ddns_log_set_sink(log_to_unbound);
	err = check_abi(env, id, &why);
	if (err == DDNS_OK)
		err = check_order(env, id, &why);
	if (err == DDNS_OK && is_up) {
		ddns_buf_put_text(&why, "loaded twice");
		err = DDNS_EEXIST;
	}
	if (err != DDNS_OK)
		goto out;
	dynlib = dynlib_of(env, id);
	err = load_settings(dynlib, &why);
	if (err == DDNS_OK)
		err = module_new(env, id, &m, &why);
	if (err != DDNS_OK)
		goto out;
	dynlib->dyn_env = m;
	is_up = true;
	ddns_log(DDNS_LOG_INFO, "unbound-ddns: %zu zones from %s",
	    ddns_zones_count(m->zones), settings->path);
out:
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "unbound-ddns: %s%s",
		    why.len_bytes > 0 ? ddns_buf_text(&why) :
		    ddns_err_text(err), was_up ?
		    ".  Unbound goes on without the module" : "");
	ddns_buf_done(&why);
	if (err != DDNS_OK && !was_up)
		return 0;
	was_up = true;
	return 1;
}

void
deinit(struct module_env *env, int id)
{
	struct dynlibmod_env *dynlib = dynlib_of(env, id);
	struct ddns_module *m;
	struct ddns_buf text = { 0 };

	if (dynlib == NULL || dynlib->dyn_env == NULL)
		return;
	m = dynlib->dyn_env;
	dynlib->dyn_env = NULL;
	forget_callbacks(env, id);
	module_free(m);
	is_up = false;
	ddns_stats_format(&stats, &text);
	ddns_log(DDNS_LOG_INFO, "unbound-ddns: %s", ddns_buf_text(&text));
	ddns_buf_done(&text);
}
