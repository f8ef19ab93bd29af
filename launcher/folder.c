#define _GNU_SOURCE
#include "folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

/* Removes a job's folder, which is flat. `init` goes first: without it a folder is no job, whoever looks meanwhile. */
void fo_remove(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!entries) {
		if (fd >= 0)
			close(fd);
		return;
	}
	unlinkat(fd, "init", 0);
	while ((entry = readdir(entries)))
		unlinkat(fd, entry->d_name, 0);
	closedir(entries);
	rmdir(dir);
}
