/*
 * A pseudo-terminal of the job's own devpts, made by the command's child and handed to init, which holds the master. The
 * child of an exec does so in a mount namespace that the job has had its hands on, with rights that the job has not: what
 * is opened there is looked at first, and opened only if it is a devpts' multiplexer.
 */
#define _GNU_SOURCE
#include "terminal.h"
#include "frame.h"
#include "kernel.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* linux/magic.h */
#define TE_DEVPTS_MAGIC 0x1cd1

/* asm-generic/ioctls.h; musl has none of its own for some machines. */
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

#define TE_MULTIPLEXER "/dev/pts/ptmx"

/* Opens the multiplexer, without ever opening anything else: that might block, or do something. */
static int te_open_multiplexer(int proc_fd)
{
	char self[32];
	struct stat what;
	struct statfs where;
	/* Nor by way of what this process has open. */
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
	auto_fd path = kn_openat2(AT_FDCWD, TE_MULTIPLEXER, &how, sizeof how);
	int fd;

	if (path < 0 || fstat(path, &what) || fstatfs(path, &where))
		return -errno;
	if (!S_ISCHR(what.st_mode) || what.st_rdev != makedev(5, 2) || where.f_type != TE_DEVPTS_MAGIC)
		return -ENODEV;
	snprintf(self, sizeof self, "self/fd/%d", path);
	fd = openat(proc_fd, self, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int te_open_slave(int master)
{
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Makes a terminal in the mount namespace of the caller. `proc_fd` is the host's /proc. */
int te_make(int proc_fd, const struct winsize *size, int *master, int *slave)
{
	int unlock = 0, error = 0;

	*slave = -1;
	*master = te_open_multiplexer(proc_fd);
	if (*master < 0)
		return *master;
	if (ioctl(*master, TIOCSPTLCK, &unlock) || ioctl(*master, TIOCSWINSZ, size))
		error = -errno;
	else if ((*slave = te_open_slave(*master)) < 0)
		error = *slave;
	if (error)
		close(*master);
	return error;
}

/* Makes a terminal the caller's, who leads a session of its own. */
int te_enter(int slave)
{
	if (ioctl(slave, TIOCSCTTY, 0))
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(slave, fd) < 0)
			return -errno;
	return 0;
}

/*
 * Gives both sides to init: the command can keep others from opening its terminal anew (TIOCEXCL). `socket` is of messages.
 */
int te_hand_over(int socket, int master, int slave)
{
	static const char fields[] = "master=1\0slave=1";

	return me_send(socket, fields, sizeof fields, (const int[]){ master, slave }, 2);
}

/* Takes what a command has handed over before it was exec'd. */
int te_receive(int socket, int *master, int *slave)
{
	int fds[2], error = me_receive_fds(socket, "master", "slave", fds);

	if (error)
		return error;
	*master = fds[0];
	*slave = fds[1];
	return 0;
}

/* The size in the fields `columns` and `rows`. */
int te_read_size(const char *payload, size_t len, struct winsize *size)
{
	const char *columns = fr_get(payload, len, "columns"), *rows = fr_get(payload, len, "rows");
	long long width, height;

	if (!columns || !rows || fr_number(columns, 1, UINT16_MAX, &width) || fr_number(rows, 1, UINT16_MAX, &height))
		return -EINVAL;
	*size = (struct winsize){ .ws_col = (unsigned short)width, .ws_row = (unsigned short)height };
	return 0;
}
