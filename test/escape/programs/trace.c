/* Traces a process. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	const char *pid = argument(argc, argv, 1);

	judge(ptrace(PTRACE_SEIZE, (pid_t)atoi(pid), NULL, NULL), pid);
}
