/*
 * The job's mounts. An operation begins with the field `mount=KIND`; the fields up to the next one are its parameters.
 * Three passes: first everything is opened, in the host's view: what is bound, by open_tree(2), and new file systems, by
 * fsopen(2) and fsmount(2). None of it is attached to anything yet, so that no mount can hide the source of another and no
 * attribute reaches it. Then the root is changed, where the list has a mount with the target `/`. Then the rest is worked
 * off in order, each target looked up with openat2(2) below the job's root, or below the mount of this list that it is in:
 * a link cannot lead out of it.
 *
 * What is marked `ahead=1` needs nothing of the job's: the spare init opens it before there is one, see mt_prepare().
 *
 * Sources hold no symbolic links (RESOLVE_NO_SYMLINKS): what TypeScript has looked at is what is opened, or nothing.
 */
#define _GNU_SOURCE
#include "mounts.h"
#include "fault.h"
#include "frame.h"
#include "kernel.h"
#include "mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h> /* not with sys/mount.h, which defines the same in glibc */
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* One operation: its parameters, and what the first pass has opened for it. */
struct mt_op {
	const char *kind;
	const char *fields;
	size_t len;
	const char *target; /* NULL until it is opened */
	size_t target_len;
	int fd;
	bool is_root; /* a mount whose target is `/` */
	bool is_ahead; /* it may be made ahead of time */
	bool is_made;  /* and has been */
};

struct mt_list {
	const char *payload;
	size_t len;
	struct mt_op *ops;
	size_t count;
	size_t at; /* the operation that is being applied: those before it are */
	int root_fd;
	int proc_fd; /* the host's /proc */
	int mask_fd; /* an empty folder, once there is one to show again */
	int null_fd; /* the job's /dev/null, once it was looked up */
	uid_t uid;   /* of the job, for what is to be its own */
	gid_t gid;
	struct mt_failure *failure;
};

static int mt_fail(struct mt_list *list, const char *step, const char *path, int error)
{
	if (list->failure)
		*list->failure = (struct mt_failure){ .step = step, .path = path ? path : "" };
	return error;
}

static const char *mt_get(const struct mt_op *op, const char *key)
{
	return fr_get(op->fields, op->len, key);
}

static bool mt_is(const struct mt_op *op, const char *kind)
{
	return strcmp(op->kind, kind) == 0;
}

/* ---- reading the list ---- */

/* Splits the payload into operations; a field that belongs to none ends the last one. */
static int mt_read(struct mt_list *list)
{
	struct fr_reader reader = { list->payload, list->payload + list->len };
	struct fr_field field;
	struct mt_op *op = NULL;

	list->ops = calloc(fr_count(list->payload, list->len, "mount") + 1, sizeof *list->ops);
	if (!list->ops)
		return mt_fail(list, "memory", "", -ENOMEM);
	while (fr_next(&reader, &field)) {
		if (fr_is(&field, "mount")) {
			op = &list->ops[list->count++];
			*op = (struct mt_op){ .kind = field.value, .fields = reader.at, .fd = -1 };
		} else if (fr_is(&field, "mounts-end"))
			op = NULL;
		else if (op) {
			op->len = (size_t)(reader.at - op->fields);
			op->is_ahead |= fr_is(&field, "ahead");
		}
	}
	return 0;
}

/* A number of the operation's, in octal or decimal. */
static int mt_number(const struct mt_op *op, const char *key, int base, unsigned long fallback, unsigned long *number)
{
	const char *text = mt_get(op, key);
	char *end;

	*number = fallback;
	if (!text)
		return 0;
	*number = strtoul(text, &end, base);
	return *text >= '0' && *text <= '9' && *end == '\0' ? 0 : -EINVAL;
}

static const struct {
	const char *name;
	uint64_t attribute;
} mt_flags[] = {
	{ "ro", MOUNT_ATTR_RDONLY }, { "nosuid", MOUNT_ATTR_NOSUID }, { "nodev", MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC }, { "recursive", 0 },
};

