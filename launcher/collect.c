/*
 * Copies files and folders out of an ended job. All of it happens in a child of init, after the job's last process is
 * gone; init waits for it, but not for ever.
 *
 * Where from.  The command, before it is one, hands init its root and its mount namespace: nothing that the job does later
 * decides where that root is. Each path is looked up below it by openat2(2), without following any link.
 *
 * What.  Only regular files and folders. Everything is first opened with O_PATH, which neither waits nor wakes a driver,
 * then looked at, and only what is wanted is opened again, through /proc/self/fd: that is what was looked at, whatever a
 * process of another job, where folders are shared, has put under its name meanwhile. No folder is left for another mount.
 *
 * With whose rights.  Sources are opened with the job's user, groups and capabilities, the copies are made with ours: a
 * job gets nothing collected that it could not have read.
 */
#define _GNU_SOURCE
#include "collect.h"
#include "frame.h"
#include "kernel.h"
#include "message.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define CO_FOLDER "collected"
/* How deep folders are followed. */
#define CO_DEPTH_MAX 128
/* At most so much between two looks for a fatal signal. */
#define CO_CHUNK ((size_t)1 << 20)

/* A collection under way. */
struct co {
	const struct co_order *order;
	uid_t uid; /* ours */
	gid_t gid;
	long long bytes_left;
	long long entries_left;
	bool full; /* the disk has no more room: no more is tried */

	/* Of the path that is being collected. */
	long long files;
	long long bytes;
	long long omitted;
	int error;                /* of the first that was left out */
	char error_path[PATH_MAX];
	char at[PATH_MAX];        /* where in the job's file system it is now */
};

/* ---- handing over the root ---- */

