/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/publish/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>

struct ddns_command {
	struct bufferevent *bev;
	struct event *deadline;
	enum ddns_command_until until;
	ddns_command_fn *done;
	void *arg;
};

void
ddns_command_cancel(struct ddns_command *command)
{
	if (command == NULL)
		return;
	if (command->bev != NULL)
		bufferevent_free(command->bev);
	if (command->deadline != NULL)
		event_free(command->deadline);
	free(command);
}

static void
finish(struct ddns_command *command, enum ddns_err err, const char *reply)
{
	ddns_command_fn *done = command->done;
	void *arg = command->arg;

	ddns_command_cancel(command);
	done(err, reply, arg);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, DDNS_EIO, "no answer in time");
}

static void
finish_reply(struct ddns_command *command)
{
	struct evbuffer *in = bufferevent_get_input(command->bev);
	char reply[DDNS_COMMAND_REPLY_MAX + 1];
	size_t len = evbuffer_get_length(in);

	if (len > DDNS_COMMAND_REPLY_MAX)
		len = DDNS_COMMAND_REPLY_MAX;
	evbuffer_copyout(in, reply, len);
	reply[len] = '\0';
	if (len == 0)
		finish(command, DDNS_EFORMAT, "closed without an answer");
	else
		finish(command, DDNS_OK, reply);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct ddns_command *command = arg;
	struct evbuffer *in = bufferevent_get_input(bev);

	if (command->until == DDNS_COMMAND_DATA ||
	    evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF).pos >= 0)
		finish_reply(command);
	else if (evbuffer_get_length(in) > DDNS_COMMAND_REPLY_MAX)
		finish(command, DDNS_EFORMAT, "too long an answer");
}

static void
finish_error(struct ddns_command *command)
{
	unsigned long tls = bufferevent_get_openssl_error(command->bev);
	char text[120];

	if (tls != 0)
		ERR_error_string_n(tls, text, sizeof(text));
	else
		strncpy(text, strerror(EVUTIL_SOCKET_ERROR()),
		    sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	finish(command, DDNS_EIO, text);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & BEV_EVENT_ERROR)
		finish_error(arg);
	else if (what & BEV_EVENT_EOF)
		finish_reply(arg);
}

static struct bufferevent *
new_bev(struct event_base *base, SSL_CTX *tls)
{
	int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	struct bufferevent *bev;
	SSL *ssl;

	if (tls == NULL)
		return bufferevent_socket_new(base, -1, options);
	ssl = SSL_new(tls);
	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, -1, ssl,
	    BUFFEREVENT_SSL_CONNECTING, options);
	if (bev == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

enum ddns_err
ddns_command_start(struct event_base *base, const struct ddns_command_to *to,
    struct ddns_span request, enum ddns_command_until until,
    unsigned timeout_ms, ddns_command_fn *done, void *arg,
    struct ddns_command **ret, const char **ret_why)
{
	struct timeval tv = { timeout_ms / 1000, (timeout_ms % 1000) * 1000 };
	struct ddns_command *command = calloc(1, sizeof(*command));
	enum ddns_err err = DDNS_ENOMEM;

	*ret_why = ddns_err_text(err);
	if (command == NULL)
		goto out;
	command->until = until;
	command->done = done;
	command->arg = arg;
	command->deadline = evtimer_new(base, on_deadline, command);
	command->bev = new_bev(base, to->tls);
	if (command->deadline == NULL || command->bev == NULL ||
	    evtimer_add(command->deadline, &tv) != 0)
		goto out;
	bufferevent_setcb(command->bev, on_read, NULL, on_event, command);
	bufferevent_enable(command->bev, EV_READ | EV_WRITE);
	if (bufferevent_write(command->bev, request.base,
	    request.len_bytes) != 0)
		goto out;
	err = DDNS_EIO;
	if (bufferevent_socket_connect(command->bev,
	    to->addr, (int)to->addr_len) != 0) {
		*ret_why = strerror(errno);
		goto out;
	}
	*ret = command;
	command = NULL; /* lives until done */
	err = DDNS_OK;
out:
	ddns_command_cancel(command);
	return err;
}

enum ddns_err
ddns_command_unix(const char *path, struct sockaddr_storage *ret,
    socklen_t *ret_len)
{
	struct sockaddr_un *un = (void *)ret;
	size_t len = strlen(path);

	if (len >= sizeof(un->sun_path))
		return DDNS_ERANGE;
	memset(ret, 0, sizeof(*ret));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, len + 1);
	*ret_len = (socklen_t)sizeof(*un);
	return DDNS_OK;
}
