/* Writes to another process's memory, at an address where it has none: the right is looked at before the address is. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/uio.h>

int main(int argc, char **argv)
{
	const char *pid = argument(argc, argv, 1);
	char byte = 0;
	struct iovec local = { &byte, 1 }, remote = { (void *)0x1000, 1 };
	ssize_t n = process_vm_writev((pid_t)atoi(pid), &local, 1, &remote, 1, 0);

	if (n < 0 && errno != EFAULT)
		refused(errno);
	escaped("%s", pid);
}
