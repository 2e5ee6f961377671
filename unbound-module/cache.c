/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Removing from Unbound's caches.
 *
 * The caches are hash tables with a lock a bin, shared by all worker threads,
 * so a foreign thread may remove from them as well.  What must go for one
 * changed name and type:
 *
 * - the record set, as answered by the zone and as glue of the parent: its
 *   key's id becomes 0, which is what makes every message that contains it,
 *   also an alias in another zone, be taken as not cached;
 * - messages of the name with that type (negative ones hold no record set of
 *   it), with ANY, and what says that the name is an alias;
 * - the SOA record set that all negative answers of the zone share: they all
 *   go with it, whatever their type;
 * - the NSEC records around the name, from which Unbound may deduce that the
 *   name does not exist (RFC 8198);
 * - the copies that other modules keep.
 *
 * This thread must not touch the caches while Unbound reloads, since it may
 * free them then.  daemon_cleanup() first clears daemon->local_zones and then
 * takes the write lock of the auth zones, so under the read lock of these and
 * with local_zones unchanged the caches stay.
 */
#include "config.h"
#include "daemon/daemon.h"
#include "services/authzone.h"
#include "services/cache/dns.h"
#include "services/cache/rrset.h"
#include "services/modstack.h"
#include "util/data/dname.h"
#include "util/data/msgreply.h"
#include "util/data/packed_rrset.h"
#include "util/module.h"
#include "util/storage/lruhash.h"
#include "util/storage/slabhash.h"
#include "validator/val_kcache.h"
#include "validator/val_neg.h"
#ifdef CLIENT_SUBNET
#include "edns-subnet/subnetmod.h"
#endif

#include "unbound-module/cache.h"

#include <stdlib.h>
#include <string.h>

#define TYPE_A 1
#define TYPE_NS 2
#define TYPE_CNAME 5
#define TYPE_SOA 6
#define TYPE_AAAA 28
#define TYPE_DS 43
#define TYPE_NSEC 47
#define TYPE_DNSKEY 48
#define TYPE_ANY 255
#define CLASS_IN 1
#define FLAG_CD 0x0010

#define WALK_BINS 2048      /* a step: 1 to 2 ms */
#define WALK_KEYS_MAX 4096  /* ... or so many entries found */
#define NSEC_BACK_MAX 128

struct ddns_cache {
	struct module_env *env; /* the daemon's, not a worker's */
	struct daemon *daemon;
	/* as they were at our start; compared, never followed */
	const void *local_zones, *cfg;
};

struct ddns_cache *
ddns_cache_new(struct module_env *env, struct daemon *daemon)
{
	struct ddns_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->env = env;
	cache->daemon = daemon;
	cache->local_zones = daemon->local_zones;
	cache->cfg = daemon->cfg;
	return cache;
}

void
ddns_cache_free(struct ddns_cache *cache)
{
	free(cache);
}

static enum ddns_err
enter(struct ddns_cache *cache)
{
	lock_rw_rdlock(&cache->env->auth_zones->lock);
	if (cache->daemon->local_zones == cache->local_zones &&
	    cache->daemon->cfg == cache->cfg)
		return DDNS_OK;
	lock_rw_unlock(&cache->env->auth_zones->lock);
	return DDNS_ESTOP;
}

static void
leave(struct ddns_cache *cache)
{
	lock_rw_unlock(&cache->env->auth_zones->lock);
}

/* A module's place in the list, -1 where it is not loaded. */
static int
module_index(struct ddns_cache *cache, const char *name)
{
	const struct module_stack *mods = &cache->daemon->mods;
	int i;

	for (i = 0; i < mods->num; i++) {
		if (strcmp(mods->mod[i]->name, name) == 0)
			return i;
	}
	return -1;
}

static struct slabhash *
subnet_cache(struct ddns_cache *cache)
{
#ifdef CLIENT_SUBNET
	int at = module_index(cache, "subnetcache");
	struct subnet_env *subnet = at < 0 ? NULL : cache->env->modinfo[at];

	return subnet == NULL ? NULL : subnet->subnet_msg_cache;
#else
	(void)cache;
	return NULL;
#endif
}

