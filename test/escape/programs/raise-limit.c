/* Raises a resource limit above what it was given: raise-limit RESOURCE, as its number. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/resource.h>

int main(int argc, char **argv)
{
	const char *resource = argument(argc, argv, 1);
	struct rlimit limit;

	if (getrlimit(atoi(resource), &limit))
		broken(resource);
	if (limit.rlim_max == RLIM_INFINITY)
		escaped("there is no limit");
	limit.rlim_max++;
	judge(setrlimit(atoi(resource), &limit), resource);
}
