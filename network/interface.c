/* SPDX-License-Identifier: BSD-3-Clause */
#include "interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "address.h"

#define WHOLE_ADDRESS 32U

struct found {
	const char *kind;
	int index;
	bool is_of_kind;
};

static int look_at_kind(const struct nlattr *attr, void *data)
{
	struct found *found = data;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		found->is_of_kind = strcmp(mnl_attr_get_str(attr), found->kind) == 0;
	return MNL_CB_OK;
}

static int look_for_info(const struct nlattr *attr, void *data)
{
	return mnl_attr_get_type(attr) == IFLA_LINKINFO ? mnl_attr_parse_nested(attr, look_at_kind, data) : MNL_CB_OK;
}

static void see_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct found *found = data;

	found->index = info->ifi_index;
	if (found->kind)
		mnl_attr_parse(message, sizeof(*info), look_for_info, found);
}

int nsu_interface_find(struct nsu_netlink *netlink, const char *name, const char *kind, int *ret_index)
{
	struct found found = {.kind = kind, .is_of_kind = kind == NULL};
	int ret;

	nsu_netlink_begin(netlink, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(netlink->request, IFLA_IFNAME, name);
	ret = nsu_netlink_run(netlink, see_link, &found);
	if (ret < 0)
		return ret;
	if (!found.is_of_kind)
		return -EMEDIUMTYPE;
	*ret_index = found.index;
	return 0;
}

int nsu_interface_isolate(struct nsu_netlink *netlink, int index, bool isolated)
{
	struct ifinfomsg *info = nsu_netlink_begin(netlink, RTM_SETLINK, 0, sizeof(*info));
	struct nlattr *port;

	info->ifi_family = AF_BRIDGE;
	info->ifi_index = index;
	port = mnl_attr_nest_start(netlink->request, IFLA_PROTINFO);
	mnl_attr_put_u8(netlink->request, IFLA_BRPORT_ISOLATED, isolated);
	mnl_attr_nest_end(netlink->request, port);
	return nsu_netlink_run(netlink, NULL, NULL);
}

int nsu_interface_up(struct nsu_netlink *netlink, int index, const char *alias)
{
	struct ifinfomsg *info = nsu_netlink_begin(netlink, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	if (alias)
		mnl_attr_put_strz(netlink->request, IFLA_IFALIAS, alias);
	return nsu_netlink_run(netlink, NULL, NULL);
}

static void put_address(struct nsu_netlink *netlink, uint16_t type, uint32_t address)
{
	mnl_attr_put_u32(netlink->request, type, htonl(address));
}

int nsu_interface_add_address(struct nsu_netlink *netlink, int index, uint32_t address, unsigned prefix_len)
{
	struct ifaddrmsg *info =
		nsu_netlink_begin(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifaddrmsg));

	info->ifa_family = AF_INET;
	info->ifa_prefixlen = (unsigned char)prefix_len;
	info->ifa_index = (unsigned)index;
	put_address(netlink, IFA_LOCAL, address);
	put_address(netlink, IFA_ADDRESS, address);
	if (prefix_len < WHOLE_ADDRESS)
		put_address(netlink, IFA_BROADCAST, nsu_address_broadcast(address, prefix_len));
	return nsu_netlink_run(netlink, NULL, NULL);
}

int nsu_interface_add_route(struct nsu_netlink *netlink, const struct nsu_interface_route *route)
{
	struct rtmsg *info = nsu_netlink_begin(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*info));

	info->rtm_family = AF_INET;
	info->rtm_dst_len = (unsigned char)route->prefix_len;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = RTPROT_STATIC;
	info->rtm_scope = route->by ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	info->rtm_type = RTN_UNICAST;
	if (route->prefix_len > 0)
		put_address(netlink, RTA_DST, route->to);
	if (route->by)
		put_address(netlink, RTA_GATEWAY, route->by);
	if (route->source)
		put_address(netlink, RTA_PREFSRC, route->source);
	mnl_attr_put_u32(netlink->request, RTA_OIF, (uint32_t)route->index);
	return nsu_netlink_run(netlink, NULL, NULL);
}

struct wanted {
	int index;
	uint32_t network;
	unsigned prefix_len;
	uint32_t address; /* 0: not found yet */
};

static int look_at_address(const struct nlattr *attr, void *data)
{
	struct wanted *wanted = data;
	uint32_t address;

	if (mnl_attr_get_type(attr) != IFA_LOCAL || mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return MNL_CB_OK;
	address = ntohl(mnl_attr_get_u32(attr));
	if (wanted->address == 0 && nsu_address_is_in(address, wanted->network, wanted->prefix_len))
		wanted->address = address;
	return MNL_CB_OK;
}

static void see_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct wanted *wanted = data;

	if ((int)info->ifa_index == wanted->index)
		mnl_attr_parse(message, sizeof(*info), look_at_address, data);
}

int nsu_interface_address_in(struct nsu_netlink *netlink, int index, uint32_t network, unsigned prefix_len,
                             uint32_t *ret_address)
{
	struct wanted wanted = {.index = index, .network = network, .prefix_len = prefix_len};
	struct ifaddrmsg *info = nsu_netlink_begin(netlink, RTM_GETADDR, NLM_F_DUMP, sizeof(*info));
	int ret;

	info->ifa_family = AF_INET;
	ret = nsu_netlink_run(netlink, see_address, &wanted);
	if (ret == 0)
		*ret_address = wanted.address;
	return ret;
}

static void see_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);

	*(unsigned char *)data = info->rtm_type;
}

int nsu_interface_is_local(struct nsu_netlink *netlink, uint32_t address, bool *ret_local)
{
	struct rtmsg *info = nsu_netlink_begin(netlink, RTM_GETROUTE, 0, sizeof(*info));
	unsigned char type = RTN_UNSPEC;
	int ret;

	info->rtm_family = AF_INET;
	info->rtm_dst_len = WHOLE_ADDRESS;
	put_address(netlink, RTA_DST, address);
	ret = nsu_netlink_run(netlink, see_route, &type);
	if (ret == -ENETUNREACH || ret == -EHOSTUNREACH || ret == -EACCES || ret == -EINVAL)
		ret = 0; /* no route, or one that refuses */
	if (ret == 0)
		*ret_local = type == RTN_LOCAL || type == RTN_BROADCAST;
	return ret;
}

int nsu_interface_remove(struct nsu_netlink *netlink, const char *name)
{
	nsu_netlink_begin(netlink, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(netlink->request, IFLA_IFNAME, name);
	return nsu_netlink_run(netlink, NULL, NULL);
}
