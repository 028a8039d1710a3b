/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy with what is wrong or doubtful in it, the findings out. The files are written below /mnt, which is a file system
 * of the test's own: only there root alone can have written them.
 */
/* link: -Wl,--wrap=getgrnam_r */
#include "support.h"

#include <grp.h>

#include "policy.h"

#define RULES_P "rules = ( { user = \"root\"; profile = \"p\"; } );\n"

int __real_getgrnam_r(const char *, struct group *, char *, size_t, struct group **);
int __wrap_getgrnam_r(const char *, struct group *, char *, size_t, struct group **);

/* One group more than this machine has: with a member. */
int __wrap_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size, struct group **result)
{
	static char member[] = "bin";
	static char *members[] = {member, NULL};

	if (strcmp(name, "listed") != 0)
		return __real_getgrnam_r(name, group, buffer, size, result);
	*group = (struct group){.gr_name = member, .gr_gid = 4294967294, .gr_mem = members};
	*result = group;
	return 0;
}

struct file {
	const char *path; /* below /mnt */
	const char *text;
};

static const struct file *files;
static const char *expected;

static char found[8192];

static void tell(void *data, enum nsu_policy_severity severity, const char *text)
{
	size_t len = strlen(found);

	(void)data;
	snprintf(found + len, sizeof(found) - len, "%s %s\n", severity == NSU_POLICY_ERROR ? "error" : "warning", text);
}

static void make_files(void)
{
	char path[PATH_MAX];

	own_mounts();
	own_directory();
	CHILD_CHECK(mkdir("/mnt/p.d", 0755) == 0 && mkdir("/mnt/p.d/users", 0755) == 0);
	CHILD_CHECK(mkdir("/mnt/dir", 0755) == 0 && mkdir("/mnt/open", 0777) == 0 && chmod("/mnt/open", 0777) == 0);
	CHILD_CHECK(mkdir("/mnt/open/inner", 0755) == 0 && symlink("dir", "/mnt/link") == 0);
	write_file("/mnt/file", "", 0644);
	for (const struct file *file = files; file->path; file++) {
		snprintf(path, sizeof(path), "/mnt/%s", file->path);
		write_file(path, file->text, 0644);
	}
}

static void examine(void)
{
	make_files();
	CHILD_CHECK(nsu_policy_examine("/mnt/p.conf", tell, NULL) == 0);
	if (strcmp(found, expected) != 0)
		dprintf(STDOUT_FILENO, "# expected:\n%s# found:\n%s", expected, found);
	CHILD_CHECK(strcmp(found, expected) == 0);
}

#define FINDS(findings, ...)                                                                                           \
	do {                                                                                                           \
		static const struct file these[] = {__VA_ARGS__, {NULL, NULL}};                                        \
                                                                                                                       \
		(void)state;                                                                                           \
		SKIP_UNLESS_ROOT();                                                                                    \
		files = these;                                                                                         \
		expected = (findings);                                                                                 \
		assert_int_equal(in_child(examine), 0);                                                                \
	} while (0)

static void examine_finds_nothing_in_a_good_policy(void **state)
{
	FINDS("",
	      {"p.conf",
	       "rules = ( { user = \"root\"; profile = \"none\"; }, { group = \"root\"; service = [ \"sshd\", \"sudo*\" ];\n"
	       "  profile = \"p\"; }, { profile = \"default\"; } );\n"
	       "profiles = { p = { namespaces = [ \"mount\", \"uts\", \"pid\" ]; mounts = (\n"
	       "  { type = \"tmpfs\"; path = \"/mnt/dir\"; }, { type = \"mask\"; path = \"/mnt/dir/made\"; },\n"
	       "  { type = \"mask\"; path = \"/mnt/file\"; }, { type = \"tmpfs\"; path = \"/mnt/no\"; optional = true; },\n"
	       "  { type = \"bind\"; source = \"/mnt/file\"; path = \"/mnt/open/%u\"; } ); expose = \"/mnt/dir/x\"; }; };\n"},
	      {"p.d/10.conf", "profiles = { q = { base = \"p\"; }; };\n"},
	      {"p.d/users/root.conf", "profile = \"q\"; timeout = 900;\n"});
}

