/* Has a child in a new namespace: clone KIND. */
#define _GNU_SOURCE
#include "namespace.h"

#include <signal.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	const char *name = argument(argc, argv, 1);
	long child = syscall(SYS_clone, (long)namespace_flag(name) | SIGCHLD, 0L, 0L, 0L, 0L);

	if (child == 0)
		_exit(0);
	judge(child, name);
}
