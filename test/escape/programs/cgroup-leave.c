/* Makes a cgroup beside the job's own, and moves a child of its own there. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

/* The cgroup of this process as a path in the file system, with `/..` at its end. */
static void find_parent(char *path, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[2048];

	if (!file)
		broken("/proc/self/cgroup");
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
			snprintf(path, size, "%s/cgroup.procs", mounts[i]);
			if (access(path, F_OK) == 0) {
				snprintf(path, size, "%s%s/..", mounts[i], line + 3);
				return;
			}
		}
	}
	refused(ENOENT);
}

static _Noreturn void move(const char *folder)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof path, "%s/cgroup.procs", folder);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	_exit(fd < 0 || write(fd, "0", 1) != 1 ? errno : 0);
}

int main(void)
{
	char parent[PATH_MAX], folder[PATH_MAX + 32];
	int status;

	find_parent(parent, sizeof parent);
	snprintf(folder, sizeof folder, "%s/escape-%d", parent, (int)getpid());
	if (mkdir(folder, 0755))
		refused(errno);
	pid_t child = fork();

	if (child == 0)
		move(folder);
	if (child < 0 || waitpid(child, &status, 0) != child || rmdir(folder))
		broken(folder);
	if (WEXITSTATUS(status))
		refused(WEXITSTATUS(status));
	escaped("%s", folder);
}
