/* SPDX-License-Identifier: BSD-3-Clause */
/* Every key of a rule, a profile and a user's file: its name, kind, place and limits. Those of mounts: policy_mount.c. */
#include "policy_value.h"

#define IN(type, member) .offset = offsetof(struct type, member)
#define SET(member)      IN(nsu_settings, member)
#define KEY(name)        .key = NSU_KEY_##name

static const unsigned hidepids[] = {NSU_PLAN_HIDEPID_OFF, NSU_PLAN_HIDEPID_NOACCESS, NSU_PLAN_HIDEPID_INVISIBLE,
                                    NSU_PLAN_HIDEPID_PTRACEABLE};

/* In the order of enum nsu_plan_net_mode, enum nsu_plan_scope. */
static const char net_modes[] = "loopback|named:NAME|veth";
static const char scopes[] = "session|user|group|named:NAME";

#define TABLE(name, rows)                                                                                              \
	{                                                                                                              \
		name, rows, NSU_COUNT(rows)                                                                            \
	}

static const struct nsu_row proc_rows[] = {
	{"hidepid", NSU_VALUE_WORD, SET(hidepid), .words = "off|noaccess|invisible|ptraceable", .values = hidepids,
         KEY(PROC_HIDEPID)},
	{"subset", NSU_VALUE_WORD, SET(subset_pid), .words = "all|pid", KEY(PROC_SUBSET)},
	{"path", NSU_VALUE_PATH, SET(proc_path), KEY(PROC_PATH)},
};

static const struct nsu_row net_rows[] = {
	{"mode", NSU_VALUE_CHOICE, SET(net), .words = net_modes, .named = NSU_PLAN_NET_NAMED, KEY(NET_MODE)},
	{"create", NSU_VALUE_BOOL, SET(create), KEY(NET_CREATE)},
	{"bridge", NSU_VALUE_INTERFACE, SET(bridge), KEY(NET_BRIDGE)},
	{"pool", NSU_VALUE_POOL, SET(pool), KEY(NET_POOL)},
	{"gateway", NSU_VALUE_BOOL, SET(gateway), KEY(NET_GATEWAY)},
	{"isolated", NSU_VALUE_BOOL, SET(isolated), KEY(NET_ISOLATED)},
	{"mtu", NSU_VALUE_NUMBER, SET(mtu), NSU_NET_MTU_MIN, NSU_NET_MTU_MAX, KEY(NET_MTU)},
};

static const struct nsu_row time_rows[] = {
	{"boottime", NSU_VALUE_INTEGER, SET(boottime), -NSU_TIME_OFFSET_MAX, NSU_TIME_OFFSET_MAX, KEY(TIME_BOOTTIME)},
	{"monotonic", NSU_VALUE_INTEGER, SET(monotonic), -NSU_TIME_OFFSET_MAX, NSU_TIME_OFFSET_MAX,
         KEY(TIME_MONOTONIC)},
};

static const struct nsu_row limits_rows[] = {
	{"memory", NSU_VALUE_BYTES, SET(memory_bytes), NSU_LIMITS_MEMORY_MIN, KEY(LIMITS_MEMORY)},
	{"tasks", NSU_VALUE_NUMBER, SET(tasks), 1, NSU_LIMITS_TASKS_MAX, KEY(LIMITS_TASKS)},
	{"cpu_weight", NSU_VALUE_NUMBER, SET(cpu_weight), 1, NSU_LIMITS_WEIGHT_MAX, KEY(LIMITS_CPU_WEIGHT)},
	{"parent", NSU_VALUE_PLACE, SET(limits_parent), KEY(LIMITS_PARENT)},
};

static const struct nsu_table proc_table = TABLE("proc", proc_rows);
static const struct nsu_table net_table = TABLE("net", net_rows);
static const struct nsu_table time_table = TABLE("time", time_rows);
static const struct nsu_table limits_table = TABLE("limits", limits_rows);

