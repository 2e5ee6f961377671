/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BASE_CLOCK_H
#define DDNS_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Clocks do not mix, so each has a type.  Pure code takes the time as an
 * argument; only edges call the _now() functions.  Any thread.
 */
struct ddns_unix_s { int64_t v; };  /* wall clock: stored, signed, shown */
struct ddns_unix_ms { int64_t v; }; /* wall clock, journal and latency */
struct ddns_mono_us { int64_t v; }; /* timers and durations: never stored */

struct ddns_unix_s ddns_unix_s_now(void);
struct ddns_unix_ms ddns_unix_ms_now(void);
struct ddns_mono_us ddns_mono_us_now(void);

static inline struct ddns_unix_s
ddns_unix_s_of_ms(struct ddns_unix_ms t)
{
	return (struct ddns_unix_s){ t.v / 1000 };
}

/* RFC 3339 in UTC, "2026-11-21T05:53:00.123Z"; out holds 25 bytes and more. */
#define DDNS_CLOCK_TEXT_MAX 32
void ddns_unix_ms_format(struct ddns_unix_ms t, char out[DDNS_CLOCK_TEXT_MAX]);

#endif
