/* Looks through /dev for a device that is not among the harmless ones. */
#define _GNU_SOURCE
#include "attempt.h"

#include <ftw.h>

static const char *const harmless[] = { "null", "zero", "full", "random", "urandom", "tty", "ptmx", "console" };

static int visit(const char *path, const struct stat *stat, int type, struct FTW *place)
{
	(void)type;
	if (!S_ISBLK(stat->st_mode) && !S_ISCHR(stat->st_mode))
		return 0;
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (strcmp(path + place->base, harmless[i]) == 0)
			return 0;
	if (strncmp(path, "/dev/pts/", strlen("/dev/pts/")) != 0)
		escaped("%s", path);
	return 0;
}

int main(void)
{
	nftw("/dev", visit, 32, FTW_PHYS);
	refused_nothing();
}
