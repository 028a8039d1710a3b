/* SPDX-License-Identifier: BSD-3-Clause */
/* All sets are asked before the first answer is waited for: however many are silent, that costs NSU_ASK_MS once. */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "attach.h"
#include "channel.h"
#include "proc.h"
#include "registry.h"

/* One that is being asked. */
struct question {
	struct nsu_asked asked;
	int channel_fd;
	int err; /* negative errno: it could not be asked */
};

struct questions {
	int dirfd;
	struct question *items;
	size_t n;
	size_t cap;
};

static bool has_ended(int ret)
{
	return ret == -ENOENT || ret == -ECONNREFUSED || ret == -ECONNRESET;
}

static int say(int channel_fd, enum nsu_set_wish wish, size_t first)
{
	struct nsu_set_hello hello = {.wish = wish, .first = first};

	return nsu_attach_say(channel_fd, &hello, -1);
}

static int begin(int dirfd, const char *key, int64_t deadline_ms, struct question *question)
{
	int ret;

	*question = (struct question){.asked = NSU_ASKED_INIT, .channel_fd = -1};
	snprintf(question->asked.key, sizeof(question->asked.key), "%s", key);
	ret = nsu_attach_connect(dirfd, key, deadline_ms, &question->channel_fd);
	if (ret < 0)
		return ret;
	return say(question->channel_fd, NSU_SET_ASK, 0);
}

/* A frame, with its descriptor. Return: 0; -ETIMEDOUT; -ECONNRESET; negative errno. */
static int await_frame(int channel_fd, int64_t deadline_ms, unsigned char *frame, size_t *ret_len, int *ret_fd)
{
	int ret;

	ret = nsu_proc_await(channel_fd, deadline_ms);
	if (ret == 0)
		ret = nsu_channel_receive(channel_fd, frame, NSU_FRAME_MAX, ret_len, ret_fd);
	if (ret == 0 && *ret_len == 0)
		ret = -ECONNRESET;
	return ret;
}

/* One page; of the first one the pidfd is kept. Return: 0, with @ret_n 0 behind the last login; negative errno. */
static int take_page(int channel_fd, int64_t deadline_ms, struct nsu_asked *asked, size_t *ret_n)
{
	auto_free unsigned char *frame = malloc(NSU_FRAME_MAX);
	struct nsu_login *logins;
	auto_close int fd = -1;
	size_t len = 0;
	int ret;

	logins = reallocarray(asked->logins, asked->n + NSU_SET_PAGE, sizeof(*logins));
	if (logins)
		asked->logins = logins;
	if (!frame || !logins)
		return -ENOMEM;
	ret = await_frame(channel_fd, deadline_ms, frame, &len, &fd);
	if (ret < 0)
		return ret;
	ret = nsu_set_decode(frame, len, &asked->set, &logins[asked->n], ret_n);
	if (ret < 0)
		return ret;
	asked->n += *ret_n;
	if (asked->pidfd >= 0)
		return 0;
	if (fd < 0)
		return -EBADMSG;
	asked->pidfd = nsu_take_fd(&fd);
	asked->init_pid = nsu_proc_number(asked->pidfd);
	return asked->init_pid > 0 ? 0 : -ECONNRESET;
}

/* PID 1 tells them as they happen to lie. */
static int compare_logins(const void *left, const void *right)
{
	const struct nsu_login *a = left, *b = right;

	if (a->since != b->since)
		return a->since < b->since ? -1 : 1;
	return a->opener < b->opener ? -1 : a->opener > b->opener;
}

static int take_answer(int channel_fd, int64_t deadline_ms, struct nsu_asked *asked)
{
	size_t n;
	int ret;

	for (;;) {
		ret = take_page(channel_fd, deadline_ms, asked, &n);
		if (ret < 0)
			return ret;
		if (n == 0 || asked->n >= asked->set.n_logins)
			break;
		ret = say(channel_fd, NSU_SET_ASK, asked->n);
		if (ret < 0)
			return ret;
	}
	qsort(asked->logins, asked->n, sizeof(*asked->logins), compare_logins);
	return 0;
}

static int fail_for(int ret, const char *key, struct nsu_fail *fail)
{
	if (has_ended(ret))
		return nsu_fail_because(fail, -ret, "the set '%s' has ended", key);
	if (ret == -ETIMEDOUT)
		return nsu_fail_because(fail, ETIMEDOUT, "the set '%s' gives no answer (is it frozen?)", key);
	return nsu_fail(fail, -ret, "ask the set '%s'", key);
}

int nsu_ask(int dirfd, const char *key, int64_t deadline_ms, struct nsu_asked *asked, struct nsu_fail *fail)
{
	struct question question;
	int ret;

	ret = begin(dirfd, key, deadline_ms, &question);
	if (ret == 0)
		ret = take_answer(question.channel_fd, deadline_ms, &question.asked);
	nsu_close_fd(&question.channel_fd);
	if (ret < 0) {
		nsu_asked_clear(&question.asked);
		return fail_for(ret, key, fail);
	}
	*asked = question.asked;
	return 0;
}

/*
 * Who listens for a set that gives no answer. The kernel has the number of who called listen(2); that it is still that
 * process, and not one that came after it, is sure where the set can be connected to once its pidfd is open.
 * Return: 0; -ECONNRESET if it has ended; negative errno.
 */
