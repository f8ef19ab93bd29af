/* Makes a node for a block device in a folder, and reads from it: make-device FOLDER MAJOR MINOR. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int main(int argc, char **argv)
{
	const char *folder = argument(argc, argv, 1);
	unsigned int major = (unsigned int)atoi(argument(argc, argv, 2)), minor = (unsigned int)atoi(argument(argc, argv, 3));
	char path[4096];
	int fd, error;

	snprintf(path, sizeof path, "%s/disk-%d", folder, (int)getpid());
	if (mknod(path, S_IFBLK | 0600, makedev(major, minor)))
		refused(errno);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	error = errno;
	unlink(path);
	errno = error;
	judge(fd, path);
}
