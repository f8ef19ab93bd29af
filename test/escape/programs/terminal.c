/*
 * An ioctl(2) on a terminal of its own that types on it or pastes to it: terminal TIOCSTI|TIOCLINUX [HIGH], HIGH being
 * what is added above the 32 bits of the request that the kernel looks at.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

static _Noreturn void attack(unsigned long request, const char *terminal)
{
	char byte = 12; /* to TIOCLINUX: which console is in front? */
	int fd;

	setsid();
	/* Without O_NOCTTY, the first that a session's leader opens becomes its own. */
	fd = open(terminal, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		broken(terminal);
	if (syscall(SYS_ioctl, fd, request, &byte) == 0)
		escaped("%s", terminal);
	/* The call came as far as the terminal, which is no console. */
	if (errno == ENOTTY)
		escaped("%s, which does not know it", terminal);
	refused(errno);
}

int main(int argc, char **argv)
{
	const char *name = argument(argc, argv, 1);
	unsigned long high = argc > 2 ? strtoul(argv[2], NULL, 0) << 32 : 0;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), status;
	char terminal[64];

	if (master < 0 || grantpt(master) || unlockpt(master) || ptsname_r(master, terminal, sizeof terminal))
		broken("/dev/ptmx");
	/* A leader of a process group cannot make a session. */
	pid_t child = fork();

	if (child == 0)
		attack((strcmp(name, "TIOCSTI") == 0 ? (unsigned long)TIOCSTI : (unsigned long)TIOCLINUX) | high, terminal);
	if (child < 0 || waitpid(child, &status, 0) != child)
		broken("fork");
	if (WIFSIGNALED(status))
		kill(getpid(), WTERMSIG(status));
	return WEXITSTATUS(status);
}
