/* Makes a file system by the newer calls, and does not attach it: mount-new TYPE. */
#define _GNU_SOURCE
#include "attempt.h"

#include <linux/mount.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	const char *type = argument(argc, argv, 1);
	long context = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		refused(errno);
	judge(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0), type);
}
