/* SPDX-License-Identifier: BSD-3-Clause */
/* stack.h - what PAM would do for a service: its file below /etc/pam.d with all that it includes (pam.d(5)). */
#ifndef NSU_STACK_H
#define NSU_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

#define NSU_STACK_LEVELS_MAX   16            /* files that include each other, as libpam has it */
#define NSU_STACK_INCLUDES_MAX 512           /* of one service, all together */
#define NSU_STACK_FILE_MAX     (64UL * 1024) /* bytes */

enum nsu_stack_type {
	NSU_STACK_AUTH,
	NSU_STACK_ACCOUNT,
	NSU_STACK_PASSWORD,
	NSU_STACK_SESSION,
	NSU_STACK_TYPES,
};

/* A line with a module. */
struct nsu_stack_line {
	const char *file;
	unsigned line;
	enum nsu_stack_type type;
	const char *control; /* a word, or what stands in brackets */
	const char *module;  /* as it is written */
	char *arguments;     /* the rest of the line; "": none */
	unsigned substack;   /* the how-many-th of the service; 0: none */
	bool is_bracketed;   /* the control */
	bool is_silent;      /* "-session" */
};

/* What PAM could not read, and would refuse or leave out. */
struct nsu_stack_problem {
	const char *file;
	unsigned line; /* 0: the file as a whole */
	char *text;
};

struct nsu_stack {
	struct nsu_stack_line *lines; /* in the order in which PAM goes through them */
	size_t n_lines;
	struct nsu_stack_problem *problems;
	size_t n_problems;
	char **texts; /* what all the strings point into */
	size_t n_texts;
	bool is_cut; /* files include each other without an end: what follows has not been read */
	unsigned n_includes;
	unsigned n_substacks;
	unsigned parents[NSU_STACK_INCLUDES_MAX + 1]; /* of each substack: the one that it stands in */
};

/* What a line's control makes of one of the values that a module may return; above 0: so many lines are jumped over. */
enum nsu_stack_action {
	NSU_STACK_IGNORE = 0,
	NSU_STACK_OK = -1,
	NSU_STACK_DONE = -2,
	NSU_STACK_BAD = -3,
	NSU_STACK_DIE = -4,
	NSU_STACK_RESET = -5,
};

/**
 * nsu_stack_read - read what PAM would do for a service.
 * @dirs:    where its file may be, in this order; absolute paths, the last one is NULL
 * @service: its name; includes are looked up in the same way, unless they are absolute
 * @stack:   all zero; filled; for nsu_stack_clear(), also on failure
 *
 * What is wrong in the files is among the stack's problems. Never blocks. Return: 0; -ENOENT if there is no such file;
 * -ENOMEM.
 */
NSU_CHECKED int nsu_stack_read(const char *const *dirs, const char *service, struct nsu_stack *stack);

/**
 * nsu_stack_clear - free a stack.
 * @stack: all zero afterwards
 */
void nsu_stack_clear(struct nsu_stack *stack);

/**
 * nsu_stack_action - what a line does with a return value of its module.
 * @line:  borrowed
 * @value: its name: "success", "system_err"
 *
 * Pure. Return: an enum nsu_stack_action, or the length of a jump.
 */
int nsu_stack_action(const struct nsu_stack_line *line, const char *value);

/**
 * nsu_stack_is_within - does a line stand in a substack, or in one within that?
 * @stack:    its stack
 * @line:     of it
 * @substack: number of the substack; 0 has all lines
 *
 * Pure. Return: whether it does.
 */
bool nsu_stack_is_within(const struct nsu_stack *stack, const struct nsu_stack_line *line, unsigned substack);

/**
 * nsu_stack_word - cut the next word off, as PAM does.
 * @rest:             in and out; the text is changed
 * @ret_is_bracketed: whether it stood in brackets, which are not part of it; may be NULL
 *
 * Pure. Return: the word, in the text; NULL if there is none.
 */
char *nsu_stack_word(char **rest, bool *ret_is_bracketed);

#endif
