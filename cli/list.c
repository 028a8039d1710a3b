/* SPDX-License-Identifier: BSD-3-Clause */
/* nsunshare list: the sets that live, and who is logged in to each. Every one is asked; nothing is written down that could be stale. */
#include <stdio.h>

#include "ask.h"
#include "cli.h"
#include "view.h"

enum {
	JSON
};

static int show(const struct nsu_cli_call *call, const struct nsu_asked_list *list, struct nsu_fail *fail)
{
	struct nsu_cli_view view = NSU_CLI_VIEW_INIT;
	int ret;

	ret = nsu_cli_view_fill(&view, list, fail);
	if (ret == 0 && call->values[JSON])
		ret = nsu_cli_view_print_json(&view, fail);
	else if (ret == 0)
		ret = nsu_cli_view_print(&view, fail);
	nsu_cli_view_clear(&view);
	return ret;
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct nsu_asked_list list = NSU_ASKED_LIST_INIT;
	int ret;

	ret = nsu_ask_all(&list, fail);
	if (ret == 0)
		ret = show(call, &list, fail);
	if (ret == 0) {
		fflush(stdout);
		nsu_cli_view_tell_silent(&list);
		if (list.n + list.n_silent == 0 && !call->values[JSON])
			fputs("there are no sets\n", stderr);
		ret = list.n_silent > 0 ? NSU_CLI_WARNINGS : NSU_CLI_OK;
	}
	nsu_asked_list_clear(&list);
	return ret;
}

const struct nsu_cli_command nsu_cli_list = {
	.name = "list",
	.help = "show the sets of namespaces that live, and their logins",
	.options = {[JSON] = {"json", NULL, "print JSON"}},
	.run = run,
};
