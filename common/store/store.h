/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_STORE_STORE_H
#define DDNS_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/dns/name.h"
#include "common/dns/rrset.h"

/*
 * The store: zones, records, hosts, who may change them, and the journal.
 * This header knows nothing of the engine below.  One handle belongs to one
 * thread at a time; open as many as there are threads.
 *
 * Text inside a row that is handed to a callback or returned by a _get is
 * borrowed: valid until the next call on the same handle.  A callback returns
 * DDNS_OK to go on, DDNS_ESTOP to end the walk with DDNS_OK, any other error
 * to end the walk with that error.  A callback may read on the same handle.
 *
 * Errors of all functions: DDNS_ENOTFOUND and DDNS_EEXIST as named at each;
 * DDNS_EBUSY the writer's lock was not to be had in time; DDNS_EIO the disk;
 * DDNS_ENOSPACE disk full; DDNS_ENOMEM; DDNS_EDENIED write through a handle
 * that only reads; DDNS_EFORMAT the stored data is damaged.
 */
struct ddns_store;

enum ddns_store_mode {
	DDNS_STORE_READ,  /* never writes, not even a migration */
	DDNS_STORE_WRITE, /* creates the file and migrates as needed */
};

/*
 * DDNS_EVERSION: the schema is newer than this program, or (READ) older.
 * DDNS_ENOTFOUND: READ and there is no store.
 * url is a path to a file for the embedded engine.
 */
enum ddns_err ddns_store_open(const char *url, enum ddns_store_mode mode,
    struct ddns_store **ret) DDNS_MUST_CHECK;
void ddns_store_free(struct ddns_store *store);
/*
 * For who answers many lookups: the handle may map the file instead of copying
 * from it.  What was touched then counts as memory of the process, though it
 * is the page cache's.
 */
void ddns_store_expect_lookups(struct ddns_store *store);
/* The engine's own words for the last failure on this handle; never NULL. */
const char *ddns_store_get_error(const struct ddns_store *store);

/*
 * Transactions.  Reads outside one see the newest commit, each call by itself;
 * between begin(READ) and end they see one snapshot.  A WRITE transaction
 * waits for the writer's lock (at most 5 s: DDNS_EBUSY), reads in it see its
 * own changes.  Reads wait for no writer; a handle that only reads waits at
 * most 1 s for an engine that puts in order what a crash left: DDNS_EBUSY.
 * commit returns after the data is on stable storage.
 */
enum ddns_err ddns_store_begin(struct ddns_store *store,
    enum ddns_store_mode mode) DDNS_MUST_CHECK;
enum ddns_err ddns_store_commit(struct ddns_store *store) DDNS_MUST_CHECK;
void ddns_store_rollback(struct ddns_store *store); /* fine outside one */
/*
 * A mark inside a WRITE transaction: undo goes back to it, keep forgets it.
 * One at a time.
 */
enum ddns_err ddns_store_mark(struct ddns_store *store) DDNS_MUST_CHECK;
enum ddns_err ddns_store_mark_undo(struct ddns_store *store) DDNS_MUST_CHECK;
enum ddns_err ddns_store_mark_keep(struct ddns_store *store) DDNS_MUST_CHECK;

/*
 * A file descriptor that becomes readable when somebody, in this process or
 * another, may have committed; for poll().  After waking: drain, then read.
 * -1 when the engine has none (then poll on a timer).  Owned by the store.
 */
int ddns_store_watch_fd(struct ddns_store *store);
void ddns_store_watch_drain(struct ddns_store *store);

/*
 * Which commit is the newest, for keeping what was read: while two are equal,
 * nothing was committed in between.  Look before reading what is to be kept.
 * Costs neither a lock nor a system call.  false: not to be had this way now,
 * keep nothing.
 */
struct ddns_store_version {
	uint64_t v[6];
};
bool ddns_store_peek_version(struct ddns_store *store,
    struct ddns_store_version *ret);

