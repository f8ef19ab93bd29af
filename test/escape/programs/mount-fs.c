/* Mounts a file system: mount-fs TYPE TARGET [OPTIONS]. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/mount.h>

int main(int argc, char **argv)
{
	const char *type = argument(argc, argv, 1), *target = argument(argc, argv, 2);

	judge(mount("none", target, type, MS_NOSUID | MS_NODEV, argc > 3 ? argv[3] : NULL), type);
}
