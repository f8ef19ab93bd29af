#define _GNU_SOURCE
#include "folder.h"
#include "frame.h"
#include "kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* Opens a folder that a job has made; one that its owner may not read, as we may be its owner and not root, is let in. */
int fo_open(int dir_fd, const char *name)
{
	char path[32];
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES) {
		auto_fd path_fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		snprintf(path, sizeof path, "/proc/self/fd/%d", path_fd);
		if (path_fd >= 0 && chmod(path, 0700) == 0)
			fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd;
}

/* Opens a folder to empty it. */
static int fo_open_to_empty(int dir_fd, const char *name)
{
	int fd = fo_open(dir_fd, name);

	if (fd >= 0)
		fchmod(fd, 0700);
	return fd;
}

/* Moves a folder that is not empty up to the top, under a name that nothing there has. */
static bool fo_move_up(int from_dir, const char *name, int top_fd, unsigned *moved)
{
	char target[32];

	snprintf(target, sizeof target, "%u.removed", ++*moved);
	if (renameat(from_dir, name, top_fd, target) == 0)
		return true;
	/* Its parent is written into it. */
	auto_fd fd = errno == EACCES ? fo_open_to_empty(from_dir, name) : -1;
	return fd >= 0 && renameat(from_dir, name, top_fd, target) == 0;
}

/* Empties a folder: what is in it goes, folders that are not empty are moved up. True when it made some headway. */
static bool fo_empty(int fd, int top_fd, unsigned *moved)
{
	DIR *entries = fdopendir(fd);
	struct dirent *entry;
	bool headway = false;

	if (!entries) {
		close(fd);
		return false;
	}
	while ((entry = readdir(entries))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		headway |= unlinkat(fd, name, 0) == 0 || unlinkat(fd, name, AT_REMOVEDIR) == 0 ||
			   fo_move_up(fd, name, top_fd, moved);
	}
	closedir(entries);
	return headway;
}

/* One look through the top: files go, folders are emptied and go. True when another look may find more to remove. */
static bool fo_sweep(DIR *top, unsigned *moved)
{
	int top_fd = dirfd(top);
	struct dirent *entry;
	bool headway = false;

	rewinddir(top);
	while ((entry = readdir(top))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(top_fd, name, 0) == 0)
			continue;
		int fd = fo_open_to_empty(top_fd, name);

		headway |= fd >= 0 && fo_empty(fd, top_fd, moved);
		headway |= unlinkat(top_fd, name, AT_REMOVEDIR) == 0;
	}
	return headway;
}

/*
 * Removes what is in a folder, which is closed. It may be what a job has made: of any depth, with any names and modes.
 * Folders are moved up to be emptied, so that neither paths nor descriptors nor the stack grow with their depth.
 */
static void fo_clear(int fd)
{
	DIR *top = fdopendir(fd);
	unsigned moved = 0;

	if (!top) {
		close(fd);
		return;
	}
	while (fo_sweep(top, &moved))
		;
	closedir(top);
}

/* Removes a folder in a job's folder, with all that is in it. */
void fo_remove_below(int dir_fd, const char *name)
{
	int fd = fo_open_to_empty(dir_fd, name);

	if (fd >= 0)
		fo_clear(fd);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
}

/*
 * Removes a job's folder; with `init`, only if it is that of the job with this init. The record of that name goes first:
 * without it a folder is no job, whoever looks meanwhile.
 */
void fo_remove(const char *dir, pid_t init)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (init && !fo_belongs(fd, init)) {
		close(fd);
		return;
	}
	unlinkat(fd, "init", 0);
	fo_clear(fd);
	rmdir(dir);
}