/* A consistent copy into a new file while others go on; DDNS_EEXIST. */
enum ddns_err ddns_store_backup(struct ddns_store *store, const char *path)
    DDNS_MUST_CHECK;
/*
 * A number that changes whenever accounts, credentials, grants, hosts or zones
 * do: who decided something with an older one decides again.
 */
enum ddns_err ddns_store_get_policy_gen(struct ddns_store *store,
    int64_t *ret) DDNS_MUST_CHECK;

/* ---- zones ---- */

struct ddns_zone {
	int64_t id; /* >= 1, never reused */
	struct ddns_name name;
	uint32_t serial; /* RFC 1982, 0 is skipped */
	/* the other fields of the SOA, which is no stored record */
	struct ddns_name mname, rname;
	uint32_t refresh_s, retry_s, expire_s, minimum_s, soa_ttl_s;
	uint32_t host_ttl_s;             /* of hosts without their own */
	uint32_t ttl_min_s, ttl_max_s;   /* what a host's TTL may be */
};

typedef enum ddns_err ddns_zone_fn(const struct ddns_zone *zone, void *arg);

/* zone->id is ignored; DDNS_EEXIST.  Writes no journal row. */
enum ddns_err ddns_store_zone_add(struct ddns_store *store,
    const struct ddns_zone *zone, int64_t *ret_id) DDNS_MUST_CHECK;
enum ddns_err ddns_store_zone_get(struct ddns_store *store, int64_t id,
    struct ddns_zone *ret) DDNS_MUST_CHECK;
enum ddns_err ddns_store_zone_get_named(struct ddns_store *store,
    const struct ddns_name *apex, struct ddns_zone *ret) DDNS_MUST_CHECK;
/* The deepest zone that holds the name; DDNS_ENOTFOUND. */
enum ddns_err ddns_store_zone_find(struct ddns_store *store,
    const struct ddns_name *name, struct ddns_zone *ret) DDNS_MUST_CHECK;
enum ddns_err ddns_store_zone_list(struct ddns_store *store,
    ddns_zone_fn *each, void *arg) DDNS_MUST_CHECK; /* canonical order */
/* Sets all fields but id and name, the serial included. */
enum ddns_err ddns_store_zone_set(struct ddns_store *store,
    const struct ddns_zone *zone) DDNS_MUST_CHECK;
/* With its records, hosts and grants' hosts; the journal stays. */
enum ddns_err ddns_store_zone_delete(struct ddns_store *store, int64_t id)
    DDNS_MUST_CHECK;
/*
 * The serial that this WRITE transaction's changes of the zone carry: one more
 * than before at the first call in the transaction, the same at later ones.
 */
enum ddns_err ddns_store_zone_bump(struct ddns_store *store, int64_t id,
    uint32_t *ret_serial) DDNS_MUST_CHECK;
/* The SOA as rdata (RFC 1035 s.3.3.13), appended to out. */
void ddns_zone_soa_rdata(const struct ddns_zone *zone, struct ddns_buf *out);

/* ---- records ---- */

/*
 * One stored record.  type DDNS_TYPE_NONE (no rdata, content "", TTL 0) says
 * that the name is registered though it may have no data: it exists for
 * NXDOMAIN, it is not "in use" for RFC 2136.  SOA is never stored.
 */
struct ddns_rr {
	int64_t zone_id;
	struct ddns_name owner; /* lower-case */
	uint16_t type;
	uint32_t ttl_s;
	struct ddns_span rdata; /* canonical wire */
	const char *content;    /* ddns_rdata_format(), PowerDNS's form */
};
typedef enum ddns_err ddns_rr_fn(const struct ddns_rr *rr, void *arg);

/* All records of one owner; type DDNS_TYPE_ANY: of every type, NONE too. */
enum ddns_err ddns_store_rr_lookup(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *owner, uint16_t type, ddns_rr_fn *each, void *arg)
    DDNS_MUST_CHECK;
