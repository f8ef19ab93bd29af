/* Files that go into a job before it begins. */
#ifndef CORRAL_FILES_H
#define CORRAL_FILES_H

#include <stddef.h>

int fi_put(const char *payload, size_t len, const char **path);

#endif
