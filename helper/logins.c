/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Only root can connect: the registry is his, 0700, and hidden in the session; he is asked for his credentials all the same. An opener may
 * be a hostile user's su: stopped at any step, it must cost the others no more than its slot.
 */
#include "logins.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "channel.h"
#include "proc.h"
#include "text.h"
#include "wire.h"

static bool is_login(const struct nsu_slot *slot)
{
	return slot->opener_pidfd >= 0;
}

static void free_slot(struct nsu_logins *logins, size_t index)
{
	struct nsu_slot *slot = &logins->slots[index];

	if (is_login(slot))
		logins->set.n_logins--;
	nsu_close_fd(&slot->channel_fd);
	nsu_close_fd(&slot->opener_pidfd);
	*slot = logins->slots[--logins->n_slots];
}

void nsu_logins_begin(struct nsu_logins *logins, const struct nsu_login *login, int channel_fd, int opener_pidfd)
{
	logins->slots[0] = (struct nsu_slot){.channel_fd = channel_fd, .opener_pidfd = opener_pidfd, .login = *login};
	logins->n_slots = 1;
	logins->set.n_logins = 1;
}

/* Return: false if it can't be told: the connection is of no use then. */
static bool send_answer(const struct nsu_logins *logins, int channel_fd, const struct nsu_fail *refusal)
{
	struct nsu_wire_answer answer = {.root = logins->root};
	size_t len;

	if (refusal)
		answer.fail = *refusal;
	memcpy(answer.id, logins->set.id, sizeof(answer.id));
	memcpy(answer.note, logins->set.note, sizeof(answer.note));
	return nsu_wire_encode_answer(&answer, logins->frame, NSU_FRAME_MAX, &len) == 0 &&
	       nsu_channel_send(channel_fd, logins->frame, len, refusal ? -1 : logins->self_pidfd) == 0;
}

static bool is_full(const struct nsu_logins *logins, uid_t uid, struct nsu_fail *refusal)
{
	bool is_common = logins->set.scope == NSU_PLAN_SCOPE_GROUP || logins->set.scope == NSU_PLAN_SCOPE_NAMED;
	size_t n_own = 0;

	for (size_t i = 0; i < logins->n_slots; i++)
		n_own += is_login(&logins->slots[i]) && logins->slots[i].login.uid == uid;
	if (logins->set.n_logins < NSU_LOGINS_MAX && (!is_common || n_own < NSU_LOGINS_UID_MAX))
		return false;
	(void)nsu_fail_because(refusal, EUSERS, "set %s has %zu logins already, %zu of them of uid %u: no more fit",
	                       logins->set.id, logins->set.n_logins, n_own, (unsigned)uid);
	return true;
}

/* Return: false if the connection is to be closed. */
static bool log_in(struct nsu_logins *logins, struct nsu_slot *slot, const struct nsu_login *login, int *pidfd)
{
	static const unsigned char order = NSU_WIRE_CGROUP;
	struct nsu_fail refusal = NSU_FAIL_INIT;

	if (is_login(slot) || *pidfd < 0)
		return false;
	if (is_full(logins, login->uid, &refusal)) {
		(void)send_answer(logins, slot->channel_fd, &refusal);
		return false;
	}
	slot->opener_pidfd = nsu_take_fd(pidfd);
	slot->login = *login;
	logins->set.n_logins++;
	return send_answer(logins, slot->channel_fd, NULL) &&
	       nsu_channel_send(slot->channel_fd, &order, sizeof(order), logins->cgroup_dirfd) == 0;
}

/* A page of the logins, in the order in which they happen to be kept. */
static bool tell(const struct nsu_logins *logins, int channel_fd, size_t first)
{
	const struct nsu_login *page[NSU_SET_PAGE];
	size_t n = 0, len;

	for (size_t i = 0; i < logins->n_slots && n < NSU_COUNT(page); i++) {
		if (!is_login(&logins->slots[i]))
			continue;
		if (first > 0)
			first--;
		else
			page[n++] = &logins->slots[i].login;
	}
	return nsu_set_encode(&logins->set, page, n, logins->frame, &len) == 0 &&
	       nsu_channel_send(channel_fd, logins->frame, len, logins->self_pidfd) == 0;
}

/* Somebody who is no login says something. Return: false if the connection is to be closed. */
static bool hear_hello(struct nsu_logins *logins, struct nsu_slot *slot, bool *ret_end)
{
	struct nsu_set_hello hello;
	auto_close int pidfd = -1;
	size_t len = 0;
	int ret;

	ret = nsu_channel_receive(slot->channel_fd, logins->frame, NSU_FRAME_MAX, &len, &pidfd);
	if (ret == -EAGAIN)
		return true;
	if (ret < 0 || len == 0 || nsu_set_decode_hello(logins->frame, len, &hello) < 0)
		return false;
	slot->deadline_ms = nsu_proc_now_ms() + NSU_HELLO_WAIT_MS;
	if (hello.wish == NSU_SET_LOGIN)
		return log_in(logins, slot, &hello.login, &pidfd);
	if (hello.wish == NSU_SET_ASK)
		return tell(logins, slot->channel_fd, hello.first);
	*ret_end = true;
	return false;
}

