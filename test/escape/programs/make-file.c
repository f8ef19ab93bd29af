/* Makes a file in a folder, and takes it away again. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/file-%d", argument(argc, argv, 1), (int)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		refused(errno);
	unlink(path);
	escaped("%s", path);
}
