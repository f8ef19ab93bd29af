#define _GNU_SOURCE
#include "folder.h"
#include "frame.h"
#include "kernel.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* Whether the folder is that of the job with this init: its name may have gone to another. */
static bool fo_belongs(int dir_fd, pid_t init)
{
	char record[256];
	auto_fd fd = openat(dir_fd, "init", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, record, sizeof record);
	long long pid;

	/* `pid` comes first: the rest of the record need not be whole. */
	for (ssize_t at = 0; at < len; at++)
		if (record[at] == '\0')
			return fr_check(record, (size_t)at + 1) == 0 &&
			       fr_number(fr_get(record, (size_t)at + 1, "pid"), 1, INT_MAX, &pid) == 0 && pid == init;
	return false;
}

/*
 * Removes a job's folder, which is flat; with `init`, only if it is that of the job with this init. The record of that
 * name goes first: without it a folder is no job, whoever looks meanwhile.
 */
void fo_remove(const char *dir, pid_t init)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd < 0 || (init && !fo_belongs(fd, init)) ? NULL : fdopendir(fd);
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