static void examine_goes_on_behind_each_mistake(void **state)
{
	FINDS("error /mnt/p.conf:2: key 'user': expected a string, found a number\n"
	      "error /mnt/p.conf:4: key 'profile': there is no profile 'nowhere'\n"
	      "error /mnt/p.conf:6: key 'timeout': 1 is out of range: 100 to 60000\n"
	      "error /mnt/p.conf:8: key 'size': expected 1% to 100% of the memory\n"
	      "error /mnt/p.conf:9: key 'base': there is no profile 'nowhere' to build on\n"
	      "error /mnt/p.conf:11: key 'profile': unknown here; a policy holds `rules` and `profiles`\n"
	      "error /mnt/p.d/10.conf:2: this string has no end (\") on its line\n"
	      "error /mnt/p.d/20.conf:1: key 'q': this profile is defined already, at /mnt/p.conf:7\n"
	      "error /mnt/p.d/20.conf:2: key 'profile': there is no profile 'z'\n"
	      "error /mnt/p.d/users/root.conf:2: key 'rules': unknown in a user's file (see nsunshare.conf(5))\n",
	      {"p.conf", "rules = (\n"
	                 "  { user = 5; profile = \"p\"; },\n"
	                 "  { profile = \"p\"; user = \"root\"; },\n"
	                 "  { profile = \"nowhere\"; user = \"r*\"; }\n"
	                 ");\n"
	                 "profiles = { p = { timeout = 1; };\n"
	                 "  q = { namespaces = \"uts\";\n"
	                 "    mounts = ( { type = \"tmpfs\"; path = \"/mnt/dir\"; size = \"0%\"; } ); };\n"
	                 "  r = { base = \"nowhere\"; };\n"
	                 "};\n"
	                 "profile = 5;\n"},
	      {"p.d/10.conf", "rules = (\n  { user = \"x }\n);\n"},
	      {"p.d/20.conf", "profiles = { q = { }; };\nrules = ( { user = \"root\"; profile = \"z\"; } );\n"},
	      {"p.d/users/root.conf", "\nrules = ( );\n"});
}

static void examine_finds_names_that_do_not_exist(void **state)
{
	FINDS("warning /mnt/p.conf:1: key 'user': there is no user 'no-such-user'\n"
	      "warning /mnt/p.conf:2: key 'group': there is no group 'no-such-group': it matches nobody\n"
	      "warning /mnt/p.d/users/-rf.conf: never read: '-rf' is no name that may stand in a path\n"
	      "warning /mnt/p.d/users/no-such-user.conf: there is no user 'no-such-user'\n",
	      {"p.conf", "rules = ( { user = [ \"root\", \"no-such-user\", \"no-such-*\" ]; profile = \"default\"; },\n"
	                 "  { group = [ \"root\", \"no-such-group\" ]; profile = \"default\"; } );\n"},
	      {"p.d/users/no-such-user.conf", "timeout = 900;\n"}, {"p.d/users/-rf.conf", "timeout = 900;\n"},
	      {"p.d/users/not-a-policy", ""});
}

static void examine_finds_rules_that_are_never_reached(void **state)
{
	FINDS("warning /mnt/p.conf:3: this rule is never reached: the one at /mnt/p.conf:2 holds for all that it names\n"
	      "warning /mnt/p.conf:5: this rule is never reached: the one at /mnt/p.conf:4 holds for all that it names\n"
	      "warning /mnt/p.conf:7: this rule is never reached: the one at /mnt/p.conf:6 holds for all that it names\n"
	      "warning /mnt/p.d/10.conf:2: this rule is never reached: the one at /mnt/p.conf:6 holds for all that it "
	      "names\n",
	      {"p.conf", "rules = (\n"
	                 "  { user = [ \"daemon\", \"bin\" ]; profile = \"none\"; },\n"
	                 "  { user = \"bin\"; service = \"sshd\"; profile = \"default\"; },\n"
	                 "  { uid = \"10-20\"; service = [ \"sshd\", \"cron\" ]; profile = \"none\"; },\n"
	                 "  { uid = [ \"11\", \"12-13\" ]; service = \"cron\"; profile = \"default\"; },\n"
	                 "  { tty = \"*\"; profile = \"default\"; },\n"
	                 "  { tty = \"pts/1\"; profile = \"none\"; },\n"
	                 "  { user = \"root\"; profile = \"none\"; },\n"
	                 "  { service = \"systemd-user\"; profile = \"none\"; }\n"
	                 ");\n"},
	      {"p.d/10.conf", "rules = (\n  { profile = \"none\"; } );\n"});
}

