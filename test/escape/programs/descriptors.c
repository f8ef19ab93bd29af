/* Looks for a descriptor besides standard input, output and error, and for one of these that is a folder. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/stat.h>

int main(void)
{
	struct stat stat;

	for (int fd = 0; fd < 65536; fd++)
		if (fstat(fd, &stat) == 0 && (fd > STDERR_FILENO || S_ISDIR(stat.st_mode)))
			escaped("%d", fd);
	refused_nothing();
}
