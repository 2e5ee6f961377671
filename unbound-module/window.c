/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A window is a counter, odd while it is open.  The worker's exchange and the
 * listener's store of a mark are both sequentially consistent, so either the
 * worker sees the mark or the listener sees the window (Dekker).
 */
#include "unbound-module/window.h"

#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#include "common/base/clock.h"

struct ddns_window {
	_Alignas(64) _Atomic uint64_t moves;
	uint64_t given_up; /* listener's: moves when waiting was in vain */
};

static struct ddns_window windows[DDNS_WINDOWS_MAX];
static _Atomic unsigned windows_count, windows_epoch;

struct ddns_window *
ddns_window_mine(unsigned epoch)
{
	static _Thread_local struct ddns_window *mine;
	static _Thread_local unsigned mine_epoch;
	unsigned i;

	if (mine_epoch == epoch)
		return mine;
	i = atomic_fetch_add(&windows_count, 1);
	mine = i < DDNS_WINDOWS_MAX ? &windows[i] : NULL;
	mine_epoch = epoch;
	return mine;
}

void
ddns_window_enter(struct ddns_window *window)
{
	uint64_t moves;

	if (window == NULL)
		return;
	moves = atomic_load_explicit(&window->moves, memory_order_relaxed);
	/* odd and again odd is a move too: what was open before is done */
	(void)atomic_exchange(&window->moves,
	    (moves & 1) != 0 ? moves + 2 : moves + 1);
}

void
ddns_window_leave(struct ddns_window *window)
{
	uint64_t moves;

	if (window == NULL)
		return;
	moves = atomic_load_explicit(&window->moves, memory_order_relaxed);
	if ((moves & 1) != 0)
		atomic_store_explicit(&window->moves, moves + 1,
		    memory_order_release);
}

unsigned
ddns_windows_reset(void)
{
	unsigned i;

	for (i = 0; i < DDNS_WINDOWS_MAX; i++) {
		atomic_store(&windows[i].moves, 0);
		windows[i].given_up = 0;
	}
	atomic_store(&windows_count, 0);
	return atomic_fetch_add(&windows_epoch, 1) + 1;
}

bool
ddns_windows_wait(unsigned max_us)
{
	uint64_t seen[DDNS_WINDOWS_MAX];
	unsigned i, n = atomic_load(&windows_count);
	int64_t until = 0;
	bool waited = false;

	if (n > DDNS_WINDOWS_MAX)
		n = DDNS_WINDOWS_MAX;
	for (i = 0; i < n; i++)
		seen[i] = atomic_load(&windows[i].moves);
	for (i = 0; i < n; i++) {
		if ((seen[i] & 1) == 0 || seen[i] == windows[i].given_up)
			continue;
		if (!waited)
			until = ddns_mono_us_now().v + max_us;
		waited = true;
		while (atomic_load(&windows[i].moves) == seen[i]) {
			if (ddns_mono_us_now().v > until) {
				windows[i].given_up = seen[i];
				break;
			}
			sched_yield();
		}
	}
	return waited;
}