static void examine_finds_profiles_that_nobody_uses(void **state)
{
	FINDS("warning /mnt/p.conf:3: key 'q': nobody uses this profile: no rule, no other profile, no user's file (a "
	      "module's line may: profile=q)\n",
	      {"p.conf", RULES_P "profiles = { a = { namespaces = \"uts\"; }; p = { base = \"a\"; };\n"
	                         "  q = { base = \"p\"; }; u = { base = \"a\"; }; };\n"},
	      {"p.d/users/root.conf", "profile = \"u\";\n"});
}

static void examine_finds_sudo_with_the_pid_namespace(void **state)
{
	FINDS("warning /mnt/p.conf:1: key 'service': 'sudo' with the namespace \"pid\": with use_pty, the default, sudo "
	      "then signals processes of strangers\n",
	      {"p.conf", "rules = ( { user = \"root\"; service = [ \"su\", \"sudo\" ]; profile = \"default\"; },\n"
	                 "  { service = \"sudo-i\"; profile = \"p\"; } );\n"
	                 "profiles = { p = { namespaces = \"uts\"; }; };\n"});
}

static void examine_finds_masks_that_proc_leads_behind(void **state)
{
	FINDS("warning /mnt/p.conf:3: key 'path': the mask on '/mnt/file' without a fresh /proc (the namespace \"pid\"): "
	      "/proc/PID/root of the user's processes outside leads behind it\n"
	      "warning /mnt/p.conf:4: key 'path': the mask on '/mnt/dir' without a fresh /proc (the namespace \"pid\"): "
	      "/proc/PID/root of the user's processes outside leads behind it\n",
	      {"p.conf", "rules = ( { user = \"root\"; profile = \"p\"; }, { profile = \"q\"; } );\n"
	                 "profiles = {\n"
	                 "  p = { namespaces = \"mount\"; mounts = ( { type = \"mask\"; path = \"/mnt/file\"; } ); };\n"
	                 "  q = { namespaces = \"pid\"; mounts = ( { type = \"mask\"; path = \"/mnt/dir\"; } );\n"
	                 "    proc = { path = \"/mnt/open\"; }; };\n"
	                 "};\n"});
}

static void examine_finds_paths_that_no_mount_hides(void **state)
{
	FINDS("warning /mnt/p.conf:4: key 'expose': no mount hides '/mnt/file': the session has it anyway\n",
	      {"p.conf", RULES_P
	       "profiles = { p = { namespaces = \"ipc\"; mounts = ( { type = \"tmpfs\"; path = \"/mnt/dir\"; } );\n"
	       "  expose = [ \"/mnt/dir/x\", \"/dev/shm/x\",\n"
	       "    \"/mnt/file\" ]; }; };\n"});
}

