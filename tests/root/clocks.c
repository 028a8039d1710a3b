/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clocks [only]: what each clock says, in seconds, by vDSO and by system call; then, without "only", each way to wait a
 * fifth of a second on one, relative or until a time, and what it took of the clock that no namespace changes.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 200000000L

static const struct {
	const char *name;
	clockid_t id;
	bool can_wait;
} clocks[] = {
	{"realtime", CLOCK_REALTIME, true},
	{"monotonic", CLOCK_MONOTONIC, true},
	{"boottime", CLOCK_BOOTTIME, true},
	{"monotonic-raw", CLOCK_MONOTONIC_RAW, false},
	{"monotonic-coarse", CLOCK_MONOTONIC_COARSE, false},
};

static int64_t now_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct timespec soon(clockid_t id, bool is_absolute)
{
	struct timespec at = {0};

	if (is_absolute)
		clock_gettime(id, &at);
	at.tv_nsec += WAIT_NS;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

static void wait_by_sleep(clockid_t id, bool is_absolute)
{
	struct timespec at = soon(id, is_absolute);

	clock_nanosleep(id, is_absolute ? TIMER_ABSTIME : 0, &at, NULL);
}

static void wait_by_timerfd(clockid_t id, bool is_absolute)
{
	struct itimerspec at = {.it_value = soon(id, is_absolute)};
	int fd = timerfd_create(id, TFD_CLOEXEC);
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	timerfd_settime(fd, is_absolute ? TFD_TIMER_ABSTIME : 0, &at, NULL);
	poll(&pfd, 1, 5000);
	close(fd);
}

static void say_wait(const char *how, const char *clock, int64_t began)
{
	int64_t took = now_ms(CLOCK_REALTIME) - began;

	printf("wait %s %s %s\n", how, clock, took >= 190 && took < 3000 ? "ok" : "WRONG");
}

int main(int argc, char **argv)
{
	struct sysinfo info;
	struct timeval timeout = {.tv_usec = WAIT_NS / 1000};
	int64_t began;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		struct timespec called;

		syscall(SYS_clock_gettime, clocks[i].id, &called);
		printf("clock %s %lld\n", clocks[i].name, (long long)(now_ms(clocks[i].id) / 1000));
		if (called.tv_sec - now_ms(clocks[i].id) / 1000 < -1 || called.tv_sec - now_ms(clocks[i].id) / 1000 > 1)
			printf("WRONG: the system call says %lld\n", (long long)called.tv_sec);
	}
	sysinfo(&info);
	printf("clock sysinfo %ld\n", info.uptime);
	if (argc > 1 && strcmp(argv[1], "only") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		for (int is_absolute = 0; clocks[i].can_wait && is_absolute < 2; is_absolute++) {
			began = now_ms(CLOCK_REALTIME);
			wait_by_sleep(clocks[i].id, is_absolute);
			say_wait(is_absolute ? "nanosleep-until" : "nanosleep", clocks[i].name, began);
			began = now_ms(CLOCK_REALTIME);
			wait_by_timerfd(clocks[i].id, is_absolute);
			say_wait(is_absolute ? "timerfd-until" : "timerfd", clocks[i].name, began);
		}
	}
	began = now_ms(CLOCK_REALTIME);
	poll(NULL, 0, WAIT_NS / 1000000);
	say_wait("poll", "-", began);
	began = now_ms(CLOCK_REALTIME);
	select(0, NULL, NULL, NULL, &timeout);
	say_wait("select", "-", began);
	return 0;
}
