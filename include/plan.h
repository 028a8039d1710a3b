/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan.h - the resolved session: what will be done for this login, as plain data. Policy makes it, the wire carries
 * it, the helper carries it out. Nothing in it is looked up or expanded again.
 */
#ifndef NSU_PLAN_H
#define NSU_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "defaults.h"
#include "fail.h"

enum nsu_plan_mount_type {
	NSU_PLAN_TMPFS,    /* an empty tmpfs with limits */
	NSU_PLAN_PROC,     /* a fresh proc of the session's pid namespace */
	NSU_PLAN_MQUEUE,   /* the POSIX message queues of the session's ipc namespace */
	NSU_PLAN_HOSTS,    /* a copy of the host's file with a line for the session's host name */
	NSU_PLAN_INSTANCE, /* a directory on disk that is this user's own (NSU_INSTANCE_DIR), or this session's */
	NSU_PLAN_BIND,     /* another place of the host, with all that is mounted below it */
	NSU_PLAN_READONLY, /* the place itself, its flags kept, without a way to write */
	NSU_PLAN_MASK,     /* nothing: an empty file or directory that nobody can read */
	NSU_PLAN_EXPOSE,   /* the host's own, over a mount of the plan that hides it */
	NSU_PLAN_SYSFS,    /* a fresh sysfs, of the session's net namespace */
	NSU_PLAN_CGROUP, /* a fresh cgroup2 of the session's cgroup namespace; else, and where it is v1, the host's own */
	NSU_PLAN_NOSUID, /* a program of the host's over itself, without set-user-ID: where a link leads; skipped where nobody gets */
	NSU_PLAN_MOUNT_TYPES
};

/* The option hidepid= of proc, in the kernel's numbers (proc(5)). */
enum nsu_plan_hidepid {
	NSU_PLAN_HIDEPID_OFF = 0,
	NSU_PLAN_HIDEPID_NOACCESS = 1,
	NSU_PLAN_HIDEPID_INVISIBLE = 2,
	NSU_PLAN_HIDEPID_PTRACEABLE = 4,
};

/*
 * What of a proc is read-only in a session with a user namespace, below each proc, where it exists: the session's root is
 * still uid 0 to these files, and they reach the host.
 */
#define NSU_PLAN_PROTECTED_IN_PROC 9
extern const char *const nsu_plan_protected_in_proc[NSU_PLAN_PROTECTED_IN_PROC];

/* The members lie so that there are no holes: under a small `ulimit -d` of su's user each page counts. */
struct nsu_plan_mount {
	const char *path;   /* clean absolute path; in the plan's text */
	const char *source; /* bind: clean absolute path; else "" */
	enum nsu_plan_mount_type type;
	enum nsu_plan_hidepid hidepid; /* proc */
	uint64_t size_bytes;           /* tmpfs; 0: size_percent says it */
	uint64_t inodes;               /* tmpfs; never 0 */
	unsigned size_percent;         /* tmpfs; of the memory, 1..100; 0: size_bytes says it */
	mode_t mode; /* tmpfs, and of an instance that is made: of its root directory, as the next two */
	uid_t uid;   /* its owner */
	gid_t gid;
	bool optional;   /* a path that does not exist is skipped, not a failure; expose: always so */
	bool read_only;  /* bind, sysfs, cgroup */
	bool recursive;  /* readonly: what is mounted below it too */
	bool throw_away; /* instance: of this session only, and removed when it ends; needs the pid namespace */
	bool subset_pid; /* proc: processes only */
	bool noexec;     /* tmpfs, instance, bind */
};

enum nsu_plan_propagation {
	NSU_PLAN_PRIVATE,   /* no mount passes between host and session */
	NSU_PLAN_SLAVE,     /* later mounts of the host appear in the session */
	NSU_PLAN_SHARED,    /* both ways, as unshare(1) has it: only for a plan without any mount */
	NSU_PLAN_UNCHANGED, /* as the host has it: likewise */
};

