/* SPDX-License-Identifier: BSD-3-Clause */
/* Our lines in the stacks of PAM: their type, control and arguments, and whether PAM comes to them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "defaults.h"
#include "doctor.h"

static bool refuses(int action)
{
	return action == NSU_STACK_BAD || action == NSU_STACK_DIE;
}

/* The values that our module returns when it refuses, and libpam when it can not load it. */
static void examine_control(struct nsu_doctor *doctor, const struct nsu_stack_line *line, const char *at)
{
	static const char *const failures[] = {"system_err", "buf_err", "abort", "module_unknown"};

	for (size_t i = 0; i < NSU_COUNT(failures); i++) {
		if (refuses(nsu_stack_action(line, failures[i])))
			continue;
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, "write: session required " NSU_DOCTOR_MODULE,
		                "the control '%s%s%s' lets in whom the module refuses, without isolation",
		                line->is_bracketed ? "[" : "", line->control, line->is_bracketed ? "]" : "");
		return;
	}
	if (refuses(nsu_stack_action(line, "success")))
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, "write: session required " NSU_DOCTOR_MODULE,
		                "the control '%s' refuses whom the module lets in", line->control);
	else if (nsu_stack_action(line, "success") == NSU_STACK_DONE)
		nsu_doctor_find(doctor, NSU_DOCTOR_NOTE, at,
		                "put it last, and write: session required " NSU_DOCTOR_MODULE,
		                "the control '%s' leaves out what stands behind it", line->control);
}

static void examine_use(struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	const struct nsu_stack_line *line = use->line;
	char at[NSU_DOCTOR_AT_MAX];

	nsu_doctor_at(line, at, sizeof(at));
	if (line->type != NSU_STACK_SESSION) {
		nsu_doctor_find(
			doctor, NSU_DOCTOR_ERROR, at, "make it a line of the type session, the last one",
			"the module has a session part only: here it isolates nobody, and may refuse everybody");
		return;
	}
	examine_control(doctor, line, at);
	if (use->wrong.err != 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, "correct it: for this every session is refused", "%s",
		                use->wrong.text);
}

/* Whether what stands at an index counts as a line of its own for a jump in this substack; a substack counts as one. */
static bool counts(const struct nsu_stack *stack, size_t index, unsigned substack)
{
	const struct nsu_stack_line *line = &stack->lines[index];

	if (line->type != NSU_STACK_SESSION)
		return false;
	if (line->substack == substack || index == 0)
		return true;
	return stack->lines[index - 1].substack == substack;
}

/* How many lines PAM must jump over to get from one to behind another; 0: it can not, being in another substack. */
static size_t distance(const struct nsu_stack *stack, size_t from, size_t to)
{
	unsigned substack = stack->lines[from].substack;
	size_t n = 0;

	if (!nsu_stack_is_within(stack, &stack->lines[to], substack))
		return 0;
	for (size_t i = from + 1; i <= to; i++)
		n += counts(stack, i, substack);
	return n;
}

/* Whom a line takes around ours. */
enum whom {
	NOBODY,
	EXEMPT, /* root, or the members of a group, which somebody has written on purpose */
	SOME,
	EVERYBODY,
};

/* What a line of pam_succeed_if asks. */
struct condition {
	bool is_root;  /* `uid eq 0` */
	bool is_group; /* `user ingroup GROUP` */
	bool is_void;  /* whoever logs in makes no difference */
};

/* use_uid has it ask whom the service runs as, which is root whoever logs in, but in su. */
static struct condition read_condition(const struct nsu_stack_line *line, const char *service)
{
	static const char *const flags[] = {"quiet", "quiet_success", "quiet_fail", "debug", "audit"};
	struct condition condition = {.is_root = false};
	auto_free char *arguments = strdup(line->arguments);
	const char *words[] = {"", "", ""};
	char *rest = arguments;
	bool asks_caller = false;
	size_t n = 0;

	for (const char *word; rest && (word = nsu_stack_word(&rest, NULL));) {
		bool is_flag = false;

		for (size_t i = 0; i < NSU_COUNT(flags); i++)
			is_flag = is_flag || strcmp(word, flags[i]) == 0;
		if (strcmp(word, "use_uid") == 0)
			asks_caller = true;
		else if (!is_flag && n++ < NSU_COUNT(words))
			words[n - 1] = word;
	}
	if (n != NSU_COUNT(words))
		return condition;
	condition.is_root = strcmp(words[0], "uid") == 0 &&
	                    (strcmp(words[1], "eq") == 0 || strcmp(words[1], "=") == 0) && strcmp(words[2], "0") == 0;
	condition.is_group = strcmp(words[0], "user") == 0 && strcmp(words[1], "ingroup") == 0;
	condition.is_void =
		condition.is_root && asks_caller && strcmp(service, "su") != 0 && strcmp(service, "su-l") != 0;
	condition.is_root = condition.is_root && !asks_caller;
	condition.is_group = condition.is_group && !asks_caller;
	return condition;
}

