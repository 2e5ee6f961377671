/* SPDX-License-Identifier: BSD-3-Clause */
/* May we work in this Unbound, and at this place? */
#include "unbound-module/abi.h"

#include <link.h>
#include <string.h>

/* What an allocator may round up; versions differ by 8 bytes and more, so
 * the text and the features are asked as well. */
#define ALLOC_SLACK_BYTES 24

/*
 * A sanitizer keeps guarded gaps between variables, and reading them here is
 * not the mistake that it looks for; hence no memcmp() either.
 */
#define READS_ALL __attribute__((no_sanitize("address")))

READS_ALL static bool
stands_at(const char *at, const char *end, const char *text)
{
	while (*text != '\0') {
		if (at == end || *at++ != *text++)
			return false;
	}
	return true;
}

READS_ALL static void
scan_segment(struct ddns_abi *abi, const char *at, const char *end)
{
	static const char product[] = "unbound ";
	size_t want = strlen(abi->built_for), n;

	for (; at < end; at++) {
		if (!stands_at(at, end, product))
			continue;
		if (stands_at(at, end, abi->built_for) &&
		    at + want < end && at[want] == '\0') {
			abi->text_found = true;
			return;
		}
		n = sizeof(product) - 1;
		if (at + n == end || at[n] < '0' || at[n] > '9')
			continue;
		for (n = 0; at + n < end && n < sizeof(abi->running) - 1 &&
		    at[n] >= ' ' && at[n] < 127; n++)
			abi->running[n] = at[n];
		abi->running[n] = '\0';
	}
}

static int
scan_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct ddns_abi *abi = arg;
	size_t i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum && !abi->text_found; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_R) != 0 &&
		    (ph->p_flags & PF_W) == 0)
			scan_segment(abi, (const char *)(info->dlpi_addr +
			    ph->p_vaddr), (const char *)(info->dlpi_addr +
			    ph->p_vaddr + ph->p_filesz));
	}
	return 1; /* the first is the program itself */
}

void
ddns_abi_scan_program(struct ddns_abi *abi)
{
	abi->text_found = false;
	abi->running[0] = '\0';
	(void)dl_iterate_phdr(scan_program, abi);
}

enum ddns_err
ddns_abi_check(const struct ddns_abi *abi, struct ddns_buf *why)
{
	const char *what = NULL;

	if (!abi->threads)
		what = "it is built without threads, so its processes do not "
		    "share their caches";
	else if (!abi->text_found)
		what = "another version runs";
	else if (abi->env_found_bytes != 0 &&
	    (abi->env_found_bytes < abi->env_built_bytes ||
	    abi->env_found_bytes > abi->env_built_bytes + ALLOC_SLACK_BYTES))
		what = "struct module_env has another size";
	else if (abi->subnet_built != abi->subnet_found)
		what = "one of the two has --enable-subnet, the other not";
	else if (abi->cachedb_built != abi->cachedb_found)
		what = "one of the two has --enable-cachedb, the other not";
	else if (!abi->module_self || !abi->cache_slabs ||
	    !abi->cache_functions || !abi->daemon_env)
		what = "its structures are laid out differently";
	if (what == NULL)
		return DDNS_OK;
	ddns_buf_putf(why, "this module is built for %s, and does not fit the "
	    "Unbound that loads it (%s): %s.  Build it with "
	    "--with-unbound-source=DIR, the configured source of this very "
	    "Unbound", abi->built_for,
	    abi->text_found ? abi->built_for :
	    abi->running[0] != '\0' ? abi->running : "version not found",
	    what);
	return DDNS_EVERSION;
}

static bool
is_word(const char *word, size_t len, const char *want)
{
	return strlen(want) == len && memcmp(word, want, len) == 0;
}

enum ddns_err
ddns_abi_check_order(const char *modules, int id, struct ddns_buf *why)
{
	static const char *const behind[] = { "validator", "iterator",
		"subnetcache", "cachedb" };
	const char *word = modules;
	size_t len, i;
	int at = 0;
	bool wrong = false;

	for (;; word += len, at++) {
		word += strspn(word, " \t");
		len = strcspn(word, " \t");
		if (len == 0 || wrong)
			break;
		if (at > id) {
			wrong = is_word(word, len, "dns64");
			continue;
		}
		for (i = 0; i < DDNS_COUNT(behind) && at < id; i++)
			wrong = wrong || is_word(word, len, behind[i]);
	}
	if (!wrong)
		return DDNS_OK;
	ddns_buf_putf(why, "wrong order in module-config: \"%s\".  What stands "
	    "before dynlib could store an answer behind its back, so dynlib "
	    "comes first: \"dynlib validator iterator\"; only dns64 goes before "
	    "it: \"dns64 dynlib validator iterator\"", modules);
	return DDNS_ERANGE;
}
