/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. Process numbers must mean the same here and to systemd: the bus must be one that process 1 of this pid namespace has
 *    opened, and /proc that of this namespace.
 * 2. No call may wait past the deadline.
 */
#include "bus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proc.h"

/* Never 0, which sd-bus takes for its own limit of 25 seconds. */
static uint64_t remaining_us(const struct nsu_bus *bus)
{
	int64_t left_ms = bus->deadline_ms - nsu_proc_now_ms();

	return left_ms > 0 ? (uint64_t)left_ms * 1000 : 1;
}

static bool is_late(const struct nsu_bus *bus)
{
	return nsu_proc_now_ms() >= bus->deadline_ms;
}

int nsu_bus_fail(const struct nsu_bus *bus, const char *what, int ret, const sd_bus_error *error)
{
	if (ret == -ETIMEDOUT || is_late(bus))
		return nsu_fail_because(bus->fail, ETIMEDOUT, "%s: systemd has not answered in time (key 'timeout')",
		                        what);
	if (error && error->message)
		return nsu_fail_because(bus->fail, -ret, "%s: systemd says: %s", what, error->message);
	return nsu_fail(bus->fail, -ret, "%s", what);
}

int nsu_bus_work_until(const struct nsu_bus *bus, const bool *is_done, const char *what)
{
	for (;;) {
		int ret = is_done ? *is_done : sd_bus_is_ready(bus->bus);

		if (ret == 0)
			ret = sd_bus_process(bus->bus, NULL);
		else
			return ret < 0 ? nsu_bus_fail(bus, what, ret, NULL) : 0;
		if (ret == 0 && is_late(bus))
			ret = -ETIMEDOUT;
		else if (ret == 0)
			ret = sd_bus_wait(bus->bus, remaining_us(bus));
		if (ret < 0 && ret != -EINTR)
			return nsu_bus_fail(bus, what, ret, NULL);
	}
}

/* A bus that another process 1 has opened counts processes otherwise: it is that of the host around a container or session. */
static int check_numbers(const struct nsu_bus *bus)
{
	char link[16], own[16];
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);

	if (n < 0)
		return nsu_fail(bus->fail, errno, "read '/proc/self'");
	link[n] = '\0';
	snprintf(own, sizeof(own), "%d", (int)getpid());
	if (getsockopt(sd_bus_get_fd(bus->bus), SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return nsu_fail(bus->fail, errno, "look who has opened the system bus");
	if (peer.pid != 1 || strcmp(link, own) != 0)
		return nsu_fail_because(
			bus->fail, EXDEV,
			"no scope can be had from inside a pid namespace that systemd does not run, such as another "
			"session's (key 'nested')");
	return 0;
}

int nsu_bus_open(struct nsu_bus *bus)
{
	int ret = sd_bus_open_system(&bus->bus);

	if (ret < 0)
		return nsu_bus_fail(bus, "connect to the system bus, by which systemd is asked for a scope", ret, NULL);
	ret = sd_bus_set_method_call_timeout(bus->bus, remaining_us(bus));
	if (ret < 0)
		return nsu_bus_fail(bus, "limit the time of calls by D-Bus", ret, NULL);
	ret = nsu_bus_work_until(bus, NULL, "connect to the system bus");
	return ret < 0 ? ret : check_numbers(bus);
}

/* Nothing is left to send, since each call has waited for its reply; and a flush would wait for a silent bus without limit. */
void nsu_bus_close(struct nsu_bus *bus)
{
	bus->bus = sd_bus_close_unref(bus->bus);
}

int nsu_bus_call(const struct nsu_bus *bus, sd_bus_message *message, const char *what)
{
	auto_error sd_bus_error error = SD_BUS_ERROR_NULL;
	int ret = sd_bus_call(bus->bus, message, remaining_us(bus), &error, NULL);

	return ret < 0 ? nsu_bus_fail(bus, what, ret, &error) : 0;
}
