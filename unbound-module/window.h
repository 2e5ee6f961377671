/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_MODULE_WINDOW_H
#define DDNS_MODULE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Is a worker between looking at a mark and storing what it has?
 *
 * A worker enters its window before it checks marks and lets Unbound's other
 * modules go on, and leaves it when they come back to us.  Who has dropped a
 * name waits for the windows that were open when the mark moved; then nothing
 * that was judged fresh by the old mark is still about to be stored.  A
 * worker never waits.
 *
 * enter and leave: a worker on its own window, found by ddns_window_mine().
 * snapshot and wait: the listener's thread.
 */
#define DDNS_WINDOWS_MAX 256 /* workers; one more is not waited for */

struct ddns_window;

/* NULL when there are too many.  `epoch` tells Unbound's reloads apart. */
struct ddns_window *ddns_window_mine(unsigned epoch);
void ddns_window_enter(struct ddns_window *window); /* NULL: nothing */
void ddns_window_leave(struct ddns_window *window);

/* Before the workers of an instance run: forgets those of the last one. */
unsigned ddns_windows_reset(void); /* returns the new epoch */

/*
 * Waits until each window that is open now has been left or entered anew, at
 * most max_us.  A window that outlasted that once is not waited for again
 * until it moves.  true: there was one to wait for.
 */
bool ddns_windows_wait(unsigned max_us);

#endif
