/* A job's folder. */
#ifndef CORRAL_FOLDER_H
#define CORRAL_FOLDER_H

#include <sys/types.h>

int fo_open(int dir_fd, const char *name);
void fo_remove_below(int dir_fd, const char *name);
void fo_remove(const char *dir, pid_t init);

#endif
