# SPDX-License-Identifier: BSD-3-Clause
# pam_nsunshare: make help

# The user's: never overwritten below.
CC        ?= gcc
CFLAGS    ?= -O2 -g
CPPFLAGS  ?=
LDFLAGS   ?=
prefix    ?= /usr
libexecdir ?= $(prefix)/libexec
sbindir   ?= $(prefix)/sbin
mandir    ?= $(prefix)/share/man
docdir    ?= $(prefix)/share/doc/pam_nsunshare
sysconfdir ?= /etc
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
completiondir ?= $(prefix)/share/bash-completion/completions
pamdir    ?= $(or $(shell pkg-config --variable=libdir pam 2>/dev/null),/lib/$(MULTIARCH))/security
VARIANT   ?= release
V         ?= 0
ifeq ($(origin CC),default)
CC := gcc
endif

# Ours. asan: everything with sanitizers, warnings are errors; the helper is then an ordinary dynamic program. fuzz: the
# fuzz targets, with sanitizers and libFuzzer.
BUILD := build/$(VARIANT)
ifeq ($(VARIANT),fuzz)
CC := clang
SANITIZE := -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer
HELPER_CC := $(CC)
endif
ifeq ($(VARIANT),asan)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
WERROR := 1
HELPER_CC := $(CC)
endif
# The smallest and quickest helper is musl's (0.155 against 0.44 ms to start, measured); static glibc serves too.
ifndef HELPER_CC
HELPER_CC := $(or $(shell command -v musl-gcc 2>/dev/null),$(CC))
endif
HELPER_IS_MUSL := $(findstring musl,$(HELPER_CC))
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
# The helper is static and position independent. musl-gcc knows no -static-pie: its start files are named one by one.
MUSL_DIR := $(firstword $(dir $(wildcard $(addsuffix /rcrt1.o,/usr/lib/$(subst gnu,musl,$(MULTIARCH)) /usr/lib/musl/lib \
	/usr/local/musl/lib))))
ifneq ($(and $(HELPER_IS_MUSL),$(MUSL_DIR)),)
HELPER_STATIC := -static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text
HELPER_BEGIN := $(MUSL_DIR)rcrt1.o $(MUSL_DIR)crti.o $(shell $(CC) -print-file-name=crtbeginS.o)
HELPER_END := $(shell $(CC) -print-file-name=crtendS.o) $(MUSL_DIR)crtn.o
else
HELPER_STATIC := $(if $(HELPER_IS_MUSL),-static,-static-pie)
endif

# $(call probe,COMPILER,FLAGS): the flags that compile and link an empty program.
probe = $(foreach f,$(2),$(shell printf 'int main(void){return 0;}' | $(1) -Werror $(f) -x c -o /dev/null - 2>/dev/null && echo '$(f)'))

WARNINGS := -Wall -Wextra -Wformat=2 -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	-Wwrite-strings -Wpointer-arith -Wundef -Wvla -Wswitch-enum -Wnull-dereference -Wimplicit-fallthrough -Wdate-time \
	-Wframe-larger-than=20480 -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wtrampolines \
	-Wbidi-chars=any
HARDENING := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard \
	-ftrivial-auto-var-init=zero -fstrict-flex-arrays=3 -fno-strict-aliasing -fno-strict-overflow \
	-fno-delete-null-pointer-checks
FORTIFY := $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
LINK_HARDENING := -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--as-needed

# Probing costs a second: once for each compiler and variant, kept in a file.
PROBED := $(BUILD)/probed.mk
ifneq ($(filter-out help clean install-deps demo deb check check-vm asan lint fuzz bench bench-vm soak format dist uninstall,$(or $(MAKECMDGOALS),all)),)
-include $(PROBED)
endif

COMMON := -std=gnu11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -MMD -MP \
	-iquote include -iquote lib -DNSU_HELPER_FILE='"$(libexecdir)/nsunshare/nsunshare-init"' \
	-DNSU_NET_FILE='"$(libexecdir)/nsunshare/nsunshare-net"' -DNSU_LIMITS_FILE='"$(libexecdir)/nsunshare/nsunshare-limits"'
