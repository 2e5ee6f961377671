/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pdns-backend-ddns: the other end of PowerDNS's remote backend.
 *
 * Started by PowerDNS's pipe connector, it answers on standard input and
 * output and opens the store by itself: one process for each thread of
 * PowerDNS, which kills it without a word when it is no longer wanted.  With
 * -u, or with a socket from systemd, it is a server for the unix connector.
 *
 * It runs as PowerDNS's user, who may read the store and nothing else of
 * ours.  So with -s it does without the configuration file, in which the
 * daemon's keys are named.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/conf/conf.h"
#include "pdns-backend/keeper.h"
#include "pdns-backend/server.h"

static const char usage[] =
    "usage: pdns-backend-ddns [-c CONF | -s STORE] [-u PATH]\n"
    "       pdns-backend-ddns -h | -V\n"
    "  -c CONF   the daemon's configuration file, for the store's place\n"
    "  -s STORE  the store; no configuration file is read\n"
    "  -u PATH   listen on a unix socket instead of standard input and output\n"
    "  -V        print the version\n"
    "  -h        print this\n";

/*
 * PowerDNS starts us by fork() whenever a thread of it needs us, and marks
 * nothing close-on-exec: a connection to its control socket, say, would stay
 * open through us, and who waits for its end would wait for ours.
 */
static void
close_inherited(void)
{
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
}

static int
run_pipe(const char *store_path)
{
	enum ddns_err err;

	close_inherited();
	err = ddns_keeper_run(store_path);
	if (err == DDNS_OK)
		return EXIT_SUCCESS;
	ddns_log(DDNS_LOG_ERROR, "pdns-backend-ddns: pipe: %s",
	    ddns_err_text(err));
	return EXIT_FAILURE;
}

static int
run_server(int fd, const char *socket_path, const char *store_path)
{
	enum ddns_err err;

	ddns_log(DDNS_LOG_NOTICE, "pdns-backend-ddns: listening socket=%s "
	    "store=%s", DDNS_Q(socket_path), DDNS_Q(store_path));
	err = ddns_server_run(fd, store_path);
	close(fd);
	if (err == DDNS_OK)
		return EXIT_SUCCESS;
	ddns_log(DDNS_LOG_ERROR, "pdns-backend-ddns: %s", ddns_err_text(err));
	return EXIT_FAILURE;
}

static int
run(const char *socket_path, const char *store_path)
{
	enum ddns_err err;
	int fd = -1;

	err = ddns_server_listen(socket_path, &fd);
	if (err == DDNS_ENOTFOUND)
		return run_pipe(store_path);
	if (err == DDNS_OK)
		return run_server(fd, socket_path, store_path);
	ddns_log(DDNS_LOG_ERROR, "pdns-backend-ddns: socket=%s: %s",
	    DDNS_Q(socket_path), ddns_err_text(err));
	return EXIT_FAILURE;
}

/* The store's path, yours to free; NULL: told why. */
static char *
read_store_path(const char *conf_path)
{
	struct ddns_conf *conf = NULL;
	struct ddns_buf why = { 0 };
	char *path = NULL;
	enum ddns_err err;

	err = ddns_conf_load(conf_path, &conf, &why);
	if (err == DDNS_OK) {
		ddns_log_set_level(conf->log_level);
		path = ddns_strdup(conf->store);
	} else {
		ddns_log(DDNS_LOG_ERROR, "pdns-backend-ddns: %s: %s",
		    ddns_err_text(err), ddns_buf_text(&why));
	}
	ddns_conf_free(conf);
	ddns_buf_done(&why);
	return path;
}

int
main(int argc, char **argv)
{
	const char *conf_path = DDNS_CONF_DEFAULT_PATH, *store = NULL;
	const char *socket_path = NULL;
	char *path;
	int opt, status = EXIT_FAILURE;

	while ((opt = getopt(argc, argv, "c:s:u:Vh")) != -1) {
		switch (opt) {
		case 'c':
			conf_path = optarg;
			break;
		case 's':
			store = optarg;
			break;
		case 'u':
			socket_path = optarg;
			break;
		case 'V':
			puts("pdns-backend-ddns " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN); /* a write says it */
	path = store != NULL ? ddns_strdup(store) :
	    read_store_path(conf_path);
	if (path != NULL)
		status = run(socket_path, path);
	free(path);
	return status;
}
