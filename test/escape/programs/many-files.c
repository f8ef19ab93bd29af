/* Makes empty files until it must end, or has as many as are asked for: many-files FOLDER COUNT. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	const char *folder = argument(argc, argv, 1);
	int wanted = atoi(argument(argc, argv, 2)), made = 0, error = 0;
	char path[4096];

	for (; made < wanted && !error; made++) {
		snprintf(path, sizeof path, "%s/file-%d-%d", folder, (int)getpid(), made);
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		if (fd < 0)
			error = errno;
		close(fd);
	}
	for (int i = 0; i < made; i++) {
		snprintf(path, sizeof path, "%s/file-%d-%d", folder, (int)getpid(), i);
		unlink(path);
	}
	if (error)
		refused(error);
	escaped("%d files", made);
}
