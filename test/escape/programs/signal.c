/* Asks whether it may send a signal to a process, and sends none. */
#define _GNU_SOURCE
#include "attempt.h"

#include <signal.h>

int main(int argc, char **argv)
{
	const char *pid = argument(argc, argv, 1);

	judge(kill((pid_t)atoi(pid), 0), pid);
}
