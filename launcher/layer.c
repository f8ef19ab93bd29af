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
#include <sys/xattr.h>

/* A walk through a layer. */
struct la_walk {
	char path[PATH_MAX]; /* where it is, below `upper` */
	FILE *list;
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

static int la_list(struct la_walk *walk, int fd, size_t len);

/* Looks at one entry; what is too deep to be named by a path is nobody's to read later. */
static int la_look_at(struct la_walk *walk, int dir_fd, const struct dirent *entry, size_t len)
{
	int more = snprintf(walk->path + len, sizeof walk->path - len, "%s%s", len ? "/" : "", entry->d_name);

	if (more < 0 || len + (size_t)more >= sizeof walk->path)
		return 0;
	int fd = fo_open(dir_fd, entry->d_name);

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	if (la_is_opaque(fd) && fwrite(walk->path, len + (size_t)more + 1, 1, walk->list) != 1) {
		close(fd);
		return -EIO;
	}
	return la_list(walk, fd, len + (size_t)more);
}

/* Lists the opaque folders in a folder, which is closed. */
static int la_list(struct la_walk *walk, int fd, size_t len)
{
	DIR *entries = fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!entries) {
		close(fd);
		return -ENOMEM;
	}
	while (!error && (entry = readdir(entries))) {
		bool is_itself = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;

		if (!is_itself && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			error = la_look_at(walk, fd, entry, len);
	}
	closedir(entries);
	return error;
}

/* Lists the opaque folders of `upper`; only a list that is whole is left. */
static void la_note_opaque(int layer_fd)
{
	static struct la_walk walk;
	int upper_fd = fo_open(layer_fd, "upper");
	int list_fd = openat(layer_fd, "opaque", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int error = upper_fd < 0 || list_fd < 0 ? -errno : 0;

	walk.list = error ? NULL : fdopen(list_fd, "w");
	if (!walk.list) {
		kn_close(&upper_fd);
		kn_close(&list_fd);
		error = -EIO;
	} else {
		error = la_list(&walk, upper_fd, 0);
		error |= fclose(walk.list);
	}
	if (error)
		unlinkat(layer_fd, "opaque", 0);
}

/* Makes a layer ready to be read, and takes away what is only the kernel's. */
void la_settle(const char *layer)
{
	auto_fd layer_fd = open(layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (layer_fd < 0)
		return;
	fo_remove_below(layer_fd, "work");
	la_note_opaque(layer_fd);
}
