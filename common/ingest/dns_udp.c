/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The UDP side: many packets to a system call, in and out.
 *
 * An update of 4 kB is a legal UDP message and some senders never change to
 * TCP, so a packet may be as large as UDP allows.  An answer leaves from the
 * address that its question came to, also where we listen on all of them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/ingest/dns_request.h"

#define BATCH 32          /* packets a call */
#define ROUNDS 8          /* calls before others get their turn */
#define PACKET_MAX 65535
#define RCVBUF_BYTES (4 << 20)
#define CONTROL_BYTES CMSG_SPACE(sizeof(struct in6_pktinfo))

struct route {
	struct sockaddr_storage peer;
	socklen_t peer_len;
	size_t control_len;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
};

struct socket {
	struct socket *next;
	struct ddns_dns_udp *udp;
	struct event *event;
	int fd;
	unsigned refs; /* requests under way, and the list of sockets */
	/* answers on their way out */
	struct ddns_buf out[BATCH];
	struct route out_to[BATCH];
	unsigned out_count;
};

struct ddns_dns_udp {
	struct ddns_dns_work *work;
	struct socket *sockets;
	struct event *flush;
	uint8_t *in; /* BATCH packets */
	struct route in_from[BATCH];
	struct mmsghdr in_head[BATCH];
	struct iovec in_iov[BATCH];
};

struct packet {
	struct ddns_dns_request request;
	struct socket *socket;
	struct route from;
};

/* ---- out ---- */

static void
flush_socket(struct socket *s)
{
	struct mmsghdr head[BATCH];
	struct iovec iov[BATCH];
	unsigned done = 0;

	memset(head, 0, sizeof(head));
	for (unsigned i = 0; i < s->out_count; i++) {
		struct route *to = &s->out_to[i];

		iov[i] = (struct iovec){ s->out[i].base, s->out[i].len_bytes };
		head[i].msg_hdr = (struct msghdr){ .msg_name = &to->peer,
			.msg_namelen = to->peer_len, .msg_iov = &iov[i],
			.msg_iovlen = 1, .msg_control = to->control_len != 0 ?
			to->control : NULL,
			.msg_controllen = to->control_len };
	}
	while (done < s->out_count) {
		int n = sendmmsg(s->fd, head + done, s->out_count - done,
		    MSG_DONTWAIT);

		/* one that cannot be sent is lost, as in any network */
		done += n > 0 ? (unsigned)n : errno == EINTR ? 0 : 1;
	}
	s->out_count = 0;
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct ddns_dns_udp *udp = arg;

	(void)fd;
	(void)what;
	for (struct socket *s = udp->sockets; s != NULL; s = s->next)
		flush_socket(s);
}

static void
socket_unref(struct socket *s)
{
	if (--s->refs != 0)
		return;
	for (unsigned i = 0; i < BATCH; i++)
		ddns_buf_done(&s->out[i]);
	if (s->event != NULL)
		event_free(s->event);
	close(s->fd);
	free(s);
}

/* They go out together when the loop has done all that it can do now. */
static void
queue(struct socket *s, const struct route *to, struct ddns_span answer)
{
	struct ddns_buf *out;

	if (s->out_count == BATCH)
		flush_socket(s);
	out = &s->out[s->out_count];
	ddns_buf_reset(out);
	ddns_buf_put(out, answer.base, answer.len_bytes);
	if (out->err != DDNS_OK)
		return;
	s->out_to[s->out_count++] = *to;
	if (s->out_count == 1)
		event_active(s->udp->flush, EV_TIMEOUT, 1);
}

static void
on_answer(struct ddns_dns_request *request, struct ddns_span answer)
{
	struct packet *packet = (struct packet *)request;

	if (answer.len_bytes != 0)
		queue(packet->socket, &packet->from, answer);
	ddns_dns_frame_done(&request->frame);
	socket_unref(packet->socket);
	free(packet);
}

/* ---- in ---- */

