/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. The helper's number is believed only if its process lives before and after systemd was told it.
 * 2. What is in a shared set, its PID 1 too, must never depend on the session of logind's of one of its logins.
 */
#include "scope.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bus.h"
#include "cgroup.h"
#include "control.h"
#include "fsat.h"
#include "leaf.h"
#include "proc.h"
#include "text.h"

#define SYSTEMD         "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"
#define LOGIND          "org.freedesktop.login1"
#define LOGIND_PATH     "/org/freedesktop/login1"
#define LOGIND_SESSION  LOGIND ".Session"
#define UNIT_NAME_MAX   256 /* systemd's limit, with the NUL */

struct work {
	const struct nsu_scope *scope;
	struct nsu_bus bus;
	char unit[UNIT_NAME_MAX];
	bool is_done; /* the job of the unit; then its result */
	char result[32];
};

/* Is this the scope of a session of logind's? */
static bool is_its_scope(const struct work *work, const char *session, const char *unit)
{
	auto_free char *scope = NULL;
	int ret = sd_bus_get_property_string(work->bus.bus, LOGIND, session, LOGIND_SESSION, "Scope", NULL, &scope);

	return ret >= 0 && strcmp(scope, unit) == 0;
}

/* Does the opener lead it, and is it the plan's user's? */
static bool is_leader(const struct work *work, const char *session)
{
	auto_message sd_bus_message *user = NULL;
	uint32_t leader = 0, uid = UINT32_MAX;

	if (sd_bus_get_property_trivial(work->bus.bus, LOGIND, session, LOGIND_SESSION, "Leader", NULL, 'u', &leader) <
	    0)
		return false;
	if (sd_bus_get_property(work->bus.bus, LOGIND, session, LOGIND_SESSION, "User", NULL, &user, "(uo)") < 0 ||
	    sd_bus_message_read(user, "(uo)", &uid, NULL) < 0)
		return false;
	return leader == (uint32_t)work->scope->opener && uid == work->scope->plan->uid;
}

/*
 * The opener's own session of logind's, which it has just opened: a scope with it in it and nobody else's. This process is in the
 * same. Without logind, or for whatever it does not say, there is none.
 */
static bool find_session(struct work *work, const char *cgroup)
{
	auto_message sd_bus_message *reply = NULL;
	const char *unit = strrchr(cgroup, '/') + 1; /* of an absolute path */
	const char *session;
	int ret;

	ret = sd_bus_call_method(work->bus.bus, LOGIND, LOGIND_PATH, LOGIND ".Manager", "GetSessionByPID", NULL, &reply,
	                         "u", (uint32_t)work->scope->opener);
	if (ret < 0 || sd_bus_message_read(reply, "o", &session) < 0)
		return false;
	if (!is_leader(work, session) || !is_its_scope(work, session, unit))
		return false;
	snprintf(work->unit, sizeof(work->unit), "%s", unit);
	return true;
}

/* Return: 0, or negative errno, which sd-bus keeps and says again when the message is sent. */
static int append_limits(sd_bus_message *message, const struct nsu_plan_limits *limits)
{
	int ret = 0;

	if (limits->memory_bytes)
		ret = sd_bus_message_append(message, "(sv)(sv)", "MemoryMax", "t", limits->memory_bytes,
		                            "MemorySwapMax", "t", (uint64_t)0);
	if (ret >= 0 && limits->tasks)
		ret = sd_bus_message_append(message, "(sv)", "TasksMax", "t", (uint64_t)limits->tasks);
	if (ret >= 0 && limits->cpu_weight)
		ret = sd_bus_message_append(message, "(sv)", "CPUWeight", "t", (uint64_t)limits->cpu_weight);
	return ret;
}

static int limit_session(const struct work *work)
{
	static const char what[] = "set the limits of the login's scope";
	auto_message sd_bus_message *message = NULL;
	int ret;

	ret = sd_bus_message_new_method_call(work->bus.bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
	                                     "SetUnitProperties");
	if (ret >= 0)
		ret = sd_bus_message_append(message, "sb", work->unit, 1 /* until it ends, not for ever */);
	if (ret >= 0)
		ret = sd_bus_message_open_container(message, 'a', "(sv)");
	if (ret >= 0)
		ret = append_limits(message, &work->scope->plan->limits);
	if (ret >= 0)
		ret = sd_bus_message_close_container(message);
	return ret < 0 ? nsu_bus_fail(&work->bus, what, ret, NULL) : nsu_bus_call(&work->bus, message, what);
}

