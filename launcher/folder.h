/* A job's folder. */
#ifndef CORRAL_FOLDER_H
#define CORRAL_FOLDER_H

#include <sys/types.h>

void fo_remove(const char *dir, pid_t init);

#endif
