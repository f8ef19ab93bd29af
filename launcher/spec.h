/* What of a frame says what a command is. */
#ifndef CORRAL_SPEC_H
#define CORRAL_SPEC_H

#include "init.h"

#include <stddef.h>

int sp_read(const char *payload, size_t len, struct cm_spec *spec, struct in_failure *failure);
void sp_free(struct cm_spec *spec);

#endif
