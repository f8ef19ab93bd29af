/* Moves a mount elsewhere: mount-move SOURCE TARGET. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	const char *source = argument(argc, argv, 1), *target = argument(argc, argv, 2);

	judge(syscall(SYS_move_mount, AT_FDCWD, source, AT_FDCWD, target, 0), target);
}