OUR_CFLAGS = $(COMMON) $(PROBED_CFLAGS) $(FORTIFY) $(SANITIZE) $(if $(filter 1,$(WERROR)),-Werror)
OUR_LDFLAGS = $(PROBED_LDFLAGS) $(SANITIZE) -Wl,--gc-sections
# musl finds the kernel's headers behind its own.
HELPER_CFLAGS = $(COMMON) $(PROBED_HELPER_CFLAGS) $(SANITIZE) $(if $(filter 1,$(WERROR)),-Werror) \
	$(if $(HELPER_IS_MUSL),-idirafter /usr/include -idirafter /usr/include/$(MULTIARCH))
# Two segments instead of four start quicker, by 6 of 67 microseconds.
HELPER_LDFLAGS = $(if $(SANITIZE),$(OUR_LDFLAGS),$(HELPER_STATIC) \
	$(subst separate-code,noseparate-code,$(PROBED_HELPER_LDFLAGS)) -Wl,--gc-sections)

# Shipped sources by name; tests by wildcard.
LIB := fail text fsat proc ns channel subject template \
	plan plan_spaces frame wire set registry registry_walk ask root attach join metrics exposition \
	policy policy_layers policy_check policy_scope policy_spaces policy_keys policy_parse policy_value policy_share \
	policy_list policy_mount policy_scan policy_load policy_files policy_findings policy_examine policy_survey \
	policy_reach policy_places policy_doubts resolve resolve_ids resolve_scope resolve_spaces \
	explain explain_write explain_spaces nested variables assist called launch idmap cgroup harden cwd session mnt marker
LIB_OBJECTS := $(LIB:%=$(BUILD)/lib/%.o) $(BUILD)/denials.o
MODULE := $(addprefix pam_module/,pam_nsunshare report count arguments)
HELPER := $(addprefix helper/,main confine spaces netns_etc setup target kind instance remove logins init) \
	$(addprefix lib/,fail text fsat proc ns channel called cgroup plan plan_spaces frame wire set registry root mnt marker)
HELPER_OBJECTS := $(HELPER:%=$(BUILD)/static/%.o)
HELPER_TESTED := $(patsubst %,$(BUILD)/%.o,$(filter-out helper/main,$(filter helper/%,$(HELPER))))
CLI := enter main cli check explain question list kill select usage view view_json rows run opener terminal user_shell metrics \
	doctor doctor_findings doctor_kernel doctor_programs doctor_policy doctor_services doctor_stacks doctor_order \
	doctor_sshd doctor_sudo doctor_mounts doctor_limits doctor_logind reader stack stack_control
CLI_TESTED := $(patsubst %,$(BUILD)/cli/%.o,cli select reader stack stack_control user_shell)
NETWORK := network/main network/veth network/named network/interface network/netlink network/address
NETWORK_TESTED := $(patsubst %,$(BUILD)/%.o,$(filter-out network/main,$(NETWORK)))
# Without libsystemd (Devuan, Alpine) limits are to be had where systemd does not run the host.
LIBSYSTEMD := $(shell pkg-config --libs libsystemd 2>/dev/null)
LIMITS := $(addprefix limits/,main control leaf direct $(if $(LIBSYSTEMD),bus scope,no_scope))
LIMITS_TESTED := $(patsubst %,$(BUILD)/limits/%.o,control leaf direct)
CLI_OBJECTS := $(CLI:%=$(BUILD)/cli/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
PROGRAMS := $(BUILD)/pam_nsunshare.so $(BUILD)/nsunshare-init $(BUILD)/nsunshare-net $(BUILD)/nsunshare-limits $(BUILD)/nsunshare

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-6s %s\n' $(1) $(2))

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all check check-run check-unit check-root check-vm deb rpm demo asan lint lint-run format fuzz fuzz-run bench bench-vm soak install uninstall dist help clean install-deps

all: $(PROGRAMS) ## build the module, the helper, its assistants and the admin tool

$(PROBED): Makefile
	$(call say,PROBE,$(VARIANT))
	$(Q)mkdir -p $(@D)
	$(Q)echo 'PROBED_CFLAGS := $(call probe,$(CC),$(WARNINGS) $(HARDENING))' > $@.tmp
	$(Q)echo 'PROBED_LDFLAGS := $(call probe,$(CC),$(LINK_HARDENING))' >> $@.tmp
	$(Q)echo 'PROBED_HELPER_CFLAGS := $(call probe,$(HELPER_CC),$(WARNINGS) $(HARDENING))' >> $@.tmp
	$(Q)echo 'PROBED_HELPER_LDFLAGS := $(call probe,$(HELPER_CC) -static,$(LINK_HARDENING))' >> $@.tmp
	$(Q)mv $@.tmp $@

$(BUILD)/libnsu.a: $(LIB_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/pam_nsunshare.so: $(MODULE:%=$(BUILD)/%.o) $(BUILD)/libnsu.a pam_module/pam_nsunshare.map
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(CFLAGS) $(OUR_LDFLAGS) $(if $(SANITIZE),,-Wl,-z,defs) $(LDFLAGS) \
		-Wl,--version-script=pam_module/pam_nsunshare.map -o $@ $(filter %.o,$^) $(BUILD)/libnsu.a -lpam -lconfig -lcap

$(BUILD)/nsunshare-init: $(HELPER_OBJECTS)
	$(call say,LINK,$@)
	$(if $(HELPER_IS_MUSL)$(SANITIZE),,@echo '  NOTE   no musl-gcc (musl-tools): the helper is built with static glibc, which starts slower')
	$(Q)$(HELPER_CC) $(CFLAGS) $(HELPER_LDFLAGS) $(LDFLAGS) -o $@ $(HELPER_BEGIN) $^ $(HELPER_END)

# How the module's line is read is the module's own way.
$(BUILD)/nsunshare: $(CLI_OBJECTS) $(BUILD)/pam_module/arguments.o $(BUILD)/libnsu.a
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS) -o $@ $^ -lconfig -lcap -lsmartcols

CLI_CFLAGS = -iquote pam_module -DNSU_PAM_DIR='"$(pamdir)"' -DNSU_MULTIARCH='"$(MULTIARCH)"'
$(CLI_OBJECTS): OUR_CFLAGS += $(CLI_CFLAGS)

# What the assistants share with the helper is how they put off what was inherited.
$(BUILD)/nsunshare-net: $(NETWORK:%=$(BUILD)/%.o) $(BUILD)/helper/confine.o $(BUILD)/libnsu.a
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS) -o $@ $^ -lmnl

