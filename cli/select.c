/* SPDX-License-Identifier: BSD-3-Clause */
#include "select.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "subject.h"
#include "text.h"

#define REMEDY "see " NSU_CLI_NAME " list"

/* What a word may mean. */
struct meaning {
	const char *word;
	bool is_prefix; /* it may be the beginning of an id */
	bool is_user;   /* there is such a user */
	uid_t uid;
};

typedef bool does_match(const struct nsu_asked *asked, const struct meaning *meaning);

/* A set that gives no answer has in scope session its id in its key. */
static const char *id_of(const struct nsu_asked *asked)
{
	if (asked->set.id[0])
		return asked->set.id;
	return asked->key[0] == 's' ? asked->key + 1 : "";
}

static bool is_exactly(const struct nsu_asked *asked, const struct meaning *meaning)
{
	return strcmp(asked->key, meaning->word) == 0 || strcmp(id_of(asked), meaning->word) == 0;
}

static bool begins_so(const struct nsu_asked *asked, const struct meaning *meaning)
{
	return meaning->is_prefix && strncmp(id_of(asked), meaning->word, strlen(meaning->word)) == 0;
}

static bool is_of_user(const struct nsu_asked *asked, const struct meaning *meaning)
{
	char head[16];

	if (!meaning->is_user)
		return false;
	if (asked->set.id[0])
		return asked->set.uid == meaning->uid &&
		       (asked->set.scope == NSU_PLAN_SCOPE_SESSION || asked->set.scope == NSU_PLAN_SCOPE_USER);
	snprintf(head, sizeof(head), "u%u.", (unsigned)meaning->uid);
	return strncmp(asked->key, head, strlen(head)) == 0;
}

static bool is_either(const struct nsu_asked *asked, const struct meaning *meaning)
{
	return begins_so(asked, meaning) || is_of_user(asked, meaning);
}

/* Has he logged in to a set that is not his alone? */
static bool is_guest(const struct nsu_asked *asked, const struct meaning *meaning)
{
	for (size_t i = 0; i < asked->n; i++) {
		if (meaning->is_user && asked->logins[i].uid == meaning->uid)
			return true;
	}
	return false;
}

static size_t count(const struct nsu_asked_list *list, does_match *matches, const struct meaning *meaning)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n + list->n_silent; i++)
		n += matches(&list->items[i], meaning);
	return n;
}

/* Their ids, or keys, as far as there is room: "ID, ID, ..." */
static const char *candidates(const struct nsu_asked_list *list, does_match *matches, const struct meaning *meaning,
                              char *buffer, size_t cap)
{
	size_t len = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < list->n + list->n_silent; i++) {
		const struct nsu_asked *asked = &list->items[i];
		const char *name = id_of(asked)[0] ? id_of(asked) : asked->key;

		if (!matches(asked, meaning))
			continue;
		if (len + strlen(", ") + strlen(name) + sizeof(", ...") > cap) {
			snprintf(buffer + len, cap - len, ", ...");
			break;
		}
		len += (size_t)snprintf(buffer + len, cap - len, "%s%s", len > 0 ? ", " : "", name);
	}
	return buffer;
}

static void keep(struct nsu_asked_list *list, does_match *matches, const struct meaning *meaning)
{
	size_t n = 0, n_silent = 0;

	for (size_t i = 0; i < list->n + list->n_silent; i++) {
		if (!matches(&list->items[i], meaning)) {
			nsu_asked_clear(&list->items[i]);
			continue;
		}
		list->items[n + n_silent] = list->items[i]; /* silent ones are last, and stay so */
		if (i < list->n)
			n++;
		else
			n_silent++;
	}
	list->n = n;
	list->n_silent = n_silent;
}

static int refuse_unknown(const struct nsu_asked_list *list, const struct meaning *meaning, struct nsu_fail *fail)
{
	char word[NSU_LOG_VALUE_MAX / 2], ids[200];

	nsu_text_printable(meaning->word, word, sizeof(word));
	if (!meaning->is_user)
		return nsu_fail_because(fail, ENOENT, "there is no set and no user '%s'; " REMEDY, word);
	if (count(list, is_guest, meaning) == 0)
		return nsu_fail_because(fail, ENOENT, "the user '%s' has no set; " REMEDY, word);
	return nsu_fail_because(fail, ENOENT,
	                        "the user '%s' has no set of his own; he is logged in to: %s; give the id", word,
	                        candidates(list, is_guest, meaning, ids, sizeof(ids)));
}

static int find_meaning(const char *word, struct meaning *meaning, struct nsu_fail *fail)
{
	size_t len = strlen(word);

	*meaning = (struct meaning){.word = word};
	meaning->is_prefix = len >= NSU_CLI_SELECT_PREFIX_MIN && strspn(word, "0123456789abcdef") == len;
	if (word[0] == '\0')
		return 0;
	return nsu_subject_user_exists(word, &meaning->is_user, &meaning->uid, fail);
}

int nsu_cli_select(const char *word, struct nsu_asked_list *list, struct nsu_fail *fail)
{
	struct meaning meaning = {.word = word};
	char printable[NSU_LOG_VALUE_MAX / 2], ids[200];
	size_t n_begin, n_of_user;
	int ret;

	if (word[0] != '\0' && count(list, is_exactly, &meaning) > 0) {
		keep(list, is_exactly, &meaning);
		return 0;
	}
	ret = find_meaning(word, &meaning, fail);
	if (ret < 0)
		return ret;
	n_begin = count(list, begins_so, &meaning);
	n_of_user = count(list, is_of_user, &meaning);
	nsu_text_printable(word, printable, sizeof(printable));
	if (n_begin > 1 || (n_begin > 0 && n_of_user > 0))
		return nsu_fail_because(fail, ENOTUNIQ, "'%s' is ambiguous%s: %s; give the whole id", printable,
		                        n_of_user > 0 ? ": a user has that name, and ids begin so" : "",
		                        candidates(list, is_either, &meaning, ids, sizeof(ids)));
	if (n_begin + n_of_user == 0)
		return refuse_unknown(list, &meaning, fail);
	keep(list, is_either, &meaning);
	return 0;
}

static bool is_any(const struct nsu_asked *asked, const struct meaning *meaning)
{
	(void)asked;
	(void)meaning;
	return true;
}

int nsu_cli_select_one(const char *word, struct nsu_asked_list *list, struct nsu_fail *fail)
{
	char printable[NSU_LOG_VALUE_MAX / 2], ids[200];
	int ret;

	ret = nsu_cli_select(word, list, fail);
	if (ret < 0)
		return ret;
	if (list->n + list->n_silent > 1)
		return nsu_fail_because(fail, ENOTUNIQ, "'%s' has %zu sets: %s; give one's id, " REMEDY,
		                        nsu_text_printable(word, printable, sizeof(printable)),
		                        list->n + list->n_silent, candidates(list, is_any, NULL, ids, sizeof(ids)));
	if (list->n == 0)
		return nsu_fail_because(fail, ETIMEDOUT,
		                        "the set '%s' gives no answer: is it frozen, or its PID 1 (%d) stopped?",
		                        list->items[0].key, (int)list->items[0].init_pid);
	return 0;
}