/* What a login gets that comes from inside a session of ours. */
enum nsu_plan_nested {
	NSU_PLAN_NEST,     /* a session of its own inside; the same user under the same profile stays */
	NSU_PLAN_STAY,     /* it stays in the one it is in */
	NSU_PLAN_NO_LOGIN, /* it is refused */
};

enum nsu_plan_net_mode {
	NSU_PLAN_NET_LOOPBACK, /* lo, up, and nothing else */
	NSU_PLAN_NET_NAMED,    /* one that `ip netns add` has made */
	NSU_PLAN_NET_VETH,     /* lo, and one end of a pair of interfaces with an address of its own */
};

/* What the net namespace is like. */
struct nsu_plan_net {
	enum nsu_plan_net_mode mode;
	const char *name;    /* named: of the file in NSU_NETNS_DIR; else "" */
	bool create;         /* named: made where it is missing */
	const char *bridge;  /* veth: the host's interface that the outer end is put into; "": none, it is routed */
	uint32_t pool;       /* veth: IPv4 network that the address is taken from, in the machine's byte order */
	unsigned prefix_len; /* of it, 8..30 */
	unsigned mtu;        /* veth: in bytes; 0: the kernel's */
	bool gateway;        /* veth: a default route by the outer end, or the bridge */
	bool isolated;       /* veth: the bridge lets it reach no other isolated port */
};

