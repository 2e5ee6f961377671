/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ddnsd: wiring only.
 *
 * Three threads: this one runs the event loop (HTTP, DNS, timers) and reads
 * the store; the writer commits; the publisher tells the caches.  Work goes to
 * the writer by its queue and comes back by the mailbox.
 *
 * Stopping runs backwards: no new requests, those under way get a moment to
 * end, the collected journal rows go to the writer, the publisher saves its
 * cursors, the writer finishes all that waits.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <event2/event.h>

#include "config.h"

#include "common/base/log.h"
#include "common/conf/conf.h"
#include "common/daemon/janitor.h"
#include "common/daemon/sd_notify.h"
#include "common/ingest/dnsport.h"
#include "common/ingest/http.h"
#include "common/ingest/ingest.h"
#include "common/ingest/server.h"
#include "common/publish/publish.h"

#define FDS_BESIDE_CONNECTIONS 128
#define LAST_ANSWERS_MS 5000

struct daemon {
	const char *conf_path;
	bool debug;
	struct ddns_conf *conf;
	struct ddns_secret_key key;
	struct ddns_ingest ingest;
	struct ddns_http_server *http;
	struct ddns_dnsport *dns;
	struct ddns_janitor *janitor;
	/* The writer wakes it from its own thread, begins before and ends
	 * after it. */
	pthread_mutex_t publisher_lock;
	struct ddns_publisher *publisher;
	struct event *signals[3];
	struct event *tick;
};

static const int signal_numbers[3] = { SIGTERM, SIGINT, SIGHUP };

static void
usage(FILE *to)
{
	fprintf(to, "usage: ddnsd [-c file] [-dn]\n"
	    "       ddnsd -h | -V\n"
	    "  -c file  the configuration (%s)\n"
	    "  -d       log everything, as log-level = \"debug\"\n"
	    "  -n       check the configuration and exit\n"
	    "  -h       this help\n"
	    "  -V       the version\n", DDNS_CONF_DEFAULT_PATH);
}

static struct ddns_conf *
load_conf(const struct daemon *daemon)
{
	struct ddns_conf *conf = NULL;
	struct ddns_buf why = { 0 };
	enum ddns_err err;

	err = ddns_conf_load(daemon->conf_path, &conf, &why);
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "%s", why.len_bytes > 0 ?
		    ddns_buf_text(&why) : ddns_err_text(err));
	ddns_buf_done(&why);
	return err == DDNS_OK ? conf : NULL;
}

static void
set_log_level(const struct daemon *daemon, const struct ddns_conf *conf)
{
	ddns_log_set_level(daemon->debug ? DDNS_LOG_DEBUG : conf->log_level);
}

static bool
load_key(struct daemon *daemon)
{
	const char *path = daemon->conf->key_file;
	enum ddns_err err = ddns_secret_key_load(path, &daemon->key);

	if (err == DDNS_OK)
		return true;
	if (err == DDNS_ENOTFOUND)
		ddns_log(DDNS_LOG_ERROR, "key-file %s: there is none; "
		    "`ddnsctl init` makes one", path);
	else if (err == DDNS_EDENIED)
		ddns_log(DDNS_LOG_ERROR, "key-file %s: others may read or "
		    "write it; make it mode 0600 or 0640", path);
	else if (err == DDNS_EFORMAT)
		ddns_log(DDNS_LOG_ERROR, "key-file %s: no key in it", path);
	else
		ddns_log(DDNS_LOG_ERROR, "key-file %s: %s", path,
		    ddns_err_text(err));
	return false;
}

/* HTTP and the DNS port count their connections each by itself. */
static void
raise_fd_limit(const struct ddns_conf *conf)
{
	unsigned connections = conf->max_connections;
	rlim_t want = (rlim_t)connections * (conf->dns_count > 0 ? 2 : 1) +
	    FDS_BESIDE_CONNECTIONS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < want)
		ddns_log(DDNS_LOG_WARNING, "max-connections = %u, but only "
		    "%ju files may be open", connections,
		    (uintmax_t)limit.rlim_cur);
}

static bool
open_store(const struct daemon *daemon, enum ddns_store_mode mode,
    struct ddns_store **ret)
{
	enum ddns_err err = ddns_store_open(daemon->conf->store, mode, ret);

	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "store %s: %s", daemon->conf->store,
		    ddns_err_text(err));
	return err == DDNS_OK;
}

/* In the writer's thread. */
static void
on_commit(void *arg)
{
	struct daemon *daemon = arg;

	pthread_mutex_lock(&daemon->publisher_lock);
	ddns_publisher_wake(daemon->publisher);
	pthread_mutex_unlock(&daemon->publisher_lock);
}

static bool
start_writer(struct daemon *daemon)
{
	struct ddns_store *store = NULL;
	enum ddns_err err;

	if (!open_store(daemon, DDNS_STORE_WRITE, &store) ||
	    !open_store(daemon, DDNS_STORE_READ, &daemon->ingest.store)) {
		ddns_store_free(store);
		return false;
	}
	err = ddns_writer_start(store, on_commit, daemon,
	    &daemon->ingest.writer);
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "cannot start the writer: %s",
		    ddns_err_text(err));
	return err == DDNS_OK;
}

