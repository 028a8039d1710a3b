/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare kill: end sets, after showing them. First each is told to, as its last logout would tell it; one that has not ended in
 * its time is killed. By pidfd: a number might have become another process since.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "cli.h"
#include "proc.h"
#include "registry.h"
#include "select.h"
#include "text.h"
#include "view.h"

#define TIMEOUT_MS     5000
#define TIMEOUT_MAX_MS 600000
#define KILL_WAIT_MS                                                                                                   \
	1000 /* then a killed PID 1 has ended, or waits for something that only a reader of the message can end */

enum {
	TIMEOUT,
	YES
};

static int show(const struct nsu_asked_list *list, struct nsu_fail *fail)
{
	struct nsu_cli_view view = NSU_CLI_VIEW_INIT;
	int ret;

	ret = nsu_cli_view_fill(&view, list, fail);
	if (ret == 0)
		ret = nsu_cli_view_print(&view, fail);
	nsu_cli_view_clear(&view);
	for (size_t i = list->n; i < list->n + list->n_silent; i++)
		printf("%s: gives no answer (PID 1: %d)\n", list->items[i].key, (int)list->items[i].init_pid);
	fflush(stdout);
	return ret;
}

static size_t count_logins(const struct nsu_asked_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->items[i].n;
	return n;
}

static int confirm(const struct nsu_asked_list *list, struct nsu_fail *fail)
{
	size_t n = list->n + list->n_silent, n_logins = count_logins(list);
	char line[16];

	if (!isatty(STDIN_FILENO))
		return nsu_fail_because(fail, EINVAL,
		                        "nobody can be asked here, for the input is no terminal: give --yes");
	fprintf(stderr, "End %s, with %zu login%s and all processes? [y/N] ", n == 1 ? "this set" : "these sets",
	        n_logins, n_logins == 1 ? "" : "s");
	if (fgets(line, sizeof(line), stdin) && (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0))
		return 0;
	return nsu_fail_because(fail, ECANCELED, "nothing was ended, for the answer was not y");
}

static const char *name_of(const struct nsu_asked *asked)
{
	return asked->set.id[0] ? asked->set.id : asked->key;
}

/* Return: NSU_CLI_OK; NSU_CLI_WARNINGS if it had to be killed; -ETIMEDOUT, and the record, if it lives on. */
static int see_end(const struct nsu_asked *asked, int64_t begin_ms, int64_t timeout_ms, struct nsu_fail *fail)
{
	if (asked->pidfd < 0)
		return nsu_fail_because(fail, ETIMEDOUT,
		                        "%s: so many wait for it that it can't even be asked: try again", asked->key);
	if (nsu_proc_await(asked->pidfd, begin_ms + asked->set.stop_timeout_ms + timeout_ms) == 0) {
		printf("%s: ended\n", name_of(asked));
		return NSU_CLI_OK;
	}
	nsu_proc_kill(asked->pidfd);
	if (nsu_proc_await(asked->pidfd, nsu_proc_now_ms() + KILL_WAIT_MS) == 0) {
		printf("%s: killed, for it had not ended within %lld ms\n", name_of(asked),
		       (long long)asked->set.stop_timeout_ms + timeout_ms);
		return NSU_CLI_WARNINGS;
	}
	return nsu_fail_because(
		fail, ETIMEDOUT,
		"%s: PID 1 (%d) is killed, but waits for a process of the set to be gone: look for one that "
		"is in state D, Z or traced",
		name_of(asked), (int)asked->init_pid);
}

/* Return: the worst of the sets'. */
static int end_all(const struct nsu_asked_list *list, int64_t timeout_ms, struct nsu_fail *fail)
{
	struct nsu_fail not_told = NSU_FAIL_INIT;
	auto_close int dirfd = -1;
	int status = NSU_CLI_OK;
	int64_t begin_ms;
	int ret;

	ret = nsu_registry_open(false, &dirfd, fail);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < list->n + list->n_silent; i++) {
		if (nsu_ask_to_end(dirfd, list->items[i].key, &not_told) < 0)
			continue; /* it has ended already, or will be killed */
	}
	begin_ms = nsu_proc_now_ms();
	for (size_t i = 0; i < list->n + list->n_silent; i++) {
		ret = see_end(&list->items[i], begin_ms, timeout_ms, fail);
		if (status >= 0 && (ret < 0 || ret > status))
			status = ret;
	}
	nsu_registry_sweep(dirfd);
	return status;
}

static int find_timeout(const char *value, uint64_t *ret_timeout_ms, struct nsu_fail *fail)
{
	char printable[NSU_LOG_VALUE_MAX / 2];

	*ret_timeout_ms = TIMEOUT_MS;
	if (!value || nsu_text_to_number(value, 0, TIMEOUT_MAX_MS, ret_timeout_ms) == 0)
		return 0;
	return nsu_fail_because(fail, EINVAL, "--timeout '%s': not a number of milliseconds from 0 to %d",
	                        nsu_text_printable(value, printable, sizeof(printable)), TIMEOUT_MAX_MS);
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct nsu_asked_list list = NSU_ASKED_LIST_INIT;
	uint64_t timeout_ms;
	int ret;

	ret = find_timeout(call->values[TIMEOUT], &timeout_ms, fail);
	if (ret == 0)
		ret = nsu_ask_all(&list, fail);
	if (ret == 0)
		ret = nsu_cli_select(call->operand, &list, fail);
	if (ret == 0)
		ret = show(&list, fail);
	if (ret == 0 && !call->values[YES])
		ret = confirm(&list, fail);
	if (ret == 0)
		ret = end_all(&list, (int64_t)timeout_ms, fail);
	nsu_asked_list_clear(&list);
	return ret;
}

const struct nsu_cli_command nsu_cli_kill = {
	.name = "kill",
	.operand = "ID|USER|KEY",
	.help = "end a set, or a user's own ones, with all processes",
	.options =
		{
			[TIMEOUT] = {"timeout", "MS", "how long it may take beyond stop_timeout (5000)"},
			[YES] = {"yes", NULL, "do not ask"},
		},
	.run = run,
};