static void
remove_message_from(struct slabhash *table, const struct ddns_name *name,
    uint16_t type, uint16_t flags)
{
	struct query_info key = { .qname = (uint8_t *)(uintptr_t)name->wire,
		.qname_len = name->len_bytes, .qtype = type,
		.qclass = CLASS_IN };

	slabhash_remove(table, query_info_hash(&key, flags), &key);
}

static void
remove_message(struct ddns_cache *cache, const struct ddns_name *name,
    uint16_t type)
{
	struct slabhash *subnet = subnet_cache(cache);

	remove_message_from(cache->env->msg_cache, name, type, 0);
	if (subnet != NULL)
		remove_message_from(subnet, name, type, 0);
	if (type != TYPE_AAAA)
		return; /* only this one is kept apart by CD */
	remove_message_from(cache->env->msg_cache, name, type, FLAG_CD);
	if (subnet != NULL)
		remove_message_from(subnet, name, type, FLAG_CD);
}

static void
remove_rrset(struct ddns_cache *cache, const struct ddns_name *name,
    uint16_t type, uint32_t flags)
{
	rrset_cache_remove(cache->env->rrset_cache,
	    (uint8_t *)(uintptr_t)name->wire, name->len_bytes, type, CLASS_IN,
	    flags);
}

static void
remove_type(struct ddns_cache *cache, const struct ddns_name *name,
    uint16_t type)
{
	remove_rrset(cache, name, type, 0);
	if (type == TYPE_A || type == TYPE_AAAA || type == TYPE_NS ||
	    type == TYPE_DS)
		remove_rrset(cache, name, type, PACKED_RRSET_PARENT_SIDE);
	remove_message(cache, name, type);
}

static void
remove_keys(struct ddns_cache *cache, const struct ddns_name *name)
{
	if (cache->env->key_cache != NULL)
		key_cache_remove(cache->env->key_cache,
		    (uint8_t *)(uintptr_t)name->wire, name->len_bytes,
		    CLASS_IN);
}

/* Types that exist (IANA's registry, 2026), and the private ones. */
static void
remove_all_types(struct ddns_cache *cache, const struct ddns_name *name)
{
	unsigned type;

	for (type = 1; type < 320; type++)
		remove_type(cache, name, (uint16_t)type);
	for (type = 32768; type < 32772; type++)
		remove_type(cache, name, (uint16_t)type);
	for (type = 65280; type < 65535; type++)
		remove_type(cache, name, (uint16_t)type);
	remove_keys(cache, name);
}

/* Every zone that the name may be in: the SOA stands for "not there". */
static void
remove_negative(struct ddns_cache *cache, const struct ddns_name *apex,
    const struct ddns_name *name)
{
	struct ddns_name at = *name, parent;

	for (;;) {
		remove_rrset(cache, &at, TYPE_SOA, PACKED_RRSET_SOA_NEG);
		if (at.len_bytes <= apex->len_bytes ||
		    !ddns_name_parent(&at, &parent))
			return;
		at = parent;
	}
}

/* The NSEC at the name or the last one before it, in one signed zone. */
static void
remove_nsec_in(struct ddns_cache *cache, struct val_neg_zone *zone,
    const struct ddns_name *name)
{
	struct val_neg_data key, *data;
	rbnode_type *node = NULL;
	unsigned back;

	memset(&key, 0, sizeof(key));
	key.node.key = &key;
	key.name = (uint8_t *)(uintptr_t)name->wire;
	key.len = name->len_bytes;
	key.labs = dname_count_labels(key.name);
	(void)rbtree_find_less_equal(&zone->tree, &key, &node);
	for (back = 0; node != NULL && node != RBTREE_NULL &&
	    back < NSEC_BACK_MAX; back++, node = rbtree_previous(node)) {
		data = (struct val_neg_data *)node;
		if (!data->in_use)
			continue; /* an empty non-terminal */
		rrset_cache_remove(cache->env->rrset_cache, data->name,
		    data->len, TYPE_NSEC, CLASS_IN, 0);
		rrset_cache_remove(cache->env->rrset_cache, data->name,
		    data->len, TYPE_NSEC, CLASS_IN,
		    PACKED_RRSET_NSEC_AT_APEX);
		if (query_dname_compare(data->name, key.name) != 0)
			return;
		/* the one before covers the name if this one is new */
	}
}

