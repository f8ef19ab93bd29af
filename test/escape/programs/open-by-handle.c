/* Opens a file by its inode's number, past every folder on the way and every mount on top. */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	const char *path = argument(argc, argv, 1);
	/* struct file_handle, with room for the longest. */
	struct {
		unsigned int bytes;
		int type;
		unsigned char handle[128];
	} handle = { .bytes = 128 };
	int mount, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		refused(errno);
	if (syscall(SYS_name_to_handle_at, AT_FDCWD, path, &handle, &mount, 0))
		refused(errno);
	judge(syscall(SYS_open_by_handle_at, fd, &handle, O_RDONLY | O_CLOEXEC), path);
}
