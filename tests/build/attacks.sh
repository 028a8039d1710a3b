#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The rows of the list of attacks: each number stands in a test. A row that can
# not apply stands in docs/design.md, section 8, as "- C-NN: why". With --table: which test holds which row.
# Run from the top of the tree.
set -u

# NUMBER WHAT; those that are missing were never given out.
rows='
01 a parent or the target is exchanged with a symbolic link
02 a symbolic link at the target
04 a FIFO where a directory is expected
05 a file, device, socket, dangling or looping link at the target
06 a directory where a file is expected
07 the parent of a mount point is renamed from inside
08 a mount point is removed from outside
10 paths with .., //, /proc/self/root, NUL, newline, 4,096 bytes
11 an instance made beforehand by the user, or below a directory of others
12 an instance where cleaners by age remove it
13 the source of a bind is exchanged
15 the order of the mounts hides sources or targets
16 a read-only bind of a tree with mounts below and flags of their own
17 a moment between bind and read-only
18 chown and chmod by path after mkdir
19 a file system that does not answer
20 names of instances that collide
21 10,000 mounts; near fs.mount-max
23 the policy belongs to another than root
24 others may write the policy, by an ACL too
25 others may write a directory above the policy
26 the policy is a symbolic link
27 the policy is a FIFO, socket, device or directory
28 a huge policy
29 deep brackets
30 @include
31 duplicate, unknown and mistyped keys, truncated, empty, binary
32 numbers
33 options of tmpfs
35 users and groups that do not exist
36 the policy is edited while a login reads it
37 the policy is missing; errors of any system call
38 unknown and repeated arguments of the module
39 host names that sudoers knows
40 account names
41 uids that mean something else
42 homes that are no path
43 PAM_USER missing, changed, in another case
44 PAM_RHOST, PAM_TTY, PAM_RUSER
45 the environment
46 limits
49 Ctrl-C, Ctrl-Z and a hang-up while it opens
50 a helper that stands still before it is ready
51 the user signals the helper of his su
52 the user stops or kills his su while others wait
53 what would be loaded from the view of the session after the commit
54 a caller with threads
55 a caller in a chroot
56 a module behind ours that needs /proc/self
57 an opener that becomes the program of the user
58 a thread after the commit
59 process 1 dies before the commit
60 process 1 dies after the commit
62 the opener is killed at each step
63 a file in the place of the helper that is none
64 descriptors of the opener in the helper
66 tracing process 1
67 what process 1 shows in /proc
68 cores of process 1
69 a caller in a container
70 the helper and libpam
72 masks and a user namespace of the user
73 overlayfs over masks
74 file handles
75 handles of namespaces, and the next mount namespace
76 root in the session
77 masks in /proc and a fresh proc
78 abstract sockets of the host, with a net namespace
79 a descriptor handed in over a socket that both sides see
80 other ways to a shell of the same user: systemd, D-Bus, cron, at, ssh to the same host
81 queues and shared memory
82 keyrings
83 typing on a terminal for its reader
84 setuid programs and devices on private mounts
85 /proc/sys, sysrq-trigger and /sys for root in the session
87 who is taken for whom by the credentials of a socket
88 later mounts of the host on a mask or above it
89 mounts of the session on the host
90 mounts of the host that do not come, or do not go
91 the limit of mounts, used up from inside
93 the file of the helper, for root in the session
94 handlers of cores
95 fork bombs
96 a full tmpfs
97 the kernel is out of memory
98 what keeps a session from ending
99 limits of namespaces
100 a flood of logins
102 no descriptors, no files
103 /run/nsunshare is not what it should be
105 a set that the user has prepared to be joined
108 first logins at once; the last logout, or a kill, against a join
110 the first opener dies; who may keep a set
111 the socket of a set, from inside
112 a login with other namespaces
114 open, close and open in one process
115 what enter brings along
116 list for others than root
117 lines in the log by users
'

. tests/build/report.inc

# A comment at the beginning of a line tells of a test; it is none.
holders() {
	grep -E "C-$1\\b" tests/root/*.sh tests/unit/*.c | grep -v '^[^:]*:#' | cut -d: -f1 | sort -u | sed 's|^tests/||; s|\.[a-z]*$||' | paste -sd ' '
}

while read -r number what; do
	[ -n "$number" ] || continue
	held=$(holders "$number")
	[ -n "$held" ] || held=$(sed -n "s/^- C-$number: .*/docs\/design.md says why not/p" docs/design.md)
	if [ "${1:-}" = --table ]; then
		echo "| C-$number | $what | $held |"
	elif [ -n "$held" ]; then
		report "C-$number, $what: $held" ""
	else
		report "C-$number, $what" "no test has its number, and docs/design.md does not say why"
	fi
done <<<"$rows"
exit $((failures > 0))
