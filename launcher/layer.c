/*
 * Makes the layer of an ended job's overlay ready to be read: `upper` is what the job has written, and tells by itself
 * what is new, changed or gone, but for one thing that only extended attributes say: which folders were deleted and made
 * anew, so that nothing of what the lower folder has is in them (Documentation/filesystems/overlayfs.rst, "whiteouts and
 * opaque directories"). These are listed in the file `opaque`, as paths below `upper`, each ended by a NUL byte.
 */
#define _GNU_SOURCE
#include "layer.h"
#include "folder.h"
#include "kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* A walk through a layer. */
struct la_walk {
	char path[PATH_MAX]; /* where it is, below `upper` */
	FILE *list;
	bool claims; /* what it comes upon becomes ours */
};

/* As root the kernel notes it under one name, in a user namespace under the other. */
static bool la_is_opaque(int fd)
{
	static const char *const names[] = { "trusted.overlay.opaque", "user.overlay.opaque" };
	char value;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (fgetxattr(fd, names[i], &value, 1) == 1 && value == 'y')
			return true;
	return false;
}

/*
 * The ids that the job's user namespace has are not its runner's: outside of it the runner could neither read nor remove
 * what belongs to them.
 */
static int la_claim(int dir_fd, const char *name)
{
	return fchownat(dir_fd, name, geteuid(), getegid(), AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

static int la_walk_folder(struct la_walk *walk, int fd, size_t len);

static int la_enter(struct la_walk *walk, int dir_fd, const char *name, size_t len)
{
	int fd = fo_open(dir_fd, name);
	struct stat stat;
	int error = 0;

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	if (walk->claims && (fstat(fd, &stat) || fchmod(fd, (stat.st_mode & 07777) | 0700)))
		error = -errno;
	else if (la_is_opaque(fd) && fwrite(walk->path, len + 1, 1, walk->list) != 1)
		error = -EIO;
	if (!error)
		return la_walk_folder(walk, fd, len);
	close(fd);
	return error;
}

/* Looks at one entry; what is too deep to be named by a path is nobody's to read later. */
static int la_look_at(struct la_walk *walk, int dir_fd, const struct dirent *entry, size_t len)
{
	int more = snprintf(walk->path + len, sizeof walk->path - len, "%s%s", len ? "/" : "", entry->d_name);
	int error = walk->claims ? la_claim(dir_fd, entry->d_name) : 0;

	if (error || more < 0 || len + (size_t)more >= sizeof walk->path)
		return error;
	if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
		return 0;
	return la_enter(walk, dir_fd, entry->d_name, len + (size_t)more);
}

/* Looks at what is in a folder, which is closed. */
static int la_walk_folder(struct la_walk *walk, int fd, size_t len)
{
	DIR *entries = fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!entries) {
		close(fd);
		return -ENOMEM;
	}
	while (!error && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			error = la_look_at(walk, fd, entry, len);
	closedir(entries);
	return error;
}

/* Walks through `upper`; only a list that is whole is left. */
static int la_list_opaque(struct la_walk *walk, int layer_fd)
{
	int upper_fd = fo_open(layer_fd, "upper"), list_fd, error;

	if (upper_fd < 0)
		return -errno;
	list_fd = openat(layer_fd, "opaque", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	walk->list = list_fd < 0 ? NULL : fdopen(list_fd, "w");
	if (!walk->list) {
		close(upper_fd);
		kn_close(&list_fd);
		return -EIO;
	}
	error = la_walk_folder(walk, upper_fd, 0);
	return fclose(walk->list) && !error ? -EIO : error;
}

/* Makes a layer ready to be read, and takes away what is only the kernel's. With `claims` all of it becomes ours. */
void la_settle(const char *layer, bool claims)
{
	static struct la_walk walk;
	auto_fd layer_fd = open(layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (layer_fd < 0)
		return;
	walk.claims = claims;
	fo_remove_below(layer_fd, "work");
	if ((claims && la_claim(layer_fd, "upper")) || la_list_opaque(&walk, layer_fd))
		unlinkat(layer_fd, "opaque", 0);
}
