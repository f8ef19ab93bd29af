/*
 * Forks without end, twice each time, into sessions of their own and deaf to every signal, until no more can be had; says
 * how many there are, and stays. What ends it must end all of it.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include <signal.h>
#include <sys/mman.h>

static void be_deaf(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
}

int main(int argc, char **argv)
{
	int wanted = atoi(argument(argc, argv, 1));
	volatile int *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (count == MAP_FAILED)
		broken("mmap");
	be_deaf();
	for (;;) {
		pid_t child = fork();

		if (child < 0)
			break;
		if (child == 0) {
			setsid();
			if (fork() != 0)
				_exit(0);
			if (__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST) >= wanted)
				break;
		} else if (__atomic_load_n(count, __ATOMIC_SEQ_CST) >= wanted) {
			break;
		}
	}
	dprintf(STDOUT_FILENO, "stopped\n");
	for (;;)
		pause();
}
