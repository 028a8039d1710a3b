#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh [COUNT]: what an open and a close cost, beside pam_permit, in one run in the throw-away root of the tests.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
count=${1:-500}
[ -n "${NSU_SANDBOX:-}" ] || exec "$top/tests/root/sandbox.sh" "$top/bench/run.sh" "$count"

bench=$top/build/$VARIANT/bench/bench_open
busybox syslogd -n -O /var/log/bench.log &
syslog=$!
trap 'kill $syslog' EXIT
until [ -S /dev/log ]; do sleep 0.1; done

# service FILE LINE: a PAM service with one session line.
service() {
	printf '%s required pam_permit.so\n' auth account >"/etc/pam.d/$1"
	echo "session required $2" >>"/etc/pam.d/$1"
}
service permit pam_permit.so
service nsunshare 'pam_nsunshare.so profile=default'

echo "$count opens and closes each by one process with 10 MiB of touched memory; microseconds"
echo "Linux $(uname -r), $(nproc) processors"
printf '%-14s %8s %8s %8s %8s\n' '' 'open p50' 'p99' 'close p50' 'p99'
for name in permit nsunshare; do
	"$bench" $name alice "$count"
done
