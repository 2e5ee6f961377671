/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t
read_clock(clockid_t id, int64_t per_second)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * per_second +
	    ts.tv_nsec / (1000000000 / per_second);
}

struct ddns_unix_s
ddns_unix_s_now(void)
{
	return (struct ddns_unix_s){ read_clock(CLOCK_REALTIME, 1) };
}

struct ddns_unix_ms
ddns_unix_ms_now(void)
{
	return (struct ddns_unix_ms){ read_clock(CLOCK_REALTIME, 1000) };
}

struct ddns_mono_us
ddns_mono_us_now(void)
{
	return (struct ddns_mono_us){ read_clock(CLOCK_MONOTONIC, 1000000) };
}

void
ddns_unix_ms_format(struct ddns_unix_ms t, char out[DDNS_CLOCK_TEXT_MAX])
{
	time_t s = (time_t)(t.v / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(out, DDNS_CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, DDNS_CLOCK_TEXT_MAX - n, ".%03dZ",
	    (int)(t.v % 1000));
}
