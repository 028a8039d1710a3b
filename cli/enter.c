/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare enter: a program in a set that lives, as its user.
 *
 * 1. It MUST be in all namespaces of the set or in none: one setns(2), on the pidfd that PID 1 itself has sent.
 * 2. Nothing may be looked up by name once it is inside, but the program, by the user, whose program it is.
 * 3. Nobody may gain by it: what the set's logins give up is given up here too. Root does only where the set's root is not the host's.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "ask.h"
#include "attach.h"
#include "cgroup.h"
#include "cli.h"
#include "fsat.h"
#include "harden.h"
#include "ns.h"
#include "opener.h"
#include "proc.h"
#include "registry.h"
#include "root.h"
#include "select.h"
#include "subject.h"
#include "text.h"

#define SERVICE "enter" /* what `list` shows */
#define ROOT    "root"

enum {
	AS_ROOT,
	USER
};

struct enter {
	struct nsu_asked_list list; /* one: what is entered */
	struct nsu_subject subject;
	struct nsu_user_shell shell;
	struct nsu_terminal terminal;
	struct nsu_attached attached;
	bool is_as_root;
};

static const struct nsu_asked *target_of(const struct enter *enter)
{
	return &enter->list.items[0];
}

static const struct nsu_set *set_of(const struct enter *enter)
{
	return &target_of(enter)->set;
}

static int say_ended(const struct enter *enter, struct nsu_fail *fail)
{
	return nsu_fail_because(fail, ESRCH, "session %s has ended meanwhile; see nsunshare list", set_of(enter)->id);
}

/* Says hello, as any login does: from here on the set knows who has come. */
static int attach(struct enter *enter, struct nsu_fail *fail)
{
	struct nsu_login login;
	auto_close int dirfd = -1;
	int ret;

	nsu_attach_describe(&enter->subject, &login);
	snprintf(login.tty, sizeof(login.tty), "%s", enter->terminal.name);
	ret = nsu_registry_open(false, &dirfd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_attach(dirfd, target_of(enter)->key, &login, nsu_proc_now_ms() + NSU_TIMEOUT_MS, &enter->attached,
	                 fail);
	if (ret == -ENOENT || ret == -ECONNREFUSED || ret == -ECONNRESET)
		return say_ended(enter, fail);
	if (ret < 0)
		return ret;
	if (strcmp(enter->attached.id, set_of(enter)->id) != 0) /* another has got its key */
		return say_ended(enter, fail);
	return 0;
}

static int enter_cgroup(const struct nsu_attached *attached, struct nsu_fail *fail)
{
	auto_close int procs_fd = -1;
	int ret;

	if (attached->cgroup_dirfd < 0)
		return 0;
	ret = nsu_cgroup_open_procs(attached->cgroup_dirfd, &procs_fd, fail);
	return ret < 0 ? ret : nsu_cgroup_enter(procs_fd, fail);
}

/* The commit. */
static int join(const struct enter *enter, struct nsu_fail *fail)
{
	unsigned namespaces = set_of(enter)->namespaces;
	struct nsu_fail reason = NSU_FAIL_INIT;
	struct nsu_fsat_root root;
	int ret;

	ret = nsu_ns_join(enter->attached.init_pidfd, namespaces, &reason);
	if (ret == -ESRCH)
		return say_ended(enter, fail);
	if (ret < 0) {
		*fail = reason;
		return ret;
	}
	if (!(namespaces & CLONE_NEWNS))
		return 0;
	ret = nsu_fsat_look_at_root(&root, fail);
	if (ret == 0 && !nsu_fsat_is_same_root(&root, &enter->attached.root))
		ret = nsu_fail_because(fail, EXDEV, "the root of session %s is not the one that it was made with",
		                       set_of(enter)->id);
	return ret;
}

/* In the opener. */
static int go_in(struct nsu_opener *opener, struct nsu_user_shell *shell, struct nsu_fail *fail)
{
	struct nsu_harden harden = NSU_HARDEN_INIT;
	struct enter *enter = opener->data;
	const struct nsu_set *set = set_of(enter);
	bool gives_up = !enter->is_as_root || (set->namespaces & CLONE_NEWUSER);
	char variable[sizeof("NSUNSHARE_ID=") + NSU_ID_LEN];
	int ret;

	snprintf(variable, sizeof(variable), "NSUNSHARE_ID=%s", set->id);
	if (!nsu_user_shell_put(shell, variable))
		return nsu_fail(fail, ENOMEM, "set the environment");
	ret = nsu_proc_check_opener(fail);
	if (ret == 0)
		ret = nsu_root_refuse_chroot(fail);
	if (ret == 0 && gives_up)
		ret = nsu_harden_prepare(&set->harden, &harden, fail);
	if (ret == 0)
		ret = attach(enter, fail);
	if (ret == 0)
		ret = enter_cgroup(&enter->attached, fail);
	if (ret == 0)
		ret = join(enter, fail);
	if (ret == 0 && chdir("/") < 0)
		ret = nsu_fail(fail, errno, "enter the root of the session");
	if (ret == 0 && gives_up)
		ret = nsu_harden_apply(&harden, fail);
	opener->init_pidfd = enter->attached.init_pidfd;
	return ret;
}

static void go_out(struct nsu_opener *opener)
{
	struct enter *enter = opener->data;

	nsu_attached_clear(&enter->attached); /* the login ends, not the set */
}

/* Who it is to be. */
static int look_up_subject(struct enter *enter, const char *user, struct nsu_fail *fail)
{
	const struct nsu_set *set = set_of(enter);
	struct nsu_fail reason = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];
	char printable[NSU_LOG_VALUE_MAX];
	auto_free char *owner = NULL;
	int ret;

	if (!user && set->scope != NSU_PLAN_SCOPE_SESSION && set->scope != NSU_PLAN_SCOPE_USER)
		return nsu_fail_because(
			fail, EINVAL,
			"session %s is shared by users: give --user NAME, or --as-root to be none of them", set->id);
	if (!user) {
		ret = nsu_subject_find_user(set->uid, &owner, fail);
		if (ret < 0)
			return ret;
		user = owner;
	}
	ret = nsu_subject_look_up(&enter->subject, user, &reason);
	if (ret < 0)
		return nsu_fail_because(fail, -ret, "user '%s': %s",
		                        nsu_text_printable(user, printable, sizeof(printable)),
		                        nsu_fail_line(&reason, line, sizeof(line)));
	if (enter->subject.uid == 0 && !enter->is_as_root)
		return nsu_fail_because(
			fail, EPERM,
			"as root programs of the session's view would be run: if that is meant, give --as-root");
	enter->subject.service = SERVICE;
	return 0;
}

