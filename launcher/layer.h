/* What an overlay has left of a job's changes. */
#ifndef CORRAL_LAYER_H
#define CORRAL_LAYER_H

#include <stdbool.h>

void la_settle(const char *layer, bool claims);

#endif