/* All records of the zone in canonical order of owners, then type. */
enum ddns_err ddns_store_rr_list(struct ddns_store *store, int64_t zone_id,
    ddns_rr_fn *each, void *arg) DDNS_MUST_CHECK;
/* Is there a record (NONE too) at a name below `name`?  One index step. */
enum ddns_err ddns_store_rr_any_below(struct ddns_store *store,
    int64_t zone_id, const struct ddns_name *name, bool *ret) DDNS_MUST_CHECK;
/* Is there a record (NONE too) at the name itself? */
enum ddns_err ddns_store_rr_any_at(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *name, bool *ret) DDNS_MUST_CHECK;
/* Records of any zone whose rdata points at target (ddns_rdata_target()). */
enum ddns_err ddns_store_rr_pointing(struct ddns_store *store,
    const struct ddns_name *target, ddns_rr_fn *each, void *arg)
    DDNS_MUST_CHECK;

/* The RRset of owner and type, absent if there is none.  ret: initialised. */
enum ddns_err ddns_store_rrset_get(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *owner, uint16_t type, struct ddns_rrset *ret)
    DDNS_MUST_CHECK;
/*
 * Replaces the RRset (absent: deletes it); writes only the rows that differ.
 * No journal row and no serial: ddns_change_rrset() does all three.
 * type NONE: any set with `ttl 0, one empty rdata` registers the name.
 */
enum ddns_err ddns_store_rrset_put(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *owner, uint16_t type,
    const struct ddns_rrset *set) DDNS_MUST_CHECK;

/* ---- hosts, accounts, credentials, grants ---- */

enum ddns_host_flags {
	DDNS_HOST_ALLOW_PRIVATE = 1,  /* RFC 1918, ULA, CGNAT quietly */
	DDNS_HOST_ALLOW_SPECIAL = 2,  /* loopback, documentation, ... */
	DDNS_HOST_REFUSE_CGNAT = 4,   /* default: publish and warn */
	DDNS_HOST_DISABLED = 8
};

struct ddns_host {
	int64_t id;
	int64_t zone_id;
	int64_t account_id;
	struct ddns_name name;
	uint32_t ttl_s; /* 0: the zone's host_ttl_s */
	unsigned flags; /* enum ddns_host_flags */
	const char *note;
	struct ddns_unix_s created, changed; /* changed.v == 0: never updated */
};
typedef enum ddns_err ddns_host_fn(const struct ddns_host *host, void *arg);

enum ddns_err ddns_store_host_add(struct ddns_store *store,
    const struct ddns_host *host, int64_t *ret_id) DDNS_MUST_CHECK;
enum ddns_err ddns_store_host_get(struct ddns_store *store,
    const struct ddns_name *name, struct ddns_host *ret) DDNS_MUST_CHECK;
/* account_id, zone_id 0: of all */
enum ddns_err ddns_store_host_list(struct ddns_store *store,
    int64_t account_id, int64_t zone_id, ddns_host_fn *each, void *arg)
    DDNS_MUST_CHECK;
/* All fields but id, zone_id and created; a new name keeps the zone. */
enum ddns_err ddns_store_host_set(struct ddns_store *store,
    const struct ddns_host *host) DDNS_MUST_CHECK;
/* Only `changed`; does not count as a policy change. */
enum ddns_err ddns_store_host_touch(struct ddns_store *store, int64_t id,
    struct ddns_unix_s changed) DDNS_MUST_CHECK;
enum ddns_err ddns_store_host_delete(struct ddns_store *store, int64_t id)
    DDNS_MUST_CHECK;

struct ddns_account {
	int64_t id;
	const char *name; /* unique */
	const char *note;
	bool disabled;
	struct ddns_unix_s created;
};
typedef enum ddns_err ddns_account_fn(const struct ddns_account *account,
    void *arg);

enum ddns_err ddns_store_account_add(struct ddns_store *store,
    const struct ddns_account *account, int64_t *ret_id) DDNS_MUST_CHECK;
enum ddns_err ddns_store_account_get(struct ddns_store *store, int64_t id,
    struct ddns_account *ret) DDNS_MUST_CHECK;