/* "INSIDE OUTSIDE COUNT" lines. Return: whether one of them has the uid. */
static bool map_uid(FILE *file, uid_t uid, uid_t *ret_outside)
{
	unsigned long numbers[3];
	char line[64];

	while (fgets(line, sizeof(line), file)) {
		char *end = line;

		for (size_t i = 0; i < NSU_COUNT(numbers); i++)
			numbers[i] = strtoul(end, &end, 10);
		if (uid < numbers[0] || uid - numbers[0] >= numbers[2])
			continue;
		*ret_outside = (uid_t)(numbers[1] + (uid - numbers[0]));
		return true;
	}
	return false;
}

/*
 * Whom the terminal belongs to, outside: what a uid of the set's user namespace is there. The number of PID 1 is believed if it
 * lives once its file is open.
 */
static int find_owner(const struct nsu_asked *target, uid_t uid, uid_t *ret_owner, struct nsu_fail *fail)
{
	char path[64];
	FILE *file;
	bool is_there;

	*ret_owner = uid;
	if (!(target->set.namespaces & CLONE_NEWUSER))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)target->init_pid);
	file = fopen(path, "re");
	if (!file)
		return nsu_fail(fail, errno, "open '%s'", path);
	is_there = nsu_proc_await(target->pidfd, 0) == -ETIMEDOUT && map_uid(file, uid, ret_owner);
	fclose(file);
	if (!is_there)
		return nsu_fail_because(
			fail, EINVAL,
			"the user namespace of session %s has no uid %u; or the session has ended meanwhile",
			target->set.id, (unsigned)uid);
	return 0;
}

static int enter_as(struct enter *enter, const char *user, char **words, struct nsu_fail *fail)
{
	struct nsu_opener opener = {.open = go_in, .close = go_out, .init_pidfd = -1, .data = enter};
	const char *term;
	uid_t owner = 0;
	int ret;

	ret = look_up_subject(enter, user, fail);
	if (ret == 0)
		ret = find_owner(target_of(enter), enter->subject.uid, &owner, fail);
	if (ret == 0)
		ret = nsu_terminal_open(&enter->terminal, owner, fail);
	if (ret < 0)
		return ret;
	term = enter->terminal.master_fd >= 0 ? getenv("TERM") : NULL;
	ret = nsu_user_shell_prepare(&enter->shell, &enter->subject, words, term, fail);
	if (ret < 0)
		return ret;
	return nsu_opener_run(&opener, &enter->shell, &enter->terminal, fail);
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct enter enter = {
		.list = NSU_ASKED_LIST_INIT,
		.subject = NSU_SUBJECT_INIT,
		.shell = NSU_USER_SHELL_INIT,
		.terminal = NSU_TERMINAL_INIT,
		.attached = NSU_ATTACHED_INIT,
		.is_as_root = call->values[AS_ROOT],
	};
	int ret;

	if (enter.is_as_root && call->values[USER])
		return nsu_fail_because(fail, EINVAL, "enter: --as-root and --user exclude each other");
	ret = nsu_ask_all(&enter.list, fail);
	if (ret == 0)
		ret = nsu_cli_select_one(call->operand, &enter.list, fail);
	if (ret == 0)
		ret = enter_as(&enter, enter.is_as_root ? ROOT : call->values[USER], call->words, fail);
	nsu_terminal_close(&enter.terminal);
	nsu_user_shell_clear(&enter.shell);
	nsu_subject_clear(&enter.subject);
	nsu_asked_list_clear(&enter.list);
	return ret;
}

const struct nsu_cli_command nsu_cli_enter = {
	.name = "enter",
	.operand = "ID|USER",
	.help = "run a program in a session that there is, as its user",
	.takes_words = true,
	.options =
		{
			[AS_ROOT] = {"as-root", NULL, "be root there, with the session's programs"},
			[USER] = {"user", "NAME", "be this user there"},
		},
	.run = run,
};
