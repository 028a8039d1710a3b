/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G26. */
/* What nsunshare-net makes, from a child that stands for it, in a net namespace of its own that stands for the host's. */
#include "support.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "interface.h"
#include "named.h"
#include "netlink.h"
#include "plan.h"
#include "proc.h"
#include "veth.h"

#define POOL 0x0a420000U /* 10.66.0.0 */

static struct nsu_plan plan;
static uint32_t made_address;
static struct nsu_fail record;
static struct nsu_netlink netlink;

static int64_t soon(void)
{
	return nsu_proc_now_ms() + 5000;
}

static void new_plan(unsigned prefix_len)
{
	nsu_plan_init(&plan);
	plan.namespaces = CLONE_NEWNS | CLONE_NEWNET;
	plan.uid = 1000;
	plan.id = "0123456789abcdef";
	plan.net.mode = NSU_PLAN_NET_VETH;
	plan.net.pool = POOL;
	plan.net.prefix_len = prefix_len;
	plan.net.gateway = true;
}

static void begin(unsigned prefix_len)
{
	CHILD_CHECK(unshare(CLONE_NEWNET) == 0);
	new_plan(prefix_len);
}

/* A process in a net namespace of its own, as the helper is; it ends with this one. */
static int start_helper(void)
{
	int ready[2], pidfd;
	char byte;
	pid_t pid;

	CHILD_CHECK(pipe2(ready, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	CHILD_CHECK(pid > 0 && read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHILD_CHECK(pidfd >= 0);
	return pidfd;
}

/* In a child of its own, which ends in the session's net namespace. */
static int helper_pidfd;
static const char *wanted_address; /* of eth0 in the session; NULL: it has to fail */
static const char *wanted_word;    /* with a text that has this word */

static void check_inside(void)
{
	struct ifaddrs *all, *each;
	bool has_address = false;

	CHILD_CHECK(getifaddrs(&all) == 0);
	for (each = all; each; each = each->ifa_next) {
		const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)each->ifa_addr;
		char text[INET_ADDRSTRLEN];

		if (!address || address->sin_family != AF_INET || strcmp(each->ifa_name, "eth0") != 0)
			continue;
		inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text));
		has_address = strcmp(text, wanted_address) == 0 && (each->ifa_flags & IFF_UP);
	}
	freeifaddrs(all);
	CHILD_CHECK(has_address);
}

static void make_one(void)
{
	int n = count_fds();
	int ret = nsu_veth_make(&plan, helper_pidfd, soon(), &made_address, &record);

	if (wanted_address) {
		CHILD_CHECK_OK(ret, &record);
		check_inside();
	} else if (ret >= 0 || !strstr(record.text, wanted_word)) {
		dprintf(child_report_fd, "# it says: %s\n", record.text);
		_exit(1);
	}
	CHILD_CHECK(count_fds() == n);
	/* nothing but CAP_NET_ADMIN is left */
	CHILD_CHECK(wanted_word || (unshare(CLONE_NEWNS) < 0 && errno == EPERM));
}

static void gets(const char *address)
{
	wanted_address = address;
	wanted_word = NULL;
	CHILD_CHECK(in_child(make_one) == 0);
}

static void fails(const char *word)
{
	wanted_address = NULL;
	wanted_word = word;
	CHILD_CHECK(in_child(make_one) == 0);
}

static void route(void)
{
	int first, second;

	begin(30);
	first = helper_pidfd = start_helper();
	gets("10.66.0.2");
	CHILD_CHECK(if_nametoindex("nsu0a420002") > 0);
	second = helper_pidfd = start_helper();
	fails("the pool 10.66.0.0/30 has no free address");
	nsu_proc_kill(first);
	for (int i = 0; i < 100 && if_nametoindex("nsu0a420002") > 0; i++)
		usleep(20000); /* the kernel takes it away by and by */
	CHILD_CHECK(if_nametoindex("nsu0a420002") == 0);
	helper_pidfd = second;
	gets("10.66.0.2");
}