static bool
start_publisher(struct daemon *daemon)
{
	struct ddns_publisher *publisher = NULL;
	enum ddns_err err;

	err = ddns_publisher_start(daemon->conf, daemon->ingest.writer,
	    &publisher);
	pthread_mutex_lock(&daemon->publisher_lock);
	daemon->publisher = publisher;
	pthread_mutex_unlock(&daemon->publisher_lock);
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "cannot start the publisher: %s",
		    ddns_err_text(err));
	return err == DDNS_OK;
}

static void
stop_publisher(struct daemon *daemon)
{
	struct ddns_publisher *publisher;

	pthread_mutex_lock(&daemon->publisher_lock);
	publisher = daemon->publisher;
	daemon->publisher = NULL;
	pthread_mutex_unlock(&daemon->publisher_lock);
	ddns_publisher_free(publisher);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	ddns_attempts_tick(daemon->ingest.attempts, ddns_unix_ms_now());
}

static void
set_certificate(struct daemon *daemon, const struct ddns_conf *conf,
    enum ddns_err *ret)
{
	struct ddns_buf why = { 0 };

	*ret = ddns_http_server_set_certificate(daemon->http,
	    conf->tls_certificate, conf->tls_key, &why);
	if (*ret != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "%s", ddns_buf_text(&why));
	ddns_buf_done(&why);
}

/* A certificate that cannot be used must not cost anybody the service. */
static void
reload(struct daemon *daemon)
{
	struct ddns_conf *conf = load_conf(daemon);
	enum ddns_err err = DDNS_OK;

	ddns_sd_notify("RELOADING=1");
	if (conf == NULL) {
		ddns_log(DDNS_LOG_ERROR, "nothing reloaded");
	} else {
		set_log_level(daemon, conf);
		if (daemon->conf->https_count > 0 &&
		    conf->tls_certificate != NULL && conf->tls_key != NULL)
			set_certificate(daemon, conf, &err);
		ddns_log(DDNS_LOG_NOTICE, err == DDNS_OK ?
		    "reloaded the log level and the certificate" :
		    "reloaded the log level; the old certificate stays");
	}
	ddns_conf_free(conf);
	ddns_sd_notify("READY=1");
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)what;
	if (number == SIGHUP)
		reload(daemon);
	else
		event_base_loopbreak(daemon->ingest.base);
}

static bool
start_loop(struct daemon *daemon)
{
	static const struct timeval second = { 1, 0 };
	struct event_base *base = event_base_new();

	daemon->ingest.base = base;
	if (base == NULL)
		return false;
	for (int i = 0; i < 3; i++) {
		daemon->signals[i] = evsignal_new(base, signal_numbers[i],
		    on_signal, daemon);
		if (daemon->signals[i] == NULL ||
		    event_add(daemon->signals[i], NULL) != 0)
			return false;
	}
	daemon->tick = event_new(base, -1, EV_PERSIST, on_tick, daemon);
	return daemon->tick != NULL && event_add(daemon->tick, &second) == 0;
}

static enum ddns_err
start_ingest(struct daemon *daemon)
{
	struct ddns_ingest *ingest = &daemon->ingest;
	const struct ddns_conf *conf = daemon->conf;
	enum ddns_err err;

	ingest->conf = conf;
	ingest->key = &daemon->key;
	err = ddns_mailbox_new(ingest->base, &ingest->mailbox);
	if (err == DDNS_OK)
		err = ddns_attempts_new(ingest->writer, conf->nochg_log_s,
		    &ingest->attempts);
	if (err == DDNS_OK)
		err = ddns_limit_new(conf->rate_burst, conf->rate_per_min,
		    &ingest->changes);
	if (err == DDNS_OK)
		err = ddns_limit_new(conf->source_failures,
		    conf->source_failures, &ingest->failures);
	if (err == DDNS_OK)
		err = ddns_janitor_new(ingest, &daemon->janitor);
	return err;
}

static bool
listen_all(struct daemon *daemon, const struct ddns_listen *at, size_t count,
    bool tls)
{
	struct ddns_buf why = { 0 };
	enum ddns_err err = DDNS_OK;

	for (size_t i = 0; i < count && err == DDNS_OK; i++)
		err = ddns_http_server_listen(daemon->http, &at[i], tls,
		    &why);
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "%s", why.len_bytes > 0 ?
		    ddns_buf_text(&why) : ddns_err_text(err));
	ddns_buf_done(&why);
	return err == DDNS_OK;
}

static bool
start_http(struct daemon *daemon)
{
	const struct ddns_conf *conf = daemon->conf;
	struct ddns_http_limits limits = { conf->max_connections,
		conf->request_timeout_s, conf->idle_timeout_s };
	enum ddns_err err;

	err = ddns_http_server_new(daemon->ingest.base, &limits,
	    ddns_http_handle, &daemon->ingest, &daemon->http);
	if (err != DDNS_OK) {
		ddns_log(DDNS_LOG_ERROR, "%s", ddns_err_text(err));
		return false;
	}
	if (conf->https_count > 0)
		set_certificate(daemon, conf, &err);
	return err == DDNS_OK &&
	    listen_all(daemon, conf->http, conf->http_count, false) &&
	    listen_all(daemon, conf->https, conf->https_count, true);
}