/* One line of a user namespace's map. */
struct nsu_plan_range {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

/* Which ids there are in the user namespace; no two ranges of one map overlap, on either side. */
struct nsu_plan_user {
	size_t n_uids;
	size_t n_gids;
	int64_t max_user_namespaces; /* of its own; -1: as the kernel has it */
	struct nsu_plan_range uids[NSU_PLAN_RANGES_MAX];
	struct nsu_plan_range gids[NSU_PLAN_RANGES_MAX];
};

/* What the clocks of the time namespace are ahead, in seconds. */
struct nsu_plan_time {
	int64_t boottime;
	int64_t monotonic;
};

/* Limits of a cgroup (v2) of the session's own; 0 each: none. */
struct nsu_plan_limits {
	uint64_t memory_bytes; /* memory.max */
	unsigned tasks;        /* pids.max */
	unsigned cpu_weight;   /* cpu.weight, 1..10000 */
	const char *parent;    /* cgroup to make it in where systemd does not run the host: clean absolute path */
};

/* System calls that nobody in the session may make. */
enum nsu_plan_denial {
	NSU_PLAN_DENY_TIOCSTI = 1,         /* type on a terminal for its reader: ioctl TIOCSTI, TIOCLINUX */
	NSU_PLAN_DENY_USER_NAMESPACES = 2, /* make or join one */
	NSU_PLAN_DENY_KEXEC = 4,           /* load another kernel */
	NSU_PLAN_DENY_MODULES = 8,         /* load or unload kernel modules */
	NSU_PLAN_DENY_KEYCTL = 16,         /* the kernel's keyrings */
	NSU_PLAN_DENY_ALL = 31,
};

/* What the opener gives up, and with it all that it starts in the session. */
struct nsu_plan_harden {
	uint64_t drop;     /* capabilities that its bounding set loses, bit (1 << CAP_*) */
	unsigned denials;  /* NSU_PLAN_DENY_* bits */
	bool no_new_privs; /* setuid programs and file capabilities give nothing */
};

/* Who shares one set of namespaces (set.h). */
enum nsu_plan_scope {
	NSU_PLAN_SCOPE_SESSION, /* nobody: each login has its own */
	NSU_PLAN_SCOPE_USER,    /* all logins of a uid */
	NSU_PLAN_SCOPE_GROUP,   /* all logins whose primary group is the same */
	NSU_PLAN_SCOPE_NAMED,   /* all logins that give it the same name */
	NSU_PLAN_SCOPES
};

/* When a set of namespaces ends. */
enum nsu_plan_lifetime {
	NSU_PLAN_LIFETIME_LOGIN,     /* with its last login */
	NSU_PLAN_LIFETIME_PROCESSES, /* when no process is left, either */
	NSU_PLAN_LIFETIME_PERMANENT, /* when it is told to */
	NSU_PLAN_LIFETIMES
};

struct nsu_plan {
	bool leave_alone;    /* the policy isolates nothing of this session; what follows does not matter */
	unsigned namespaces; /* CLONE_NEW* bits */
	enum nsu_plan_propagation propagation;
	unsigned timeout_ms;      /* limit of an open */
	unsigned stop_timeout_ms; /* from SIGTERM to SIGKILL at the end */
	bool enforce;             /* false: report only */
	bool allow_on_error;      /* log in without isolation if opening fails */
	const char *profile;      /* name; in the plan's text, as all strings here; "" where none applies */
	const char *rule;         /* origin of the rule that matched, "file:line"; or why there is none */
	const char *hostname;     /* of the uts namespace; "": as the host's */
	const char *domainname;   /* NIS domain name of the uts namespace; "": as the host's */
	uid_t uid;      /* of the user: names his instances, and owns what he may bind; 0 where users share the set */
	gid_t gid;      /* his primary group's; 0 likewise */
	const char *id; /* of the set, and so of its first login: names its throw-away instances */
	enum nsu_plan_scope scope;
	enum nsu_plan_lifetime lifetime;
	const char *scope_name;      /* named: as expanded; else "" */
	gid_t scope_gid;             /* group: which; else 0 */
	enum nsu_plan_nested nested; /* not for the helper, as the next two */
	struct nsu_plan_net net;     /* where the net namespace is one of these; likewise the next two */
	struct nsu_plan_time time;
	struct nsu_plan_user user;
	struct nsu_plan_limits limits;
	struct nsu_plan_harden harden; /* for the helper to mark the session with, no more */
	size_t n_environment;
	const char *environment[NSU_PLAN_ENVIRONMENT_MAX]; /* "NAME=value", for pam_putenv(3) */
	char note[NSU_LOG_VALUE_MAX]; /* warnings for the log, such as a group that does not exist; "": none */
	size_t text_len;
	size_t n_mounts;
	struct nsu_plan_mount mounts[NSU_PLAN_MOUNTS_MAX]; /* done in this order */
	char text[NSU_PLAN_TEXT_MAX];
};

/**
 * nsu_plan_mount_name - the name of a type of mount, as in messages and in the policy.
 * @type: any value
 *
 * Pure. Return: the name; "unknown" for no type.
 */
const char *nsu_plan_mount_name(enum nsu_plan_mount_type type);

/**
 * nsu_plan_is_shared - may a later login join what this plan makes?
 * @plan: borrowed
 *
 * Pure.
 */
static inline bool nsu_plan_is_shared(const struct nsu_plan *plan)
{
	return plan->scope != NSU_PLAN_SCOPE_SESSION;
}

/**
 * nsu_plan_is_common - is the set of more than one user? Then nothing in it may be one user's.
 * @plan: borrowed
 *
 * Pure.
 */
static inline bool nsu_plan_is_common(const struct nsu_plan *plan)
{
	return plan->scope == NSU_PLAN_SCOPE_GROUP || plan->scope == NSU_PLAN_SCOPE_NAMED;
}

/**
 * nsu_plan_init - an empty plan: the built-in values, no namespace, no mount.
 * @plan: filled; no need to clear it, it holds no resource. Too large for the stack of a guest: allocate it
 */
void nsu_plan_init(struct nsu_plan *plan);

/**
 * nsu_plan_text - keep a string in the plan.
 * @plan:     holds the copy
 * @string:   borrowed
 * @ret_text: the copy, valid as long as the plan stays where it is; untouched on failure
 *
 * Return: 0; -E2BIG if NSU_PLAN_TEXT_MAX is used up.
 */
NSU_CHECKED int nsu_plan_text(struct nsu_plan *plan, const char *string, const char **ret_text);

/**
 * nsu_plan_note - add a warning for the log to a plan, behind those that are there.
 * @plan:   its note grows; what does not fit is cut
 * @format: printf format
 */
NSU_PRINTF(2, 3) void nsu_plan_note(struct nsu_plan *plan, const char *format, ...);

/**
 * nsu_plan_may_be_writable - may others than root write to what is mounted here?
 * @path: a clean absolute path
 *
 * Not where programs look for code, accounts or settings: on or below /etc, /usr, /bin, /sbin, /lib*, /boot, /opt, /root,
 * /proc, /sys, /run/{dbus,nscd,sudo,systemd}, /var/lib/{nsunshare,sss}, nor on /dev, /run, /var, /var/lib themselves. su
 * would read its PAM stack there. Pure. Return: whether they may.
 */
bool nsu_plan_may_be_writable(const char *path);

/**
 * nsu_plan_throws_away - does a plan have an instance that is removed when its session ends?
 * @plan: borrowed
 *
 * Pure. Return: whether it has.
 */
bool nsu_plan_throws_away(const struct nsu_plan *plan);

/**
 * nsu_plan_outside - what an id inside a user namespace is outside.
 * @ranges:      of the map
 * @n:           how many
 * @id:          inside
 * @ret_outside: the answer; untouched if there is none
 *
 * Pure. Return: whether the map has it.
 */
bool nsu_plan_outside(const struct nsu_plan_range *ranges, size_t n, uint32_t id, uint32_t *ret_outside);

/**
 * nsu_plan_may_be_pool - may sessions get their addresses from this network?
 * @network:    IPv4, in the machine's byte order
 * @prefix_len: bits that are fixed
 *
 * 8 to 30 of them, none set behind, and none of the networks 0, 127, and from 224 on, which no host can have. Pure.
 * Return: whether they may.
 */
bool nsu_plan_may_be_pool(uint32_t network, unsigned prefix_len);

/**
 * nsu_plan_has_limits - does a plan want a cgroup of the session's own?
 * @plan: borrowed
 *
 * Pure. Return: whether any limit is set.
 */
bool nsu_plan_has_limits(const struct nsu_plan *plan);

/**
 * nsu_plan_started_in - the namespaces that the helper is started in; the others it makes or joins itself.
 * @plan: borrowed
 *
 * Not user, which comes last of all; not time, which a process enters when it executes; not a named net; not cgroup where
 * the session's own is to be entered before. Pure. Return: CLONE_NEW* bits.
 */
unsigned nsu_plan_started_in(const struct nsu_plan *plan);

/**
 * nsu_plan_check - does a plan keep the rules that the helper relies on?
 * @plan: borrowed
 * @fail: record; names the mount or value
 *
 * Paths and sources clean and absolute; no two mounts on one path, none below a mask, no bind
 * or exposed place above an earlier mask or read-only place; a tmpfs of root's on NSU_RUN_DIR before a mask and hosts; limits of every tmpfs set and in
 * range; no tmpfs and no instance that others than root may write over places of the system (nsu_plan_may_be_writable);
 * proc and instances that are thrown away only with the pid, mqueue only with the ipc, host and domain name only with the
 * uts namespace; sysfs only with net, cgroup mounts only with cgroup or net, both read-only with user, user only with mount, and then nothing below an instance that is removed; what net, user, time and
 * limits say in range and only with their namespace, the user's own uid and gid in its maps; any mount and the pid namespace only with the mount namespace, and with private or slave propagation; an
 * id where there is an instance; times in range. Both sides of the channel ask this. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_plan_check(const struct nsu_plan *plan, struct nsu_fail *fail);

#endif
