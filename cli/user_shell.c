/* SPDX-License-Identifier: BSD-3-Clause */
#include "user_shell.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "cli.h"
#include "text.h"

#define DEFAULT_SHELL "/bin/sh"
#define PATH_OF_USERS "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
#define PATH_OF_ROOT  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool has_name(const char *variable, const char *other)
{
	size_t len = strcspn(other, "=");

	return strncmp(variable, other, len) == 0 && variable[len] == '=';
}

bool nsu_user_shell_put(void *data, const char *variable)
{
	struct nsu_user_shell *shell = data;
	char *copy = strdup(variable);
	size_t i = 0;

	while (i < shell->n_variables && !has_name(shell->variables[i], variable))
		i++;
	if (!copy || i == NSU_USER_SHELL_VARIABLES_MAX) {
		free(copy);
		return false;
	}
	free(shell->variables[i]);
	shell->variables[i] = copy;
	if (i == shell->n_variables)
		shell->n_variables++;
	return true;
}

static bool put(struct nsu_user_shell *shell, const char *name, const char *value)
{
	auto_free char *variable = NULL;

	if (asprintf(&variable, "%s=%s", name, value) < 0) {
		variable = NULL;
		return false;
	}
	return nsu_user_shell_put(shell, variable);
}

static bool put_all(struct nsu_user_shell *shell, const char *shell_path, const char *term)
{
	const struct nsu_subject *subject = shell->subject;

	return put(shell, "HOME", subject->home) && put(shell, "SHELL", shell_path) &&
	       put(shell, "USER", subject->user) && put(shell, "LOGNAME", subject->user) &&
	       put(shell, "PATH", subject->uid == 0 ? PATH_OF_ROOT : PATH_OF_USERS) &&
	       (!term || put(shell, "TERM", term));
}

/* A dash before its name makes it a login shell. */
static bool use_login_shell(struct nsu_user_shell *shell, const char *path)
{
	const char *slash = strrchr(path, '/');

	shell->program = strdup(path);
	if (asprintf(&shell->shell_words[0], "-%s", slash ? slash + 1 : path) < 0)
		shell->shell_words[0] = NULL;
	shell->words = shell->shell_words;
	return shell->program && shell->shell_words[0];
}

int nsu_user_shell_prepare(struct nsu_user_shell *shell, struct nsu_subject *subject, char **words, const char *term,
                           struct nsu_fail *fail)
{
	const char *path = subject->shell[0] ? subject->shell : DEFAULT_SHELL;
	int ret;

	ret = nsu_subject_list_groups(subject, fail);
	if (ret < 0)
		return ret;
	shell->subject = subject;
	shell->words = words;
	if ((!words && !use_login_shell(shell, path)) || !put_all(shell, path, term))
		return nsu_fail(fail, ENOMEM, "prepare the program");
	return 0;
}

/*
 * By the system call: the C library keeps two signals to itself, which its posix_spawn(3) hands down ignored (make's children have
 * them so).
 */
static void reset_signals(void)
{
	static const unsigned long
		to_default[8]; /* the kernel's struct sigaction, and more: SIG_DFL, no flags, no mask */
	sigset_t none;

	for (int sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, to_default, NULL, _NSIG / 8); /* some can't be set, which is well */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Who comes from another user namespace keeps its capabilities over a setresuid(2), which does not take him for root there. */
static int drop_capabilities(struct nsu_fail *fail)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capset, &header, none) < 0)
		return nsu_fail(fail, errno, "drop the capabilities of root");
	return 0;
}

static int refuse_id(const struct nsu_user_shell *shell, const char *what, int err, struct nsu_fail *fail)
{
	const struct nsu_subject *subject = shell->subject;
	char user[NSU_LOG_VALUE_MAX];

	nsu_text_printable(subject->user, user, sizeof(user));
	if (err == EINVAL)
		return nsu_fail_because(
			fail, err,
			"user '%s': the session's user namespace does not have his %s: enter as another "
			"user, or as its root, see nsunshare enter --help",
			user, what);
	return nsu_fail(fail, err, "take the %s of user '%s'", what, user);
}

static int become(const struct nsu_user_shell *shell, struct nsu_fail *fail)
{
	const struct nsu_subject *subject = shell->subject;

	if (setgroups((size_t)subject->n_groups, subject->groups) < 0)
		return refuse_id(shell, "groups", errno, fail);
	if (setresgid(subject->gid, subject->gid, subject->gid) < 0)
		return refuse_id(shell, "gid", errno, fail);
	if (setresuid(subject->uid, subject->uid, subject->uid) < 0)
		return refuse_id(shell, "uid", errno, fail);
	return subject->uid == 0 ? 0 : drop_capabilities(fail);
}

int nsu_user_shell_exec(const struct nsu_user_shell *shell, struct nsu_fail *fail)
{
	const char *program = shell->program ? shell->program : shell->words[0];
	char printable[NSU_LOG_VALUE_MAX];
	int err;

	if (become(shell, fail) < 0)
		return NSU_CLI_NOT_RUN;
	if (chdir(shell->subject->home) < 0 && chdir("/") < 0) {
		nsu_fail(fail, errno, "enter the root directory");
		return NSU_CLI_NOT_RUN;
	}
	reset_signals();
	environ = (char **)(uintptr_t)shell->variables;
	if (shell->program)
		execv(program, shell->words);
	else
		execvp(program, shell->words);
	err = errno;
	nsu_fail(fail, err, "execute '%s'", nsu_text_printable(program, printable, sizeof(printable)));
	return err == ENOENT ? NSU_CLI_NOT_FOUND : NSU_CLI_NOT_EXECUTABLE;
}

void nsu_user_shell_clear(struct nsu_user_shell *shell)
{
	for (size_t i = 0; i < shell->n_variables; i++)
		free(shell->variables[i]);
	free(shell->program);
	free(shell->shell_words[0]);
	*shell = (struct nsu_user_shell)NSU_USER_SHELL_INIT;
}