static void examine_finds_places_that_logins_would_be_refused_for(void **state)
{
	FINDS("error /mnt/p.conf:3: key 'path': '/mnt/no' does not exist on this host: logins would be refused (optional = "
	      "true leaves it out then)\n"
	      "error /mnt/p.conf:5: key 'path': '/mnt/link' has a symbolic link in it: logins would be refused (write where "
	      "it leads)\n"
	      "error /mnt/p.conf:6: key 'path': '/mnt/file' is not a directory: logins would be refused\n"
	      "error /mnt/p.conf:7: key 'source': '/mnt/100%' does not exist on this host: logins would be refused (optional "
	      "= true leaves it out then)\n"
	      "error /mnt/p.conf:8: key 'path': '/mnt/open/inner' could be moved away or removed from outside: '/mnt/open' "
	      "can be written by others (chmod go-w)\n"
	      "error /mnt/p.conf:9: key 'path': '%h/.ssh' could be moved away or removed from outside: the home is the "
	      "user's\n"
	      "error /mnt/p.d/users/root.conf:2: key 'path': '/mnt/gone' does not exist on this host: logins would be refused "
	      "(optional = true leaves it out then)\n",
	      {"p.conf", RULES_P "profiles = { p = { namespaces = \"pid\"; mounts = (\n"
	                         "  { type = \"tmpfs\"; path = \"/mnt/no\"; },\n"
	                         "  { type = \"tmpfs\"; path = \"/mnt/not\"; optional = true; },\n"
	                         "  { type = \"readonly\"; path = \"/mnt/link\"; },\n"
	                         "  { type = \"instance\"; path = \"/mnt/file\"; },\n"
	                         "  { type = \"bind\"; path = \"/mnt/dir\"; source = \"/mnt/100%%\"; },\n"
	                         "  { type = \"mask\"; path = \"/mnt/open/inner\"; },\n"
	                         "  { type = \"readonly\"; path = \"%h/.ssh\"; },\n"
	                         "  { type = \"tmpfs\"; path = \"%h/no\"; },\n"
	                         "  { type = \"tmpfs\"; path = \"/mnt/dir/no\"; }\n"
	                         "); }; };\n"},
	      {"p.d/users/root.conf", "extra_mounts = (\n  { type = \"tmpfs\"; path = \"/mnt/gone\"; } );\n"});
}

static void examine_tells_what_does_not_fit_in_a_user_s_file(void **state)
{
	FINDS("warning /mnt/p.d/users/root.conf: where no rule matches: /mnt/p.d/users/root.conf:2: key 'hostname': it needs "
	      "the namespace \"uts\" (\"\" takes an inherited name back)\n",
	      {"p.conf", RULES_P "profiles = { p = { namespaces = \"ipc\"; }; };\n"},
	      {"p.d/users/root.conf", "profile = \"p\";\nhostname = \"x\";\n"});
}

/* What is found in a profile is told once, though many rules use it. */
static void examine_tells_each_finding_once(void **state)
{
	FINDS("error /mnt/p.conf:3: key 'path': '/mnt/no' does not exist on this host: logins would be refused (optional = "
	      "true leaves it out then)\n",
	      {"p.conf",
	       "rules = ( { user = \"root\"; profile = \"p\"; }, { user = \"bin\"; profile = \"p\"; },\n"
	       "  { profile = \"p\"; } );\nprofiles = { p = { namespaces = \"pid\"; mounts = ( { type = \"mask\"; path = \"/mnt/no\"; } ); }; };\n"});
}

static void examine_finds_a_net_that_is_not_there(void **state)
{
	FINDS("warning /mnt/p.conf:3: key 'mode': there is no '/run/netns/no-such' on this host now: logins would be refused "
	      "(`ip netns add no-such`, or create = true)\n"
	      "warning /mnt/p.conf:6: key 'bridge': there is no interface 'no-such' on this host now: logins would be "
	      "refused\n"
	      "warning /mnt/p.conf:7: key 'bridge': the interface 'lo' of this host is no bridge: logins would be refused\n",
	      {"p.conf",
	       "rules = ( { user = \"root\"; profile = \"p\"; }, { user = \"bin\"; profile = \"q\"; },\n"
	       "  { user = \"daemon\"; profile = \"r\"; }, { user = \"sys\"; profile = \"q\"; net = {\n"
	       "    mode = \"named:no-such\"; }; }, { user = \"games\"; profile = \"q\"; net = { mode = \"named:%u\"; }; },\n"
	       "  { user = \"mail\"; profile = \"q\"; net = { mode = \"named:no-such\"; create = true; }; } );\n"
	       "profiles = { q = { namespaces = \"net\"; }; p = { base = \"q\"; net = { mode = \"veth\"; pool = \"10.0.0.0/8\";\n"
	       "  bridge = \"no-such\"; }; }; r = { base = \"p\"; net = {\n    bridge = \"lo\"; }; }; };\n"});
}

