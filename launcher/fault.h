/* Steps that fail when they are told to: a debug build (-DLN_FAULTS) for the tests of what happens then. */
#ifndef CORRAL_FAULT_H
#define CORRAL_FAULT_H

#include <stdbool.h>
#include <string.h>

/* Whether a step is to fail: the one that the command's variable CORRAL_FAULT names. */
static inline bool fl_is_wanted(char *const *envp, const char *step)
{
#ifdef LN_FAULTS
	static const char variable[] = "CORRAL_FAULT=";

	for (; *envp; envp++)
		if (strncmp(*envp, variable, sizeof variable - 1) == 0)
			return strcmp(*envp + sizeof variable - 1, step) == 0;
#endif
	(void)envp, (void)step;
	return false;
}

#endif
