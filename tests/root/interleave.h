/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interleave.h - what conductor, workers and openers share: one block of memory, which all may read, and whose every part has one
 * writer at a time.
 */
#ifndef INTERLEAVE_H
#define INTERLEAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WORKERS        8
#define SLOTS          3 /* openers that a worker may have at once */
#define USERS          4
#define VARIANTS       3 /* of the policy: its edits go to and fro between these */
#define ROUNDS_MAX     50000
#define EVENTS_MAX     400000
#define EVENT_TEXT_MAX 120
#define DOOMED_MAX     (ROUNDS_MAX * WORKERS)
#define EDITS_MAX      (ROUNDS_MAX * WORKERS + 1)
#define SHOWN_EVENTS   250 /* of the last ones, when something is wrong */
#define DELAY_MAX_US   3000
#define CHECK_EVERY    20    /* rounds: all sets are asked */
#define SETTLE_MS      5000  /* what is on its way to its end, on a busy machine too */
#define REPORT_MS      20000 /* nothing takes that long: it hangs */
#define OPEN_MS        8000  /* an open that nobody has stopped; below the policy's timeout */
#define CLOSE_MS       4000
#define ORPHAN_MAX_MS  300
#define SERVICE        "pt"
#define ROUND_SETTLE   (-1) /* what a worker is told beside the number of a round */
#define ROUND_END      (-2)
#define POLICY_FILE    "/etc/security/nsunshare.conf"

enum profile {
	PROFILE_SESSION,
	PROFILE_USER,
	PROFILE_GROUP,
	PROFILE_NAMED,
	PROFILE_PROCESSES,
	PROFILE_PERMANENT,
	PROFILE_NO_PID,
	PROFILE_USERNS, /* out of which an opener can't come back */
	PROFILES
};

enum kind {
	KIND_MNT,
	KIND_UTS,
	KIND_IPC,
	KIND_PID,
	KINDS
};

/* Of one process, as the host's /proc shows them. */
struct view {
	unsigned long long inodes[KINDS];
};

/* What a worker does in a round. With an opener in its slot: what stands from CLOSE on; else what stands before. */
enum deed {
	DEED_OPEN,
	DEED_OPEN_KILL,  /* SIGKILL in the middle */
	DEED_OPEN_STOP,  /* SIGSTOP in the middle, for some milliseconds */
	DEED_OPEN_LEAVE, /* until a later round */
	DEED_CLOSE,
	DEED_CLOSE_KILL,
	DEED_EXIT, /* without a close */
	DEED_KILL,
	DEED_PROBE,  /* a child looks where it is */
	DEED_ORPHAN, /* a daemon of the user's stays in the session */
	DEED_KILL_INIT,
	DEED_HOLD_INIT, /* SIGSTOP, for less than DELAY_MAX_US */
	DEED_END_SET,
	DEED_EDIT,
	DEED_ASK,
};

struct step {
	enum deed if_free, if_taken;
	int slot, user;
	enum profile profile;
	unsigned before_us, after_us; /* delays: of the deed, and of what comes in its middle */
	uint64_t dice;                /* for what else it chooses */
};

enum stage {
	STAGE_FREE,
	STAGE_OPENING,
	STAGE_INSIDE,
	STAGE_REFUSED,
	STAGE_CLOSED,
};

/* An opener: its worker fills what is above the line, it itself what is below. */
struct slot {
	pid_t opener;
	int user;
	enum profile profile;
	bool is_stopped;  /* until a later round */
	bool was_stopped; /* so its open may have taken long */
	/* ---- */
	enum stage stage;
	int code, close_code;
	int fork_errno; /* of its last child; 0: it was made, and has_child_seen says whether it came to its end */
	bool has_child_seen;
	int64_t began_us, ended_us; /* of the open */
	int64_t close_us;           /* how long it took */
	pid_t init; /* of the set's PID 1 on the host, and when that was started; 0: it had ended by then */
	unsigned long long init_start;
	char id[20]; /* of the set */
	bool has_joined;
	struct view view, child_view, closed_view;
	int n_fds_before, n_fds_after;
	char hostname[65];
	char log[400]; /* the last line to the log */
};

/* A PID 1 that somebody has killed, or told to end. */
struct doomed {
	pid_t pid;
	unsigned long long start;
	int round;
};

/* From some moment between the two on the policy is of that variant. */
struct edit {
	int variant;
	int64_t began_us, ended_us;
};

struct event {
	int64_t us;
	int round, worker;
	char text[EVENT_TEXT_MAX];
};

struct shared {
	uint64_t seed;
	unsigned profiles; /* bits: which may be chosen */
	int proc_dirfd;
	struct view host;
	int round;
	struct slot slots[WORKERS][SLOTS];
	int n_fds[WORKERS]; /* of the worker, at its end, beyond those at its beginning */
	long n_done[DEED_ASK + 1];
	long n_opened, n_joined, n_refused;
	int edit_lock;
	int n_edits, n_doomed, n_events; /* how many entries are complete, or begun */
	struct edit edits[EDITS_MAX];
	struct doomed doomed[DOOMED_MAX];
	struct event events[EVENTS_MAX];
	int has_violation;
	char violation[1200];
};

extern struct shared *shared;
extern const char *const name_of_profile[PROFILES];
extern const char *const name_of_user[USERS];
extern const char *const name_of_deed[DEED_ASK + 1];

/* interleave.c */
int64_t now_us(void);
void sleep_us(int64_t us);
void note(int worker, const char *format, ...) __attribute__((format(printf, 2, 3)));
void violate(const char *format, ...) __attribute__((format(printf, 1, 2)));
void write_policy(int worker, int variant);

/* interleave_step.c: what a worker does in a round, and nothing else, follows from the seed. */
struct step step_of(uint64_t seed, unsigned profiles, int round, int worker);

/* interleave_opener.c */
void opener_run(struct slot *slot, void *pamh, int channel_fd) __attribute__((noreturn));
bool look_at(const char *process, const char *pid_name, struct view *view);
unsigned long long start_of(pid_t pid);
int count_fds(void);

/* interleave_worker.c */
void worker_run(int worker, int channel_fd) __attribute__((noreturn));

/* interleave_sets.c */
pid_t pick_init(uint64_t dice, int *ret_n);
bool do_to_sets(int worker, const struct step *step);

/* interleave_check.c */
bool is_doomed(pid_t pid, unsigned long long start);
void doom(pid_t pid, unsigned long long start);
void check_opened(const struct slot *slot);
void check_closed(const struct slot *slot);
void check_round(int first_doomed, int n_refused, bool is_settled);
void check_sets(void);
void check_end(void);

#endif
