/* SPDX-License-Identifier: BSD-3-Clause */
/* exposition.h - what is counted, and what lives, as OpenMetrics text. */
#ifndef NSU_EXPOSITION_H
#define NSU_EXPOSITION_H

#include <stdio.h>

#include "ask.h"
#include "base.h"
#include "metrics.h"

/**
 * nsu_exposition_print - all families of metrics, and the end of the text.
 * @sets:   borrowed: those that live; their order is changed
 * @counts: borrowed
 * @stream: borrowed; whether it could be written is left to the caller, by ferror(3)
 *
 * Which series there are, and their order, depends on nothing but the values.
 */
void nsu_exposition_print(struct nsu_asked_list *sets, const struct nsu_metrics_counts *counts, FILE *stream);

#endif
