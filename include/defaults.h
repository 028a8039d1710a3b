/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * defaults.h - paths, limits and times; every magic number of the project stands here with its unit.
 */
#ifndef NSU_DEFAULTS_H
#define NSU_DEFAULTS_H

#define NSU_VERSION "0.1.0"

/* Behind this each program says its version (fail.c). */
#define NSU_VERSION_MARK "pam_nsunshare version "

/* Paths. The programs' place is the Makefile's choice ($(libexecdir)/nsunshare). */
#define NSU_CONF_FILE "/etc/security/nsunshare.conf"
#ifndef NSU_HELPER_FILE
#define NSU_HELPER_FILE "/usr/libexec/nsunshare/nsunshare-init"
#endif
#ifndef NSU_NET_FILE
#define NSU_NET_FILE "/usr/libexec/nsunshare/nsunshare-net" /* makes what a net namespace needs on the host */
#endif
#ifndef NSU_LIMITS_FILE
#define NSU_LIMITS_FILE "/usr/libexec/nsunshare/nsunshare-limits" /* makes the cgroup of a session */
#endif
#define NSU_NETNS_DIR         "/run/netns"                      /* of `ip netns` */
#define NSU_NETNS_ETC_DIR     "/etc/netns"                      /* <name>/: files that are bound over those of /etc */
#define NSU_LIMITS_PARENT     "/nsunshare"                      /* cgroup, below the mount of cgroup2 */
#define NSU_LIMITS_SLICE      "nsunshare.slice"                 /* of systemd's: sets of several users */
#define NSU_LIMITS_LEAF       "session"                         /* a session is in it, below the one with the limits */
#define NSU_PKEXEC            "/usr/bin/pkexec"                 /* of polkit, set-user-ID */
#define NSU_RUN_DIR           "/run/nsunshare"                  /* root's, 0700; inside a session a private tmpfs */
#define NSU_STATE_PARENT_DIR  "/var/lib"                        /* root's */
#define NSU_STATE_DIR         NSU_STATE_PARENT_DIR "/nsunshare" /* root's, 0700, and all below but the last */
#define NSU_INSTANCE_DIR      NSU_STATE_DIR "/instances"        /* <uid>/<path> */
#define NSU_THROW_AWAY_DIR    NSU_STATE_DIR "/sessions"         /* <session id>/<path>: they end with a session */
#define NSU_METRICS_NAME      "metrics"                         /* in NSU_RUN_DIR (metrics.h) */
#define NSU_MARKER_NAME       "session"        /* in NSU_RUN_DIR of a session: says which it is (marker.h) */
#define NSU_HELPER_NAME       "nsunshare-init" /* argv[0] and comm of PID 1 */
#define NSU_NET_NAME          "nsunshare-net"
#define NSU_LIMITS_NAME       "nsunshare-limits"
#define NSU_HELPER_CHANNEL_FD 3 /* where the helper, and each of these two, finds its end of the channel */

/* Times, in milliseconds. */
#define NSU_TIMEOUT_MS          5000
#define NSU_TIMEOUT_MIN_MS      100
#define NSU_TIMEOUT_MAX_MS      60000
#define NSU_STOP_TIMEOUT_MAX_MS 30000
#define NSU_CLOSE_WAIT_MS       20     /* pam_close_session waits no longer than this for PID 1 */
#define NSU_CLOSE_INSIDE_MS     200    /* but where only PID 1 can still take the entry out of the host's registry */
#define NSU_TIMER_SLACK_NS      50000  /* the kernel's default; a user hands his own to a setuid caller */
#define NSU_KILL_WAIT_MS        60000  /* PID 1 waits no longer for the processes that it has killed to be gone */
#define NSU_REMOVE_WAIT_MS      300000 /* and works no longer than this on what is thrown away */
#define NSU_ORPHANS_WAIT_MS     10000  /* nor on what other sessions have left there */
#define NSU_REMOVE_TRIES        3      /* so often it goes through it without any success */
#define NSU_SCOPE_STOP_MS       10000  /* systemd waits for so much longer than stop_timeout before it kills a set */
#define NSU_STOP_POLL_MS        10     /* PID 1 looks this often whether its namespace is empty */
#define NSU_CGROUP_WAIT_MS      2000   /* PID 1 waits no longer than this for its session's cgroup to be empty */
#define NSU_HELLO_WAIT_MS       5000   /* PID 1 waits no longer than this for a connection to say what it wants */
#define NSU_EMPTY_POLL_MAX_MS   10000  /* the longest between two looks whether a set without logins is empty */
#define NSU_ASK_MS              1000   /* the tool waits no longer than this for a set's answer */
#define NSU_HELPER_TRIES        8      /* an open of a shared set starts no more helpers than this that die at once */
#define NSU_AGAIN_MS            2      /* an opener waits so long before it comes again to a set where too many wait */
#define NSU_SWEEP_MS            20     /* an open spends no more on the cgroups that others have left */

