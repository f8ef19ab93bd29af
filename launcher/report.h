/* What a command's child says of itself on its way to exec. */
#ifndef CORRAL_REPORT_H
#define CORRAL_REPORT_H

#include "init.h"

#include <stdbool.h>
#include <stddef.h>

#define RP_MAX 4096

struct rp_report {
	int fd; /* -1: it has come to its end */
	char text[RP_MAX];
	size_t len;
	bool died_early; /* it has ended, and was not exec'd before */
};

void rp_look(struct rp_report *report);
bool rp_read(struct rp_report *report);
int rp_outcome(const struct rp_report *report, const struct cm_spec *command, struct in_failure *failure, const char **pid);

#endif