/* The attributes among the `flag` fields, and whether they are for all mounts below too. */
static int mt_attributes(const struct mt_op *op, uint64_t *attributes, bool *recursive)
{
	struct fr_reader reader = { op->fields, op->fields + op->len };
	struct fr_field field;
	size_t i, count = sizeof mt_flags / sizeof *mt_flags;

	*attributes = 0;
	*recursive = false;
	while (fr_next(&reader, &field)) {
		if (!fr_is(&field, "flag"))
			continue;
		for (i = 0; i < count && strcmp(mt_flags[i].name, field.value); i++)
			;
		if (i == count)
			return -EINVAL;
		*attributes |= mt_flags[i].attribute;
		*recursive |= mt_flags[i].attribute == 0;
	}
	return 0;
}

/* ---- opening ---- */

/* Sets attributes of a mount, which from then on receives and passes on no mounts of others. */
static int mt_set_attributes(int fd, uint64_t attributes, bool recursive)
{
	struct mount_attr attr = { .attr_set = attributes, .propagation = MS_PRIVATE };

	return kn_mount_setattr(fd, AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr) ? -errno : 0;
}

/* A detached copy of the mount at `path` below `dir_fd`. */
static int mt_clone(int dir_fd, const char *path, bool recursive)
{
	int fd = kn_open_tree(dir_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0));

	return fd < 0 ? -errno : fd;
}

static int mt_open_bind(struct mt_list *list, struct mt_op *op, uint64_t attributes, bool recursive)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	const char *source = mt_get(op, "source");
	int error;

	if (!source)
		return mt_fail(list, "frame", "source", -EINVAL);
	auto_fd path_fd = kn_openat2(AT_FDCWD, source, &how, sizeof how);
	if (path_fd < 0)
		return mt_fail(list, "mount-source", source, -errno);
	op->fd = mt_clone(path_fd, "", recursive);
	if (op->fd < 0)
		return mt_fail(list, "mount-source", source, op->fd);
	error = mt_set_attributes(op->fd, attributes, recursive);
	return error ? mt_fail(list, "mount-source", source, error) : 0;
}

/* Gives a new file system its options: `KEY=VALUE`, or a flag by its name. */
static int mt_configure(int fs_fd, const struct mt_op *op)
{
	struct fr_reader reader = { op->fields, op->fields + op->len };
	struct fr_field field;
	char key[64];

	while (fr_next(&reader, &field)) {
		const char *equals = strchr(field.value, '=');
		size_t len = equals ? (size_t)(equals - field.value) : 0;

		if (!fr_is(&field, "option"))
			continue;
		if (len >= sizeof key)
			return -EINVAL;
		memcpy(key, field.value, len);
		key[len] = '\0';
		if (equals ? kn_fsconfig(fs_fd, FSCONFIG_SET_STRING, key, equals + 1) :
			     kn_fsconfig(fs_fd, FSCONFIG_SET_FLAG, field.value, NULL))
			return -errno;
	}
	return kn_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL) ? -errno : 0;
}

static int mt_open_fs(struct mt_list *list, struct mt_op *op, uint64_t attributes)
{
	const char *type = mt_get(op, "type"), *target = mt_get(op, "target");
	int error;

	if (!type)
		return mt_fail(list, "frame", "type", -EINVAL);
	auto_fd fs_fd = kn_fsopen(type);
	if (fs_fd < 0)
		return mt_fail(list, "mount", target, -errno);
	error = mt_configure(fs_fd, op);
	if (error)
		return mt_fail(list, "mount", target, error);
	op->fd = kn_fsmount(fs_fd, (unsigned)attributes);
	return op->fd < 0 ? mt_fail(list, "mount", target, -errno) : 0;
}

static int mt_open(struct mt_list *list, struct mt_op *op)
{
	const char *target = mt_get(op, "target");
	uint64_t attributes;
	bool recursive;
	int error = 0;

	if (!target || target[0] != '/' || strlen(target) >= PATH_MAX)
		return mt_fail(list, "frame", "target", -EINVAL);
	op->target = target;
	op->target_len = strlen(target);
	if (mt_attributes(op, &attributes, &recursive))
		return mt_fail(list, "frame", "flag", -EINVAL);
	if (op->is_made)
		error = 0;
	else if (mt_is(op, "bind"))
		error = mt_open_bind(list, op, attributes, recursive);
	else if (mt_is(op, "fs"))
		error = mt_open_fs(list, op, attributes);
	op->is_root = op->fd >= 0 && strcmp(target, "/") == 0;
	return error;
}

