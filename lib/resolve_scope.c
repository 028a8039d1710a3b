/* SPDX-License-Identifier: BSD-3-Clause */
/* From settings and a subject to what a plan says of who shares the set, and how long it lasts. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "policy_match.h"
#include "policy_parse.h"
#include "policy_scope.h"
#include "template.h"
#include "text.h"

int nsu_resolve_name(const struct nsu_name_template *template, struct nsu_subject *subject, struct nsu_plan *plan,
                     const char **place, struct nsu_fail *fail)
{
	char text[NSU_PATH_MAX], path[NSU_PATH_MAX], origin[NSU_PATH_MAX + 16], line[NSU_FAIL_TEXT_MAX + 128];
	const char *name = path + strlen(template->directory) + 1;
	struct nsu_fail why = NSU_FAIL_INIT;
	int ret = 0;

	if (nsu_policy_find_letter(template->text, "g"))
		ret = nsu_subject_name_group(subject, fail);
	if (ret < 0)
		return ret;
	if (snprintf(text, sizeof(text), "%s/%s", template->directory, template->text) >= (int)sizeof(text))
		return nsu_fail(fail, ENAMETOOLONG, "expand the name of %s", template->what);
	ret = nsu_template_path(text, subject, path, sizeof(path), &why);
	if (ret < 0)
		return nsu_fail_because(fail, -ret, "%s: key '%s': %s",
		                        nsu_policy_origin(template->origin, origin, sizeof(origin)), template->key,
		                        nsu_fail_line(&why, line, sizeof(line)));
	if (!nsu_text_is_name(name))
		return nsu_policy_wrong(fail, template->origin, template->key,
		                        "'%s' is no name of %s: it has at most %d letters, digits, '_', '.' and '-'",
		                        name, template->what, NSU_NAME_MAX);
	if (nsu_plan_text(plan, name, place) < 0)
		return nsu_fail(fail, E2BIG, "plan the session: its texts are too long");
	return 0;
}

int nsu_resolve_scope(const struct nsu_effective *effective, struct nsu_subject *subject, struct nsu_plan *plan,
                      struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	const struct nsu_name_template name = {.origin = &effective->origins[NSU_KEY_SCOPE],
	                                       .key = "scope",
	                                       .directory = NSU_RUN_DIR,
	                                       .what = "a set",
	                                       .text = values->scope.name};

	plan->scope = (enum nsu_plan_scope)values->scope.mode;
	if (plan->namespaces & CLONE_NEWPID)
		plan->lifetime = (enum nsu_plan_lifetime)values->lifetime;
	if (plan->scope == NSU_PLAN_SCOPE_GROUP)
		plan->scope_gid = subject->gid;
	if (!nsu_plan_is_common(plan)) {
		plan->uid = subject->uid;
		plan->gid = subject->gid;
	}
	return plan->scope == NSU_PLAN_SCOPE_NAMED ? nsu_resolve_name(&name, subject, plan, &plan->scope_name, fail)
	                                           : 0;
}
