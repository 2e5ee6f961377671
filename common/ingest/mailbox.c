/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/ingest/mailbox.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct ddns_mailbox {
	int fd;
	struct event *event;
	pthread_mutex_t lock;
	struct ddns_letter *head, **tail;
};

void
ddns_mailbox_drain(struct ddns_mailbox *mailbox)
{
	struct ddns_letter *letter, *next;

	pthread_mutex_lock(&mailbox->lock);
	letter = mailbox->head;
	mailbox->head = NULL;
	mailbox->tail = &mailbox->head;
	pthread_mutex_unlock(&mailbox->lock);
	for (; letter != NULL; letter = next) {
		next = letter->next;
		letter->open(letter);
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	/* First empty the counter: a later post makes it readable again. */
	if (read((int)fd, &count, sizeof(count)) < 0)
		count = 0;
	ddns_mailbox_drain(arg);
}

enum ddns_err
ddns_mailbox_new(struct event_base *base, struct ddns_mailbox **ret)
{
	struct ddns_mailbox *mailbox = calloc(1, sizeof(*mailbox));

	if (mailbox == NULL)
		return DDNS_ENOMEM;
	mailbox->tail = &mailbox->head;
	mailbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->fd < 0) {
		free(mailbox);
		return DDNS_EIO;
	}
	pthread_mutex_init(&mailbox->lock, NULL);
	mailbox->event = event_new(base, mailbox->fd, EV_READ | EV_PERSIST,
	    on_readable, mailbox);
	if (mailbox->event == NULL || event_add(mailbox->event, NULL) != 0) {
		ddns_mailbox_free(mailbox);
		return DDNS_ENOMEM;
	}
	*ret = mailbox;
	return DDNS_OK;
}

void
ddns_mailbox_post(struct ddns_mailbox *mailbox, struct ddns_letter *letter)
{
	static const uint64_t one = 1;
	int was_empty;

	letter->next = NULL;
	pthread_mutex_lock(&mailbox->lock);
	was_empty = mailbox->head == NULL;
	*mailbox->tail = letter;
	mailbox->tail = &letter->next;
	pthread_mutex_unlock(&mailbox->lock);
	/* Not empty: whoever filled it has rung, and the loop has still to
	 * come.  A full counter rings as well. */
	if (was_empty && write(mailbox->fd, &one, sizeof(one)) < 0)
		return;
}

void
ddns_mailbox_free(struct ddns_mailbox *mailbox)
{
	if (mailbox == NULL)
		return;
	ddns_mailbox_drain(mailbox);
	if (mailbox->event != NULL)
		event_free(mailbox->event);
	close(mailbox->fd);
	pthread_mutex_destroy(&mailbox->lock);
	free(mailbox);
}
