/*
 * Writes the files that a start frame brings along. It happens in the command, when it is the job's user and in the job's
 * mounts already: what that user may not write is not written, and it is the job that the memory is charged to.
 */
#define _GNU_SOURCE
#include "files.h"
#include "frame.h"
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

/* Opens what is below a folder: no link is followed, and none of `..` leads out of it. */
static int fi_open(int dir_fd, const char *path, uint64_t flags, mode_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = kn_openat2(dir_fd, path, &how, sizeof how);

	return fd < 0 ? -errno : fd;
}

/* Opens the folder that is to hold the last name of a path, and makes those on the way; that name in *name. */
static int fi_make_parent(int root_fd, const char *path, const char **name)
{
	char part[NAME_MAX + 1];
	const char *slash;
	int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	for (; (slash = strchr(path, '/')); path = slash + 1) {
		size_t len = (size_t)(slash - path);
		auto_fd parent = fd;

		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(part, path, len);
		part[len] = '\0';
		if (mkdirat(parent, part, 0755) && errno != EEXIST)
			return -errno;
		fd = fi_open(parent, part, O_PATH | O_DIRECTORY, 0);
		if (fd < 0)
			return fd;
	}
	*name = path;
	return fd;
}

static int fi_write(int fd, const char *hex)
{
	char bytes[8192];
	ssize_t count;
	int error;

	while ((count = fr_hex(hex, bytes, sizeof bytes)) > 0) {
		hex += 2 * count;
		error = kn_write_all(fd, bytes, (size_t)count);
		if (error)
			return error;
	}
	return (int)count;
}

static int fi_put_one(int root_fd, const char *path, mode_t mode, const char *hex)
{
	const char *name = path;
	auto_fd parent = fi_make_parent(root_fd, path, &name);
	int error;

	if (parent < 0)
		return parent;
	auto_fd fd = fi_open(parent, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return fd;
	error = fi_write(fd, hex);
	/* Not at the opening: the mask would take bits from it. */
	return error ? error : fchmod(fd, mode) ? -errno : 0;
}

/*
 * Puts the files of a start frame, each `putfile=`, `putmode=` (decimal) and `putdata=` (hexadecimal), below the folder
 * `files=`. What fails is told by *path.
 */
int fi_put(const char *payload, size_t len, const char **path)
{
	const char *root = fr_get(payload, len, "files");
	struct fr_reader reader = { payload, payload + len };
	struct fr_field field;
	const char *name = NULL;
	long long mode = 0;
	int error = 0;

	if (!root)
		return 0;
	*path = root;
	auto_fd root_fd = open(root, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root_fd < 0)
		return -errno;
	while (!error && fr_next(&reader, &field)) {
		if (fr_is(&field, "putfile"))
			*path = name = field.value;
		else if (fr_is(&field, "putmode"))
			error = fr_number(field.value, 0, 0777, &mode);
		else if (fr_is(&field, "putdata"))
			error = name ? fi_put_one(root_fd, name, (mode_t)mode, field.value) : -EINVAL;
	}
	return error;
}
