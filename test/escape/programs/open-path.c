/* Follows a link of /proc to what is behind it, which a later open(2) of /proc/self/fd/N would have at any mode. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	const char *path = argument(argc, argv, 1);

	judge(open(path, O_PATH | O_CLOEXEC), path);
}
