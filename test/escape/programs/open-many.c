/* Opens descriptors until it must end, or has as many as are asked for, with its limit as high as it may go. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <sys/resource.h>

int main(int argc, char **argv)
{
	int wanted = atoi(argument(argc, argv, 1));
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		broken("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		broken("setrlimit");
	for (int i = 0; i < wanted; i++)
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			refused(errno);
	escaped("%d descriptors", wanted);
}
