/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lines of one connection: read, answer, write, in that order and one at a
 * time, as PowerDNS does.  A reply goes out by one write(2) where it fits.
 */
#include "pdns-backend/backend.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 16384
#define KEEP_BYTES (1024 * 1024) /* of memory, after a long reply */

struct input {
	int fd;
	char *base;
	size_t start, end, cap_bytes;
	bool skipping;      /* the rest of a line that is too long */
	_Atomic bool *busy; /* or NULL */
};

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	(void)poll(&p, 1, -1);
}

static enum ddns_err
write_all(int fd, const void *base, size_t len)
{
	const char *at = base;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EAGAIN)
			wait_for(fd, POLLOUT);
		else if (n < 0 && errno != EINTR)
			return DDNS_EIO;
		if (n <= 0)
			continue;
		at += n;
		len -= (size_t)n;
	}
	return DDNS_OK;
}

/* Room for more behind what is there.  What is too long is dropped. */
static enum ddns_err
make_room(struct input *in)
{
	size_t cap;
	char *base;

	if (in->start > 0) {
		memmove(in->base, in->base + in->start, in->end - in->start);
		in->end -= in->start;
		in->start = 0;
	}
	if (in->end >= DDNS_LINE_MAX) {
		in->skipping = true;
		in->end = 0;
	}
	if (in->cap_bytes - in->end >= READ_BYTES)
		return DDNS_OK;
	cap = 2 * in->cap_bytes + READ_BYTES;
	base = realloc(in->base, cap);
	if (base == NULL)
		return DDNS_ENOMEM;
	in->base = base;
	in->cap_bytes = cap;
	return DDNS_OK;
}

/* The next whole line without its newline; DDNS_ENOTFOUND at the end. */
static enum ddns_err
read_line(struct input *in, char **ret, size_t *ret_len)
{
	size_t seen = in->start;
	enum ddns_err err;
	char *newline;
	ssize_t n;

	for (;;) {
		newline = in->end == seen ? NULL :
		    memchr(in->base + seen, '\n', in->end - seen);
		if (newline != NULL)
			break;
		err = make_room(in);
		if (err != DDNS_OK)
			return err;
		seen = in->end;
		if (in->busy != NULL) {
			wait_for(in->fd, POLLIN);
			*in->busy = true;
		}
		n = read(in->fd, in->base + in->end, READ_BYTES);
		if (n == 0)
			return DDNS_ENOTFOUND;
		if (n < 0 && errno == EAGAIN)
			wait_for(in->fd, POLLIN);
		else if (n < 0 && errno != EINTR)
			return DDNS_EIO;
		else if (n > 0)
			in->end += (size_t)n;
	}
	*ret = in->base + in->start;
	*ret_len = in->skipping ? 0 : (size_t)(newline - *ret);
	in->start = (size_t)(newline - in->base) + 1;
	in->skipping = false;
	return DDNS_OK;
}

static enum ddns_err
answer(struct ddns_backend *backend, char *line, size_t len, int fd,
    struct ddns_buf *out)
{
	enum ddns_err err;

	ddns_backend_answer(backend, line, len, out);
	if (out->err != DDNS_OK)
		err = write_all(fd, DDNS_REPLY_FAILED,
		    strlen(DDNS_REPLY_FAILED));
	else
		err = write_all(fd, out->base, out->len_bytes);
	if (out->cap_bytes > KEEP_BYTES)
		ddns_buf_done(out);
	return err;
}

enum ddns_err
ddns_backend_serve(struct ddns_backend *backend, int in_fd, int out_fd,
    _Atomic bool *busy)
{
	struct input in = { .fd = in_fd, .busy = busy };
	struct ddns_buf out = { 0 };
	enum ddns_err err;
	size_t len = 0;
	char *line;

	do {
		err = read_line(&in, &line, &len);
		if (err == DDNS_OK)
			err = answer(backend, line, len, out_fd, &out);
		if (err == DDNS_OK && busy != NULL && in.start == in.end)
			*busy = false;
	} while (err == DDNS_OK);
	ddns_buf_done(&out);
	free(in.base);
	return err == DDNS_ENOTFOUND ? DDNS_OK : err;
}
