#define _GNU_SOURCE
#include "fence.h"
#include "frame.h"
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* ---- resource limits ---- */

static int fe_read_limit(const char *text, rlim_t *limit)
{
	long long number;

	if (strcmp(text, "unlimited") == 0) {
		*limit = RLIM_INFINITY;
		return 0;
	}
	if (fr_number(text, 0, INT64_MAX, &number))
		return -EINVAL;
	*limit = (rlim_t)number;
	return 0;
}

/* Sets the limits of the fields `rlimit=` (a name), `resource=` (its number), `soft=`, `hard=`…; `name` is that of one that failed. */
int fe_set_limits(const char *payload, size_t len, const char **name)
{
	struct fr_reader reader = { payload, payload + len };
	struct fr_field field;
	struct rlimit limit = { 0 };
	long long number = -1;

	while (fr_next(&reader, &field)) {
		if (fr_is(&field, "rlimit")) {
			*name = field.value;
			number = -1;
		} else if (fr_is(&field, "resource")) {
			if (fr_number(field.value, 0, RLIM_NLIMITS - 1, &number))
				return -EINVAL;
		} else if (number >= 0 && fr_is(&field, "soft")) {
			if (fe_read_limit(field.value, &limit.rlim_cur))
				return -EINVAL;
		} else if (number >= 0 && fr_is(&field, "hard")) {
			if (fe_read_limit(field.value, &limit.rlim_max))
				return -EINVAL;
			if (setrlimit((int)number, &limit))
				return -errno;
		}
	}
	return 0;
}

/* ---- keyrings ---- */

/* A session keyring of the job's own, empty (keyctl(2)). A kernel without keyrings has none to share. */
int fe_join_keyring(void)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS ? -errno : 0;
}

/* ---- capabilities ---- */

/* Takes all other capabilities out of the bounding set: no exec gives them back. */
int fe_bound_capabilities(uint64_t kept)
{
	for (int capability = 0; capability < 64; capability++) {
		if (kept & UINT64_C(1) << capability)
			continue;
		/* The kernel knows no more. */
		if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0)
			break;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
			return -errno;
	}
	return 0;
}

/* Has these capabilities of those it has, and no others. `ambient`: an exec of a user other than root keeps them. */
int fe_hold_capabilities(uint64_t kept, bool ambient)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(kept >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = ambient ? data[i].permitted : 0;
	}
	if (syscall(SYS_capset, &header, data) || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -errno;
	for (int capability = 0; ambient && capability < 64; capability++) {
		if (!(data[capability / 32].permitted & 1U << capability % 32))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))
			return -errno;
	}
	return 0;
}

/* ---- Landlock ---- */

/* The rights that each version of Landlock has brought (landlock(7)); what the kernel does not know it cannot be asked for. */
static uint64_t fe_known_rights(long abi)
{
	return abi >= 5 ? 0xffff : abi >= 3 ? 0x7fff : abi >= 2 ? 0x3fff : 0x1fff;
}

/* Rights that make sense for a file that is no folder. */
#define FE_FILE_RIGHTS                                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | 0xc000ULL /* truncate, ioctl */)

/* struct landlock_ruleset_attr as of version 6, which headers of older kernels do not have. */
struct fe_ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

#define FE_SCOPE_ABSTRACT_UNIX_SOCKET UINT64_C(1)

static int fe_allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat stat;
	auto_fd fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &stat))
		return -errno;
	if (!S_ISDIR(stat.st_mode))
		rule.allowed_access &= FE_FILE_RIGHTS;
	rule.parent_fd = fd;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ? -errno : 0;
}

/*
 * Keeps the process to paths, with the field `landlock=`: each `beneath=` and `rights=` (a mask) allow some of what needs
 * a rule, which is all that the kernel knows. Abstract sockets of others are out of reach too. A kernel without Landlock is
 * let pass. Needs no_new_privs or CAP_SYS_ADMIN.
 */
int fe_restrict_paths(const char *payload, size_t len, const char **path)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct fe_ruleset attr = { .handled_access_fs = fe_known_rights(abi), .scoped = FE_SCOPE_ABSTRACT_UNIX_SOCKET };
	size_t size = abi >= 6 ? sizeof attr : sizeof attr.handled_access_fs;
	struct fr_reader reader = { payload, payload + len };
	struct fr_field field;
	long long rights;
	int error = 0;

	if (!fr_get(payload, len, "landlock"))
		return 0;
	if (abi < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	auto_fd ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return -errno;
	*path = NULL;
	while (!error && fr_next(&reader, &field)) {
		if (fr_is(&field, "beneath"))
			*path = field.value;
		else if (*path && fr_is(&field, "rights")) {
			error = fr_number(field.value, 0, 0xffff, &rights);
			if (!error)
				error = fe_allow(ruleset, *path, (uint64_t)rights & attr.handled_access_fs);
		}
	}
	if (error)
		return error;
	*path = "";
	return syscall(SYS_landlock_restrict_self, ruleset, 0) ? -errno : 0;
}

/* ---- seccomp ---- */

/* Has the kernel ask a filter about each system call: the bytes of an array of `struct sock_filter`, in hexadecimal. */
int fe_filter_calls(const char *hex)
{
	size_t size = strlen(hex) / 2, count = size / sizeof(struct sock_filter);
	struct sock_filter *filter = count > 0 && count <= BPF_MAXINSNS ? malloc(size) : NULL;
	struct sock_fprog program = { .len = (unsigned short)count, .filter = filter };

	if (!filter || strlen(hex) != 2 * count * sizeof *filter || fr_hex(hex, filter, size) != (ssize_t)size)
		return -EINVAL;
	/* The memory goes with exec: from here on the filter may refuse to free it. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) ? -errno : 0;
}