/* ---- finding targets ---- */

/*
 * Where a path begins: at the last mount of this list that it leads into, else at the job's root; `rest` is what is left
 * of it. Another job in the same root could rename what the first names lead to, between the mount of /proc and the look
 * at what is to be hidden in it, which would then not be there.
 */
static int mt_base(const struct mt_list *list, const char *path, const char **rest)
{
	for (size_t i = list->at; i > 0; i--) {
		const struct mt_op *op = &list->ops[i - 1];
		size_t len = op->target_len;

		if (op->fd < 0 || strncmp(path, op->target, len) != 0 || (path[len] != '/' && path[len] != '\0'))
			continue;
		*rest = path + len;
		return op->fd;
	}
	*rest = path;
	return list->root_fd;
}

/* Opens a path as the job would see it: an absolute link begins where the path does, and `..` ends there. */
static int mt_look_up(const struct mt_list *list, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	const char *rest;
	int base = mt_base(list, path, &rest);
	int fd = *rest ? kn_openat2(base, rest, &how, sizeof how) : fcntl(base, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* Opens the folder that holds the last name of a path; `name` is that last name. */
static int mt_open_parent(const struct mt_list *list, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash || slash[1] == '\0' || len >= sizeof folder)
		return -EINVAL;
	memcpy(folder, path, len);
	folder[len] = '\0';
	*name = slash + 1;
	return mt_look_up(list, len == 0 ? "/" : folder);
}

/* Makes the last name of a path, in a folder that is there; one that somebody else makes meanwhile is as good. */
static int mt_make_folder(const struct mt_list *list, const char *path)
{
	const char *name;
	auto_fd parent = mt_open_parent(list, path, &name);

	if (parent < 0)
		return parent;
	return mkdirat(parent, name, 0755) && errno != EEXIST ? -errno : 0;
}

/* Opens the folder that holds the last name of a path, and makes those on the way to it that are not there. */
static int mt_make_parent(const struct mt_list *list, const char *path, const char **name)
{
	int fd = mt_open_parent(list, path, name), error = 0;
	char part[PATH_MAX];

	if (fd != -ENOENT)
		return fd;
	strcpy(part, path);
	for (char *slash = strchr(part + 1, '/'); slash && !error; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		error = mt_make_folder(list, part);
		*slash = '/';
	}
	return error ? error : mt_open_parent(list, path, name);
}

/* Opens a target; with `make=1`, one that does not exist is made: a folder, or an empty file. */
static int mt_make_target(const struct mt_list *list, const struct mt_op *op, bool is_folder)
{
	const char *path = mt_get(op, "target"), *name;
	int fd = mt_look_up(list, path);

	if (fd != -ENOENT || !mt_get(op, "make"))
		return fd;
	auto_fd parent = mt_make_parent(list, path, &name);
	if (parent < 0)
		return parent;
	if (is_folder ? mkdirat(parent, name, 0755) : mknodat(parent, name, S_IFREG | 0644, 0))
		return -errno;
	return mt_look_up(list, path);
}

static bool mt_is_folder(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode);
}

/* ---- attaching ---- */

static int mt_attach(int fd, int target_fd)
{
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

	return kn_move_mount(fd, "", target_fd, "", flags) ? -errno : 0;
}

/* A detached mount onto its target. What is to be the job's own is given to its user. */
static int mt_apply_mount(struct mt_list *list, struct mt_op *op)
{
	auto_fd target = mt_make_target(list, op, mt_is_folder(op->fd));

	if (target < 0)
		return target;
	if (mt_get(op, "owner") && fchownat(op->fd, "", list->uid, list->gid, AT_EMPTY_PATH))
		return -errno;
	return mt_attach(op->fd, target);
}

/* Attributes of the mount that is at the target already. */
static int mt_apply_attributes(struct mt_list *list, struct mt_op *op)
{
	uint64_t attributes;
	bool recursive;
	int fd = mt_look_up(list, mt_get(op, "target")), error;

	if (fd < 0)
		return fd;
	mt_attributes(op, &attributes, &recursive);
	error = mt_set_attributes(fd, attributes, recursive);
	close(fd);
	return error;
}