/* The helper's number; this process sees it because both have the same process 1 (check_numbers). */
static int number_helper(const struct work *work, uint32_t *ret_number)
{
	char path[48], text[512];
	const char *found;
	uint64_t number;
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", work->scope->helper_pidfd);
	ret = nsu_control_read(AT_FDCWD, path, text, sizeof(text));
	if (ret < 0)
		return nsu_fail(work->bus.fail, -ret, "read the helper's process number");
	found = strstr(text, "\nPid:\t");
	if (!found)
		return nsu_fail_because(work->bus.fail, EPROTO, "what came with the plan is not the helper's pidfd");
	found += strlen("\nPid:\t");
	text[(size_t)(found - text) + strcspn(found, "\n")] = '\0';
	if (nsu_text_to_number(found, 1, INT32_MAX, &number) < 0) /* -1: dead and reaped */
		return nsu_fail_because(work->bus.fail, ESRCH, "the helper has ended");
	*ret_number = (uint32_t)number;
	return 0;
}

static int check_helper(const struct work *work)
{
	if (nsu_proc_await(work->scope->helper_pidfd, 0) != -ETIMEDOUT)
		return nsu_fail_because(work->bus.fail, ESRCH, "the helper has ended");
	return 0;
}

static int describe_scope(sd_bus_message *message, const struct nsu_plan *plan)
{
	char text[NSU_NAME_MAX + 96];

	if (plan->scope == NSU_PLAN_SCOPE_GROUP)
		snprintf(text, sizeof(text), "pam_nsunshare set %s of group %u", plan->id, (unsigned)plan->scope_gid);
	else if (plan->scope == NSU_PLAN_SCOPE_NAMED)
		snprintf(text, sizeof(text), "pam_nsunshare set %s named %s", plan->id, plan->scope_name);
	else
		snprintf(text, sizeof(text), "pam_nsunshare %s %s of user %u",
		         nsu_plan_is_shared(plan) ? "set" : "session", plan->id, (unsigned)plan->uid);
	return sd_bus_message_append(message, "(sv)", "Description", "s", text);
}

/*
 * In the slice of the user, so that what the administrator limits for all of a user holds too; and logind stops none of that at
 * his last logout but what is its own. A set of several users is nobody's.
 */
static int place_scope(sd_bus_message *message, const struct nsu_plan *plan)
{
	char slice[48] = NSU_LIMITS_SLICE;

	if (!nsu_plan_is_common(plan))
		snprintf(slice, sizeof(slice), "user-%u.slice", (unsigned)plan->uid);
	return sd_bus_message_append(message, "(sv)", "Slice", "s", slice);
}

/*
 * How systemd stops a set that nothing else ends: at shutdown, or by `systemctl stop`. PID 1 takes its SIGTERM for the order to
 * end; who is still there some time after stop_timeout is killed.
 */
static int append_stop(sd_bus_message *message, const struct nsu_plan *plan)
{
	uint64_t stop_us = (plan->stop_timeout_ms + NSU_SCOPE_STOP_MS) * 1000ULL;

	if (!nsu_plan_is_shared(plan))
		return 0;
	return sd_bus_message_append(message, "(sv)", "TimeoutStopUSec", "t", stop_us);
}

/* Its cgroup is delegated, since the session's leaf is ours; no controllers for that are needed. */
static int append_scope(sd_bus_message *message, const struct work *work, uint32_t helper)
{
	const struct nsu_plan *plan = work->scope->plan;
	int ret;

	ret = sd_bus_message_append(message, "ss", work->unit, "fail");
	if (ret >= 0)
		ret = sd_bus_message_open_container(message, 'a', "(sv)");
	if (ret >= 0)
		ret = describe_scope(message, plan);
	if (ret >= 0)
		ret = place_scope(message, plan);
	if (ret >= 0)
		ret = append_stop(message, plan);
	if (ret >= 0)
		ret = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)", "CollectMode", "s", "inactive-or-failed",
		                            "SendSIGHUP", "b", 1, "DelegateControllers", "as", 0, "PIDs", "au", 1,
		                            helper);
	if (ret >= 0 && !plan->limits.tasks) /* what systemd gives a service where nobody says more */
		ret = sd_bus_message_append(message, "(sv)", "TasksMax", "t", UINT64_MAX);
	if (ret >= 0)
		ret = append_limits(message, &plan->limits);
	if (ret >= 0)
		ret = sd_bus_message_close_container(message);
	return ret < 0 ? ret : sd_bus_message_append(message, "a(sa(sv))", 0);
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct work *work = userdata;
	const char *job, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0 && strcmp(unit, work->unit) == 0) {
		snprintf(work->result, sizeof(work->result), "%s", result);
		work->is_done = true;
	}
	return 0;
}

