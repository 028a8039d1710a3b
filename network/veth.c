/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. The name of the host's end is made of the session's address, and the kernel lets no two interfaces have one name: whoever
 *    made the interface has the address. There is no list of addresses, no lock, and nothing to clean up.
 * 2. One request makes the pair, the inner end in the session's net namespace: from its first moment on it ends with that.
 * 3. Neither end is up before the bridge knows whether it is isolated.
 */
#include "veth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "address.h"
#include "confine.h"
#include "interface.h"
#include "netlink.h"
#include "proc.h"

#define INNER_NAME "eth0"

/*
 * Of all outer ends: a bridge without an address of its own takes the lowest of its ports', and this one stays the same as
 * sessions come and go. High, so that it never wins against that of a real interface.
 */
static const unsigned char outer_mac[NSU_ADDRESS_MAC_LEN] = {0xfe, 'n', 's', 'u', 0, 1};

struct pair {
	const struct nsu_plan *plan;
	struct nsu_netlink *host, *session;
	int session_ns_fd;
	int bridge_index; /* 0: it is routed */
	uint32_t gateway;
	uint32_t address;
	char name[NSU_ADDRESS_NAME_SIZE]; /* of the outer end */
	int outer_index, inner_index;
	struct nsu_fail *fail;
};

/* Static: the buffers are too large for a stack that a hostile ulimit may have made small. */
static struct nsu_netlink host_netlink, session_netlink;

static int open_spaces(struct pair *pair, int helper_pidfd, int64_t deadline_ms)
{
	auto_close int own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct stat own, its;
	int ret;

	if (own_fd < 0)
		return nsu_fail(pair->fail, errno, "open '/proc/self/ns/net'");
	ret = nsu_netlink_open(pair->host, deadline_ms, pair->fail);
	if (ret < 0)
		return ret;
	if (setns(helper_pidfd, CLONE_NEWNET) < 0)
		return nsu_fail(pair->fail, errno, "join the net namespace of the session");
	pair->session_ns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (pair->session_ns_fd < 0 || fstat(own_fd, &own) < 0 || fstat(pair->session_ns_fd, &its) < 0)
		return nsu_fail(pair->fail, errno, "open the net namespace of the session");
	if (own.st_ino == its.st_ino)
		return nsu_fail_because(pair->fail, EINVAL, "the session has no net namespace of its own");
	ret = nsu_netlink_open(pair->session, deadline_ms, pair->fail);
	return ret < 0 ? ret : nsu_confine_keep(1ULL << CAP_NET_ADMIN, pair->fail);
}

static int find_bridge(struct pair *pair)
{
	const struct nsu_plan_net *net = &pair->plan->net;
	uint32_t own = 0;
	int ret;

	pair->gateway = net->pool + 1;
	if (net->bridge[0] == '\0')
		return 0;
	ret = nsu_interface_find(pair->host, net->bridge, "bridge", &pair->bridge_index);
	if (ret == -ENODEV)
		return nsu_fail_because(pair->fail, ENODEV,
		                        "there is no bridge '%s' (key 'net.bridge'; `ip link add %s type bridge`)",
		                        net->bridge, net->bridge);
	if (ret == -EMEDIUMTYPE)
		return nsu_fail_because(pair->fail, EMEDIUMTYPE, "the interface '%s' is no bridge (key 'net.bridge')",
		                        net->bridge);
	if (ret == 0)
		ret = nsu_interface_address_in(pair->host, pair->bridge_index, net->pool, net->prefix_len, &own);
	if (ret < 0)
		return nsu_netlink_fail(pair->host, ret, pair->fail, "look at the bridge '%s'", net->bridge);
	if (own != 0)
		pair->gateway = own;
	return 0;
}

static void put_end(struct nlmsghdr *request, const char *name, const unsigned char *mac, unsigned mtu)
{
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	mnl_attr_put(request, IFLA_ADDRESS, NSU_ADDRESS_MAC_LEN, mac);
	if (mtu > 0)
		mnl_attr_put_u32(request, IFLA_MTU, mtu);
}

