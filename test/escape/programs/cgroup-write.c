/* Looks through every cgroup file system that there is for a file of one name, and opens each for writing. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <ftw.h>

static const char *wanted;
static int error = ENOENT;

static int visit(const char *path, const struct stat *stat, int type, struct FTW *place)
{
	(void)stat;
	if (type == FTW_F && strcmp(path + place->base, wanted) == 0) {
		if (open(path, O_WRONLY | O_CLOEXEC) >= 0)
			escaped("%s", path);
		error = errno;
	}
	return 0;
}

int main(int argc, char **argv)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[8192], target[4096];

	wanted = argument(argc, argv, 1);
	if (!mounts)
		broken("/proc/self/mountinfo");
	while (fgets(line, sizeof line, mounts)) {
		if (!strstr(line, " - cgroup") || sscanf(line, "%*s %*s %*s %*s %4095s", target) != 1)
			continue;
		nftw(target, visit, 32, FTW_PHYS);
	}
	refused(error);
}