$(NETWORK:%=$(BUILD)/%.o): OUR_CFLAGS += -iquote helper

$(BUILD)/nsunshare-limits: $(LIMITS:%=$(BUILD)/%.o) $(BUILD)/helper/confine.o $(BUILD)/libnsu.a
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBSYSTEMD)

$(LIMITS:%=$(BUILD)/%.o): OUR_CFLAGS += -iquote helper

$(BUILD)/%.o: %.c Makefile $(PROBED)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/static/%.o: %.c Makefile $(PROBED)
	$(call say,CC,'$< (helper)')
	$(Q)mkdir -p $(@D)
	$(Q)$(HELPER_CC) $(CPPFLAGS) $(HELPER_CFLAGS) $(CFLAGS) -c -o $@ $<

# The filters of system calls: made here by libseccomp, so that no login loads it. BUILD_CC: what compiles for this machine.
BUILD_CC ?= $(CC)
$(BUILD)/denials.c: lib/denials_make.c lib/denials.h include/plan.h include/defaults.h Makefile
	$(call say,FILTER,$@)
	$(Q)mkdir -p $(@D)
	$(Q)if printf '#include <seccomp.h>' | $(BUILD_CC) -E -x c - >/dev/null 2>&1; then \
		$(BUILD_CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -iquote include -iquote lib -o $(BUILD)/denials-make $< -lseccomp && \
		$(BUILD)/denials-make "$$($(CC) -dumpmachine)" >$@; \
	else \
		echo '  NOTE   no libseccomp (libseccomp-dev): the key deny_calls will be refused'; \
		printf '#include "denials.h"\nconst struct nsu_denials_filter nsu_denials_filters[NSU_PLAN_DENY_ALL + 1] = {{NULL, 0}};\n' >$@; \
	fi

$(BUILD)/denials.o: $(BUILD)/denials.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) -c -o $@ $<

# A unit test is one file; "/* link: FLAGS */" in it adds to how it is linked.
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libnsu.a $(HELPER_TESTED) $(NETWORK_TESTED) $(LIMITS_TESTED) $(CLI_TESTED)
	$(call say,TEST,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CFLAGS) -Wno-conversion -Wno-missing-prototypes -iquote helper -iquote network -iquote limits -iquote cli $(CFLAGS) -o $@ $< \
		$(filter %.o,$^) $(BUILD)/libnsu.a $(PROBED_LDFLAGS) $(SANITIZE) $(LDFLAGS) \
		$(shell sed -n 's,^/\* link: \(.*\) \*/,\1,p' $<) -lcmocka -lconfig -lcap -lpam -lmnl

