/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Can what the policy says be shared by those whom `scope` names, and last as `lifetime` says?
 *
 * All that a set is made of is in its key (set.h). What is each login's own would make a set for each login; what is one
 * user's has no place where several share it.
 */
#include "policy_scope.h"

#include <sched.h>
#include <string.h>

static const char *const scopes[] = {"session", "user", "group", "named:NAME"};

char nsu_policy_find_letter(const char *template, const char *letters)
{
	for (const char *c = template; c && *c; c++) {
		if (*c != '%')
			continue;
		c++;
		if (*c == '\0')
			break;
		if (strchr(letters, *c))
			return *c;
	}
	return 0;
}

static int tell_names(const struct nsu_effective *effective, nsu_policy_tell_text *tell, void *data)
{
	const struct nsu_settings *values = &effective->values;
	const struct {
		enum nsu_key key;
		const char *name, *text;
		bool is_wanted;
	} names[] = {
		{NSU_KEY_HOSTNAME, "hostname", values->hostname, true},
		{NSU_KEY_DOMAINNAME, "domainname", values->domainname, true},
		{NSU_KEY_NET_MODE, "mode", values->net.name, values->net.name && (values->namespaces & CLONE_NEWNET)},
		{NSU_KEY_PROC_PATH, "path", values->proc_path, values->namespaces & CLONE_NEWPID},
	};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < NSU_COUNT(names); i++) {
		const struct nsu_set_text text = {&effective->origins[names[i].key], names[i].name, names[i].text};

		if (names[i].is_wanted)
			ret = tell(data, &text);
	}
	return ret;
}

int nsu_policy_tell_texts(const struct nsu_effective *effective, nsu_policy_tell_text *tell, void *data)
{
	const struct nsu_strings *expose = &effective->values.expose;
	struct nsu_origin origin = effective->origins[NSU_KEY_EXPOSE];
	int ret = tell_names(effective, tell, data);

	for (size_t i = 0; ret == 0 && i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];

		ret = tell(data, &(struct nsu_set_text){&mount->origin, "path", mount->path});
		if (ret == 0 && mount->source)
			ret = tell(data, &(struct nsu_set_text){&mount->origin, "source", mount->source});
	}
	for (size_t i = 0; ret == 0 && i < expose->n; i++) {
		origin.line = expose->items[i].line;
		ret = tell(data, &(struct nsu_set_text){&origin, "expose", expose->items[i].text});
	}
	return ret;
}

struct check {
	const struct nsu_effective *effective;
	const struct nsu_origin *origin; /* to blame where no line of the policy says it: the scope's */
	enum nsu_plan_scope scope;
	struct nsu_fail *fail;
};

static bool is_common(enum nsu_plan_scope scope)
{
	return scope == NSU_PLAN_SCOPE_GROUP || scope == NSU_PLAN_SCOPE_NAMED;
}

static const char *remedy_of(const char *key)
{
	if (strcmp(key, "hostname") == 0)
		return "write a hostname without it (\"\" is the host's own)";
	if (strcmp(key, "domainname") == 0)
		return "write a domainname without it (\"\" is the host's own)";
	return strcmp(key, "mode") == 0 ? "write a name without it" : "write a path without it";
}

static int check_text(void *data, const struct nsu_set_text *text)
{
	const struct check *check = data;
	const struct nsu_origin *origin = text->origin->line ? text->origin : check->origin;
	const char *remedy = remedy_of(text->key);
	const char *name = check->effective->values.scope.name;
	char letter;

	if (nsu_policy_find_letter(text->text, "i"))
		return nsu_policy_wrong(check->fail, origin, text->key,
		                        "%%i in '%s' is one login's, and with scope = \"%s\" logins share it: %s",
		                        text->text, scopes[check->scope], remedy);
	if (!is_common(check->scope))
		return 0;
	letter = nsu_policy_find_letter(text->text, "uUh");
	if (letter)
		return nsu_policy_wrong(check->fail, origin, text->key,
		                        "%%%c in '%s' is one user's, and with scope = \"%s\" users share it: %s",
		                        letter, text->text, scopes[check->scope], remedy);
	if (check->scope != NSU_PLAN_SCOPE_NAMED || nsu_policy_find_letter(name, "gG"))
		return 0;
	letter = nsu_policy_find_letter(text->text, "gG");
	if (letter)
		return nsu_policy_wrong(check->fail, origin, text->key,
		                        "%%%c in '%s' is one group's, and with scope = \"named:%s\" groups share it: "
		                        "%s, or %%%c into the name of the set too",
		                        letter, text->text, name, remedy, letter);
	return 0;
}

