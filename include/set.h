/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * set.h - one set of namespaces and the logins in it: its key, and what its PID 1 is told and tells. Pure: no I/O, no
 * allocation. PID 1 alone knows its logins, so nothing of this is ever written down.
 *
 * Who connects to the socket of a set (registry.h) sends one hello, with a descriptor of the opener's pidfd where it is to log in:
 *   NSU_SET_LOGIN  an answer (wire.h), with a pidfd of PID 1, then the order CGROUP, with the cgroup that the login is to be in, or
 *                  none. The connection is the login's channel from then on: COMMIT, END. The login ends with its opener.
 *   NSU_SET_ASK    a frame that tells the set and a page of its logins, with a pidfd of PID 1; as often as it is asked.
 *   NSU_SET_END    nothing: the set ends, as it would with its last login.
 * The first opener says hello on its channel, behind the plan, and is answered without a pidfd, which it has.
 */
#ifndef NSU_SET_H
#define NSU_SET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "defaults.h"
#include "plan.h"

/* One login. Its texts are printable (nsu_text_printable), and cut where they are too long. */
struct nsu_login {
	uid_t uid;
	pid_t opener;  /* its number, as itself sees it: for people, who may find it in `ps` */
	int64_t since; /* seconds of the epoch */
	char user[NSU_LOGIN_TEXT_MAX];
	char service[NSU_LOGIN_TEXT_MAX];
	char tty[NSU_LOGIN_TEXT_MAX];
	char rhost[NSU_LOGIN_TEXT_MAX];
};

/* What PID 1 tells of its set. */
struct nsu_set {
	char id[NSU_ID_LEN + 1];
	enum nsu_plan_scope scope;
	enum nsu_plan_lifetime lifetime;
	uid_t uid;                       /* scopes session, user: whose it is; else 0 */
	gid_t gid;                       /* scope group: whose; else 0 */
	char name[NSU_NAME_MAX + 1];     /* scope named: what it is called; else "" */
	char profile[NSU_LOG_VALUE_MAX]; /* printable */
	char note[NSU_NOTE_MAX];         /* "address=10.64.0.5", as in the log line of the open; "" */
	unsigned namespaces;             /* CLONE_NEW* bits */
	unsigned stop_timeout_ms;        /* its processes get at the end */
	struct nsu_plan_harden harden;   /* what each login of it gives up */
	int64_t since;                   /* seconds of the epoch */
	size_t n_logins;                 /* in all */
};

enum nsu_set_wish {
	NSU_SET_LOGIN = 1,
	NSU_SET_ASK,
	NSU_SET_END,
};

struct nsu_set_hello {
	enum nsu_set_wish wish;
	size_t first;           /* ASK: the first login of the page, counted from 0 */
	struct nsu_login login; /* LOGIN; else empty */
};

/**
 * nsu_set_key - the name of the set that a plan wants: equal for two plans only if one set serves both.
 * @plan: borrowed; has passed nsu_plan_check()
 * @key:  filled: "s<id>", "u<uid>.<hash>", "g<gid>.<hash>", "n<name>.<hash>", the hash over all that the wire carries but id and
 *        timeout, and over the version of these frames
 *
 * Pure.
 */
void nsu_set_key(const struct nsu_plan *plan, char key[NSU_KEY_MAX]);

/**
 * nsu_set_describe - what a plan makes, as PID 1 will tell it.
 * @plan: borrowed
 * @set:  filled; since and n_logins are 0
 *
 * Pure.
 */
void nsu_set_describe(const struct nsu_plan *plan, struct nsu_set *set);

/**
 * nsu_set_encode_hello - flatten a hello into one frame.
 * @hello:   borrowed
 * @buffer:  caller's, @cap bytes; NSU_HELLO_MAX suffices
 * @cap:     size of @buffer
 * @ret_len: bytes written; untouched on failure
 *
 * Pure. Return: 0; -E2BIG.
 */
NSU_CHECKED int nsu_set_encode_hello(const struct nsu_set_hello *hello, void *buffer, size_t cap, size_t *ret_len);

/**
 * nsu_set_decode_hello - a hello from one frame.
 * @frame: borrowed, @len bytes, from anywhere
 * @len:   length in bytes
 * @hello: filled, its texts terminated; undefined on failure
 *
 * Pure. Return: 0; -EPROTO if the frame is not one of this version; -EBADMSG if it is cut short, longer, or holds a value outside
 * of its type.
 */
NSU_CHECKED int nsu_set_decode_hello(const void *frame, size_t len, struct nsu_set_hello *hello);

/**
 * nsu_set_encode - flatten a set and a page of its logins into one frame.
 * @set:     borrowed
 * @logins:  borrowed: @n pointers to the logins of the page
 * @n:       at most NSU_SET_PAGE
 * @buffer:  caller's, NSU_FRAME_MAX bytes
 * @ret_len: bytes written; untouched on failure
 *
 * Pure. Return: 0; -E2BIG.
 */
NSU_CHECKED int nsu_set_encode(const struct nsu_set *set, const struct nsu_login *const *logins, size_t n, void *buffer,
                               size_t *ret_len);

/**
 * nsu_set_decode - a set and a page of its logins from one frame.
 * @frame:  borrowed, @len bytes, from anywhere
 * @len:    length in bytes
 * @set:    filled; undefined on failure, as what follows
 * @logins: filled
 * @ret_n:  how many logins are on the page; 0: it is behind the last one
 *
 * Pure. Return: as nsu_set_decode_hello().
 */
NSU_CHECKED int nsu_set_decode(const void *frame, size_t len, struct nsu_set *set,
                               struct nsu_login logins[NSU_SET_PAGE], size_t *ret_n);

#endif
