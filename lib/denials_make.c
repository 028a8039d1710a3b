/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * denials_make MACHINE: write the table of denials.h as C, for a machine by the name that `cc -dumpmachine` gives it. A
 * program of the build, and the only file that knows libseccomp. Not part of what is installed.
 *
 * 1. Every architecture whose programs the machine's kernel may run MUST be in its line of `machines`; a call of another one
 *    ends the process.
 * 2. The kernel reads requests of ioctl(2) and flags as 32 bits. A comparison MUST ignore what lies above them, or a call
 *    with rubbish there passes by (as CVE-2016-10124).
 * 3. A filter sees numbers, not memory: what a call takes by a pointer (clone3) can only be denied whole.
 */
#include "denials.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARCHITECTURES_MAX 3
#define INSTRUCTIONS_MAX  4096U /* BPF_MAXINSNS, the kernel's limit */
#define LOW_32_BITS       0xFFFFFFFFU

/* <asm-generic/ioctls.h>; the same on each of the machines below. Not from a header: this runs where it is built. */
#define REQUEST_TIOCSTI   0x5412U
#define REQUEST_TIOCLINUX 0x541CU

static const struct {
	const char *prefix; /* of MACHINE */
	uint32_t architectures[ARCHITECTURES_MAX];
	unsigned clone_flags; /* which argument of clone(2) they are: CONFIG_CLONE_BACKWARDS2 */
} machines[] = {
	/* clang-format off */
	{"x86_64-",      {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86}, 0},
	{"i386-",        {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86}, 0},
	{"i486-",        {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86}, 0},
	{"i586-",        {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86}, 0},
	{"i686-",        {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86}, 0},
	{"aarch64-",     {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM},               0},
	{"arm",          {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM},               0},
	{"powerpc64le-", {SCMP_ARCH_PPC64LE},                              0},
	{"ppc64le-",     {SCMP_ARCH_PPC64LE},                              0},
	{"riscv64-",     {SCMP_ARCH_RISCV64},                              0},
	{"s390x-",       {SCMP_ARCH_S390X, SCMP_ARCH_S390},                1},
	/* clang-format on */
};

#define ANY         0U /* whatever the arguments are */
#define CLONE_FLAGS 9U /* the argument of clone(2) that they are on this machine */

/* Denied where (argument & mask) == value. */
static const struct {
	unsigned denial;
	int call;
	int err;
	unsigned argument;
	uint32_t mask; /* or ANY */
	uint32_t value;
} rules[] = {
	/* clang-format off */
	{NSU_PLAN_DENY_TIOCSTI,         SCMP_SYS(ioctl),           EPERM,  1, LOW_32_BITS, REQUEST_TIOCSTI},
	{NSU_PLAN_DENY_TIOCSTI,         SCMP_SYS(ioctl),           EPERM,  1, LOW_32_BITS, REQUEST_TIOCLINUX},
	{NSU_PLAN_DENY_USER_NAMESPACES, SCMP_SYS(unshare),         EPERM,  0, CLONE_NEWUSER, CLONE_NEWUSER},
	{NSU_PLAN_DENY_USER_NAMESPACES, SCMP_SYS(clone),           EPERM,  CLONE_FLAGS, CLONE_NEWUSER, CLONE_NEWUSER},
	/* the C library falls back to clone(2) where there is no clone3(2), and not on any other error */
	{NSU_PLAN_DENY_USER_NAMESPACES, SCMP_SYS(clone3),          ENOSYS, 0, ANY, 0},
	/* with 0 the descriptor says which kind; the opener goes back from its session by naming the kind */
	{NSU_PLAN_DENY_USER_NAMESPACES, SCMP_SYS(setns),           EPERM,  1, LOW_32_BITS, 0},
	{NSU_PLAN_DENY_USER_NAMESPACES, SCMP_SYS(setns),           EPERM,  1, CLONE_NEWUSER, CLONE_NEWUSER},
	{NSU_PLAN_DENY_KEXEC,           SCMP_SYS(kexec_load),      EPERM,  0, ANY, 0},
	{NSU_PLAN_DENY_KEXEC,           SCMP_SYS(kexec_file_load), EPERM,  0, ANY, 0},
	{NSU_PLAN_DENY_MODULES,         SCMP_SYS(init_module),     EPERM,  0, ANY, 0},
	{NSU_PLAN_DENY_MODULES,         SCMP_SYS(finit_module),    EPERM,  0, ANY, 0},
	{NSU_PLAN_DENY_MODULES,         SCMP_SYS(delete_module),   EPERM,  0, ANY, 0},
	{NSU_PLAN_DENY_KEYCTL,          SCMP_SYS(keyctl),          EPERM,  0, ANY, 0},
	{NSU_PLAN_DENY_KEYCTL,          SCMP_SYS(add_key),         EPERM,  0, ANY, 0},
	{NSU_PLAN_DENY_KEYCTL,          SCMP_SYS(request_key),     EPERM,  0, ANY, 0},
	/* clang-format on */
};

