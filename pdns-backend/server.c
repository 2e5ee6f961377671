/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server for PowerDNS's unix connector.
 *
 * One thread and one store handle a connection: PowerDNS keeps one connection
 * for each of its threads and is silent while it waits, so there is nothing to
 * gain by doing several things in one thread.  Ending: no new connections, and
 * the reading half of the others is shut, so that each thread finishes the
 * reply it is at.
 */
#include "pdns-backend/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "pdns-backend/backend.h"

#define LISTEN_FD_FIRST 3 /* sd_listen_fds(3) */
#define SOCKET_MODE 0660

/* ---- listening ---- */

/* sd_listen_fds(3), by hand: the variables are for us if the pid is ours. */
static int
take_activated(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int fd = -1;

	if (pid != NULL && fds != NULL &&
	    strtol(pid, NULL, 10) == (long)getpid() &&
	    strtol(fds, NULL, 10) >= 1)
		fd = LISTEN_FD_FIRST;
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return fd;
}

static enum ddns_err
bind_path(int fd, const struct sockaddr_un *sun)
{
	const struct sockaddr *sa = (const struct sockaddr *)sun;
	int probe;
	bool dead;

	if (bind(fd, sa, sizeof(*sun)) == 0)
		return DDNS_OK;
	if (errno != EADDRINUSE)
		return errno == EACCES ? DDNS_EDENIED : DDNS_EIO;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return DDNS_EIO;
	dead = connect(probe, sa, sizeof(*sun)) != 0 && errno == ECONNREFUSED;
	close(probe);
	if (!dead)
		return DDNS_EEXIST;
	if (unlink(sun->sun_path) != 0 || bind(fd, sa, sizeof(*sun)) != 0)
		return DDNS_EIO;
	return DDNS_OK;
}

enum ddns_err
ddns_server_listen(const char *path, int *ret)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	enum ddns_err err;
	int fd = take_activated();

	if (fd >= 0) {
		*ret = fd;
		return DDNS_OK;
	}
	if (path == NULL)
		return DDNS_ENOTFOUND;
	if (strlen(path) >= sizeof(sun.sun_path))
		return DDNS_ERANGE;
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return DDNS_EIO;
	err = bind_path(fd, &sun);
	if (err == DDNS_OK && (chmod(path, SOCKET_MODE) != 0 ||
	    listen(fd, SOMAXCONN) != 0))
		err = DDNS_EIO;
	if (err != DDNS_OK)
		close(fd);
	else
		*ret = fd;
	return err;
}

/* ---- connections ---- */

struct server {
	const char *store_path;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	int fds[DDNS_SERVER_CONNECTIONS_MAX];
	size_t count;
};

struct connection {
	struct server *server;
	int fd;
};

static bool
add(struct server *server, int fd)
{
	bool room;

	pthread_mutex_lock(&server->lock);
	room = server->count < DDNS_SERVER_CONNECTIONS_MAX;
	if (room)
		server->fds[server->count++] = fd;
	pthread_mutex_unlock(&server->lock);
	return room;
}

/* Closed under the lock: a number in the list is an open connection. */
static void
drop(struct server *server, int fd)
{
	size_t i = 0;

	pthread_mutex_lock(&server->lock);
	while (i < server->count && server->fds[i] != fd)
		i++;
	if (i < server->count)
		server->fds[i] = server->fds[--server->count];
	close(fd);
	pthread_cond_signal(&server->ended);
	pthread_mutex_unlock(&server->lock);
}

static void *
run_connection(void *arg)
{
	struct connection c = *(struct connection *)arg;
	struct ddns_backend *backend = NULL;
	enum ddns_err err;

	free(arg);
	err = ddns_backend_new(c.server->store_path, &backend);
	if (err == DDNS_OK)
		err = ddns_backend_serve(backend, c.fd, c.fd, NULL);
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_NOTICE, "pdns-backend-ddns: connection "
		    "lost: %s", ddns_err_text(err));
	ddns_backend_free(backend);
	drop(c.server, c.fd);
	return NULL;
}

static void
begin_connection(struct server *server, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));
	pthread_attr_t attr;
	pthread_t thread;
	int rc = ENOMEM;

	if (c == NULL || !add(server, fd)) {
		ddns_log(DDNS_LOG_WARNING, "pdns-backend-ddns: connection "
		    "refused: %d are open", DDNS_SERVER_CONNECTIONS_MAX);
		free(c);
		close(fd);
		return;
	}
	*c = (struct connection){ server, fd };
	if (pthread_attr_init(&attr) == 0) {
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		rc = pthread_create(&thread, &attr, run_connection, c);
		pthread_attr_destroy(&attr);
	}
	if (rc == 0)
		return;
	ddns_log(DDNS_LOG_ERROR, "pdns-backend-ddns: no thread: %s",
	    strerror(rc));
	drop(server, fd);
	free(c);
}

static void
end_connections(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->count; i++)
		shutdown(server->fds[i], SHUT_RD);
	while (server->count > 0)
		pthread_cond_wait(&server->ended, &server->lock);
	pthread_mutex_unlock(&server->lock);
}

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void
accept_one(struct server *server, int listen_fd)
{
	static const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		begin_connection(server, fd);
		return;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOMEM)
		return;
	ddns_log(DDNS_LOG_WARNING, "pdns-backend-ddns: accept: %s",
	    strerror(errno));
	nanosleep(&pause, NULL); /* it would be ready again at once */
}

enum ddns_err
ddns_server_run(int listen_fd, const char *store_path)
{
	struct server *server = calloc(1, sizeof(*server));
	struct pollfd polled[2] = { { .fd = listen_fd, .events = POLLIN },
		{ .events = POLLIN } };
	enum ddns_err err = DDNS_OK;

	if (server == NULL)
		return DDNS_ENOMEM;
	server->store_path = store_path;
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->ended, NULL);
	polled[1].fd = open_signals();
	if (polled[1].fd < 0)
		err = DDNS_EIO;
	while (err == DDNS_OK && polled[1].revents == 0) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			err = DDNS_EIO;
		if (polled[0].revents != 0)
			accept_one(server, listen_fd);
	}
	end_connections(server);
	if (polled[1].fd >= 0)
		close(polled[1].fd);
	pthread_cond_destroy(&server->ended);
	pthread_mutex_destroy(&server->lock);
	free(server);
	return err;
}