static void examine_finds_a_veth_that_leads_nowhere(void **state)
{
	FINDS("warning /mnt/p.conf:2: key 'isolated': without a bridge it does nothing: what passes from one session to "
	      "another is for the host's routing and packet filter to decide\n"
	      "warning /mnt/p.conf:3: key 'gateway': without it and without a bridge a session reaches the host's end of its "
	      "pair and nothing else\n",
	      {"p.conf",
	       "rules = ( { user = \"root\"; profile = \"p\"; },\n"
	       "  { user = \"bin\"; profile = \"p\"; net = { isolated = true; }; },\n"
	       "  { user = \"sys\"; profile = \"p\"; net = { gateway = false; }; } );\n"
	       "profiles = { p = { namespaces = \"net\"; net = { mode = \"veth\"; pool = \"10.0.0.0/8\"; }; }; };\n"});
}

#define MAP(uids, gids) "user_map = { uid = ( " uids " ); gid = ( " gids " ); };"

static void examine_finds_maps_without_what_a_login_needs(void **state)
{
	FINDS("warning /mnt/p.conf:2: key 'user_map': there is no uid 0 inside: the session has no root, and su and sudo do "
	      "nothing in it\n"
	      "warning /mnt/p.conf:3: key 'user_map': no uid inside is 0 outside: su, sudo and other setuid programs of the host's root do nothing in the session, and login can not give the terminal to the user\n"
	      "warning /mnt/p.conf:4: key 'user_map': there is no gid 5 inside, the group tty's: sshd and login can not give "
	      "the terminal to the user\n",
	      {"p.conf",
	       "rules = ( { user = \"root\"; profile = \"p\"; },\n"
	       "  { user = \"bin\"; profile = \"p\"; " MAP(
		       "( 1, 1, 9 )",
		       "( 0, 0, 9 )") " },\n"
	                              "  { user = \"sys\"; profile = \"p\"; " MAP(
					      "( 0, 1, 9 )",
					      "( 0, 0, 9 )") " },\n"
	                                                     "  { user = \"mail\"; profile = \"p\"; " MAP(
								     "( 0, 0, 9 )",
								     "( 6, 0, 9 )") " },\n"
	                                                                            "  { user = \"news\"; profile = \"p\"; " MAP(
											    "( 0, 9, 1 ), ( 9, 0, 1 )",
											    "( 5, 0, 1 )") " } );\n"
	                                                                                                   "profiles = { p = { namespaces = [ \"user\", \"pid\" ]; }; };\n"});
}

static void examine_finds_what_the_root_of_a_user_namespace_reaches(void **state)
{
	FINDS("warning /mnt/p.conf:2: key 'namespaces': \"user\" without \"pid\": the session's root is uid 0 to the host's "
	      "processes, and can end those of the host's root\n"
	      "warning /mnt/p.conf:3: key 'source': '/proc/sys' can be written by the session's root, who is uid 0 to it in "
	      "spite of the namespace \"user\" (read_only = true)\n",
	      {"p.conf",
	       RULES_P "profiles = { p = { namespaces = \"user\"; mounts = (\n"
	               "  { type = \"bind\"; source = \"/proc/sys\"; path = \"/mnt/dir\"; },\n"
	               "  { type = \"bind\"; source = \"/sys\"; path = \"/mnt/open\"; read_only = true; } ); }; };\n"});
}