enum ddns_err ddns_store_account_get_named(struct ddns_store *store,
    const char *name, struct ddns_account *ret) DDNS_MUST_CHECK;
enum ddns_err ddns_store_account_list(struct ddns_store *store,
    ddns_account_fn *each, void *arg) DDNS_MUST_CHECK;
enum ddns_err ddns_store_account_set(struct ddns_store *store,
    const struct ddns_account *account) DDNS_MUST_CHECK;
/* DDNS_EDENIED while it has hosts; its credentials go with it. */
enum ddns_err ddns_store_account_delete(struct ddns_store *store, int64_t id)
    DDNS_MUST_CHECK;

enum ddns_cred_kind { DDNS_CRED_TOKEN = 1, DDNS_CRED_TSIG = 2 };
enum ddns_cred_flags {
	DDNS_CRED_REVOKED = 1,
	DDNS_CRED_ALLOW_HTTP = 2,    /* may come without TLS */
	DDNS_CRED_ALLOW_URL = 4,     /* may stand in the query string */
	DDNS_CRED_ALLOW_OFFLINE = 8, /* may withdraw addresses */
	DDNS_CRED_ALLOW_TRANSFER = 16 /* may ask AXFR and IXFR */
};

struct ddns_cred {
	int64_t id;
	int64_t account_id;
	enum ddns_cred_kind kind;
	const char *name; /* unique; of a TSIG key: its name, lower-case */
	unsigned flags;
	const char *note;
	struct ddns_unix_s created, expires, last_used; /* 0: never */
};
typedef enum ddns_err ddns_cred_fn(const struct ddns_cred *cred, void *arg);

enum ddns_err ddns_store_cred_add(struct ddns_store *store,
    const struct ddns_cred *cred, int64_t *ret_id) DDNS_MUST_CHECK;
enum ddns_err ddns_store_cred_get(struct ddns_store *store, int64_t id,
    struct ddns_cred *ret) DDNS_MUST_CHECK;
enum ddns_err ddns_store_cred_get_named(struct ddns_store *store,
    const char *name, struct ddns_cred *ret) DDNS_MUST_CHECK;
/* account_id 0, kind 0: all */
enum ddns_err ddns_store_cred_list(struct ddns_store *store,
    int64_t account_id, enum ddns_cred_kind kind, ddns_cred_fn *each,
    void *arg) DDNS_MUST_CHECK;
/* name, flags, note, expires */
enum ddns_err ddns_store_cred_set(struct ddns_store *store,
    const struct ddns_cred *cred) DDNS_MUST_CHECK;
enum ddns_err ddns_store_cred_touch(struct ddns_store *store, int64_t id,
    struct ddns_unix_s last_used) DDNS_MUST_CHECK; /* no policy change */
enum ddns_err ddns_store_cred_delete(struct ddns_store *store, int64_t id)
    DDNS_MUST_CHECK;

/*
 * What proves a credential.  A token: `hash` is its keyed hash.  A TSIG key:
 * `sealed` is the encrypted secret (ddns_secret_seal(), aad the text of the
 * credential's name, without NUL) and `alg` its algorithm's text.  A credential has several while it rotates.
 */
struct ddns_cred_secret {
	int64_t id;
	int64_t cred_id;
	uint8_t hash[DDNS_HASH_BYTES]; /* TSIG: of the sealed bytes */
	struct ddns_span sealed;
	const char *alg;
	struct ddns_unix_s created, expires; /* expires.v == 0: never */
};
typedef enum ddns_err ddns_cred_secret_fn(const struct ddns_cred_secret *s,
    void *arg);

enum ddns_err ddns_store_secret_add(struct ddns_store *store,
    const struct ddns_cred_secret *secret) DDNS_MUST_CHECK;
/*
 * By the keyed hash.  Gives also what lies behind, in one step; expiry,
 * revocation and disabled accounts are the caller's to judge.
 */
