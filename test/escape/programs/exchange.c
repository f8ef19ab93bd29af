/* Has two names change places, without end, at one stroke each time: exchange NAME NAME. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <sys/syscall.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

int main(int argc, char **argv)
{
	const char *one = argument(argc, argv, 1), *other = argument(argc, argv, 2);

	for (unsigned i = 0;; i++) {
		if (syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE))
			broken(one);
		if (i == 0)
			dprintf(STDOUT_FILENO, "ready\n");
	}
}
