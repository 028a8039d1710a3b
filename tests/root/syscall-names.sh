#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# syscall-names.sh: print what sweep_names.c includes, the names of all system calls, from this machine's kernel headers.
set -eu -o pipefail

echo '#include <sys/syscall.h>' | gcc -E -dM - | sed -n 's/^#define SYS_\([a-z0-9_]*\) .*/[SYS_\1] = "\1",/p'