static int find_silent(int dirfd, int channel_fd, struct nsu_asked *asked)
{
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);
	auto_close int pidfd = -1;
	auto_close int fd = -1;
	int ret;

	if (getsockopt(channel_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
	if (pidfd < 0)
		return errno == ESRCH || errno == EINVAL ? -ECONNRESET : -errno;
	ret = nsu_registry_connect(dirfd, asked->key, &fd);
	if (ret < 0 && ret != -EAGAIN)
		return ret;
	asked->init_pid = peer.pid;
	asked->pidfd = nsu_take_fd(&pidfd);
	return 0;
}

static int add_question(void *data, const char *key)
{
	struct questions *questions = data;
	struct question *question;

	if (questions->n == questions->cap) {
		size_t cap = questions->cap ? 2 * questions->cap : 16;
		struct question *items = reallocarray(questions->items, cap, sizeof(*items));

		if (!items)
			return -ENOMEM;
		questions->items = items;
		questions->cap = cap;
	}
	question = &questions->items[questions->n++];
	question->err = begin(questions->dirfd, key, nsu_proc_now_ms() + NSU_ASK_MS, question);
	return 0;
}

/* Return: 0, with a set, or with a silent one whose id is ""; -ECONNRESET and its like if it has ended; negative errno. */
static int settle(int dirfd, struct question *question, int64_t deadline_ms)
{
	struct nsu_asked *asked = &question->asked;
	int ret = question->err;

	if (ret == 0)
		ret = take_answer(question->channel_fd, deadline_ms, asked);
	if (ret == 0 || ret == -ENOMEM || ret == -EMFILE || ret == -ENFILE || question->channel_fd < 0)
		return ret;
	nsu_close_fd(&asked->pidfd);
	asked->n = 0;
	asked->set = (struct nsu_set){.id = ""};
	return find_silent(dirfd, question->channel_fd, asked);
}

/* What has ended meanwhile is left out. */
static int settle_all(const struct questions *questions, struct nsu_asked_list *list)
{
	int64_t deadline_ms = nsu_proc_now_ms() + NSU_ASK_MS;

	for (size_t i = 0; i < questions->n; i++) {
		struct question *question = &questions->items[i];
		int ret = settle(questions->dirfd, question, deadline_ms);

		nsu_close_fd(&question->channel_fd);
		if (has_ended(ret))
			continue;
		if (ret < 0 && ret != -ETIMEDOUT)
			return ret;
		if (question->asked.set.id[0])
			list->n++;
		else
			list->n_silent++;
		list->items[list->n + list->n_silent - 1] = question->asked;
		question->asked = (struct nsu_asked)NSU_ASKED_INIT;
	}
	return 0;
}

static void clear_questions(struct questions *questions)
{
	for (size_t i = 0; i < questions->n; i++) {
		nsu_close_fd(&questions->items[i].channel_fd);
		nsu_asked_clear(&questions->items[i].asked);
	}
	free(questions->items);
}

/* By since, then id; those that are silent come last. */
static int compare(const void *left, const void *right)
{
	const struct nsu_asked *a = left, *b = right;
	bool a_is_silent = !a->set.id[0], b_is_silent = !b->set.id[0];

	if (a_is_silent != b_is_silent)
		return a_is_silent ? 1 : -1;
	if (a->set.since != b->set.since)
		return a->set.since < b->set.since ? -1 : 1;
	return strcmp(a_is_silent ? a->key : a->set.id, b_is_silent ? b->key : b->set.id);
}

static int ask_each(int dirfd, struct nsu_asked_list *list, struct nsu_fail *fail)
{
	struct questions questions = {.dirfd = dirfd};
	int ret;

	ret = nsu_registry_each(dirfd, add_question, &questions, fail);
	if (ret == 0 && questions.n > 0) {
		list->items = calloc(questions.n, sizeof(*list->items));
		ret = list->items ? settle_all(&questions, list) : -ENOMEM;
	}
	clear_questions(&questions);
	if (ret < 0)
		return nsu_fail(fail, -ret, "ask the sets");
	if (list->n + list->n_silent > 0)
		qsort(list->items, list->n + list->n_silent, sizeof(*list->items), compare);
	return 0;
}

int nsu_ask_all(struct nsu_asked_list *list, struct nsu_fail *fail)
{
	struct nsu_fail missing = NSU_FAIL_INIT;
	struct rlimit before, raised;
	auto_close int dirfd = -1;
	int ret;

	ret = nsu_registry_open(false, &dirfd, &missing);
	if (ret == -ENOENT)
		return 0; /* nobody has logged in since the host was started */
	if (ret < 0) {
		*fail = missing;
		return ret;
	}
	nsu_registry_sweep(dirfd);
	/* A descriptor for each set: the programs that the tool starts keep the limit that it was given. */
	if (getrlimit(RLIMIT_NOFILE, &before) < 0)
		return nsu_fail(fail, errno, "read the limit of descriptors");
	raised = (struct rlimit){.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &raised);
	ret = ask_each(dirfd, list, fail);
	setrlimit(RLIMIT_NOFILE, &before);
	return ret;
}

int nsu_ask_to_end(int dirfd, const char *key, struct nsu_fail *fail)
{
	auto_close int channel_fd = -1;
	int ret;

	ret = nsu_attach_connect(dirfd, key, nsu_proc_now_ms() + NSU_ASK_MS, &channel_fd);
	if (ret == 0)
		ret = say(channel_fd, NSU_SET_END, 0);
	return ret < 0 ? fail_for(ret, key, fail) : 0;
}

void nsu_asked_clear(struct nsu_asked *asked)
{
	free(asked->logins);
	nsu_close_fd(&asked->pidfd);
	*asked = (struct nsu_asked)NSU_ASKED_INIT;
}

void nsu_asked_list_clear(struct nsu_asked_list *list)
{
	for (size_t i = 0; i < list->n + list->n_silent; i++)
		nsu_asked_clear(&list->items[i]);
	free(list->items);
	*list = (struct nsu_asked_list)NSU_ASKED_LIST_INIT;
}
