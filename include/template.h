/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * template.h - %-templates of the policy: %u user, %U uid, %g primary group, %G gid, %h home, %s service, %H host name,
 * %i session id, %% a percent sign.
 */
#ifndef NSU_TEMPLATE_H
#define NSU_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"
#include "fail.h"
#include "subject.h"

/**
 * nsu_template_is_valid - does a template use known letters only?
 * @template: borrowed
 *
 * Pure. Return: whether it does.
 */
bool nsu_template_is_valid(const char *template);

/**
 * nsu_template_path - expand a template that is to be a path.
 * @template: borrowed, valid
 * @subject:  looked up
 * @buffer:   caller's, @cap bytes; terminated; undefined on failure
 * @cap:      size of @buffer
 * @fail:     record; names the template, not the value
 *
 * Names (%u %g %s %H) must be ones that may stand in a path (nsu_text_is_name), the home a clean absolute path, and so must be the
 * whole. Pure. Return: 0; -EINVAL if a value or the result is none; -ENAMETOOLONG.
 */
NSU_CHECKED int nsu_template_path(const char *template, const struct nsu_subject *subject, char *buffer, size_t cap,
                                  struct nsu_fail *fail);

/**
 * nsu_template_value - expand a template that is to be the value of a variable of the environment.
 * @template: borrowed, valid
 * @subject:  looked up
 * @buffer:   caller's, @cap bytes; terminated; undefined on failure
 * @cap:      size of @buffer
 * @fail:     record; names the template, not the value
 *
 * The home must be a clean absolute path, and the whole hold no control character. Pure. Return: 0; -EINVAL; -ENAMETOOLONG.
 */
NSU_CHECKED int nsu_template_value(const char *template, const struct nsu_subject *subject, char *buffer, size_t cap,
                                   struct nsu_fail *fail);

/**
 * nsu_template_hostname - expand a template that is to be a host name, or a domain's.
 * @template: borrowed, valid
 * @subject:  looked up
 * @buffer:   caller's, at least NSU_PATH_MAX bytes; made valid by nsu_text_clean_hostname()
 * @cap:      size of @buffer
 * @fail:     record
 *
 * Pure. Return: 0; -EINVAL if nothing valid is left of it; -ENAMETOOLONG.
 */
NSU_CHECKED int nsu_template_hostname(const char *template, const struct nsu_subject *subject, char *buffer, size_t cap,
                                      struct nsu_fail *fail);

#endif