# A fuzz target is one file: by libFuzzer, or replayed on files. subjects.c is in the place of lib/subject.c.
FUZZ_TARGETS := policy template wire helper
FUZZERS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/fuzz_%)
REPLAYS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/replay_%)
comma := ,
LINK_FUZZ = $(CC) $(CPPFLAGS) $(OUR_CFLAGS) -Wno-conversion -Wno-missing-prototypes $(CFLAGS) -o $@ $(filter %.c,$^) \
	$(BUILD)/libnsu.a $(PROBED_LDFLAGS) $(SANITIZE) $(FUZZ_WRAP) $(LDFLAGS) -lconfig -lcap

$(FUZZERS): $(BUILD)/fuzz/fuzz_%: fuzz/fuzz_%.c fuzz/sound.c fuzz/subjects.c $(BUILD)/libnsu.a
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK_FUZZ) -fsanitize=fuzzer

$(BUILD)/fuzz/fuzz_wire $(BUILD)/fuzz/fuzz_helper: fuzz/mutate.c
$(BUILD)/fuzz/fuzz_policy $(BUILD)/fuzz/replay_policy: fuzz/files.c
$(BUILD)/fuzz/fuzz_policy $(BUILD)/fuzz/replay_policy: FUZZ_WRAP := $(addprefix -Wl$(comma)--wrap=,nsu_fsat_open_trusted \
	nsu_fsat_read_text nsu_fsat_open_any nsu_fsat_walk scandirat)

$(BUILD)/fuzz/replay_%: fuzz/fuzz_%.c fuzz/replay.c fuzz/sound.c fuzz/subjects.c $(BUILD)/libnsu.a
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK_FUZZ)

$(BUILD)/fuzz/frames: fuzz/frames.c fuzz/sound.c fuzz/subjects.c $(BUILD)/libnsu.a
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK_FUZZ)

FUZZ_SECONDS ?= 60

fuzz: ## each fuzz target for FUZZ_SECONDS (60) by libFuzzer with sanitizers; a finding fails, and is kept in fuzz/found/
	$(Q)tests/install-deps.sh build fuzz
	$(Q)$(MAKE) --no-print-directory VARIANT=fuzz fuzz-run

fuzz-run: $(FUZZERS) $(BUILD)/fuzz/frames
	$(Q)fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

check: install-deps ## everything this machine allows: unit, structure and (as root) end-to-end tests; closing line "N passed, N failed"
	$(Q)$(MAKE) --no-print-directory check-run

