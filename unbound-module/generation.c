/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Marks are written before the counter: a lookup that begins in between takes
 * the older stamp and finds the mark above it, which is the safe side.
 */
#include "unbound-module/generation.h"

#include <string.h>

void
ddns_generation_init(struct ddns_generation *g, uint64_t start)
{
	memset(g, 0, sizeof(*g));
	g->count = start;
	atomic_store(&g->now, start << 1);
}

void
ddns_marks_add(struct ddns_marks *marks, ddns_mark *mark)
{
	if (marks->count < DDNS_GENERATION_MARKS_MAX)
		marks->at[marks->count++] = mark;
}

void
ddns_generation_begin(struct ddns_generation *g,
    const struct ddns_marks *marks)
{
	size_t i;

	g->count++;
	g->open++;
	for (i = 0; i < marks->count; i++)
		atomic_store(marks->at[i], g->count << 1 | 1);
	atomic_store(&g->now, g->count << 1 | 1);
}

void
ddns_generation_end(struct ddns_generation *g, const struct ddns_marks *marks)
{
	size_t i;

	g->count++;
	g->open--;
	for (i = 0; i < marks->count; i++)
		atomic_store(marks->at[i], g->count << 1);
	atomic_store(&g->now, g->count << 1 | (g->open > 0));
}