static void
remove_nsec(struct ddns_cache *cache, const struct ddns_name *apex,
    const struct ddns_name *name)
{
	struct val_neg_cache *neg = cache->env->neg_cache;
	struct val_neg_zone *zone;
	struct ddns_name at = *name, parent;

	if (neg == NULL)
		return;
	lock_basic_lock(&neg->lock);
	for (;;) {
		zone = neg_find_zone(neg, at.wire, at.len_bytes, CLASS_IN);
		if (zone != NULL && zone->in_use && !zone->nsec3_hash)
			remove_nsec_in(cache, zone, name);
		if (at.len_bytes <= apex->len_bytes ||
		    !ddns_name_parent(&at, &parent))
			break;
		at = parent;
	}
	lock_basic_unlock(&neg->lock);
}

enum ddns_err
ddns_cache_drop(struct ddns_cache *cache, const struct ddns_name *apex,
    const struct ddns_name *name, uint16_t type)
{
	enum ddns_err err;

	err = enter(cache);
	if (err != DDNS_OK)
		return err;
	if (type == TYPE_ANY || type == TYPE_CNAME) {
		/* an alias takes the place of all other types, and back */
		remove_all_types(cache, name);
	} else {
		remove_type(cache, name, type);
		remove_type(cache, name, TYPE_CNAME);
		remove_message(cache, name, TYPE_ANY);
		if (type == TYPE_DS || type == TYPE_DNSKEY)
			remove_keys(cache, name);
		if (type == TYPE_A && module_index(cache, "dns64") >= 0)
			remove_type(cache, name, TYPE_AAAA);
	}
	remove_type(cache, apex, TYPE_SOA); /* the serial has moved */
	remove_negative(cache, apex, name);
	remove_nsec(cache, apex, name);
	leave(cache);
	return DDNS_OK;
}

void
ddns_cache_undo_rrset(struct ddns_cache *cache,
    const struct ub_packed_rrset_key *rrset)
{
	rrset_cache_remove(cache->env->rrset_cache, rrset->rk.dname,
	    rrset->rk.dname_len, ntohs(rrset->rk.type),
	    ntohs(rrset->rk.rrset_class), rrset->rk.flags);
}

void
ddns_cache_undo_message(struct ddns_cache *cache,
    const struct query_info *question)
{
	struct slabhash *subnet = subnet_cache(cache);
	struct query_info key = *question;

	slabhash_remove(cache->env->msg_cache, query_info_hash(&key, 0), &key);
	slabhash_remove(cache->env->msg_cache, query_info_hash(&key, FLAG_CD),
	    &key);
	if (subnet == NULL)
		return;
	slabhash_remove(subnet, query_info_hash(&key, 0), &key);
	slabhash_remove(subnet, query_info_hash(&key, FLAG_CD), &key);
}

/* --- walk --- */

struct found {
	hashvalue_type hash;
	uint16_t type;
	uint32_t flags;
	struct ddns_name name;
};

struct found_list {
	struct found *list;
	size_t count;
};

static void
note_rrset(const struct lruhash_entry *entry, const uint8_t *below,
    struct found_list *found)
{
	const struct ub_packed_rrset_key *key = entry->key;
	struct found *f;

	if (key->rk.rrset_class != htons(CLASS_IN) ||
	    key->rk.dname_len > DDNS_NAME_WIRE_MAX ||
	    !dname_subdomain_c(key->rk.dname, (uint8_t *)(uintptr_t)below))
		return;
	f = &found->list[found->count++];
	f->hash = entry->hash;
	f->type = key->rk.type; /* network order, as the key wants it */
	f->flags = key->rk.flags;
	f->name.len_bytes = (uint8_t)key->rk.dname_len;
	memcpy(f->name.wire, key->rk.dname, key->rk.dname_len);
}

static void
note_message(const struct lruhash_entry *entry, const uint8_t *below,
    struct found_list *found)
{
	/* both message caches: the key begins with the question */
	const struct query_info *key =
	    &((const struct msgreply_entry *)entry->key)->key;
	struct found *f;

