/* Writes a file until it must end, or has as many MiB as are asked for: fill FOLDER MIB. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>

#define MIB (1L << 20)

int main(int argc, char **argv)
{
	int wanted = atoi(argument(argc, argv, 2)), error = 0, written = 0;
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/fill-%d", argument(argc, argv, 1), (int)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		refused(errno);
	/* Allocated and not written: what a file system takes is what counts. */
	while (written < wanted && !error) {
		error = posix_fallocate(fd, (off_t)written * MIB, MIB);
		written += !error;
	}
	unlink(path);
	if (error)
		refused(error);
	escaped("%d MiB", written);
}
