/* Binds one path over another: mount-bind SOURCE TARGET, or a detached copy of a tree with no TARGET. */
#define _GNU_SOURCE
#include "attempt.h"

#include <linux/mount.h>
#include <fcntl.h>
#include <sys/syscall.h>

/* musl's <sys/mount.h> and the kernel's header cannot both be had. */
#define MS_BIND_FLAG 4096

int main(int argc, char **argv)
{
	const char *source = argument(argc, argv, 1);

	if (argc > 2)
		judge(syscall(SYS_mount, source, argv[2], NULL, MS_BIND_FLAG, NULL), argv[2]);
	judge(syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), source);
}