static int subscribe(struct work *work)
{
	static const char what[] = "watch what systemd does";
	auto_message sd_bus_message *message = NULL;
	int ret;

	ret = sd_bus_match_signal(work->bus.bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved",
	                          on_job_removed, work);
	if (ret >= 0)
		ret = sd_bus_message_new_method_call(work->bus.bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
		                                     "Subscribe");
	return ret < 0 ? nsu_bus_fail(&work->bus, what, ret, NULL) : nsu_bus_call(&work->bus, message, what);
}

static int start_scope(struct work *work)
{
	static const char what[] = "start a scope for the session";
	auto_message sd_bus_message *message = NULL;
	uint32_t helper = 0;
	int ret;

	snprintf(work->unit, sizeof(work->unit), "nsunshare-%s.scope", work->scope->plan->id);
	ret = subscribe(work);
	if (ret == 0)
		ret = number_helper(work, &helper);
	if (ret == 0)
		ret = check_helper(work);
	if (ret < 0)
		return ret;
	ret = sd_bus_message_new_method_call(work->bus.bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
	                                     "StartTransientUnit");
	if (ret >= 0)
		ret = append_scope(message, work, helper);
	if (ret < 0)
		return nsu_bus_fail(&work->bus, what, ret, NULL);
	ret = nsu_bus_call(&work->bus, message, what);
	if (ret == 0)
		ret = nsu_bus_work_until(&work->bus, &work->is_done, what);
	if (ret == 0)
		ret = check_helper(work);
	if (ret == 0 && strcmp(work->result, "done") != 0)
		return nsu_fail_because(work->bus.fail, EIO, "%s: systemd says '%s' of %s (see its journal)", what,
		                        work->result, work->unit);
	return ret;
}

static int open_scope(const struct work *work, int *ret_dirfd)
{
	static const char what[] = "ask systemd where the session's scope is";
	auto_error sd_bus_error error = SD_BUS_ERROR_NULL;
	auto_free char *object = NULL;
	auto_free char *path = NULL;
	int ret;

	ret = sd_bus_path_encode(SYSTEMD_PATH "/unit", work->unit, &object);
	if (ret >= 0)
		ret = sd_bus_get_property_string(work->bus.bus, SYSTEMD, object, SYSTEMD ".Scope", "ControlGroup",
		                                 &error, &path);
	if (ret < 0)
		return nsu_bus_fail(&work->bus, what, ret, &error);
	if (!nsu_text_is_path(path))
		return nsu_fail_because(work->bus.fail, EPROTO, "%s: it has no cgroup", what);
	ret = nsu_fsat_open_target(work->scope->mount_dirfd, path + 1, ret_dirfd);
	return ret < 0 ? nsu_fail(work->bus.fail, -ret, "open the cgroup '%s'", path) : 0;
}

/* What is in the scope is ours. One that is there already was another session's, which is over, or is not. */
static int make_leaf(const struct work *work, int *ret_dirfd)
{
	auto_close int dirfd = -1;
	int ret;

	ret = open_scope(work, &dirfd);
	if (ret == 0)
		ret = nsu_control_await(work->scope->plan, dirfd, work->scope->deadline_ms, work->bus.fail);
	if (ret < 0)
		return ret;
	ret = nsu_leaf_make(dirfd, true, ret_dirfd);
	if (ret == -EWOULDBLOCK)
		return nsu_fail_because(work->bus.fail, EBUSY,
		                        "the login's scope %s holds a session with limits already", work->unit);
	return ret < 0 ? nsu_fail(work->bus.fail, -ret, "make the cgroup of the session in %s", work->unit) : 0;
}

static int make(struct work *work, int *ret_dirfd)
{
	char text[2 * NSU_PATH_MAX];
	const char *cgroup = "/";
	bool is_shared = nsu_plan_is_shared(work->scope->plan);
	int ret = 0;

	if (!is_shared)
		ret = nsu_cgroup_own_path(text, sizeof(text), &cgroup, work->bus.fail);
	if (ret == 0)
		ret = nsu_bus_open(&work->bus);
	if (ret < 0)
		return ret;
	ret = !is_shared && find_session(work, cgroup) ? limit_session(work) : start_scope(work);
	return ret < 0 || !nsu_plan_has_limits(work->scope->plan) ? ret : make_leaf(work, ret_dirfd);
}

int nsu_scope_make(const struct nsu_scope *scope, int *ret_dirfd, struct nsu_fail *fail)
{
	struct work work = {.scope = scope, .bus = {.deadline_ms = scope->deadline_ms, .fail = fail}};
	int ret = make(&work, ret_dirfd);

	nsu_bus_close(&work.bus);
	return ret;
}
