/*
 * Takes a lease on its own output, which makes everyone else who opens that file wait for 45 s (fcntl(2), F_SETLEASE):
 * its readers too, whose threads it can have wait one by one.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <signal.h>

int main(void)
{
	signal(SIGIO, SIG_IGN);
	if (fcntl(STDOUT_FILENO, F_SETLEASE, F_WRLCK))
		refused(errno);
	/* Or the test would wait as well. */
	fcntl(STDOUT_FILENO, F_SETLEASE, F_UNLCK);
	escaped("a lease");
}