/* What belongs to one user, where several share the set. */
static int check_common(const struct check *check)
{
	const struct nsu_effective *effective = check->effective;
	const char *scope = scopes[check->scope];

	for (size_t i = 0; i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];

		if (mount->type == NSU_PLAN_INSTANCE)
			return nsu_policy_wrong(
				check->fail, mount->origin.line ? &mount->origin : check->origin, "type",
				"an instance is one user's, and with scope = \"%s\" users share the mounts: "
				"take a \"tmpfs\", or a \"bind\" of a directory that is theirs",
				scope);
		if (mount->owner_is_user)
			return nsu_policy_wrong(check->fail, mount->origin.line ? &mount->origin : check->origin,
			                        "owner",
			                        "\"user\" with scope = \"%s\", where users share it: "
			                        "\"root\", and a mode such as \"1777\"",
			                        scope);
	}
	if ((effective->values.namespaces & CLONE_NEWUSER) && effective->values.user_map.uids.n == 0)
		return nsu_policy_wrong(check->fail, nsu_policy_where(effective, NSU_KEY_USER_MAP, check->origin),
		                        "user_map",
		                        "a minimal map is one user's, and with scope = \"%s\" users share it: "
		                        "ranges that hold them all, { uid = ( ... ); gid = ( ... ); }",
		                        scope);
	return 0;
}

static int check_lifetime(const struct nsu_effective *effective, const struct nsu_origin *origin, struct nsu_fail *fail)
{
	static const char *const words[] = {"login", "processes", "permanent"};
	const struct nsu_settings *values = &effective->values;
	const struct nsu_origin *where = nsu_policy_where(effective, NSU_KEY_LIFETIME, origin);

	if (values->lifetime == NSU_PLAN_LIFETIME_LOGIN)
		return 0;
	if (values->lifetime == NSU_PLAN_LIFETIME_PERMANENT && values->scope.mode == NSU_PLAN_SCOPE_SESSION)
		return nsu_policy_wrong(fail, where, "lifetime",
		                        "\"permanent\" needs a scope that finds it again: \"user\", \"group\" or "
		                        "\"named:NAME\"");
	if (!(values->namespaces & CLONE_NEWPID))
		return nsu_policy_wrong(fail, where, "lifetime",
		                        "\"%s\" needs the namespace \"pid\", whose process 1 keeps the set",
		                        words[values->lifetime]);
	return 0;
}

int nsu_policy_check_scope(const struct nsu_effective *effective, const struct nsu_origin *origin,
                           struct nsu_fail *fail)
{
	struct check check = {.effective = effective,
	                      .origin = nsu_policy_where(effective, NSU_KEY_SCOPE, origin),
	                      .scope = (enum nsu_plan_scope)effective->values.scope.mode,
	                      .fail = fail};
	int ret = check_lifetime(effective, origin, fail);

	if (ret < 0 || check.scope == NSU_PLAN_SCOPE_SESSION)
		return ret;
	if (nsu_policy_find_letter(effective->values.scope.name, "i"))
		return nsu_policy_wrong(fail, check.origin, "scope",
		                        "%%i in the name is each login's own, so that no other would find the set "
		                        "(\"session\" is the scope for that)");
	ret = nsu_policy_tell_texts(effective, check_text, &check);
	return ret == 0 && is_common(check.scope) ? check_common(&check) : ret;
}
