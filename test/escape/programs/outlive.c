/*
 * Holds on to the program that a process runs, waits for its end, and writes the first byte that it has: outlive PID. A
 * program that runs cannot be written (ETXTBSY); a descriptor waits for that.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	const char *pid = argument(argc, argv, 1);
	char path[64], byte;
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0), .events = POLLIN };
	int held, fd;

	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	held = open(path, O_RDONLY | O_CLOEXEC);
	if (end.fd < 0 || held < 0)
		refused(errno);
	dprintf(STDOUT_FILENO, "ready\n");
	if (poll(&end, 1, -1) != 1)
		broken("poll");
	snprintf(path, sizeof path, "/proc/self/fd/%d", held);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		refused(errno);
	judge(pread(held, &byte, 1, 0) == 1 ? pwrite(fd, &byte, 1, 0) : -1, pid);
}
