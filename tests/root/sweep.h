/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sweep.h - faults: what is done to which call of whom, what came of it, and whether that is allowed.
 *
 * A case is one process that opens and closes a session while every system call of it and of what it starts asks this
 * program first (seccomp notification). It says where it is by a call that no kernel has. The texts are of fixed size: a
 * case is a fork of this program, and one whose heap differs from the last would make other calls.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include <security/pam_appl.h>

#define TEXT_MAX        (48 * 1024)
#define LOG_LINES_MAX   16
#define GONE_MS         5000   /* a session must have vanished within that, on a busy machine too */
#define CLOSED_MS       1000   /* PID 1 must have ended within that of a close */
#define CASE_MS         15000  /* nothing takes that long: it hangs */
#define LISTENER_WAITS  20000  /* of 100 us */
#define STOP_WAITS      5000   /* of 100 us */
#define MARK_NR         0x5eed /* no system call has this number */
#define SESSION_SERVICE "pt"
#define SESSION_USER    "alice"

/* The two of the net, and the two of the limits, are there only where the policy asks for it. */
enum role {
	OPENER,
	INTERMEDIATE,
	HELPER,
	NET_INTERMEDIATE,
	NET, /* nsunshare-net */
	LIMITS_INTERMEDIATE,
	LIMITS, /* nsunshare-limits */
	ROLES,
	NOBODY = ROLES
};

enum part {
	PART_OPEN,
	PART_CLOSE
};

enum deed {
	NO_DEED,
	FAIL_CALL,
	KILL_OPENER,
	KILL_INTERMEDIATE,
	KILL_HELPER,
	KILL_NET_INTERMEDIATE,
	KILL_NET,
	KILL_LIMITS_INTERMEDIATE,
	KILL_LIMITS,
	STOP_HELPER,
	STOP_NET,
	STOP_LIMITS,
	DEEDS
};

/* Where the process of a case is, in the order in which it passes them: the argument of MARK_NR. */
enum mark {
	MARK_BEFORE, /* the state before is to be seen */
	MARK_OPEN,
	MARK_OPENED,
	MARK_STATE, /* the state after the open is to be seen */
	MARK_INSIDE,
	MARK_CLOSE,
	MARK_CLOSED,
	MARK_AFTER
};

/* At the n-th call (from 0) that the role makes in this part. */
struct fault {
	enum part part;
	enum role role;
	int n;
	enum deed deed;
	int err; /* of FAIL_CALL: what the call seems to have failed with */
};

/* What a case's process and this program both see. */
struct shared {
	int listener_fd;
	int open_code; /* -1: has not returned */
	int close_code;
	int messages; /* to the user */
	int fork_errno;
	int stage;        /* of sweep_random.c */
	char inside[256]; /* what only a process inside can see */
	char own[3][4096];
};

struct call {
	int nr;
	unsigned long long args[6];
};

struct outcome {
	bool was_done; /* the deed: there was such a call */
	struct call call;
	bool was_in_open; /* at that moment, pam_open_session had not returned */
	bool was_inside;  /* and the opener had joined the namespaces: after the commit */
	struct call last[ROLES];
	int open_code, close_code, messages, fork_errno;
	int opener_status; /* as of waitpid(2) */
	bool hung, left;   /* it did not end by itself; something was there GONE_MS after */
	bool ended_by_close;
	bool left_cgroup;     /* of the session, to the next open */
	bool pid1_was_killed; /* or another before it, of an opener that started over */
	char host[4096];      /* how the host has changed; "": it has not */
	long open_ms;
	int n_log;
	char log[LOG_LINES_MAX][1024];
	char before[TEXT_MAX], opened[TEXT_MAX], after[TEXT_MAX]; /* states of the opener */
	char view[TEXT_MAX];                                      /* of a process in the session */
};

enum verdict {
	REFUSED,
	HARMLESS,
	ENDED, /* a session whose PID 1 is dead: its caller can not fork */
	KILLED,
	WRONG,
	VERDICTS
};

/* What is the same for all cases of a run. */
struct sweep {
	const char *name;       /* of the policy */
	const char *kinds;      /* namespaces that it must give, as in /proc/PID/ns, with commas */
	bool allows;            /* its on_error is "allow" */
	bool stays;             /* with the user kind there is no way back after the commit */
	bool limits;            /* it has limits */
	bool hardens;           /* it takes from the opener what never comes back */
	bool shares;            /* its set is not the login's own: its scope is another than "session" */
	bool joins;             /* somebody else holds that set */
	bool begins_dead;       /* before each case there is an entry of a dead set */
	const enum role *roles; /* in the order in which their first calls come; NOBODY is the end */
	int timeout_ms;
	int n_cgroups_left; /* so many cases left the session's cgroup to the next open */
	int proc_dirfd;
	int log_fd;        /* this program's end of /dev/log */
	int log_socket_fd; /* of syslog(3), in each case */
	int signal_fd;     /* SIGCHLD */
	pam_handle_t *pamh;
	struct shared *shared;
	char host[TEXT_MAX]; /* what view_host() shows before all */
	char view[TEXT_MAX]; /* of a session that no fault has met */
	char key[64];        /* of the set, where it is shared: seen in the first run */
	char sets[TEXT_MAX]; /* where it is joined: what `nsunshare list` says before all */
};

extern struct sweep sweep;

/* sweep_opener.c */
void case_prepare(void);
const char *case_cannot_listen(void);
long case_now_ms(void);
void case_fail(const char *what) __attribute__((noreturn));
void opener_run(void) __attribute__((noreturn));

/* sweep_case.c */
void case_run(const struct fault *fault, struct outcome *outcome);
void case_drain_log(struct outcome *outcome);

/* sweep_view.c: texts of what there is to see. */
void view_state(pid_t pid, const char *own, char text[TEXT_MAX]);
void view_inside(pid_t pid, pid_t helper, char text[TEXT_MAX]);
bool view_is_in(pid_t pid, const char *states);

/* sweep_host.c: what a session could leave on the host. */
void host_view(char text[TEXT_MAX]);
void host_await(char before[TEXT_MAX], char change[4096]);

/* sweep_sets.c: entries of sets, and who is in them. */
void sets_prepare(void);
void sets_note_key(void);
void sets_begin_case(void);
void sets_end_case(const struct outcome *outcome);
void sets_await(char change[4096]);
bool sets_have(const char *id);

/* sweep_judge.c */
enum verdict judge(const struct fault *fault, const struct outcome *outcome, FILE *why);

/* sweep_diff.c */
int diff_lines(FILE *out, const char *old, const char *new, const char *const ignored[]);

/* sweep_names.c */
const char *name_of_call(int nr);
bool call_can_fail(const struct call *call, int err);
void name_fault(FILE *out, const struct fault *fault);
bool parse_fault(const char *text, struct fault *fault);
bool has_word(const char *words, const char *word);
enum role role_of_name(const char *name);
enum role victim_of(enum deed deed);
bool is_stop(enum deed deed);
extern const char *const name_of_role[ROLES];
extern const char *const name_of_deed[DEEDS];

/* sweep_random.c */
int random_kills(int count);
bool random_login(void);

#endif
