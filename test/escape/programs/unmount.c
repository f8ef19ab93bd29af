/* Takes a mount away, and what it covered is seen again. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/mount.h>

int main(int argc, char **argv)
{
	const char *path = argument(argc, argv, 1);

	judge(umount2(path, MNT_DETACH), path);
}