static const struct nsu_row settings_rows[] = {
	{"namespaces", NSU_VALUE_NAMESPACES, SET(namespaces), KEY(NAMESPACES)},
	{"scope", NSU_VALUE_CHOICE, SET(scope), .words = scopes, .named = NSU_PLAN_SCOPE_NAMED, KEY(SCOPE)},
	{"lifetime", NSU_VALUE_WORD, SET(lifetime), .words = "login|processes|permanent", KEY(LIFETIME)},
	{"net", NSU_VALUE_GROUP, .table = &net_table},
	{"user_map", NSU_VALUE_USER_MAP, SET(user_map), KEY(USER_MAP)},
	{"max_user_namespaces", NSU_VALUE_INTEGER, SET(max_user_namespaces), 0, INT32_MAX, KEY(MAX_USER_NAMESPACES)},
	{"time", NSU_VALUE_GROUP, .table = &time_table},
	{"limits", NSU_VALUE_GROUP, .table = &limits_table},
	{"no_new_privs", NSU_VALUE_BOOL, SET(no_new_privs), KEY(NO_NEW_PRIVS)},
	{"capabilities", NSU_VALUE_CAPABILITIES, SET(drop), KEY(CAPABILITIES)},
	{"deny_calls", NSU_VALUE_BITS, SET(denials), .words = "tiocsti|user_namespaces|kexec|modules|keyctl",
         KEY(DENY_CALLS)},
	{"hostname", NSU_VALUE_TEMPLATE, SET(hostname), KEY(HOSTNAME)},
	{"domainname", NSU_VALUE_TEMPLATE, SET(domainname), KEY(DOMAINNAME)},
	{"propagation", NSU_VALUE_WORD, SET(propagation), .words = "private|slave|shared|unchanged", KEY(PROPAGATION)},
	{"proc", NSU_VALUE_GROUP, .table = &proc_table},
	{"mounts", NSU_VALUE_MOUNTS, SET(mounts), KEY(MOUNTS)},
	{"extra_mounts", NSU_VALUE_MOUNTS, SET(extra_mounts), KEY(EXTRA_MOUNTS)},
	{"expose", NSU_VALUE_PATHS, SET(expose), KEY(EXPOSE)},
	{"environment", NSU_VALUE_ENVIRONMENT, SET(environment), KEY(ENVIRONMENT)},
	{"nested", NSU_VALUE_WORD, SET(nested), .words = "nest|stay|deny", KEY(NESTED)},
	{"timeout", NSU_VALUE_NUMBER, SET(timeout_ms), NSU_TIMEOUT_MIN_MS, NSU_TIMEOUT_MAX_MS, KEY(TIMEOUT)},
	{"stop_timeout", NSU_VALUE_NUMBER, SET(stop_timeout_ms), 0, NSU_STOP_TIMEOUT_MAX_MS, KEY(STOP_TIMEOUT)},
	{"enforce", NSU_VALUE_BOOL, SET(enforce), KEY(ENFORCE)},
	{"on_error", NSU_VALUE_WORD, SET(on_error), .words = "deny|allow", KEY(ON_ERROR)},
};

static const struct nsu_row profile_rows[] = {
	{"base", NSU_VALUE_STRING, IN(nsu_profile, base_name), .line_offset = offsetof(struct nsu_profile, base_line)},
};

static const struct nsu_row rule_rows[] = {
	{"user", NSU_VALUE_NAMES, IN(nsu_rule, users)},
	{"group", NSU_VALUE_NAMES, IN(nsu_rule, groups)},
	{"uid", NSU_VALUE_UIDS, IN(nsu_rule, uids)},
	{"service", NSU_VALUE_STRINGS, IN(nsu_rule, services)},
	{"tty", NSU_VALUE_STRINGS, IN(nsu_rule, ttys)},
	{"rhost", NSU_VALUE_STRINGS, IN(nsu_rule, rhosts)},
	{"profile", NSU_VALUE_STRING, IN(nsu_rule, profile_name),
         .line_offset = offsetof(struct nsu_rule, profile_line)},
};

static const struct nsu_row user_rows[] = {
	{"profile", NSU_VALUE_STRING, IN(nsu_rule, profile_name),
         .line_offset = offsetof(struct nsu_rule, profile_line)},
};

const struct nsu_table nsu_settings_keys = TABLE("", settings_rows);
const struct nsu_table nsu_profile_keys = TABLE("a profile", profile_rows);
const struct nsu_table nsu_rule_keys = TABLE("a rule", rule_rows);
const struct nsu_table nsu_user_keys = TABLE("a user's file", user_rows);
