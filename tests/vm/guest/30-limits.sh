#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Limits of sessions where systemd runs the host: on the login's own scope, or in one of the session's own.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2034,SC2119,SC2317 # limits.inc uses them; functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"

build_tool pamprobe -lpam -lpthread
test_limits
check "no cgroup is left" wait_until 100 has_cgroups 0
finish
