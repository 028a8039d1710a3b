#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# plain-init.sh: process 1 of the guest without systemd, behind /sbin/plain-init, which has mounted /dev and
# /test: a host with cgroup v2 and nobody who manages it.
set -u

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o ptmxmode=0666,mode=0620,gid=tty devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -t tmpfs -o mode=0755,nosuid,nodev run /run
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
for stream in 0:stdin 1:stdout 2:stderr; do
	ln -s "/proc/self/fd/${stream%:*}" "/dev/${stream#*:}"
done
mount --make-rshared /
install -d -m 0755 /run/sshd /run/lock
install -m 0664 -g utmp /dev/null /run/utmp
hostname shellhost
ip link set lo up

/test/tests/vm/inside.sh </dev/null & # while it waits, bash reaps every child, also those it did not start
wait $!
# Only if inside.sh has died: it switches off itself.
systemctl poweroff --force --force
