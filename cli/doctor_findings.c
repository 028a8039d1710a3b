/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the examinations put what they find, and the small things they share. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "doctor.h"
#include "reader.h"
#include "text.h"

#define NUMBER_FILE_MAX 128

static void clear_finding(struct nsu_doctor_finding *finding)
{
	free(finding->place);
	free(finding->text);
	free(finding->remedy);
}

static bool is_there(const struct nsu_doctor *doctor, const struct nsu_doctor_finding *finding)
{
	for (size_t i = 0; i < doctor->n_findings; i++) {
		if (strcmp(doctor->findings[i].place, finding->place) == 0 &&
		    strcmp(doctor->findings[i].text, finding->text) == 0)
			return true;
	}
	return false;
}

void nsu_doctor_find(struct nsu_doctor *doctor, enum nsu_doctor_severity severity, const char *place,
                     const char *remedy, const char *format, ...)
{
	struct nsu_doctor_finding finding = {.severity = severity, .place = strdup(place), .remedy = strdup(remedy)};
	struct nsu_doctor_finding *kept = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&finding.text, format, args) < 0)
		finding.text = NULL;
	va_end(args);
	if (!finding.place || !finding.remedy || !finding.text)
		doctor->lacks_memory = true;
	else if (!is_there(doctor, &finding))
		kept = nsu_cli_grow(&doctor->findings, &doctor->n_findings, sizeof(*kept));
	if (kept)
		*kept = finding;
	else
		clear_finding(&finding);
}

const char *nsu_doctor_at(const struct nsu_stack_line *line, char *buffer, size_t cap)
{
	snprintf(buffer, cap, "%s:%u", line->file, line->line);
	return buffer;
}

bool nsu_doctor_is_module(const struct nsu_stack_line *line, const char *name)
{
	const char *slash = strrchr(line->module, '/');

	return strcmp(slash ? slash + 1 : line->module, name) == 0;
}

bool nsu_doctor_uses(const struct nsu_doctor *doctor, const char *service)
{
	for (size_t i = 0; i < doctor->n_uses; i++) {
		if (doctor->uses[i].line->type == NSU_STACK_SESSION &&
		    strcmp(doctor->uses[i].service->name, service) == 0)
			return true;
	}
	return false;
}

int nsu_doctor_number(const char *path, unsigned long long *ret_number)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	auto_free char *text = NULL;
	uint64_t number;
	int ret;

	ret = nsu_reader_text(path, NUMBER_FILE_MAX, &text, &ignored);
	if (ret < 0)
		return ret;
	text[strcspn(text, "\n")] = '\0';
	ret = nsu_text_to_number(text, 0, UINT64_MAX, &number);
	if (ret < 0)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

void nsu_doctor_clear(struct nsu_doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_findings; i++)
		clear_finding(&doctor->findings[i]);
	for (size_t i = 0; i < doctor->n_uses; i++)
		free(doctor->uses[i].words);
	for (size_t i = 0; i < doctor->n_services; i++) {
		nsu_stack_clear(&doctor->services[i].stack);
		free(doctor->services[i].name);
		free(doctor->services[i].file);
	}
	free(doctor->findings);
	free(doctor->uses);
	free(doctor->services);
	nsu_policy_free(doctor->policy);
	memset(doctor, 0, sizeof(*doctor));
}
