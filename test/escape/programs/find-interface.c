/* Looks for a network interface by its name. */
#define _GNU_SOURCE
#include "attempt.h"

#include <net/if.h>

int main(int argc, char **argv)
{
	const char *name = argument(argc, argv, 1);

	judge(if_nametoindex(name) ? 0 : -1, name);
}