static void add_bridge(const char *name)
{
	struct nlattr *info;

	nsu_netlink_begin(&netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(netlink.request, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(netlink.request, IFLA_LINKINFO);
	mnl_attr_put_str(netlink.request, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(netlink.request, info);
	CHILD_CHECK(nsu_netlink_run(&netlink, NULL, NULL) == 0);
}

static void bridge(void)
{
	uint32_t address = 0;
	bool is_local = false;
	int index = 0;

	begin(29);
	CHILD_CHECK_OK(nsu_netlink_open(&netlink, soon(), &record), &record);
	plan.net.bridge = "br7";
	helper_pidfd = start_helper();
	fails("there is no bridge 'br7'");
	CHILD_CHECK(nsu_interface_find(&netlink, "br7", NULL, &index) == -ENODEV);
	CHILD_CHECK(nsu_interface_find(&netlink, "lo", "bridge", &index) == -EMEDIUMTYPE && index == 0);
	plan.net.bridge = "lo";
	fails("'lo' is no bridge");
	plan.net.bridge = "br7";
	add_bridge("br7");
	CHILD_CHECK(nsu_interface_find(&netlink, "br7", "bridge", &index) == 0 && index > 0);
	CHILD_CHECK(nsu_interface_address_in(&netlink, index, POOL, 29, &address) == 0 && address == 0);
	CHILD_CHECK(nsu_interface_add_address(&netlink, index, POOL + 3, 29) == 0);
	CHILD_CHECK(nsu_interface_add_address(&netlink, index, POOL + 3, 29) == -EEXIST);
	CHILD_CHECK(nsu_interface_up(&netlink, index, "for a test") == 0);
	CHILD_CHECK(nsu_interface_address_in(&netlink, index, POOL, 29, &address) == 0 && address == POOL + 3);
	CHILD_CHECK(nsu_interface_is_local(&netlink, POOL + 3, &is_local) == 0 && is_local);
	CHILD_CHECK(nsu_interface_is_local(&netlink, POOL + 2, &is_local) == 0 && !is_local);
	CHILD_CHECK(nsu_interface_is_local(&netlink, POOL + 7, &is_local) == 0 && is_local);
	CHILD_CHECK(nsu_interface_is_local(&netlink, 0x01010101, &is_local) == 0 && !is_local);
	gets("10.66.0.1");
}

/* A failure half-way: the address's route is there already. */
static void fail_half_way(void)
{
	struct nsu_interface_route in_the_way = {.to = POOL + 2, .prefix_len = 32};
	int index = 0;

	begin(30);
	CHILD_CHECK_OK(nsu_netlink_open(&netlink, soon(), &record), &record);
	CHILD_CHECK(nsu_interface_find(&netlink, "lo", NULL, &index) == 0);
	CHILD_CHECK(nsu_interface_up(&netlink, index, NULL) == 0);
	in_the_way.index = index;
	CHILD_CHECK(nsu_interface_add_route(&netlink, &in_the_way) == 0);
	helper_pidfd = start_helper();
	fails("add the session's route by 'nsu0a420002'");
	CHILD_CHECK(if_nametoindex("nsu0a420002") == 0);
}

static void refuse_own(void)
{
	begin(30);
	helper_pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	fails("has no net namespace of its own");
}

static void be_late(void)
{
	begin(16);
	helper_pidfd = start_helper();
	CHILD_CHECK(nsu_veth_make(&plan, helper_pidfd, nsu_proc_now_ms() - 1, &made_address, &record) == -ETIMEDOUT);
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void make_named(void)
{
	CHILD_CHECK_OK(nsu_named_make("blue", soon(), &record), &record);
}

static void name(void)
{
	ino_t first;

	own_mounts();
	CHILD_CHECK(in_child(make_named) == 0);
	first = inode_of(NSU_NETNS_DIR "/blue");
	CHILD_CHECK(first > 0 && first != ns_inode("self", "net"));
	CHILD_CHECK(mountinfo_says(NSU_NETNS_DIR, "shared:"));
	CHILD_CHECK(in_child(make_named) == 0 && inode_of(NSU_NETNS_DIR "/blue") == first);
	CHILD_CHECK(umount2(NSU_NETNS_DIR "/blue", MNT_DETACH) == 0); /* as a maker leaves it that was killed */
	CHILD_CHECK(in_child(make_named) == 0);
	CHILD_CHECK(inode_of(NSU_NETNS_DIR "/blue") > 0 && mountinfo_says(NSU_NETNS_DIR "/blue", "nsfs"));
}

static void make_named_in_vain(void)
{
	CHILD_CHECK(nsu_named_make("blue", nsu_proc_now_ms() + 50, &record) < 0);
	CHILD_CHECK(strstr(record.text, wanted_word));
}

static void refuse_to_name(void)
{
	own_mounts();
	CHILD_CHECK(mkdir(NSU_NETNS_DIR, 0755) == 0 && chown(NSU_NETNS_DIR, 1000, 1000) == 0);
	wanted_word = "'" NSU_NETNS_DIR "' does not belong to root";
	CHILD_CHECK(in_child(make_named_in_vain) == 0);
	CHILD_CHECK(rmdir(NSU_NETNS_DIR) == 0 && symlink("/tmp", NSU_NETNS_DIR) == 0);
	wanted_word = "open '" NSU_NETNS_DIR "'";
	CHILD_CHECK(in_child(make_named_in_vain) == 0);
	CHILD_CHECK(unlink(NSU_NETNS_DIR) == 0 && mkdir(NSU_NETNS_DIR, 0755) == 0);
	CHILD_CHECK(mkdir(NSU_RUN_DIR, 0700) == 0);
	CHILD_CHECK(flock(open(NSU_RUN_DIR, O_RDONLY | O_CLOEXEC), LOCK_EX) == 0);
	wanted_word = "for too long";
	CHILD_CHECK(in_child(make_named_in_vain) == 0);
}

TEST_IN_CHILD(veth_gives_an_address_once_and_again_when_it_is_free, route)
TEST_IN_CHILD(veth_finds_its_bridge_and_what_belongs_to_the_host, bridge)
TEST_IN_CHILD(veth_leaves_nothing_when_it_fails_half_way, fail_half_way)
TEST_IN_CHILD(veth_refuses_a_helper_in_its_own_net_namespace, refuse_own)
TEST_IN_CHILD(veth_ends_at_its_deadline, be_late)
TEST_IN_CHILD(named_makes_one_and_leaves_it_alone_and_mends_it, name)
TEST_IN_CHILD(named_refuses_a_directory_that_is_not_of_root_alone, refuse_to_name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(veth_gives_an_address_once_and_again_when_it_is_free),
		cmocka_unit_test(veth_finds_its_bridge_and_what_belongs_to_the_host),
		cmocka_unit_test(veth_leaves_nothing_when_it_fails_half_way),
		cmocka_unit_test(veth_refuses_a_helper_in_its_own_net_namespace),
		cmocka_unit_test(veth_ends_at_its_deadline),
		cmocka_unit_test(named_makes_one_and_leaves_it_alone_and_mends_it),
		cmocka_unit_test(named_refuses_a_directory_that_is_not_of_root_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
