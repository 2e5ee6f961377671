/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_PUBLISH_COMMAND_H
#define DDNS_PUBLISH_COMMAND_H

#include <sys/socket.h>

#include <event2/event.h>
#include <openssl/ssl.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

/*
 * One command to a control socket: connect, send, read the answer.  Both
 * pdns_control's and unbound-control's protocols are that.  Never blocks; the
 * whole exchange has one deadline.
 *
 * The other side's closing is not waited for: PowerDNS starts the processes
 * of a pipe backend when it likes, and one that is born during our command
 * inherits the connection and keeps it open.
 */
struct ddns_command;
#define DDNS_COMMAND_REPLY_MAX 4096 /* bytes; those we send get a line */

enum ddns_command_until {
	DDNS_COMMAND_DATA, /* the first bytes tell all */
	DDNS_COMMAND_LINE  /* a line's end, or the connection's */
};

/*
 * err DDNS_OK: reply is what came, not empty.  Else it says what went wrong,
 * for people.  The command is freed after the call.  Never runs inside start,
 * which tells in ret_why (borrowed until errno's next text) why it failed.
 */
typedef void ddns_command_fn(enum ddns_err err, const char *reply, void *arg);

struct ddns_command_to {
	const struct sockaddr *addr;
	socklen_t addr_len;
	SSL_CTX *tls; /* NULL: in the clear */
};
enum ddns_err ddns_command_start(struct event_base *base,
    const struct ddns_command_to *to, struct ddns_span request,
    enum ddns_command_until until, unsigned timeout_ms,
    ddns_command_fn *done, void *arg, struct ddns_command **ret,
    const char **ret_why) DDNS_MUST_CHECK;
void ddns_command_cancel(struct ddns_command *command); /* NULL is fine */

/* The address of a unix socket; DDNS_ERANGE: too long a path. */
enum ddns_err ddns_command_unix(const char *path,
    struct sockaddr_storage *ret, socklen_t *ret_len) DDNS_MUST_CHECK;

#endif
