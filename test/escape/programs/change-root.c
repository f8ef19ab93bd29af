/* The old way out of a chroot(2): into a folder of its own, with the working directory left outside. Looks for a file. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/stat.h>

int main(int argc, char **argv)
{
	const char *marker = argument(argc, argv, 1);

	mkdir("/tmp/cage", 0755);
	if (chdir("/") || chroot("/tmp/cage"))
		refused(errno);
	for (int i = 0; i < 64; i++)
		if (chdir(".."))
			refused(errno);
	if (chroot("."))
		refused(errno);
	rmdir("/tmp/cage");
	judge(access(marker, F_OK), marker);
}