/* Return: false if the login ends: by order, or because the channel has closed before the opener was inside. */
static bool hear_order(struct nsu_logins *logins, struct nsu_slot *slot)
{
	char order[1 + NSU_NOTE_MAX] = "";
	ssize_t n = read(slot->channel_fd, order, sizeof(order) - 1);

	if (n < 0) /* ECONNRESET is said once, by an end that left something unread; the others do not happen */
		return true;
	if (n > 0) {
		slot->is_committed = slot->is_committed || order[0] == NSU_WIRE_COMMIT;
		if (n > 1)
			nsu_text_printable(order + 1, logins->set.note, sizeof(logins->set.note));
		return order[0] != NSU_WIRE_END;
	}
	nsu_close_fd(&slot->channel_fd);
	return slot->is_committed && !logins->is_brief;
}

/* Of the session's own pid namespace nobody connects, and nobody who is not root as this process is. */
static bool may_connect(const struct nsu_logins *logins, int fd)
{
	struct ucred peer = {.pid = -1};
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == logins->root_uid &&
	       (!logins->is_outside || peer.pid == 0);
}

/* Who has been silent for longest makes room: of logins there are fewer than slots. */
static void make_room(struct nsu_logins *logins)
{
	size_t oldest = logins->n_slots;

	if (logins->n_slots < NSU_SLOTS_MAX)
		return;
	for (size_t i = 0; i < logins->n_slots; i++) {
		if (!is_login(&logins->slots[i]) &&
		    (oldest == logins->n_slots || logins->slots[i].deadline_ms < logins->slots[oldest].deadline_ms))
			oldest = i;
	}
	free_slot(logins, oldest);
}

/* Most have said hello by the time that they are accepted. */
static void accept_all(struct nsu_logins *logins, bool *ret_end)
{
	for (unsigned i = 0; i < NSU_SLOTS_MAX; i++) {
		auto_close int fd = accept4(logins->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		size_t index;

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
			logins->deaf_until_ms = nsu_proc_now_ms() + NSU_STOP_POLL_MS;
		if (fd < 0)
			return;
		if (!may_connect(logins, fd))
			continue;
		make_room(logins);
		index = logins->n_slots++;
		logins->slots[index] = (struct nsu_slot){
			.channel_fd = nsu_take_fd(&fd),
			.opener_pidfd = -1,
			.deadline_ms = nsu_proc_now_ms() + NSU_HELLO_WAIT_MS,
		};
		if (!hear_hello(logins, &logins->slots[index], ret_end))
			free_slot(logins, index);
	}
}

/* What there is to wait for: two for each slot, in their order, then the socket and the caller's own. */
static struct pollfd polled[2 * NSU_SLOTS_MAX + 2];

static size_t fill_polled(const struct nsu_logins *logins, int wake_fd, int64_t now_ms)
{
	bool is_deaf = now_ms < logins->deaf_until_ms;
	size_t n = 0;

	for (size_t i = 0; i < logins->n_slots; i++) {
		polled[n++] = (struct pollfd){.fd = logins->slots[i].channel_fd, .events = POLLIN};
		polled[n++] = (struct pollfd){.fd = logins->slots[i].opener_pidfd, .events = POLLIN};
	}
	polled[n++] = (struct pollfd){.fd = is_deaf ? -1 : logins->listen_fd, .events = POLLIN};
	polled[n++] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
	return n;
}

/* The earliest of all limits. Return: milliseconds; -1: there is none. */
static int64_t time_left(const struct nsu_logins *logins, int timeout_ms, int64_t now_ms)
{
	int64_t left = timeout_ms < 0 ? INT64_MAX : timeout_ms;

	for (size_t i = 0; i < logins->n_slots; i++) {
		if (!is_login(&logins->slots[i]) && logins->slots[i].deadline_ms - now_ms < left)
			left = logins->slots[i].deadline_ms - now_ms;
	}
	if (logins->deaf_until_ms > now_ms && logins->deaf_until_ms - now_ms < left)
		left = logins->deaf_until_ms - now_ms;
	if (left == INT64_MAX)
		return -1;
	return left > 0 ? left : 0;
}

/* Return: false if the slot is free now. */
static bool serve(struct nsu_logins *logins, size_t index, int64_t now_ms, bool *ret_end)
{
	struct nsu_slot *slot = &logins->slots[index];
	bool stays = true;

	if (polled[2 * index + 1].revents)
		stays = false;
	else if (polled[2 * index].revents)
		stays = is_login(slot) ? hear_order(logins, slot) : hear_hello(logins, slot, ret_end);
	else if (!is_login(slot))
		stays = now_ms < slot->deadline_ms;
	if (!stays)
		free_slot(logins, index);
	return stays;
}

bool nsu_logins_wait(struct nsu_logins *logins, int wake_fd, int timeout_ms)
{
	int64_t now_ms = nsu_proc_now_ms();
	int64_t left_ms = time_left(logins, timeout_ms, now_ms);
	struct timespec left = {.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000L};
	size_t n = fill_polled(logins, wake_fd, now_ms);
	bool is_end = false;

	if (ppoll(polled, n, left_ms < 0 ? NULL : &left, NULL) < 0)
		return false;
	now_ms = nsu_proc_now_ms();
	/* From the last one: a slot that becomes free gets the last one's content, which has been served. */
	for (size_t i = logins->n_slots; i-- > 0;)
		(void)serve(logins, i, now_ms, &is_end);
	if (polled[n - 2].revents)
		accept_all(logins, &is_end);
	return is_end;
}