/* @n: so many lines PAM must jump over. @ret_value: the first value for which it does. */
static enum whom who_jumps(const struct nsu_doctor_use *use, const struct nsu_stack_line *line, size_t n,
                           const char **ret_value)
{
	static const char *const values[] = {"success",      "perm_denied", "auth_err",    "ignore",
	                                     "user_unknown", "service_err", "session_err", "default"};
	int success = nsu_stack_action(line, "success");
	bool does_success = success > 0 && (size_t)success >= n;
	struct condition condition = {.is_root = false};
	size_t n_ignored = 0, n_jumps = 0;

	for (size_t i = NSU_COUNT(values); i-- > 0;) {
		int action = nsu_stack_action(line, values[i]);

		n_ignored += action == NSU_STACK_IGNORE;
		if (action <= 0 || (size_t)action < n)
			continue;
		n_jumps++;
		*ret_value = values[i];
	}
	if (n_jumps == 0)
		return NOBODY;
	if (nsu_doctor_is_module(line, "pam_succeed_if.so"))
		condition = read_condition(line, use->service->name);
	if (nsu_doctor_is_module(line, "pam_succeed_if.so") && nsu_stack_action(line, "auth_err") >= (int)n)
		condition.is_void = true; /* it jumps where it does not hold, too */
	if (n_jumps == NSU_COUNT(values) ||
	    (does_success && (nsu_doctor_is_module(line, "pam_permit.so") || condition.is_void)))
		return EVERYBODY;
	if (success == (int)n && n_ignored == NSU_COUNT(values) - 1 && (condition.is_root || condition.is_group))
		return EXEMPT;
	return SOME;
}

/* A line in front of ours. */
static void examine_before(struct nsu_doctor *doctor, const struct nsu_doctor_use *use, size_t from, size_t to)
{
	const struct nsu_stack_line *line = &use->service->stack.lines[from];
	size_t n = distance(&use->service->stack, from, to);
	char at[NSU_DOCTOR_AT_MAX];
	char ours[NSU_DOCTOR_AT_MAX];
	const char *value = "";
	enum whom whom;

	if (n == 0 || line->type != NSU_STACK_SESSION)
		return;
	nsu_doctor_at(line, at, sizeof(at));
	nsu_doctor_at(use->line, ours, sizeof(ours));
	if (nsu_stack_action(line, "success") == NSU_STACK_DONE)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, "write required or optional for it",
		                "where %s succeeds PAM ends here: it never comes to pam_nsunshare (%s)", line->module,
		                ours);
	whom = who_jumps(use, line, n, &value);
	if (whom == EVERYBODY)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, "take the line away, or correct what it asks",
		                "[%s=%d] jumps over pam_nsunshare (%s) whoever logs in: nobody is isolated", value,
		                nsu_stack_action(line, value), ours);
	else if (whom == SOME)
		nsu_doctor_find(doctor, NSU_DOCTOR_NOTE, at,
		                "say in the policy who is left alone, and let the line be reached by everybody",
		                "[%s=%d] jumps over pam_nsunshare (%s)", value, nsu_stack_action(line, value), ours);
}

/* Return: the first of our lines of a service's session part; NULL: none. */
static const struct nsu_doctor_use *first_use(const struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	for (size_t i = 0; i < doctor->n_uses; i++) {
		if (doctor->uses[i].service == use->service && doctor->uses[i].line->type == NSU_STACK_SESSION)
			return &doctor->uses[i];
	}
	return NULL;
}

static void examine_repetition(struct nsu_doctor *doctor, const struct nsu_doctor_use *use,
                               const struct nsu_doctor_use *first)
{
	char at[NSU_DOCTOR_AT_MAX], before[NSU_DOCTOR_AT_MAX];

	nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, nsu_doctor_at(use->line, at, sizeof(at)),
	                "take one of the two lines away", "'%s' has the module twice: this line does nothing behind %s",
	                use->service->name, nsu_doctor_at(first->line, before, sizeof(before)));
}

void nsu_doctor_stacks(struct nsu_doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_uses; i++) {
		const struct nsu_doctor_use *use = &doctor->uses[i];
		const struct nsu_doctor_use *first = first_use(doctor, use);
		size_t index = (size_t)(use->line - use->service->stack.lines);

		examine_use(doctor, use);
		if (use->line->type == NSU_STACK_SESSION && first && first != use)
			examine_repetition(doctor, use, first);
		for (size_t j = 0; first == use && j < index; j++)
			examine_before(doctor, use, j, index);
	}
}
