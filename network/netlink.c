/* SPDX-License-Identifier: BSD-3-Clause */
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proc.h"

#define MORE 1 /* of an answer that has not ended yet; otherwise 0 or -errno */

int nsu_netlink_open(struct nsu_netlink *netlink, int64_t deadline_ms, struct nsu_fail *fail)
{
	int on = 1;

	netlink->deadline_ms = deadline_ms;
	netlink->seq = 0;
	netlink->words[0] = '\0';
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return nsu_fail(fail, errno, "open a netlink socket");
	/* Words are good to have: without them the number has to do. */
	mnl_socket_setsockopt(netlink->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(netlink->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

void nsu_netlink_close(struct nsu_netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

void *nsu_netlink_begin(struct nsu_netlink *netlink, uint16_t type, uint16_t flags, size_t extra_size)
{
	netlink->request = mnl_nlmsg_put_header(netlink->request_buffer);
	netlink->request->nlmsg_type = type;
	netlink->request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	netlink->request->nlmsg_seq = ++netlink->seq;
	return mnl_nlmsg_put_extra_header(netlink->request, extra_size);
}

static int keep_words(const struct nlattr *attr, void *data)
{
	struct nsu_netlink *netlink = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(netlink->words, sizeof(netlink->words), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* The last message of an answer: an errno, or 0. What it answers is not repeated in it (NETLINK_CAP_ACK). */
static int end_of(struct nsu_netlink *netlink, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error))
		return -EBADMSG;
	if (message->nlmsg_flags & NLM_F_ACK_TLVS && message->nlmsg_flags & NLM_F_CAPPED)
		mnl_attr_parse(message, sizeof(*error), keep_words, netlink);
	return error->error;
}

static int read_part(struct nsu_netlink *netlink, size_t n, nsu_netlink_visitor visit, void *data)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)netlink->answer_buffer;
	int left = (int)n;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_seq != netlink->seq) /* an answer that came too late for one before */
			continue;
		if (message->nlmsg_type == NLMSG_ERROR)
			return end_of(netlink, message);
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type >= NLMSG_MIN_TYPE && visit)
			visit(message, data);
	}
	return MORE;
}

int nsu_netlink_run(struct nsu_netlink *netlink, nsu_netlink_visitor visit, void *data)
{
	struct nlmsghdr *request = netlink->request;
	int ret = MORE;

	netlink->words[0] = '\0';
	if ((request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (ret == MORE) {
		ssize_t n;

		ret = nsu_proc_await(mnl_socket_get_fd(netlink->socket), netlink->deadline_ms);
		if (ret < 0)
			return ret;
		n = mnl_socket_recvfrom(netlink->socket, netlink->answer_buffer, sizeof(netlink->answer_buffer));
		if (n < 0)
			return -errno;
		ret = read_part(netlink, (size_t)n, visit, data);
	}
	return ret;
}

int nsu_netlink_fail(const struct nsu_netlink *netlink, int ret, struct nsu_fail *fail, const char *format, ...)
{
	char what[NSU_FAIL_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (netlink->words[0])
		return nsu_fail_because(fail, -ret, "%s: %s (%s)", what, strerror(-ret), netlink->words);
	return nsu_fail(fail, -ret, "%s", what);
}