/* What is at the target, read-only with all below it; nothing there is to protect where nothing is. */
static int mt_apply_read_only(struct mt_list *list, struct mt_op *op)
{
	auto_fd target = mt_look_up(list, mt_get(op, "target"));
	int error;

	if (target < 0)
		return target == -ENOENT ? 0 : target;
	auto_fd clone = mt_clone(target, "", true);
	if (clone < 0)
		return clone;
	error = mt_set_attributes(clone, MOUNT_ATTR_RDONLY, true);
	return error ? error : mt_attach(clone, target);
}

/* An empty folder that nobody may enter: one file system for all that are masked. */
static int mt_make_mask(void)
{
	auto_fd fs_fd = kn_fsopen("tmpfs");

	if (fs_fd < 0 || kn_fsconfig(fs_fd, FSCONFIG_SET_STRING, "mode", "0555") ||
	    kn_fsconfig(fs_fd, FSCONFIG_SET_STRING, "nr_inodes", "1") || kn_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL))
		return -errno;
	int fd = kn_fsmount(fs_fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Hides what is at a path: a folder behind an empty one, anything else behind /dev/null. */
static int mt_mask(struct mt_list *list, const char *path)
{
	auto_fd target = mt_look_up(list, path);
	int error;

	if (target < 0)
		return target == -ENOENT ? 0 : target;
	if (!mt_is_folder(target)) {
		if (list->null_fd < 0)
			list->null_fd = mt_look_up(list, "/dev/null");
		auto_fd clone = list->null_fd < 0 ? list->null_fd : mt_clone(list->null_fd, "", false);

		return clone < 0 ? clone : mt_attach(clone, target);
	}
	/* A mount that is attached nowhere cannot be cloned before Linux 6.15: the second and later are clones of the first. */
	auto_fd fd = list->mask_fd < 0 ? mt_make_mask() : mt_clone(list->mask_fd, "", false);
	if (fd < 0)
		return fd;
	error = mt_attach(fd, target);
	if (!error && list->mask_fd < 0)
		list->mask_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return error;
}

static int mt_apply_mask(struct mt_list *list, struct mt_op *op)
{
	return mt_mask(list, mt_get(op, "target"));
}

/* Whether a field of the operation's, one of several of the same key, is such that the test holds. */
static bool mt_any(const struct mt_op *op, const char *key, bool (*test)(const char *value, const char *subject), const char *subject)
{
	struct fr_reader reader = { op->fields, op->fields + op->len };
	struct fr_field field;

	while (fr_next(&reader, &field))
		if (fr_is(&field, key) && test(field.value, subject))
			return true;
	return false;
}

static bool mt_is_type(const char *type, const char *subject)
{
	return strcmp(type, subject) == 0;
}

static bool mt_holds(const char *folder, const char *path)
{
	return mi_below(path, folder) != NULL;
}

/* Hides the folder of the file system `home` that is seen at `point`, where a mount shows it, or a folder above it, too. */
static int mt_hide_alias(struct mt_list *list, struct mt_op *op, const struct mi_mount *home, const char *inside, const struct mi_mount *mount)
{
	const char *rest = strcmp(mount->device, home->device) == 0 ? mi_below(inside, mount->root) : NULL;
	char path[PATH_MAX];

	if (!rest)
		return 0;
	if (snprintf(path, sizeof path, "%s%s", strcmp(mount->point, "/") ? mount->point : "", rest) >= (int)sizeof path)
		return -ENAMETOOLONG;
	return mt_any(op, "except", mt_holds, path) ? 0 : mt_mask(list, path);
}

/*
 * Hides what the host has mounted a second time somewhere: file systems of the types `type=`, which are views of its
 * kernel, and the folder `source=`. What is below `except=` will be hidden by other mounts. Read where it counts: in the
 * job's own mount namespace, to which nothing is added any more.
 */
static int mt_apply_hide(struct mt_list *list, struct mt_op *op)
{
	const char *source = mt_get(op, "source"), *rest;
	const struct mi_mount *home;
	char inside[PATH_MAX] = "";
	struct mi_table table;
	int error = mi_read(list->proc_fd, &table);

	if (error)
		return error;
	home = source ? mi_find(&table, source) : NULL;
	rest = home ? mi_below(source, home->point) : NULL;
	if (rest && snprintf(inside, sizeof inside, "%s%s", strcmp(home->root, "/") ? home->root : "", rest) >= (int)sizeof inside)
		error = -ENAMETOOLONG;
	for (size_t i = 0; i < table.count && !error; i++) {
		const struct mi_mount *mount = &table.mounts[i];

		if (mt_any(op, "type", mt_is_type, mount->type))
			error = mt_any(op, "except", mt_holds, mount->point) ? 0 : mt_mask(list, mount->point);
		else if (rest)
			error = mt_hide_alias(list, op, home, inside, mount);
	}
	/* What the job has there, it is to have from now on. */
	if (list->null_fd >= 0)
		close(list->null_fd);
	list->null_fd = -1;
	mi_free(&table);
	return error;
}

static int mt_apply_mkdir(struct mt_list *list, struct mt_op *op)
{
	const char *name;
	unsigned long mode;
	int error = mt_number(op, "mode", 8, 0755, &mode);
	auto_fd parent = error ? error : mt_make_parent(list, mt_get(op, "target"), &name);

	if (parent < 0)
		return parent;
	/* The mask of the process would take bits from the mode. */
	if (mkdirat(parent, name, 0) || fchmodat(parent, name, (mode_t)mode, 0))
		return -errno;
	return mt_get(op, "owner") && fchownat(parent, name, list->uid, list->gid, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

static int mt_apply_symlink(struct mt_list *list, struct mt_op *op)
{
	const char *name, *source = mt_get(op, "source");
	auto_fd parent = source ? mt_make_parent(list, mt_get(op, "target"), &name) : -EINVAL;

	if (parent < 0)
		return parent;
	return symlinkat(source, parent, name) ? -errno : 0;
}

/* A character device. */
static int mt_apply_node(struct mt_list *list, struct mt_op *op)
{
	const char *name;
	unsigned long numbers[3];

	if (mt_number(op, "major", 10, 0, &numbers[0]) || mt_number(op, "minor", 10, 0, &numbers[1]) ||
	    mt_number(op, "mode", 8, 0666, &numbers[2]))
		return -EINVAL;
	auto_fd parent = mt_make_parent(list, mt_get(op, "target"), &name);
	if (parent < 0)
		return parent;
	if (mknodat(parent, name, S_IFCHR, makedev((unsigned)numbers[0], (unsigned)numbers[1])) ||
	    fchmodat(parent, name, (mode_t)numbers[2], 0))
		return -errno;
	return 0;
}

static const struct {
	const char *kind;
	int (*apply)(struct mt_list *list, struct mt_op *op);
} mt_kinds[] = {
	{ "bind", mt_apply_mount },	{ "fs", mt_apply_mount },     { "attributes", mt_apply_attributes },
	{ "read-only", mt_apply_read_only }, { "mask", mt_apply_mask },	 { "mkdir", mt_apply_mkdir },
	{ "hide", mt_apply_hide },
	{ "symlink", mt_apply_symlink },	{ "node", mt_apply_node },
};

static int mt_apply_one(struct mt_list *list, struct mt_op *op)
{
	const char *target = mt_get(op, "target");

	for (size_t i = 0; i < sizeof mt_kinds / sizeof *mt_kinds; i++) {
		if (strcmp(mt_kinds[i].kind, op->kind) == 0) {
			int error = fl_is_wanted(list->payload, list->len, "mount", target) ? -EIO : 0;

			/* What is made and has no mount of its own is in one that has. */
			if (!error && !(op->is_made && op->fd < 0))
				error = mt_kinds[i].apply(list, op);
			return error ? mt_fail(list, "mount", target, error) : 0;
		}
	}
	return mt_fail(list, "frame", "mount", -EINVAL);
}

/* ---- the root ---- */

/*
 * Makes a mount the root, and lets go of the old one with all that is in it. The new one is attached over the old root,
 * then swapped with it (pivot_root(2), the note on pivot_root(".", ".")).
 */
static int mt_change_root(struct mt_list *list, struct mt_op *op)
{
	int old_fd = list->root_fd;

	if (mt_attach(op->fd, old_fd) || fchdir(op->fd) || syscall(SYS_pivot_root, ".", ".") || fchdir(old_fd) ||
	    kn_detach(".") || chdir("/"))
		return mt_fail(list, "root", mt_get(op, "source"), -errno);
	list->root_fd = op->fd;
	op->fd = -1;
	close(old_fd);
	return 0;
}

/* ---- all of it ---- */

static int mt_run(struct mt_list *list)
{
	int error = 0;

	for (size_t i = 0; i < list->count && !error; i++)
		error = mt_open(list, &list->ops[i]);
	for (size_t i = 0; i < list->count && !error; i++)
		if (list->ops[i].is_root)
			error = mt_change_root(list, &list->ops[i]);
	for (list->at = 0; list->at < list->count && !error; list->at++)
		if (!list->ops[list->at].is_root)
			error = mt_apply_one(list, &list->ops[list->at]);
	return error;
}

/* ---- ahead of time ---- */

static void mt_drop(struct mt_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->ops[i].fd >= 0)
			close(list->ops[i].fd);
	free(list->ops);
	free(list);
}

/* Of a list, only what may be made ahead of time. */
static void mt_keep_ahead(struct mt_list *list)
{
	size_t count = list->count;

	list->count = 0;
	for (size_t i = 0; i < count; i++)
		if (list->ops[i].is_ahead)
			list->ops[list->count++] = list->ops[i];
}

/*
 * Makes what the next job is likely to need: of the mount operations of an earlier one, those marked `ahead=1`. These are new
 * file systems, and what is made in these; in the namespaces that they belong to, which init is in already. Nothing is
 * attached. NULL where it did not work out: then the job's command makes them, and says what is wrong.
 *
 * They stay open in init, which is no loss: the kernel takes them down when init exits, and not while somebody waits for the
 * record of the job's end.
 */
struct mt_list *mt_prepare(const char *mounts, size_t len)
{
	struct mt_list *list = calloc(1, sizeof *list);
	int error;

	if (!list)
		return NULL;
	*list = (struct mt_list){ .payload = mounts, .len = len, .root_fd = -1, .proc_fd = -1, .mask_fd = -1, .null_fd = -1 };
	error = mt_read(list);
	if (!error)
		mt_keep_ahead(list);
	for (size_t i = 0; i < list->count && !error; i++)
		error = mt_open(list, &list->ops[i]);
	for (list->at = 0; list->at < list->count && !error; list->at++)
		if (list->ops[list->at].fd < 0)
			error = mt_apply_one(list, &list->ops[list->at]);
	if (!error && list->count > 0)
		return list;
	mt_drop(list);
	return NULL;
}

static bool mt_is_same(const struct mt_op *op, const struct mt_op *other)
{
	return strcmp(op->kind, other->kind) == 0 && op->len == other->len && memcmp(op->fields, other->fields, op->len) == 0;
}

/* Takes over what was made ahead of time, where that is what this list asks for: all of it, or nothing. */
static void mt_take_over(struct mt_list *list, const struct mt_list *ahead)
{
	size_t taken = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->ops[i].is_ahead && (taken == ahead->count || !mt_is_same(&list->ops[i], &ahead->ops[taken++])))
			return;
	if (taken != ahead->count)
		return;
	taken = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (!list->ops[i].is_ahead)
			continue;
		list->ops[i].fd = ahead->ops[taken++].fd;
		list->ops[i].is_made = true;
	}
}

/* Works off the mount operations of a start frame. What it has opened stays open until exec. */
int mt_apply(const char *payload, size_t len, int proc_fd, uid_t uid, gid_t gid, const struct mt_list *ahead,
	     struct mt_failure *failure)
{
	struct mt_list list = {
		.payload = payload, .len = len, .proc_fd = proc_fd, .mask_fd = -1, .null_fd = -1, .uid = uid, .gid = gid, .failure = failure
	};
	int error = mt_read(&list);

	if (error || list.count == 0)
		return error;
	if (ahead)
		mt_take_over(&list, ahead);
	list.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (list.root_fd < 0)
		return mt_fail(&list, "mount", "/", -errno);
	return mt_run(&list);
}