static void examine_finds_sets_that_are_not_shared_as_meant(void **state)
{
	FINDS("warning /mnt/p.conf:2: key 'service': 'su*' is sudo too, which gets no pid namespace and so a set of its own, "
	      "beside that of the others\n"
	      "warning /mnt/p.conf:4: key 'service': 'sudo' with the namespace \"pid\": with use_pty, the default, sudo then "
	      "signals processes of strangers\n"
	      "warning /mnt/p.conf:6: key 'scope': 'named:x-%u' is a set for each user: scope = \"user\" is that too, and has "
	      "his host name, instances and id map\n"
	      "warning /mnt/p.conf:7: key 'domainname': %s in '%s': each service gets a set of its own, so that ssh and cron, "
	      "say, share none\n"
	      "warning /mnt/p.conf:9: key 'path': %s in '/mnt/open/%s': each service gets a set of its own, so that ssh and "
	      "cron, say, share none\n"
	      "warning /mnt/p.conf:11: key 'remove': \"logout\" with lifetime = \"permanent\": '/mnt/dir' is removed only "
	      "when `nsunshare kill` ends the set\n",
	      {"p.conf",
	       "rules = ( { user = \"bin\"; profile = \"p\"; service = [ \"sshd\",\n"
	       "    \"su*\" ]; },\n"
	       "  { user = \"sys\"; profile = \"p\"; service = [ \"su*\",\n"
	       "    \"sudo\" ]; },\n"
	       "  { user = \"games\"; profile = \"p\"; hostname = \"\";\n"
	       "    scope = \"named:x-%u\"; },\n"
	       "  { user = \"mail\"; profile = \"p\"; domainname = \"%s\"; service = \"sshd\"; },\n"
	       "  { user = \"news\"; profile = \"p\"; service = \"cron\"; mounts = (\n"
	       "      { type = \"tmpfs\"; path = \"/mnt/open/%s\"; optional = true; } ); },\n"
	       "  { user = \"man\"; profile = \"p\"; lifetime = \"permanent\"; mounts = (\n"
	       "      { type = \"instance\"; path = \"/mnt/dir\"; remove = \"logout\"; } ); },\n"
	       "  { user = \"lp\"; profile = \"p\"; scope = \"named:%s\"; hostname = \"%s\"; },\n"
	       "  { user = \"root\"; profile = \"p\"; scope = \"session\"; hostname = \"%s\"; service = \"su*\"; } );\n"
	       "profiles = { p = { namespaces = [ \"pid\", \"uts\" ]; scope = \"user\"; hostname = \"%u\"; }; };\n"});
}

static void examine_finds_who_should_not_share(void **state)
{
	FINDS("warning /mnt/p.conf:1: key 'user': 'root' shares a set with others: they see what root runs there, and root "
	      "finds in /tmp what they leave\n"
	      "warning /mnt/p.conf:3: key 'group': 'root' shares a set: who of it becomes root there, by sudo, is root to all "
	      "the others in it\n"
	      "warning /mnt/p.conf:4: key 'group': 'listed' has members whose primary group may be another, and scope = "
	      "\"group\" goes by that: they would not share one set (scope = \"named:listed\")\n",
	      {"p.conf", "rules = ( { user = [ \"bin\", \"root\" ]; profile = \"p\"; tty = \"y\"; },\n"
	                 "  { user = \"r*\"; profile = \"p\"; },\n"
	                 "  { group = \"root\"; profile = \"p\"; },\n"
	                 "  { group = \"listed\"; profile = \"p\"; tty = \"y\"; },\n"
	                 "  { group = \"listed\"; profile = \"p\"; scope = \"named:listed\"; tty = \"x\"; },\n"
	                 "  { group = \"bin\"; profile = \"p\"; },\n"
	                 "  { user = \"root\"; tty = \"x\"; profile = \"p\"; scope = \"user\"; } );\n"
	                 "profiles = { p = { namespaces = [ \"pid\" ]; scope = \"group\"; }; };\n"});
}

static void examine_finds_what_keeps_later_mounts_out(void **state)
{
	FINDS("warning /mnt/p.conf:2: key 'path': with the mask on '/run/lock' later mounts of the host in /run do not reach the "
	      "set: no /run/user/UID of who comes when it is there\n",
	      {"p.conf",
	       "rules = ( { user = \"bin\"; profile = \"p\"; mounts = (\n"
	       "    { type = \"mask\"; path = \"/run/lock\"; optional = true; } ); },\n"
	       "  { user = \"sys\"; profile = \"p\"; mounts = ( { type = \"mask\"; path = \"/run/user\"; optional = true; },\n"
	       "    { type = \"mask\"; path = \"/run/lock\"; optional = true; } ); },\n"
	       "  { user = \"mail\"; profile = \"p\"; propagation = \"private\"; mounts = (\n"
	       "    { type = \"mask\"; path = \"/run/lock\"; optional = true; } ); },\n"
	       "  { user = \"news\"; profile = \"p\"; mounts = ( { type = \"mask\"; path = \"/mnt/file\"; } ); },\n"
	       "  { user = \"man\"; profile = \"p\"; scope = \"session\"; propagation = \"slave\"; mounts = (\n"
	       "    { type = \"mask\"; path = \"/run/lock\"; optional = true; } ); } );\n"
	       "profiles = { p = { namespaces = [ \"pid\" ]; scope = \"user\"; }; };\n"});
}

