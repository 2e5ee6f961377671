/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_ABI_H
#define DDNS_MODULE_ABI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

/*
 * Is the Unbound that loads the module the one it was compiled for?  Unbound
 * has no version for its inner structures, and a wrong guess writes into
 * somebody's resolver.  So several independent marks must all agree.
 */
struct ddns_abi {
	const char *built_for;    /* "unbound 1.17.1" */
	bool text_found;          /* that text is in the program ... */
	char running[64];         /* ... else what stands there, or "" */
	size_t env_built_bytes;   /* sizeof(struct module_env) */
	size_t env_found_bytes;   /* as allocated; 0: cannot tell */
	bool subnet_built, subnet_found;
	bool cachedb_built, cachedb_found;
	bool threads;             /* built with threads */
	/* values that must be where the headers say they are */
	bool module_self, cache_slabs, cache_functions, daemon_env;
};

/* Looks for built_for in the main program's read-only data. */
void ddns_abi_scan_program(struct ddns_abi *abi);

/* DDNS_EVERSION: why holds one line that says what does not fit. */
enum ddns_err ddns_abi_check(const struct ddns_abi *abi,
    struct ddns_buf *why) DDNS_MUST_CHECK;

/*
 * `modules` is Unbound's module-config, id our place in it.  DDNS_ERANGE: a
 * module stands on the wrong side of ours, and why says which and what order
 * is right.
 */
enum ddns_err ddns_abi_check_order(const char *modules, int id,
    struct ddns_buf *why) DDNS_MUST_CHECK;

#endif
