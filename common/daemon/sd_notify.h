/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_DAEMON_SD_NOTIFY_H
#define DDNS_DAEMON_SD_NOTIFY_H

/*
 * Tells the service manager ("READY=1"), if there is one: one datagram to
 * $NOTIFY_SOCKET, so no library is needed for it.  Failure does not matter.
 */
void ddns_sd_notify(const char *state);

#endif