static void die(const char *what, int ret)
{
	fprintf(stderr, "denials_make: %s: %s\n", what, strerror(-ret));
	exit(1);
}

static void set_architectures(scmp_filter_ctx filter, const uint32_t architectures[ARCHITECTURES_MAX])
{
	int ret = seccomp_arch_remove(filter, SCMP_ARCH_NATIVE); /* of where this runs */

	if (ret < 0)
		die("begin", ret);
	for (size_t i = 0; i < ARCHITECTURES_MAX && architectures[i]; i++) {
		ret = seccomp_arch_add(filter, architectures[i]);
		if (ret < 0)
			die("add an architecture", ret);
	}
}

static void add_rules(scmp_filter_ctx filter, unsigned denials, unsigned clone_flags)
{
	for (size_t i = 0; i < NSU_COUNT(rules); i++) {
		struct scmp_arg_cmp comparison = {
			.arg = rules[i].argument == CLONE_FLAGS ? clone_flags : rules[i].argument,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = rules[i].mask,
			.datum_b = rules[i].value,
		};
		int ret;

		if (!(rules[i].denial & denials))
			continue;
		ret = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)rules[i].err), rules[i].call,
		                             rules[i].mask == ANY ? 0 : 1, &comparison);
		if (ret < 0)
			die("add a rule", ret);
	}
}

/* Return: how many instructions there are in the file. */
static size_t export_filter(scmp_filter_ctx filter, FILE *file, struct sock_filter *instructions)
{
	int ret = seccomp_export_bpf(filter, fileno(file));

	if (ret < 0)
		die("export a filter", ret);
	rewind(file);
	return fread(instructions, sizeof(*instructions), INSTRUCTIONS_MAX + 1, file);
}

static void print_filter(unsigned denials, size_t machine)
{
	static struct sock_filter instructions[INSTRUCTIONS_MAX + 1];
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	FILE *file = tmpfile();
	size_t n;
	int ret;

	if (!filter || !file)
		die("begin a filter", -ENOMEM);
	ret = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (ret < 0)
		die("refuse unknown architectures", ret);
	set_architectures(filter, machines[machine].architectures);
	add_rules(filter, denials, machines[machine].clone_flags);
	n = export_filter(filter, file, instructions);
	if (n == 0 || n > INSTRUCTIONS_MAX)
		die("export a filter", -E2BIG);
	printf("\nstatic const struct sock_filter filter_%u[] = {\n", denials);
	for (size_t i = 0; i < n; i++)
		printf("\t{0x%02x, %u, %u, 0x%08" PRIx32 "},\n", instructions[i].code, instructions[i].jt,
		       instructions[i].jf, instructions[i].k);
	printf("};\n");
	fclose(file);
	seccomp_release(filter);
}

static size_t find_machine(const char *name)
{
	size_t i = 0;

	while (i < NSU_COUNT(machines) && strncmp(machines[i].prefix, name, strlen(machines[i].prefix)) != 0)
		i++;
	return i;
}

int main(int argc, char **argv)
{
	size_t machine = argc == 2 ? find_machine(argv[1]) : NSU_COUNT(machines);

	if (argc != 2)
		return 2;
	printf("/* Made by lib/denials_make.c for %s. */\n#include \"denials.h\"\n\n#include <linux/filter.h>\n",
	       argv[1]);
	for (unsigned denials = 1; machine < NSU_COUNT(machines) && denials <= NSU_PLAN_DENY_ALL; denials++)
		print_filter(denials, machine);
	printf("\nconst struct nsu_denials_filter nsu_denials_filters[NSU_PLAN_DENY_ALL + 1] = {\n\t{NULL, 0},\n");
	for (unsigned denials = 1; machine < NSU_COUNT(machines) && denials <= NSU_PLAN_DENY_ALL; denials++)
		printf("\t{filter_%u, sizeof(filter_%u) / sizeof(filter_%u[0])},\n", denials, denials, denials);
	printf("};\n");
	if (machine == NSU_COUNT(machines))
		fprintf(stderr, "  NOTE   %s is not in lib/denials_make.c: the key deny_calls will be refused\n",
		        argv[1]);
	return fflush(stdout) == 0 ? 0 : 1;
}
