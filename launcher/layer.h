/* What an overlay has left of a job's changes. */
#ifndef CORRAL_LAYER_H
#define CORRAL_LAYER_H

void la_settle(const char *layer);

#endif
