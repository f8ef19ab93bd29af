/* Has a child in a new namespace by the call whose flags no filter can see: clone3 KIND. */
#define _GNU_SOURCE
#include "namespace.h"

#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	const char *name = argument(argc, argv, 1);
	struct clone_args args = { .flags = (uint64_t)namespace_flag(name), .exit_signal = SIGCHLD };
	long child = syscall(SYS_clone3, &args, sizeof args);

	if (child == 0)
		_exit(0);
	judge(child, name);
}