enum ddns_err ddns_store_secret_find(struct ddns_store *store,
    const uint8_t hash[DDNS_HASH_BYTES], struct ddns_cred_secret *ret_secret,
    struct ddns_cred *ret_cred, struct ddns_account *ret_account)
    DDNS_MUST_CHECK;
enum ddns_err ddns_store_secret_list(struct ddns_store *store,
    int64_t cred_id, ddns_cred_secret_fn *each, void *arg) DDNS_MUST_CHECK;
/* Sets the expiry of all secrets of the credential that end later or never. */
enum ddns_err ddns_store_secret_expire(struct ddns_store *store,
    int64_t cred_id, struct ddns_unix_s expires) DDNS_MUST_CHECK;

/*
 * One rule of an ordered list per credential: the first that fits the name and
 * type decides; none fits: refused.
 */
#define DDNS_GRANT_MAP(X)                                                  \
	X(DDNS_GRANT_NAME,    "name")    /* exactly `name` */              \
	X(DDNS_GRANT_BELOW,   "below")   /* below `name`, not itself */    \
	X(DDNS_GRANT_SUBTREE, "subtree") /* `name` and below */            \
	X(DDNS_GRANT_SELF,    "self")    /* the name of the TSIG key */    \
	X(DDNS_GRANT_SELFSUB, "selfsub") /* the same and below */          \
	X(DDNS_GRANT_ACCOUNT, "account") /* any host of the account */     \
	X(DDNS_GRANT_ACME,    "acme")    /* _acme-challenge under `name` */\
	X(DDNS_GRANT_RANGE,   "range")   /* PTR names of an address range */
#define DDNS_GRANT_ENUM(code, text) code,
enum ddns_grant_kind { DDNS_GRANT_MAP(DDNS_GRANT_ENUM) };

struct ddns_grant {
	int64_t id;
	int64_t cred_id;
	int position; /* 1 first; 0 at add: behind the last */
	bool deny;
	enum ddns_grant_kind kind;
	struct ddns_name name;     /* of the kinds that need one, else zeroed */
	struct ddns_prefix range;  /* of DDNS_GRANT_RANGE */
	const char *types;         /* "A AAAA", "ANY"; single blanks, upper */
};
typedef enum ddns_err ddns_grant_fn(const struct ddns_grant *grant, void *arg);

enum ddns_err ddns_store_grant_add(struct ddns_store *store,
    const struct ddns_grant *grant, int64_t *ret_id) DDNS_MUST_CHECK;
/* In order of position. */
enum ddns_err ddns_store_grant_list(struct ddns_store *store, int64_t cred_id,
    ddns_grant_fn *each, void *arg) DDNS_MUST_CHECK;
enum ddns_err ddns_store_grant_delete(struct ddns_store *store, int64_t id)
    DDNS_MUST_CHECK;
/* All grants that name exactly this host, when it is renamed or deleted. */
enum ddns_err ddns_store_grant_rename(struct ddns_store *store,
    const struct ddns_name *from, const struct ddns_name *to)
    DDNS_MUST_CHECK; /* to NULL: delete them */

/* ---- replayed signed messages ---- */

/*
 * The answer given to a message with this MAC, appended to out.  forget_at
 * comes from the message too: its time and its fudge.
 */
enum ddns_err ddns_store_replay_get(struct ddns_store *store,
    struct ddns_unix_s forget_at, struct ddns_span mac, struct ddns_buf *out)
    DDNS_MUST_CHECK;
enum ddns_err ddns_store_replay_put(struct ddns_store *store,
    struct ddns_unix_s forget_at, struct ddns_span mac,
    struct ddns_span answer) DDNS_MUST_CHECK; /* DDNS_EEXIST */
/* Removes what was to be forgotten before now, at most max (>= 1) rows. */
enum ddns_err ddns_store_replay_trim(struct ddns_store *store,
    struct ddns_unix_s now, unsigned max, unsigned *ret_removed)
    DDNS_MUST_CHECK;

#endif
