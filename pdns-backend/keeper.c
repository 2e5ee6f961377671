/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process that PowerDNS starts, and keeps the one that answers alive.
 *
 * PowerDNS (4.7 to 5.1) never starts a pipe child anew that died while it was
 * idle: from then on that thread answers SERVFAIL, until PowerDNS is
 * restarted.  And with timeout=0 it waits without end for a reply that does
 * not come.  So the process that it knows does nothing that could fail: it
 * waits for its own child, which answers.  When that is killed (the kernel out
 * of memory, an administrator) or crashes, another one takes over the pipes,
 * and the request that was in the dead one's hands, if there was one, gets the
 * reply that says "temporary failure".
 *
 * The child says through shared memory that it has a request, before it takes
 * it off the pipe.  So "busy, and nothing to read" is a lost request.  Killed
 * in the moment between its reply and taking the word back, there is one reply
 * too many: PowerDNS then starts us anew by itself, at the next question.
 */
#include "pdns-backend/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "pdns-backend/backend.h"

static enum ddns_err
answer(const char *store_path, _Atomic bool *busy)
{
	struct ddns_backend *backend = NULL;
	enum ddns_err err;

	err = ddns_backend_new(store_path, &backend);
	if (err == DDNS_OK)
		err = ddns_backend_serve(backend, STDIN_FILENO, STDOUT_FILENO,
		    busy);
	ddns_backend_free(backend);
	return err;
}

/* In the child.  PowerDNS kills the keeper without a word: then end, too. */
static void
run_child(const char *store_path, pid_t keeper, _Atomic bool *busy)
{
	enum ddns_err err = DDNS_EIO;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == keeper)
		err = answer(store_path, busy);
	exit((int)err);
}

static bool
has_input(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0;
}

/* DDNS_EBUSY: it was killed, another one is wanted. */
static enum ddns_err
start_child(const char *store_path, pid_t keeper, _Atomic bool *busy)
{
	static const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	pid_t pid = fork();
	int status;

	if (pid == 0)
		run_child(store_path, keeper, busy);
	if (pid < 0) { /* out of processes or memory: not for ever */
		nanosleep(&pause, NULL);
		return DDNS_EBUSY;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return DDNS_EIO;
	if (WIFEXITED(status))
		return (enum ddns_err)WEXITSTATUS(status);
	ddns_log(DDNS_LOG_ERROR, "pdns-backend-ddns: the process that answers "
	    "ended by signal %d; starting another", WTERMSIG(status));
	return DDNS_EBUSY;
}

static enum ddns_err
answer_lost_request(_Atomic bool *busy)
{
	size_t len = strlen(DDNS_REPLY_FAILED);

	if (!*busy || has_input())
		return DDNS_OK;
	*busy = false;
	return write(STDOUT_FILENO, DDNS_REPLY_FAILED, len) == (ssize_t)len ?
	    DDNS_OK : DDNS_EIO;
}

enum ddns_err
ddns_keeper_run(const char *store_path)
{
	_Atomic bool *busy = mmap(NULL, sizeof(*busy), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t keeper = getpid();
	enum ddns_err err;

	if (busy == MAP_FAILED)
		return DDNS_ENOMEM;
	signal(SIGCHLD, SIG_DFL); /* ignored, nobody could be waited for */
	do {
		*busy = false;
		err = start_child(store_path, keeper, busy);
		if (err == DDNS_EBUSY && answer_lost_request(busy) != DDNS_OK)
			err = DDNS_EIO;
	} while (err == DDNS_EBUSY);
	munmap((void *)busy, sizeof(*busy));
	return err;
}
