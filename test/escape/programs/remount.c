/* Makes a mount writable: remount PATH, or with mount_setattr(2): remount PATH setattr. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>

/* musl's <sys/mount.h> and the kernel's header cannot both be had. */
#define MS_REMOUNT_BIND (32 | 4096)

int main(int argc, char **argv)
{
	const char *path = argument(argc, argv, 1);
	struct mount_attr attributes = { .attr_clr = MOUNT_ATTR_RDONLY };

	if (argc > 2)
		judge(syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attributes, sizeof attributes), path);
	judge(syscall(SYS_mount, NULL, path, NULL, MS_REMOUNT_BIND, NULL), path);
}
