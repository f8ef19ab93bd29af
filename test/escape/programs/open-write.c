/* Opens a file for writing, and writes nothing. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	const char *path = argument(argc, argv, 1);

	judge(open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), path);
}
