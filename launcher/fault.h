/* Steps that fail when they are told to: a debug build (-DLN_FAULTS) for the tests of what happens then. */
#ifndef CORRAL_FAULT_H
#define CORRAL_FAULT_H

#include "frame.h"

#include <stdbool.h>
#include <string.h>

/*
 * Whether a step is to fail: the command's variable CORRAL_FAULT is its name, or where there are several of that name, as
 * of mounts, the name, a blank and the detail that tells them apart.
 */
static inline bool fl_is_wanted(const char *payload, size_t len, const char *step, const char *detail)
{
#ifdef LN_FAULTS
	static const char variable[] = "CORRAL_FAULT=";
	struct fr_reader reader = { payload, payload + len };
	struct fr_field field;

	while (fr_next(&reader, &field)) {
		const char *wanted = field.value + sizeof variable - 1;
		size_t step_len = strlen(step);

		if (!fr_is(&field, "env") || strncmp(field.value, variable, sizeof variable - 1) != 0)
			continue;
		if (strncmp(wanted, step, step_len) != 0)
			return false;
		return detail ? wanted[step_len] == ' ' && strcmp(wanted + step_len + 1, detail) == 0 : wanted[step_len] == '\0';
	}
#endif
	(void)payload, (void)len, (void)step, (void)detail;
	return false;
}

#endif
