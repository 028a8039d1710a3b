# SPDX-License-Identifier: BSD-3-Clause
# pam_nsunshare: make help

# The user's: never overwritten below.
CC        ?= gcc
CFLAGS    ?= -O2 -g
CPPFLAGS  ?=
LDFLAGS   ?=
prefix    ?= /usr
sbindir   ?= $(prefix)/sbin
libexecdir ?= $(prefix)/libexec
mandir    ?= $(prefix)/share/man
docdir    ?= $(prefix)/share/doc/pam_nsunshare
sysconfdir ?= /etc
pamdir    ?= $(or $(shell pkg-config --variable=libdir pam 2>/dev/null),/lib/$(shell $(CC) -print-multiarch 2>/dev/null))/security
VARIANT   ?= release
V         ?= 0
ifeq ($(origin CC),default)
CC := gcc
endif

# Ours. asan: everything with sanitizers, warnings are errors; the helper is then an ordinary dynamic program.
BUILD := build/$(VARIANT)
ifeq ($(VARIANT),asan)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
WERROR := 1
HELPER_CC := $(CC)
endif
# The smallest and quickest helper is musl's (0.155 against 0.44 ms to start, measured); static glibc serves too.
HELPER_CC ?= $(or $(shell command -v musl-gcc 2>/dev/null),$(CC))
HELPER_IS_MUSL := $(findstring musl,$(HELPER_CC))

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
ifeq ($(filter help clean install-deps demo check dist uninstall,$(or $(MAKECMDGOALS),all)),)
-include $(PROBED)
endif

COMMON := -std=gnu11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -MMD -MP \
	-iquote include -iquote lib -DNSU_HELPER_FILE='"$(libexecdir)/nsunshare/nsunshare-init"'
OUR_CFLAGS = $(COMMON) $(PROBED_CFLAGS) $(FORTIFY) $(SANITIZE) $(if $(filter 1,$(WERROR)),-Werror)
OUR_LDFLAGS = $(PROBED_LDFLAGS) $(SANITIZE) -Wl,--gc-sections
# musl finds the kernel's headers behind its own.
HELPER_CFLAGS = $(COMMON) $(PROBED_HELPER_CFLAGS) $(SANITIZE) $(if $(filter 1,$(WERROR)),-Werror) \
	$(if $(HELPER_IS_MUSL),-idirafter /usr/include -idirafter /usr/include/$(shell $(CC) -print-multiarch))
HELPER_LDFLAGS = $(if $(SANITIZE),$(OUR_LDFLAGS),-static $(PROBED_HELPER_LDFLAGS) -Wl,--gc-sections)

# Shipped sources by name; tests by wildcard.
LIB := fail text fsat proc ns channel subject template plan wire policy policy_parse policy_value policy_scan resolve session mnt
LIB_OBJECTS := $(LIB:%=$(BUILD)/lib/%.o)
HELPER := helper/main helper/confine helper/setup helper/init lib/fail lib/text lib/fsat lib/proc lib/ns lib/channel lib/plan lib/wire lib/mnt
HELPER_OBJECTS := $(HELPER:%=$(BUILD)/static/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
PROGRAMS := $(BUILD)/pam_nsunshare.so $(BUILD)/nsunshare-init

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-6s %s\n' $(1) $(2))

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all check check-unit check-build check-root demo asan lint format bench install uninstall dist help clean install-deps

all: $(PROGRAMS) ## build the module and the helper

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

$(BUILD)/pam_nsunshare.so: $(BUILD)/pam_module/pam_nsunshare.o $(BUILD)/libnsu.a pam_module/pam_nsunshare.map
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(CFLAGS) $(OUR_LDFLAGS) $(if $(SANITIZE),,-Wl,-z,defs) $(LDFLAGS) \
		-Wl,--version-script=pam_module/pam_nsunshare.map -o $@ $< $(BUILD)/libnsu.a -lpam -lconfig

$(BUILD)/nsunshare-init: $(HELPER_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(HELPER_CC) $(CFLAGS) $(HELPER_LDFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/%.o: %.c Makefile $(PROBED)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/static/%.o: %.c Makefile $(PROBED)
	$(call say,CC,$< '(helper)')
	$(Q)mkdir -p $(@D)
	$(Q)$(HELPER_CC) $(CPPFLAGS) $(HELPER_CFLAGS) $(CFLAGS) -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
