/* Enters a new namespace: unshare KIND. */
#define _GNU_SOURCE
#include "namespace.h"

int main(int argc, char **argv)
{
	const char *name = argument(argc, argv, 1);

	judge(unshare(namespace_flag(name)), name);
}