/* Return: -EEXIST if the address is another session's. */
static int make_pair(struct pair *pair, uint32_t address)
{
	unsigned mtu = pair->plan->net.mtu;
	unsigned char inner_mac[NSU_ADDRESS_MAC_LEN];
	struct nlattr *info, *data, *peer;
	struct nlmsghdr *request;

	nsu_address_name(address, pair->name);
	nsu_address_mac(address, inner_mac);
	nsu_netlink_begin(pair->host, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	request = pair->host->request;
	put_end(request, pair->name, outer_mac, mtu);
	if (pair->bridge_index > 0)
		mnl_attr_put_u32(request, IFLA_MASTER, (uint32_t)pair->bridge_index);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_str(request, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	put_end(request, INNER_NAME, inner_mac, mtu);
	mnl_attr_put_u32(request, IFLA_NET_NS_FD, (uint32_t)pair->session_ns_fd);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	return nsu_netlink_run(pair->host, NULL, NULL);
}

static int fail_to_make(const struct pair *pair, int ret)
{
	if (ret == -EOPNOTSUPP)
		return nsu_fail_because(pair->fail, EOPNOTSUPP, "the kernel knows no veth (modprobe veth)");
	return nsu_netlink_fail(pair->host, ret, pair->fail, "make the interfaces '%s' and '%s'", pair->name,
	                        INNER_NAME);
}

/* Makes the pair for one address. Return: 0; -EEXIST: it can not be had; -errno. */
static int try_address(struct pair *pair, uint32_t address)
{
	char text[NSU_ADDRESS_TEXT_SIZE];
	bool is_local = false;
	int ret;

	if (nsu_proc_now_ms() >= pair->host->deadline_ms)
		return nsu_fail_because(pair->fail, ETIMEDOUT, "no free address was found in time");
	ret = nsu_interface_is_local(pair->host, address, &is_local);
	if (ret < 0)
		return nsu_netlink_fail(pair->host, ret, pair->fail, "ask whether %s is the host's",
		                        nsu_address_text(address, text));
	if (is_local)
		return -EEXIST;
	ret = make_pair(pair, address);
	return ret == 0 || ret == -EEXIST ? ret : fail_to_make(pair, ret);
}

static int find_address(struct pair *pair)
{
	const struct nsu_plan_net *net = &pair->plan->net;
	uint32_t count = nsu_address_count(net->prefix_len);
	char text[NSU_ADDRESS_TEXT_SIZE];

	for (uint32_t step = 0; step < count; step++) {
		uint32_t address = nsu_address_at(net->pool, net->prefix_len, pair->plan->uid, step);
		int ret = address == pair->gateway ? -EEXIST : try_address(pair, address);

		if (ret == 0)
			pair->address = address;
		if (ret != -EEXIST)
			return ret;
	}
	return nsu_fail_because(
		pair->fail, EADDRNOTAVAIL,
		"the pool %s/%u has no free address (key 'net.pool': a larger one, or fewer sessions at "
		"a time)",
		nsu_address_text(net->pool, text), net->prefix_len);
}

/* What an end needs, and what it is called. */
static int on_host(const struct pair *pair, int ret, const char *what)
{
	return ret < 0 ? nsu_netlink_fail(pair->host, ret, pair->fail, "%s '%s'", what, pair->name) : 0;
}

static int in_session(const struct pair *pair, int ret, const char *what)
{
	return ret < 0 ? nsu_netlink_fail(pair->session, ret, pair->fail, "%s '%s' of the session", what, INNER_NAME)
	               : 0;
}

static int set_up_outer(const struct pair *pair)
{
	const struct nsu_interface_route route = {
		.to = pair->address, .prefix_len = 32, .index = pair->outer_index, .source = pair->gateway};
	char alias[64]; /* for the administrator: whose it is */
	int ret = 0;

	snprintf(alias, sizeof(alias), "session %s of uid %u", pair->plan->id, (unsigned)pair->plan->uid);
	if (pair->bridge_index > 0)
		ret = on_host(pair, nsu_interface_isolate(pair->host, pair->outer_index, pair->plan->net.isolated),
		              "isolate on the bridge");
	else
		ret = on_host(pair, nsu_interface_add_address(pair->host, pair->outer_index, pair->gateway, 32),
		              "give the gateway's address to");
	if (ret == 0)
		ret = on_host(pair, nsu_interface_up(pair->host, pair->outer_index, alias), "bring up");
	if (ret == 0 && pair->bridge_index == 0)
		ret = on_host(pair, nsu_interface_add_route(pair->host, &route), "add the session's route by");
	return ret;
}

static int set_up_inner(const struct pair *pair)
{
	const struct nsu_plan_net *net = &pair->plan->net;
	bool is_routed = pair->bridge_index == 0;
	const struct nsu_interface_route to_gateway = {
		.to = pair->gateway, .prefix_len = 32, .index = pair->inner_index, .source = pair->address};
	const struct nsu_interface_route to_all = {.index = pair->inner_index, .by = pair->gateway};
	int ret;

	ret = in_session(pair,
	                 nsu_interface_add_address(pair->session, pair->inner_index, pair->address,
	                                           is_routed ? 32 : net->prefix_len),
	                 "give an address to");
	if (ret == 0)
		ret = in_session(pair, nsu_interface_up(pair->session, pair->inner_index, NULL), "bring up");
	if (ret == 0 && is_routed)
		ret = in_session(pair, nsu_interface_add_route(pair->session, &to_gateway),
		                 "add the route to the gateway by");
	if (ret == 0 && net->gateway)
		ret = in_session(pair, nsu_interface_add_route(pair->session, &to_all), "add the default route by");
	return ret;
}

static int set_up(struct pair *pair)
{
	int ret;

	ret = on_host(pair, nsu_interface_find(pair->host, pair->name, NULL, &pair->outer_index), "find");
	if (ret == 0)
		ret = in_session(pair, nsu_interface_find(pair->session, INNER_NAME, NULL, &pair->inner_index), "find");
	if (ret == 0)
		ret = set_up_outer(pair);
	if (ret == 0)
		ret = set_up_inner(pair);
	if (ret < 0 && nsu_interface_remove(pair->host, pair->name) < 0)
		return ret; /* it goes with the session's net namespace, whose helper is ended */
	return ret;
}

int nsu_veth_make(const struct nsu_plan *plan, int helper_pidfd, int64_t deadline_ms, uint32_t *ret_address,
                  struct nsu_fail *fail)
{
	struct pair pair = {
		.plan = plan,
		.host = &host_netlink,
		.session = &session_netlink,
		.session_ns_fd = -1,
		.fail = fail,
	};
	int ret;

	ret = open_spaces(&pair, helper_pidfd, deadline_ms);
	if (ret == 0)
		ret = find_bridge(&pair);
	if (ret == 0)
		ret = find_address(&pair);
	if (ret == 0)
		ret = set_up(&pair);
	if (ret == 0)
		*ret_address = pair.address;
	nsu_netlink_close(pair.host);
	nsu_netlink_close(pair.session);
	nsu_close_fd(&pair.session_ns_fd);
	return ret;
}