/* Sizes, in bytes unless the name says otherwise. */
#define NSU_CONF_MAX             (256UL * 1024)
#define NSU_FRAME_MAX            (80UL * 1024) /* one message on the channel; well below wmem_default */
#define NSU_PLAN_TEXT_MAX        (32UL * 1024)
#define NSU_USER_CONF_MAX        (64UL * 1024)
#define NSU_DROPINS_MAX          256  /* files */
#define NSU_PLAN_ENVIRONMENT_MAX 64   /* entries */
#define NSU_PLAN_MOUNTS_MAX      85   /* entries */
#define NSU_PLAN_IMPLIED_MAX     29   /* of these, what namespaces may imply */
#define NSU_PLAN_RANGES_MAX      340  /* lines of one id map, the kernel's limit */
#define NSU_PLAN_MAP_BYTES_MAX   4095 /* of one id map as text, likewise: less than a page */
#define NSU_PATH_MAX             4096 /* with the terminating NUL, as PATH_MAX */
#define NSU_HOSTNAME_MAX         64   /* without the NUL, as Linux's __NEW_UTS_LEN */
#define NSU_LABEL_MAX            63   /* one label of a host name, RFC 1123 */
#define NSU_NAME_MAX             32   /* a user or group name that may stand in a path */
#define NSU_ID_LEN               16   /* hexadecimal digits of a session's id */
#define NSU_KEY_MAX              64   /* of a set, with the NUL: a letter, a name, a dot, 16 digits */
#define NSU_LOGIN_TEXT_MAX       64   /* user, service, tty, remote host of a login, each with the NUL */
#define NSU_HELLO_MAX            512  /* a hello as a frame */
#define NSU_SET_PAGE             128  /* logins told in one frame */
#define NSU_LOGINS_MAX           512 /* of one set; PID 1 has the room for them from the start, which `ulimit -d` counts */
#define NSU_LOGINS_UID_MAX       128  /* of one user in a set that users share */
#define NSU_HELPER_FDS           4096 /* descriptors that PID 1 may have: two for each login, and some */
#define NSU_CLAIM_TRIES          16   /* a sweep may take a socket that does not listen yet */
#define NSU_BACKLOG              4096 /* connections that PID 1 has not accepted yet; net.core.somaxconn */
#define NSU_METRICS_PROFILES     62   /* that are counted each by itself */
#define NSU_METRICS_SPARE_INODES 8    /* with fewer free ones where the sets are known, the file is not made */
#define NSU_METRICS_NAME_MAX     72   /* of a profile, with the NUL: the policy allows 64 characters */
#define NSU_FAIL_TEXT_MAX        512
#define NSU_NOTE_MAX             192                  /* what an assistant says for the log line */
#define NSU_LOG_VALUE_MAX        256                  /* one user-given value in a log line, escaped */
#define NSU_BASE_DEPTH_MAX       16                   /* profiles in one chain of `base` */
#define NSU_HOSTS_MAX            (16UL * 1024 * 1024) /* the host's /etc/hosts, copied into a session */

/* tmpfs limits where the policy names none; never the kernel's "no limit". */
#define NSU_TMPFS_BYTES      (512ULL * 1024 * 1024)
#define NSU_TMPFS_INODES     65536
#define NSU_TMPFS_BYTES_MIN  (64ULL * 1024)
#define NSU_TMPFS_BYTES_MAX  (1ULL << 44) /* 16 TiB */
#define NSU_TMPFS_INODES_MIN 16
#define NSU_TMPFS_INODES_MAX (1ULL << 31)

/* Limits of sessions, and offsets of clocks. */
#define NSU_LIMITS_MEMORY_MIN (1024ULL * 1024)
#define NSU_LIMITS_TASKS_MAX  4194304U /* the kernel's PID_MAX_LIMIT */
#define NSU_LIMITS_WEIGHT_MAX 10000U
#define NSU_TIME_OFFSET_MAX   1000000000LL /* seconds, either way: 31 years */
#define NSU_NET_MTU_MIN       68U
#define NSU_NET_MTU_MAX       65535U
#define NSU_NET_PREFIX_MIN    8U
#define NSU_NET_PREFIX_MAX    30U
#define NSU_NET_INTERFACE_MAX 15 /* of an interface, likewise: IFNAMSIZ - 1 */

#endif
