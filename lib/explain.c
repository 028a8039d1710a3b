/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "explain_write.h"
#include "ns.h"
#include "policy_match.h"
#include "policy_parse.h"

static const struct nsu_origin nowhere = {"", 0};

void nsu_explain_clear(struct nsu_explain *explain)
{
	for (size_t i = 0; i < explain->n; i++) {
		free(explain->rows[i].key);
		free(explain->rows[i].value);
		free(explain->rows[i].origin);
	}
	free(explain->rows);
	*explain = (struct nsu_explain)NSU_EXPLAIN_INIT;
}

static void put_wanted(struct nsu_writer *writer, const struct nsu_strings *wanted)
{
	for (size_t i = 0; i < wanted->n; i++) {
		fputs(i ? " or \"" : "\"", writer->stream);
		nsu_write_put(writer, wanted->items[i].text);
		fputc('"', writer->stream);
	}
}

static void put_uids(struct nsu_writer *writer, const struct nsu_uids *uids)
{
	for (size_t i = 0; i < uids->n; i++) {
		const struct nsu_uid_range *range = &uids->ranges[i];

		fprintf(writer->stream, "%s%u", i ? " or " : "", (unsigned)range->first);
		if (range->last == UINT32_MAX - 1)
			fputc('-', writer->stream);
		else if (range->last != range->first)
			fprintf(writer->stream, "-%u", (unsigned)range->last);
	}
}

struct teller {
	struct nsu_explain *explain;
	const struct nsu_subject *subject;
};

static int tell_rule(void *data, const struct nsu_rule *rule, const struct nsu_mismatch *why)
{
	const struct teller *teller = data;
	struct nsu_writer writer;

	if (nsu_write_begin(&writer, teller->explain) < 0)
		return -ENOMEM;
	if (!why) {
		fputs("yes", writer.stream);
	} else if (why->sentence) {
		fprintf(writer.stream, "no: %s", why->sentence);
	} else if (why->uids) {
		fprintf(writer.stream, "no: uid %u is not ", (unsigned)teller->subject->uid);
		put_uids(&writer, why->uids);
	} else if (why->value) {
		fprintf(writer.stream, "no: %s \"", why->key);
		nsu_write_put(&writer, why->value);
		fputs("\" is not ", writer.stream);
		put_wanted(&writer, why->wanted);
	} else {
		fprintf(writer.stream, "no: %s: not in ", why->key);
		put_wanted(&writer, why->wanted);
	}
	return nsu_write_end(&writer, "rule", &rule->origin);
}