	if (key->qclass != CLASS_IN || key->qname_len > DDNS_NAME_WIRE_MAX ||
	    !dname_subdomain_c(key->qname, (uint8_t *)(uintptr_t)below))
		return;
	f = &found->list[found->count++];
	f->hash = entry->hash;
	f->type = key->qtype;
	f->name.len_bytes = (uint8_t)key->qname_len;
	memcpy(f->name.wire, key->qname, key->qname_len);
}

static void
remove_found(struct slabhash *cache, bool rrsets,
    const struct found_list *found)
{
	struct ub_packed_rrset_key rrset;
	struct query_info message;
	struct found *f;
	size_t i;

	memset(&rrset, 0, sizeof(rrset));
	memset(&message, 0, sizeof(message));
	for (i = 0; i < found->count; i++) {
		f = &found->list[i];
		rrset.rk.dname = message.qname = f->name.wire;
		rrset.rk.dname_len = message.qname_len = f->name.len_bytes;
		rrset.rk.type = message.qtype = f->type;
		rrset.rk.rrset_class = htons(CLASS_IN);
		rrset.rk.flags = f->flags;
		message.qclass = CLASS_IN;
		if (rrsets)
			slabhash_remove(cache, f->hash, &rrset);
		else
			slabhash_remove(cache, f->hash, &message);
	}
}

/*
 * Some bins of one table: note what is below the name while the table is
 * locked, remove it after.  When the table has grown meanwhile its bins were
 * dealt anew, so it is walked from the start.
 */
static enum ddns_err
walk_bins(struct slabhash *cache, bool rrsets, const uint8_t *below,
    struct ddns_cache_walk *walk)
{
	struct lruhash *table = cache->array[walk->table];
	struct lruhash_entry *entry;
	struct found_list found = { NULL, 0 };
	size_t end, room = WALK_KEYS_MAX, n;

	found.list = malloc(room * sizeof(*found.list));
	if (found.list == NULL)
		return DDNS_ENOMEM;
	lock_quick_lock(&table->lock);
	if (walk->bins != table->size) {
		walk->bins = table->size;
		walk->bin = 0;
	}
	end = walk->bin + WALK_BINS;
	for (; walk->bin < table->size && walk->bin < end; walk->bin++) {
		struct lruhash_bin *bin = &table->array[walk->bin];

		lock_quick_lock(&bin->lock);
		n = 0;
		for (entry = bin->overflow_list; entry != NULL;
		    entry = entry->overflow_next)
			n++;
		if (found.count + n > room && found.count > 0) {
			lock_quick_unlock(&bin->lock);
			break; /* go on with this bin in the next step */
		}
		for (entry = bin->overflow_list; entry != NULL &&
		    found.count < room; entry = entry->overflow_next) {
			if (rrsets)
				note_rrset(entry, below, &found);
			else
				note_message(entry, below, &found);
		}
		lock_quick_unlock(&bin->lock);
	}
	if (walk->bin == table->size) {
		walk->table++;
		walk->bin = walk->bins = 0;
	}
	lock_quick_unlock(&table->lock);
	remove_found(cache, rrsets, &found);
	free(found.list);
	return DDNS_OK;
}

enum ddns_err
ddns_cache_walk_step(struct ddns_cache *cache, const struct ddns_name *below,
    struct ddns_cache_walk *walk, bool *ret_done)
{
	struct slabhash *tables[3];
	enum ddns_err err;

	err = enter(cache);
	if (err != DDNS_OK)
		return err;
	tables[0] = &cache->env->rrset_cache->table;
	tables[1] = cache->env->msg_cache;
	tables[2] = subnet_cache(cache);
	while (walk->phase < DDNS_COUNT(tables) &&
	    (tables[walk->phase] == NULL ||
	    walk->table >= tables[walk->phase]->size)) {
		walk->phase++;
		walk->table = walk->bin = walk->bins = 0;
	}
	*ret_done = walk->phase == DDNS_COUNT(tables);
	if (!*ret_done)
		err = walk_bins(tables[walk->phase], walk->phase == 0,
		    below->wire, walk);
	leave(cache);
	return err;
}
