/* A job's folder. */
#ifndef CORRAL_FOLDER_H
#define CORRAL_FOLDER_H

void fo_remove(const char *dir);

#endif