static int add_subject(struct nsu_explain *explain, const struct nsu_subject *subject)
{
	const char *const rows[][2] = {{"user", subject->user},
	                               {"service", subject->service},
	                               {"tty", subject->tty},
	                               {"rhost", subject->rhost}};

	for (size_t i = 0; i < NSU_COUNT(rows); i++) {
		if (i > 1 && !rows[i][1][0])
			continue;
		if (nsu_write_text(explain, rows[i][0], &nowhere, rows[i][1]) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* nsu_plan_note() joins them. */
static int add_notes(struct nsu_explain *explain, const char *note)
{
	while (*note) {
		const char *next = strstr(note, "; ");
		size_t len = next ? (size_t)(next - note) : strlen(note);

		if (nsu_write_row(explain, "note", &nowhere, "%.*s", (int)len, note) < 0)
			return -ENOMEM;
		note += len + (next ? strlen("; ") : 0);
	}
	return 0;
}

static void put_size(struct nsu_writer *writer, const struct nsu_plan_mount *mount)
{
	fputs(" size=", writer->stream);
	if (mount->size_percent)
		fprintf(writer->stream, "%u%%", mount->size_percent);
	else
		nsu_write_size(writer, mount->size_bytes);
	fprintf(writer->stream, " inodes=%" PRIu64, mount->inodes);
}

static const char *hidepid_name(enum nsu_plan_hidepid hidepid)
{
	switch (hidepid) {
	case NSU_PLAN_HIDEPID_OFF:
		return "off";
	case NSU_PLAN_HIDEPID_NOACCESS:
		return "noaccess";
	case NSU_PLAN_HIDEPID_INVISIBLE:
		return "invisible";
	case NSU_PLAN_HIDEPID_PTRACEABLE:
	default:
		return "ptraceable";
	}
}

/* In the policy's words; what is as always is left out. */
static int add_mount(struct nsu_explain *explain, const struct nsu_plan_mount *mount, const struct nsu_origin *origin)
{
	struct nsu_writer writer;

	if (nsu_write_begin(&writer, explain) < 0)
		return -ENOMEM;
	fprintf(writer.stream, "%s on ", nsu_plan_mount_name(mount->type));
	nsu_write_put(&writer, mount->path);
	if (mount->type == NSU_PLAN_BIND) {
		fputs(" source=", writer.stream);
		nsu_write_put(&writer, mount->source);
	}
	if (mount->type == NSU_PLAN_TMPFS)
		put_size(&writer, mount);
	if (mount->type == NSU_PLAN_TMPFS || mount->type == NSU_PLAN_INSTANCE)
		fprintf(writer.stream, " mode=%04o owner=%s", (unsigned)mount->mode, mount->uid ? "user" : "root");
	if (mount->type == NSU_PLAN_PROC && mount->hidepid != NSU_PLAN_HIDEPID_OFF)
		fprintf(writer.stream, " hidepid=%s", hidepid_name(mount->hidepid));
	if (mount->subset_pid)
		fputs(" subset=pid", writer.stream);
	if (mount->throw_away)
		fputs(" remove=logout", writer.stream);
	if (mount->type == NSU_PLAN_READONLY && !mount->recursive)
		fputs(" recursive=false", writer.stream);
	if (mount->read_only)
		fputs(" read_only", writer.stream);
	if (mount->noexec)
		fputs(" noexec", writer.stream);
	if (mount->optional && mount->type != NSU_PLAN_EXPOSE)
		fputs(" optional", writer.stream);
	return nsu_write_end(&writer, "mount", origin);
}

static const char *propagation_name(enum nsu_plan_propagation propagation)
{
	static const char *const names[] = {[NSU_PLAN_PRIVATE] = "private",
	                                    [NSU_PLAN_SLAVE] = "slave",
	                                    [NSU_PLAN_SHARED] = "shared",
	                                    [NSU_PLAN_UNCHANGED] = "unchanged"};

	return names[propagation];
}

static int add_mounts(struct nsu_explain *explain, const struct nsu_plan *plan, const struct nsu_decision *decision)
{
	const struct nsu_origin *origins = decision->effective.origins;
	const struct nsu_settings *values = &decision->effective.values;
	int ret = 0;

	if (plan->namespaces & CLONE_NEWPID) {
		ret = nsu_write_row(explain, "proc.hidepid", &origins[NSU_KEY_PROC_HIDEPID], "%s",
		                    hidepid_name((enum nsu_plan_hidepid)values->hidepid));
		if (ret == 0)
			ret = nsu_write_row(explain, "proc.subset", &origins[NSU_KEY_PROC_SUBSET], "%s",
			                    values->subset_pid ? "pid" : "all");
		if (ret == 0)
			ret = nsu_write_text(explain, "proc.path", &origins[NSU_KEY_PROC_PATH], values->proc_path);
	}
	for (size_t i = 0; ret == 0 && i < plan->n_mounts; i++)
		ret = add_mount(explain, &plan->mounts[i], &decision->mount_origins[i]);
	return ret;
}

static int add_environment(struct nsu_explain *explain, const struct nsu_plan *plan,
                           const struct nsu_decision *decision)
{
	struct nsu_origin origin = decision->effective.origins[NSU_KEY_ENVIRONMENT];
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < plan->n_environment; i++) {
		origin.line = decision->effective.values.environment.items[i].line;
		ret = nsu_write_text(explain, "environment", &origin, plan->environment[i]);
	}
	return ret;
}

static int add_values(struct nsu_explain *explain, const struct nsu_plan *plan, const struct nsu_decision *decision)
{
	static const char *const nested[] = {
		[NSU_PLAN_NEST] = "nest", [NSU_PLAN_STAY] = "stay", [NSU_PLAN_NO_LOGIN] = "deny"};
	const struct nsu_origin *origins = decision->effective.origins;
	char kinds[64];

	if (nsu_write_row(explain, "namespaces", &origins[NSU_KEY_NAMESPACES], "%s",
	                  nsu_ns_list(plan->namespaces, kinds, sizeof(kinds))) < 0 ||
	    nsu_write_spaces(explain, plan, &decision->effective) < 0 ||
	    nsu_write_text(explain, "hostname", &origins[NSU_KEY_HOSTNAME], plan->hostname) < 0 ||
	    nsu_write_text(explain, "domainname", &origins[NSU_KEY_DOMAINNAME], plan->domainname) < 0 ||
	    nsu_write_row(explain, "propagation", &origins[NSU_KEY_PROPAGATION], "%s",
	                  propagation_name(plan->propagation)) < 0 ||
	    add_mounts(explain, plan, decision) < 0 || add_environment(explain, plan, decision) < 0)
		return -ENOMEM;
	if (nsu_write_row(explain, "nested", &origins[NSU_KEY_NESTED], "%s", nested[plan->nested]) < 0 ||
	    nsu_write_row(explain, "timeout", &origins[NSU_KEY_TIMEOUT], "%u", plan->timeout_ms) < 0 ||
	    nsu_write_row(explain, "stop_timeout", &origins[NSU_KEY_STOP_TIMEOUT], "%u", plan->stop_timeout_ms) < 0 ||
	    nsu_write_row(explain, "enforce", &origins[NSU_KEY_ENFORCE], "%s", plan->enforce ? "true" : "false") < 0 ||
	    nsu_write_row(explain, "on_error", &origins[NSU_KEY_ON_ERROR], "%s",
	                  plan->allow_on_error ? "allow" : "deny") < 0)
		return -ENOMEM;
	return 0;
}

int nsu_explain_login(const struct nsu_policy *policy, struct nsu_subject *subject, const char *fallback,
                      struct nsu_plan *plan, struct nsu_explain *explain, struct nsu_fail *fail)
{
	struct teller teller = {explain, subject};
	struct nsu_decision decision = {.tell_rule = tell_rule, .data = &teller};
	int ret, added;

	added = add_subject(explain, subject);
	if (added < 0)
		return nsu_fail(fail, ENOMEM, "explain the login");
	ret = nsu_policy_decide(policy, subject, fallback, plan, &decision, fail);
	if (decision.profile)
		added = nsu_write_text(explain, "profile", &decision.profile_origin, decision.profile->name);
	if (added == 0)
		added = add_notes(explain, plan->note);
	if (added == 0 && ret == 0)
		added = plan->leave_alone ? nsu_write_row(explain, "session", &nowhere, "left alone")
		                          : add_values(explain, plan, &decision);
	return added < 0 && ret == 0 ? nsu_fail(fail, ENOMEM, "explain the login") : ret;
}

void nsu_explain_print(const struct nsu_explain *explain, FILE *stream)
{
	for (size_t i = 0; i < explain->n; i++) {
		const struct nsu_explain_row *row = &explain->rows[i];

		fprintf(stream, "%s: %s%s%s%s\n", row->key, row->value, row->origin[0] ? "  [" : "", row->origin,
		        row->origin[0] ? "]" : "");
	}
}

const char *nsu_explain_would(const struct nsu_plan *plan, char *buffer, size_t cap)
{
	int len = snprintf(buffer, cap, " hostname=%s mounts=", plan->hostname[0] ? plan->hostname : "-");

	for (size_t i = 0; i < plan->n_mounts && len < (int)cap; i++)
		len += snprintf(buffer + len, cap - (size_t)len, "%s%s", i ? "," : "", plan->mounts[i].path);
	return buffer;
}
