/* Opens one of several files for writing. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (open(argv[i], O_WRONLY | O_CLOEXEC) >= 0)
			escaped("%s", argv[i]);
	refused(errno);
}