static void
handle(struct socket *s, const struct mmsghdr *head,
    const struct route *from)
{
	const struct iovec *iov = head->msg_hdr.msg_iov;
	struct ddns_span msg = { iov->iov_base, head->msg_len };
	struct packet *packet;

	if ((head->msg_hdr.msg_flags & MSG_TRUNC) != 0)
		return;
	packet = calloc(1, sizeof(*packet));
	if (packet == NULL)
		return; /* as if it were lost */
	packet->request.send = on_answer;
	packet->socket = s;
	packet->from = *from;
	packet->from.peer_len = head->msg_hdr.msg_namelen;
	packet->from.control_len = head->msg_hdr.msg_controllen;
	if (ddns_addr_from_sockaddr((const struct sockaddr *)&from->peer,
	    &packet->request.peer, NULL) != DDNS_OK) {
		free(packet);
		return;
	}
	s->refs++;
	ddns_dns_work_handle(s->udp->work, &packet->request, msg, false);
}

static int
receive(struct socket *s)
{
	struct ddns_dns_udp *udp = s->udp;
	int n;

	for (unsigned i = 0; i < BATCH; i++) {
		struct route *from = &udp->in_from[i];

		udp->in_iov[i] = (struct iovec){
			udp->in + (size_t)i * PACKET_MAX, PACKET_MAX };
		udp->in_head[i].msg_hdr = (struct msghdr){
			.msg_name = &from->peer,
			.msg_namelen = sizeof(from->peer),
			.msg_iov = &udp->in_iov[i], .msg_iovlen = 1,
			.msg_control = from->control,
			.msg_controllen = sizeof(from->control) };
	}
	n = recvmmsg(s->fd, udp->in_head, BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	ddns_dns_work_begin(udp->work);
	for (int i = 0; i < n; i++)
		handle(s, &udp->in_head[i], &udp->in_from[i]);
	ddns_dns_work_end(udp->work);
	return n;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct socket *s = arg;

	(void)fd;
	(void)what;
	for (unsigned round = 0; round < ROUNDS; round++)
		if (receive(s) < BATCH)
			break;
}

/* ---- sockets ---- */

static bool
set_options(int fd, int family)
{
	int on = 1, bytes = RCVBUF_BYTES;

	/* as much as we get: beyond net.core.rmem_max only root does */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
	    sizeof(bytes)) != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) != 0)
		return false;
	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on,
		    sizeof(on)) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
	    sizeof(on)) == 0 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;
}

static struct socket *
socket_open(const struct ddns_listen *at)
{
	int family = at->addr.ss_family, fd;
	struct socket *s;

	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL || !set_options(fd, family) || bind(fd,
	    (const struct sockaddr *)&at->addr, at->addr_len) != 0) {
		int saved = errno;

		close(fd);
		free(s);
		errno = saved;
		return NULL;
	}
	s->fd = fd;
	s->refs = 1;
	return s;
}

enum ddns_err
ddns_dns_udp_listen(struct ddns_dns_udp *udp, const struct ddns_listen *at)
{
	struct socket *s = socket_open(at);

	if (s == NULL)
		return DDNS_EIO;
	s->udp = udp;
	s->next = udp->sockets;
	udp->sockets = s;
	s->event = event_new(udp->work->ingest->base, s->fd,
	    EV_READ | EV_PERSIST, on_readable, s);
	return s->event != NULL && event_add(s->event, NULL) == 0 ? DDNS_OK :
	    DDNS_ENOMEM;
}

enum ddns_err
ddns_dns_udp_new(struct ddns_dns_work *work, struct ddns_dns_udp **ret)
{
	struct ddns_dns_udp *udp = calloc(1, sizeof(*udp));

	if (udp == NULL)
		return DDNS_ENOMEM;
	udp->work = work;
	udp->in = malloc((size_t)BATCH * PACKET_MAX);
	udp->flush = event_new(work->ingest->base, -1, 0, on_flush, udp);
	if (udp->in == NULL || udp->flush == NULL) {
		ddns_dns_udp_free(udp);
		return DDNS_ENOMEM;
	}
	*ret = udp;
	return DDNS_OK;
}

void
ddns_dns_udp_stop(struct ddns_dns_udp *udp)
{
	for (struct socket *s = udp->sockets; s != NULL; s = s->next)
		if (s->event != NULL)
			event_del(s->event);
}

void
ddns_dns_udp_free(struct ddns_dns_udp *udp)
{
	struct socket *next;

	if (udp == NULL)
		return;
	for (struct socket *s = udp->sockets; s != NULL; s = next) {
		next = s->next;
		flush_socket(s);
		socket_unref(s);
	}
	if (udp->flush != NULL)
		event_free(udp->flush);
	free(udp->in);
	free(udp);
}
