/* Takes a copy of another process's descriptor: take-descriptor PID [FD]. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/syscall.h>

int main(int argc, char **argv)
{
	const char *pid = argument(argc, argv, 1);
	long pidfd = syscall(SYS_pidfd_open, atoi(pid), 0);

	if (pidfd < 0)
		refused(errno);
	judge(syscall(SYS_pidfd_getfd, pidfd, argc > 2 ? atoi(argv[2]) : 0, 0), pid);
}
