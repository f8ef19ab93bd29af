/*
 * Not an attempt: makes several, each in a process of its own, and prints after each on a line of its own how it ended: its
 * exit status, or its signal below zero. Attempts are ended by the argument `;`.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/wait.h>

static void make(char **argv)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execv(argv[0], argv);
		broken(argv[0]);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		broken("fork");
	dprintf(STDOUT_FILENO, "= %d\n", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	char **first = argv + 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], ";") != 0)
			continue;
		argv[i] = NULL;
		make(first);
		first = argv + i + 1;
	}
	return 0;
}