static bool
start_dns(struct daemon *daemon)
{
	const struct ddns_conf *conf = daemon->conf;
	struct ddns_buf why = { 0 };
	enum ddns_err err;

	if (conf->dns_count == 0)
		return true;
	err = ddns_dnsport_new(&daemon->ingest, &daemon->dns);
	for (size_t i = 0; i < conf->dns_count && err == DDNS_OK; i++)
		err = ddns_dnsport_listen(daemon->dns, &conf->dns[i], &why);
	if (err != DDNS_OK)
		ddns_log(DDNS_LOG_ERROR, "%s", why.len_bytes > 0 ?
		    ddns_buf_text(&why) : ddns_err_text(err));
	ddns_buf_done(&why);
	return err == DDNS_OK;
}

static bool
start(struct daemon *daemon)
{
	enum ddns_err err;

	if (daemon->conf->http_count + daemon->conf->https_count +
	    daemon->conf->dns_count == 0)
		ddns_log(DDNS_LOG_WARNING, "no http-listen, https-listen or "
		    "dns-listen: no update can come in");
	raise_fd_limit(daemon->conf);
	if (!load_key(daemon) || !start_writer(daemon))
		return false;
	if (!start_loop(daemon)) {
		ddns_log(DDNS_LOG_ERROR, "cannot make an event loop");
		return false;
	}
	err = start_ingest(daemon);
	if (err != DDNS_OK) {
		ddns_log(DDNS_LOG_ERROR, "cannot start: %s",
		    ddns_err_text(err));
		return false;
	}
	return start_publisher(daemon) && start_http(daemon) &&
	    start_dns(daemon);
}

/* Lets the updates that are under way end, and their answers go out. */
static void
finish_requests(struct daemon *daemon)
{
	int64_t end = ddns_mono_us_now().v + LAST_ANSWERS_MS * 1000;

	ddns_http_server_stop(daemon->http);
	ddns_dnsport_stop(daemon->dns);
	while ((daemon->ingest.pending > 0 ||
	    ddns_http_server_get_connections(daemon->http) > 0) &&
	    ddns_mono_us_now().v < end) {
		struct timeval tv = { 0, 10000 };

		event_base_loopexit(daemon->ingest.base, &tv);
		event_base_dispatch(daemon->ingest.base);
	}
}

/* Works on a half-started daemon too. */
static void
stop(struct daemon *daemon)
{
	struct ddns_ingest *ingest = &daemon->ingest;

	if (daemon->http != NULL)
		finish_requests(daemon);
	ddns_attempts_free(ingest->attempts);
	ingest->attempts = NULL;
	stop_publisher(daemon);
	ddns_writer_free(ingest->writer);
	if (ingest->mailbox != NULL)
		ddns_mailbox_drain(ingest->mailbox);
	ddns_http_server_free(daemon->http);
	ddns_dnsport_free(daemon->dns);
	ddns_janitor_free(daemon->janitor);
	ddns_mailbox_free(ingest->mailbox);
	ddns_limit_free(ingest->changes);
	ddns_limit_free(ingest->failures);
	ddns_store_free(ingest->store);
	for (int i = 0; i < 3; i++)
		if (daemon->signals[i] != NULL)
			event_free(daemon->signals[i]);
	if (daemon->tick != NULL)
		event_free(daemon->tick);
	if (ingest->base != NULL)
		event_base_free(ingest->base);
	ddns_secret_key_wipe(&daemon->key);
	ddns_conf_free(daemon->conf);
}

static int
run(struct daemon *daemon)
{
	bool started = start(daemon);

	if (started) {
		ddns_log(DDNS_LOG_NOTICE, "ddnsd " PACKAGE_VERSION " is "
		    "ready");
		ddns_sd_notify("READY=1");
		event_base_dispatch(daemon->ingest.base);
		ddns_log(DDNS_LOG_NOTICE, "stopping");
		ddns_sd_notify("STOPPING=1");
	}
	stop(daemon);
	return started ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct daemon daemon = { .conf_path = DDNS_CONF_DEFAULT_PATH,
		.publisher_lock = PTHREAD_MUTEX_INITIALIZER };
	bool check_only = false;
	int option;

	while ((option = getopt(argc, argv, "c:dhnV")) != -1) {
		switch (option) {
		case 'c':
			daemon.conf_path = optarg;
			break;
		case 'd':
			daemon.debug = true;
			break;
		case 'n':
			check_only = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'V':
			printf("ddnsd %s\n", PACKAGE_VERSION);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	daemon.conf = load_conf(&daemon);
	if (daemon.conf == NULL)
		return 1;
	set_log_level(&daemon, daemon.conf);
	if (check_only) {
		printf("configuration OK\n");
		ddns_conf_free(daemon.conf);
		return 0;
	}
	return run(&daemon);
}