static void examine_files_that_are_not_trusted(void)
{
	make_files();
	CHILD_CHECK(chmod("/mnt/p.conf", 0666) == 0 && chmod("/mnt/p.d/users/root.conf", 0664) == 0);
	CHILD_CHECK(symlink("20.conf", "/mnt/p.d/10.conf") == 0 && mkfifo("/mnt/p.d/30.conf", 0600) == 0);
	CHILD_CHECK(mkdir("/mnt/p.d/40.conf", 0700) == 0);
	CHILD_CHECK(nsu_policy_examine("/mnt/p.conf", tell, NULL) == 0);
	if (strcmp(found, expected) != 0)
		dprintf(STDOUT_FILENO, "# expected:\n%s# found:\n%s", expected, found);
	CHILD_CHECK(strcmp(found, expected) == 0);
}

static void examine_finds_files_that_are_not_trusted(void **state)
{
	static const struct file these[] = {{"p.conf", "rules = ( );\n"},
	                                    {"p.d/20.conf", "rules = ( );\n"},
	                                    {"p.d/users/root.conf", "timeout = 900;\n"},
	                                    {NULL, NULL}};

	(void)state;
	SKIP_UNLESS_ROOT();
	files = these;
	expected = "error /mnt/p.conf: the file is not trusted: others than root can write it (chmod go-w)\n"
		   "error /mnt/p.d/10.conf: open '/mnt/p.d/10.conf': Too many levels of symbolic links\n"
		   "error /mnt/p.d/30.conf: not a regular file\n"
		   "error /mnt/p.d/40.conf: not a regular file\n"
		   "error /mnt/p.d/users/root.conf: the file is not trusted: others than root can write it (chmod "
		   "go-w)\n";
	assert_int_equal(in_child(examine_files_that_are_not_trusted), 0);
}

static void examine_says_when_there_is_no_policy(void **state)
{
	(void)state;
	found[0] = '\0';
	assert_int_equal(nsu_policy_examine("/etc/security/no-such-file", tell, NULL), 0);
	assert_non_null(strstr(found, "error /etc/security/no-such-file: open '/etc/security/no-such-file'"));
	found[0] = '\0';
	assert_int_equal(nsu_policy_examine("relative", tell, NULL), 0);
	assert_string_equal(found, "error relative: not a clean absolute path\n");
	found[0] = '\0';
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(examine_finds_nothing_in_a_good_policy),
	cmocka_unit_test(examine_goes_on_behind_each_mistake),
	cmocka_unit_test(examine_finds_names_that_do_not_exist),
	cmocka_unit_test(examine_finds_rules_that_are_never_reached),
	cmocka_unit_test(examine_finds_profiles_that_nobody_uses),
	cmocka_unit_test(examine_finds_sudo_with_the_pid_namespace),
	cmocka_unit_test(examine_finds_masks_that_proc_leads_behind),
	cmocka_unit_test(examine_finds_paths_that_no_mount_hides),
	cmocka_unit_test(examine_finds_places_that_logins_would_be_refused_for),
	cmocka_unit_test(examine_finds_a_net_that_is_not_there),
	cmocka_unit_test(examine_finds_a_veth_that_leads_nowhere),
	cmocka_unit_test(examine_finds_maps_without_what_a_login_needs),
	cmocka_unit_test(examine_finds_what_the_root_of_a_user_namespace_reaches),
	cmocka_unit_test(examine_finds_sets_that_are_not_shared_as_meant),
	cmocka_unit_test(examine_finds_who_should_not_share),
	cmocka_unit_test(examine_finds_what_keeps_later_mounts_out),
	cmocka_unit_test(examine_tells_what_does_not_fit_in_a_user_s_file),
	cmocka_unit_test(examine_tells_each_finding_once),
	cmocka_unit_test(examine_finds_files_that_are_not_trusted),
	cmocka_unit_test(examine_says_when_there_is_no_policy),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
