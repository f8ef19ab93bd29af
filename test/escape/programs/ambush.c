/*
 * Lies in wait for processes that come into its PID namespace and are not yet what they will be: ambush COUNT. Until it is
 * exec'd, a further command in a job runs the launcher's program and has descriptors that no job is to have; looks whether
 * it can have a hold of one, or of that program, in COUNT processes, or in those that it saw before SIGTERM: it may miss one
 * that comes and goes.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

static volatile sig_atomic_t over;

static void end(int sig)
{
	(void)sig;
	over = 1;
}

/* Tries what the process has open besides 0 to 2, what it runs, and its memory. */
static void attack(int pid)
{
	char path[64], target[256];
	ssize_t len;

	for (int fd = 3; fd < 16; fd++) {
		snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
		if (open(path, O_PATH | O_CLOEXEC) >= 0)
			escaped("%s", path);
	}
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	len = readlink(path, target, sizeof target - 1);
	target[len > 0 ? len : 0] = '\0';
	if (strstr(target, "corral-launcher"))
		escaped("%s", path);
}

int main(int argc, char **argv)
{
	int wanted = atoi(argument(argc, argv, 1)), last = 0, count = 0;
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		broken("/proc");
	signal(SIGTERM, end);
	dprintf(STDOUT_FILENO, "ready\n");
	while (count < wanted && !over) {
		rewinddir(dir);
		while ((entry = readdir(dir))) {
			int pid = atoi(entry->d_name);

			if (pid <= 1 || pid == getpid())
				continue;
			attack(pid);
			if (pid != last)
				count++;
			last = pid;
		}
	}
	refused_nothing();
}
