/* Attaches a System V shared memory segment by its number. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/shm.h>

int main(int argc, char **argv)
{
	const char *id = argument(argc, argv, 1);

	if (shmat(atoi(id), NULL, SHM_RDONLY) == (void *)-1)
		refused(errno);
	escaped("%s", id);
}
