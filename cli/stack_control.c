/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands in the second column of a file of /etc/pam.d. */
#include "stack.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define UNSET    (-100)
#define BLANKS   " \t"
#define JUMP_MAX 100000

/* A word for a whole control: what it makes of success, and of a failure. */
static const struct {
	const char *word;
	int success;
	int failure;
} words[] = {
	{"required", NSU_STACK_OK, NSU_STACK_BAD},
	{"requisite", NSU_STACK_OK, NSU_STACK_DIE},
	{"optional", NSU_STACK_OK, NSU_STACK_IGNORE},
	{"sufficient", NSU_STACK_DONE, NSU_STACK_IGNORE},
};

static const struct {
	const char *word;
	int action;
} actions[] = {
	{"ignore", NSU_STACK_IGNORE}, {"ok", NSU_STACK_OK},   {"done", NSU_STACK_DONE},
	{"bad", NSU_STACK_BAD},       {"die", NSU_STACK_DIE}, {"reset", NSU_STACK_RESET},
};

static bool begins(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* Return: the action, with *text behind it; UNSET if there is none. */
static int take_action(const char **text)
{
	int jump = 0;

	for (size_t i = 0; i < NSU_COUNT(actions); i++) {
		if (begins(*text, actions[i].word)) {
			*text += strlen(actions[i].word);
			return actions[i].action;
		}
	}
	while (isdigit((unsigned char)**text) && jump < JUMP_MAX)
		jump = jump * 10 + *(*text)++ - '0';
	return jump > 0 ? jump : UNSET;
}

/* [VALUE=ACTION ...]; `default` is for the values that nothing else is said of. */
static int action_in_brackets(const char *text, const char *value)
{
	int found = UNSET;

	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		size_t len = strcspn(text, BLANKS "=");
		bool is_default = len == strlen("default") && begins(text, "default");
		bool is_it = len == strlen(value) && begins(text, value);
		int action;

		text += len;
		text += strspn(text, BLANKS);
		if (len == 0 || *text != '=')
			return NSU_STACK_BAD;
		text += 1;
		text += strspn(text, BLANKS);
		action = take_action(&text);
		if (action == UNSET)
			return NSU_STACK_BAD;
		if (is_it || (is_default && found == UNSET))
			found = action;
	}
	return found == UNSET ? NSU_STACK_BAD : found;
}

int nsu_stack_action(const struct nsu_stack_line *line, const char *value)
{
	bool is_success = strcmp(value, "success") == 0;

	if (line->is_bracketed)
		return action_in_brackets(line->control, value);
	for (size_t i = 0; i < NSU_COUNT(words); i++) {
		if (strcasecmp(line->control, words[i].word) == 0)
			return is_success ? words[i].success : words[i].failure;
	}
	/* libpam takes a word that it does not know for brackets that make no sense, so that all is bad */
	return NSU_STACK_BAD;
}