check-run: all $(UNIT_TESTS) $(REPLAYS)
	$(Q)VARIANT=$(VARIANT) NSU_MODULE=$(CURDIR)/$(BUILD)/pam_nsunshare.so CMOCKA_MESSAGE_OUTPUT=TAP LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 tests/run \
		$(sort $(UNIT_TESTS)) $(sort $(wildcard tests/build/*.sh)) $(sort $(wildcard tests/root/[0-9]*.sh))

check-unit: all $(UNIT_TESTS) $(REPLAYS) ## unit and structure tests only, no root needed
	$(Q)VARIANT=$(VARIANT) NSU_MODULE=$(CURDIR)/$(BUILD)/pam_nsunshare.so CMOCKA_MESSAGE_OUTPUT=TAP LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 tests/run \
		$(sort $(UNIT_TESTS)) $(sort $(wildcard tests/build/*.sh))

check-root: all ## end-to-end tests with real sshd, su, sudo, login and cron, in a throw-away root; fails without root
	$(Q)test "$$(id -u)" = 0 || { echo 'check-root: must be run as root' >&2; exit 1; }
	$(Q)VARIANT=$(VARIANT) tests/run $(sort $(wildcard tests/root/[0-9]*.sh))

# The package is built anew when something that it is built of is newer.
define need_package
$(Q)package=$$(ls -t build/deb/libpam-nsunshare_*.deb 2>/dev/null | head -n 1); \
	test -n "$$package" && test -z "$$(find Makefile include lib helper pam_module cli network limits man conf packaging \
		-type f -newer "$$package" -print -quit)" || $(MAKE) --no-print-directory deb
endef

check-vm: ## tests in a Debian guest under QEMU's emulation: systemd, logind, cgroup v2, an older kernel; as root, takes minutes
	$(Q)tests/install-deps.sh build vm
	$(Q)$(MAKE) --no-print-directory all
	$(need_package)
	$(Q)VARIANT=$(VARIANT) tests/vm/run.sh

deb: ## the Debian package, in build/deb; lintian's warnings fail, but for those that packaging/debian explains
	$(Q)tests/install-deps.sh build deb
	$(Q)packaging/deb.sh build/deb

rpm: ## the rpm package, in build/rpm, by Debian's rpmbuild, and a look at what is in it; not tried on Fedora
	$(Q)tests/install-deps.sh build rpm
	$(Q)packaging/rpm.sh build/rpm
	$(Q)tests/build/rpm.sh build/rpm

demo: install-deps ## the main job: one ssh login without and with the module, side by side, on a real sshd in a throw-away root
	$(Q)$(MAKE) --no-print-directory all
	$(Q)VARIANT=$(VARIANT) tests/root/demo.sh

asan: ## all of check under AddressSanitizer and UndefinedBehaviorSanitizer, warnings are errors
	$(Q)tests/install-deps.sh build test asan
	$(Q)$(MAKE) --no-print-directory VARIANT=asan check-run

lint: ## clang-format, clang-tidy, cppcheck, gcc -fanalyzer, shellcheck, mandoc
	$(Q)tests/install-deps.sh build lint
	$(Q)$(MAKE) --no-print-directory lint-run

format: ## put the sources in form
	$(Q)clang-format -i $(SOURCES)

BENCHES := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/bench_*.c)) $(BUILD)/bench/floor_init

bench: ## what opening and closing costs, beside the kernel's floor and the peers; writes docs/bench.md and docs/bench.svg
	$(Q)tests/install-deps.sh build bench
	$(Q)$(MAKE) --no-print-directory all $(BENCHES)
	$(Q)VARIANT=$(VARIANT) bench/run.sh 500 docs/bench.md docs/bench.svg

bench-vm: ## what a login costs with Debian's full stack under systemd, in the guest of the tests; writes docs/bench-vm.md
	$(Q)tests/install-deps.sh build vm deb
	$(need_package)
	$(Q)bench/vm.sh docs/bench-vm.md

soak: install-deps ## the test of endurance, with two minutes of 64 openers at once
	$(Q)$(MAKE) --no-print-directory all
	$(Q)NSU_SOAK_SECONDS=120 NSU_TEST_SECONDS=900 VARIANT=$(VARIANT) tests/run tests/root/92-endurance.sh

SOURCES := $(wildcard include/*.h lib/*.[ch] helper/*.[ch] pam_module/*.[ch] cli/*.[ch] network/*.[ch] limits/*.[ch] tests/unit/*.[ch] tests/root/*.[ch] \
	bench/*.[ch] fuzz/*.[ch])
TIDY_SOURCES := $(filter lib/%.c helper/%.c pam_module/%.c cli/%.c network/%.c limits/%.c,$(SOURCES))
SCRIPTS := $(wildcard tests/run tests/*.sh tests/*/*.sh tests/vm/*/*.sh bench/*.sh fuzz/*.sh .ci/run packaging/*.sh completion/*)

lint-run: $(PROBED)
	clang-format --dry-run --Werror $(SOURCES)
	clang-tidy --quiet $(TIDY_SOURCES) -- -std=gnu11 -D_GNU_SOURCE -iquote include -iquote lib -iquote helper $(CLI_CFLAGS) -Wall -Wextra
	cppcheck --quiet --std=c11 --enable=warning,style,performance,portability --inline-suppr --error-exitcode=1 \
		--suppressions-list=.cppcheck -Iinclude -Ilib -Ihelper -Ipam_module -D_GNU_SOURCE -D__x86_64__ $(TIDY_SOURCES)
	for f in $(TIDY_SOURCES); do $(CC) $(filter-out -MMD -MP,$(OUR_CFLAGS)) -iquote helper $(CLI_CFLAGS) $(CFLAGS) -fanalyzer -Werror -c -o /dev/null $$f || exit 1; done
	shellcheck -x $(SCRIPTS)
	mandoc -Tlint -W warning man/*.[1-9]

$(BUILD)/bench/floor_init: bench/floor_init.c bench/floor_set_up.c
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HELPER_CC) $(CPPFLAGS) $(HELPER_CFLAGS) $(CFLAGS) $(HELPER_LDFLAGS) $(LDFLAGS) -o $@ $(HELPER_BEGIN) $(filter %.c,$^) $(HELPER_END)

$(BUILD)/bench/%: bench/%.c bench/method.c bench/floor.c bench/floor_set_up.c
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(filter %.a,$^) $(PROBED_LDFLAGS) $(LDFLAGS) -lpam -lconfig -lcap

$(BUILD)/bench/bench_policy: $(BUILD)/libnsu.a

install: all ## install below DESTDIR; the administrator's own policy is never overwritten
	install -d $(DESTDIR)$(pamdir) $(DESTDIR)$(libexecdir)/nsunshare $(DESTDIR)$(sbindir) $(DESTDIR)$(sysconfdir)/security \
		$(DESTDIR)$(tmpfilesdir) $(DESTDIR)$(completiondir) $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man8 $(DESTDIR)$(docdir)/examples
	install -m 644 $(BUILD)/pam_nsunshare.so $(DESTDIR)$(pamdir)/pam_nsunshare.so
	install -m 755 $(BUILD)/nsunshare-init $(DESTDIR)$(libexecdir)/nsunshare/nsunshare-init
	install -m 755 $(BUILD)/nsunshare-net $(DESTDIR)$(libexecdir)/nsunshare/nsunshare-net
	install -m 755 $(BUILD)/nsunshare-limits $(DESTDIR)$(libexecdir)/nsunshare/nsunshare-limits
	install -m 755 $(BUILD)/nsunshare $(DESTDIR)$(sbindir)/nsunshare
	install -m 644 completion/nsunshare $(DESTDIR)$(completiondir)/nsunshare
	test -e $(DESTDIR)$(sysconfdir)/security/nsunshare.conf || \
		install -m 644 conf/nsunshare.conf $(DESTDIR)$(sysconfdir)/security/nsunshare.conf
	install -m 644 conf/tmpfiles.d/nsunshare.conf $(DESTDIR)$(tmpfilesdir)/nsunshare.conf
	install -m 644 man/*.5 $(DESTDIR)$(mandir)/man5
	install -m 644 man/*.8 $(DESTDIR)$(mandir)/man8
	install -m 644 README.md NEWS.md SECURITY.md LICENSE docs/design.md docs/walkthrough.md docs/limits.md docs/troubleshooting.md $(DESTDIR)$(docdir)
	install -m 644 conf/nsunshare.conf conf/examples/*.conf conf/pam.d/*.example $(DESTDIR)$(docdir)/examples

uninstall: ## take away what install put there; the policy stays
	rm -f $(DESTDIR)$(pamdir)/pam_nsunshare.so $(DESTDIR)$(libexecdir)/nsunshare/nsunshare-init
	rm -f $(DESTDIR)$(libexecdir)/nsunshare/nsunshare-net
	rm -f $(DESTDIR)$(libexecdir)/nsunshare/nsunshare-limits
	rm -f $(DESTDIR)$(sbindir)/nsunshare $(DESTDIR)$(completiondir)/nsunshare
	rm -f $(patsubst man/%,$(DESTDIR)$(mandir)/man5/%,$(wildcard man/*.5)) $(patsubst man/%,$(DESTDIR)$(mandir)/man8/%,$(wildcard man/*.8))
	rm -f $(DESTDIR)$(tmpfilesdir)/nsunshare.conf
	rm -rf $(DESTDIR)$(docdir)
	-rmdir $(DESTDIR)$(libexecdir)/nsunshare 2>/dev/null

DISTDIR ?= .
NAME_VERSION = pam_nsunshare-$(shell sed -n 's/^.define NSU_VERSION "\(.*\)"/\1/p' include/defaults.h)

dist: ## a source archive of HEAD, the same bytes each time
	$(Q)mkdir -p $(DISTDIR)
	$(Q)git archive --prefix=$(NAME_VERSION)/ HEAD | gzip -n -9 > $(DISTDIR)/$(NAME_VERSION).tar.gz
	@echo $(DISTDIR)/$(NAME_VERSION).tar.gz

clean: ## remove what was built
	rm -rf build

# As root on Debian: build and test packages that are missing, by apt, saying so. Elsewhere the build names what it lacks.
install-deps:
	$(Q)tests/install-deps.sh

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