/* In the command, once its mounts are made: sends init its root and its mount namespace. */
int co_send_root(int socket_fd, int proc_fd)
{
	auto_fd root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd namespace_fd = openat(proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	static const char fields[] = "root=1\0namespace=1";

	if (root_fd < 0 || namespace_fd < 0)
		return -errno;
	return me_send(socket_fd, fields, sizeof fields, (const int[]){ root_fd, namespace_fd }, 2);
}

/* In init, once the command was exec'd: takes what it has sent. */
int co_take_root(int socket_fd, struct co_root *root)
{
	int fds[2], error = me_receive_fds(socket_fd, "root", "namespace", fds);

	if (!error)
		*root = (struct co_root){ .root_fd = fds[0], .namespace_fd = fds[1] };
	return error;
}

/* ---- rights ---- */

/* Of the job's capabilities those that bear on reading files, and what it takes to change between the users. */
static int co_limit_capabilities(const struct co_order *order)
{
	static const int reading[] = { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t kept = 1U << CAP_SETUID | 1U << CAP_SETGID;

	for (size_t i = 0; i < sizeof reading / sizeof *reading; i++)
		if (order->capabilities >> reading[i] & 1)
			kept |= 1U << reading[i];
	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= i == 0 ? kept : 0;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static int co_take_rights(const struct co *co)
{
	const struct co_order *order = co->order;

	/* Without a user of its own the job has our groups; so it has where none can be set. */
	bool keeps = order->uid < 0 || fr_get(order->payload, order->len, "keepgroups");

	if (!keeps && setgroups(order->group_count, order->groups))
		return -errno;
	return co_limit_capabilities(order);
}

/* Opens files as this user from now on. The calls do not tell whether they succeed: a second one does (setfsuid(2)). */
static int co_act_as(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
	return setfsgid((gid_t)-1) == (int)gid && setfsuid((uid_t)-1) == (int)uid ? 0 : -EPERM;
}

static int co_act_as_job(const struct co *co)
{
	return co->order->uid < 0 ? 0 : co_act_as((uid_t)co->order->uid, (gid_t)co->order->gid);
}

static int co_act_as_ourselves(const struct co *co)
{
	return co->order->uid < 0 ? 0 : co_act_as(co->uid, co->gid);
}

/* Opens with the job's rights what a path leads to, without touching it. */
static int co_look_up(const struct co *co, int dir_fd, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int error = co_act_as_job(co);
	int fd = error ? error : kn_openat2(dir_fd, path, &how, sizeof how);

	if (!error && fd < 0)
		fd = -errno;
	error = co_act_as_ourselves(co);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

/* Opens with the job's rights, for reading, what co_look_up() has found to be a file or a folder. */
static int co_open(const struct co *co, int path_fd, int flags)
{
	char path[32];
	int error = co_act_as_job(co), fd = error;

	snprintf(path, sizeof path, "/proc/self/fd/%d", path_fd);
	if (!error) {
		fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
		if (fd < 0)
			fd = -errno;
	}
	error = co_act_as_ourselves(co);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

/* ---- copying ---- */

/* Notes that something was left out; the first reason is told. */
static void co_omit(struct co *co, int error)
{
	if (error == -ENOSPC || error == -EDQUOT)
		co->full = true;
	if (co->omitted++ > 0)
		return;
	co->error = error;
	memcpy(co->error_path, co->at, sizeof co->error_path);
}

/* Copies the bytes from `at` to `end`; where the file ended, which may be sooner, in *at. */
static int co_copy_range(int from, int to, off_t *at, off_t end)
{
	if (lseek(from, *at, SEEK_SET) < 0 || lseek(to, *at, SEEK_SET) < 0)
		return -errno;
	while (*at < end) {
		size_t want = end - *at < (off_t)CO_CHUNK ? (size_t)(end - *at) : CO_CHUNK;
		ssize_t n = sendfile(to, from, NULL, want);

		if (n < 0)
			return -errno;
		if (n == 0)
			return 1;
		*at += n;
	}
	return 0;
}

/* Copies at most `size` bytes and leaves out the holes; a file system that does not tell them has none. */
static int co_copy_bytes(int from, int to, off_t size)
{
	off_t at = 0;
	int ended = 0;

	while (at < size && !ended) {
		off_t data = lseek(from, at, SEEK_DATA);
		off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);

		if (data < 0 && errno == ENXIO)
			break;
		if (data < at)
			data = at;
		if (data >= size)
			break;
		if (hole <= data || hole > size)
			hole = size;
		at = data;
		ended = co_copy_range(from, to, &at, hole);
		if (ended < 0)
			return ended;
	}
	/* What is left is a hole, or not there any more. */
	return at < size && !ended && ftruncate(to, size) ? -errno : 0;
}

static int co_copy_file(struct co *co, int path_fd, const struct stat *stat, int to_dir, const char *to)
{
	int error;

	if (stat->st_size > co->bytes_left)
		return -EFBIG;
	auto_fd from_fd = co_open(co, path_fd, 0);
	if (from_fd < 0)
		return from_fd;
	auto_fd to_fd = openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			       stat->st_mode & 0111 ? 0700 : 0600);
	if (to_fd < 0)
		return -errno;
	error = co_copy_bytes(from_fd, to_fd, stat->st_size);
	if (error) {
		unlinkat(to_dir, to, 0);
		return error;
	}
	co->files++;
	co->bytes += stat->st_size;
	co->bytes_left -= stat->st_size;
	return 0;
}

/* Makes a folder of the copy, or finds it made for another path, and opens it. */
static int co_make_folder(int dir_fd, const char *name)
{
	int fd;

	if (mkdirat(dir_fd, name, 0700) && errno != EEXIST)
		return -errno;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int co_copy_entry(struct co *co, int path_fd, int to_dir, const char *to, int depth);

/* Copies one entry of a folder; what cannot be copied is left out. */
static void co_copy_child(struct co *co, int from_dir, const char *name, int to_dir, int depth)
{
	size_t len = strlen(co->at);
	int error = 0;

	snprintf(co->at + len, sizeof co->at - len, "/%s", name);
	auto_fd path_fd = co_look_up(co, from_dir, name, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
	error = path_fd < 0 ? path_fd : co_copy_entry(co, path_fd, to_dir, name, depth);
	if (error)
		co_omit(co, error);
	co->at[len] = '\0';
}

static int co_copy_folder(struct co *co, int path_fd, int to_dir, const char *to, int depth)
{
	if (depth == CO_DEPTH_MAX)
		return -ENAMETOOLONG;
	auto_fd to_fd = co_make_folder(to_dir, to);
	if (to_fd < 0)
		return to_fd;
	int from_fd = co_open(co, path_fd, O_DIRECTORY);
	if (from_fd < 0)
		return from_fd;
	DIR *entries = fdopendir(from_fd);
	struct dirent *entry;
	int error = 0;

	if (!entries) {
		close(from_fd);
		return -ENOMEM;
	}
	while (errno = 0, !co->full && !error && (entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (co->entries_left-- <= 0)
			error = -E2BIG;
		else
			co_copy_child(co, from_fd, entry->d_name, to_fd, depth + 1);
	}
	if (!error)
		error = -errno;
	closedir(entries);
	return co->full ? 0 : error;
}

static int co_copy_entry(struct co *co, int path_fd, int to_dir, const char *to, int depth)
{
	struct stat stat;

	if (fstat(path_fd, &stat))
		return -errno;
	if (S_ISREG(stat.st_mode))
		return co_copy_file(co, path_fd, &stat, to_dir, to);
	if (S_ISDIR(stat.st_mode))
		return co_copy_folder(co, path_fd, to_dir, to, depth);
	return S_ISLNK(stat.st_mode) ? -ELOOP : -EOPNOTSUPP;
}

/* ---- paths ---- */

/* What the kernel makes up as it is read has no size, and depends on who reads it. */
static bool co_is_made_up(int fd)
{
	static const long types[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,
				      TRACEFS_MAGIC, SECURITYFS_MAGIC };
	struct statfs stat;

	if (fstatfs(fd, &stat))
		return true;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if ((long)stat.f_type == types[i])
			return true;
	return false;
}

/* Makes the folders of the copy that lead to a path's last name; that name in *name. */
static int co_make_parent(int dir_fd, char *path, const char **name)
{
	int fd = co_make_folder(dir_fd, CO_FOLDER);
	char *part = path + 1, *slash;

	for (; fd >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
		int parent = fd;

		*slash = '\0';
		fd = co_make_folder(parent, part);
		*slash = '/';
		close(parent);
	}
	*name = part;
	return fd;
}

static int co_collect_path(struct co *co, const char *path)
{
	char copy[PATH_MAX];
	const char *name = path;

	if (path[0] != '/' || path[1] == '\0' || strlen(path) >= sizeof copy)
		return -EINVAL;
	auto_fd path_fd = co_look_up(co, co->order->root.root_fd, path, RESOLVE_IN_ROOT);
	if (path_fd < 0)
		return path_fd;
	if (co_is_made_up(path_fd))
		return -EOPNOTSUPP;
	strcpy(copy, path);
	auto_fd parent = co_make_parent(co->order->dir_fd, copy, &name);
	return parent < 0 ? parent : co_copy_entry(co, path_fd, parent, name, 0);
}

static void co_report(const struct co *co, const char *path)
{
	struct fr_writer report = { 0 };

	fr_add(&report, "collected", path);
	fr_add_number(&report, "files", co->files);
	fr_add_number(&report, "bytes", co->bytes);
	if (co->omitted > 0) {
		fr_add_number(&report, "omitted", co->omitted);
		fr_add_number(&report, "omittederrno", -co->error);
		fr_add_bytes(&report, "omittedpath", co->error_path, CO_PATH_MAX);
	}
	if (report.failed || send(co->order->report_fd, report.data, report.len, MSG_NOSIGNAL) < 0)
		_exit(1);
	fr_free(&report);
}

static void co_begin(struct co *co, const char *path)
{
	co->files = co->bytes = co->omitted = 0;
	snprintf(co->at, sizeof co->at, "%s", path);
}

static long long co_number(const struct co_order *order, const char *key)
{
	long long number;

	return fr_number(fr_get(order->payload, order->len, key), 0, INT64_MAX, &number) ? 0 : number;
}

/* The body of the child: works off the frame's `collect` fields. */
void co_main(const struct co_order *order)
{
	static struct co co;
	struct fr_reader reader = { order->payload, order->payload + order->len };
	struct fr_field field;

	co = (struct co){ .order = order, .uid = geteuid(), .gid = getegid() };
	co.bytes_left = co_number(order, "collectbytes");
	co.entries_left = co_number(order, "collectentries");
	int rights = co_take_rights(&co);

	while (fr_next(&reader, &field)) {
		if (!fr_is(&field, "collect"))
			continue;
		co_begin(&co, field.value);
		int error = rights ? rights : co.full ? -ENOSPC : co_collect_path(&co, field.value);

		if (error)
			co_omit(&co, error);
		co_report(&co, field.value);
	}
	_exit(0);
}
