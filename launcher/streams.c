#define _GNU_SOURCE
#include "streams.h"
#include "frame.h"
#include "kernel.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h> /* not with sys/mount.h, which defines the same in glibc */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define ST_CHUNK 65536

/* Copies so many bytes of what the runner sends to a file; gives up when the launcher goes, as the start then does. */
static int st_copy(int from, int to, long long size)
{
	static char chunk[ST_CHUNK];
	struct pollfd fds[] = { { .fd = from, .events = POLLIN }, { .fd = IN_STATUS_FD, .events = POLLRDHUP } };

	while (size > 0) {
		ssize_t n;
		int error;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -ECONNRESET;
		n = recv(from, chunk, size < ST_CHUNK ? (size_t)size : ST_CHUNK, MSG_DONTWAIT);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0 && (error = kn_write_all(to, chunk, (size_t)n)))
			return error;
		if (n > 0)
			size -= n;
	}
	return 0;
}

/*
 * Input of a known size is all there before the command is: its runner may go. It is a file without a name in the job's
 * folder, and goes with its last reader.
 */
static int st_store(int lent, const char *size, int dir_fd, struct cm_spec *spec)
{
	long long bytes;
	int error;

	if (fr_number(size, 0, INT64_MAX, &bytes))
		return -EINVAL;
	auto_fd file = openat(dir_fd, "stdin", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0)
		return -errno;
	spec->stdin_fd = openat(dir_fd, "stdin", O_RDONLY | O_CLOEXEC);
	error = spec->stdin_fd < 0 ? -errno : 0;
	if (unlinkat(dir_fd, "stdin", 0) && !error)
		error = -errno;
	return error ? error : st_copy(lent, file, bytes);
}

/* The command's end may wait; init's, which is another description of it, is made not to by re_begin(). */
static int st_make_pipe(struct cm_spec *spec, struct st_streams *streams)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	spec->stdin_fd = ends[0];
	streams->pipe = ends[1];
	return 0;
}

static int st_make_terminal(const char *payload, size_t len, struct cm_spec *spec, struct st_streams *streams)
{
	int pair[2], error = te_read_size(payload, len, &spec->terminal_size);

	if (error)
		return error;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	streams->terminal = pair[0];
	spec->terminal_fd = pair[1];
	streams->output = fcntl(spec->output_fd, F_DUPFD_CLOEXEC, 0);
	return streams->output < 0 ? -errno : 0;
}

/*
 * Makes what the fields ask for: `tty=1` with `columns=` and `rows=`; `lent=`, what the runner sends, `stdinsize=` when
 * all of it is to be there first; `stdinfile=`. `lent` is this function's to close. What it has made when it fails is
 * for st_close() and st_close_inherited().
 */
int st_prepare(const char *payload, size_t len, int lent, int dir_fd, struct cm_spec *spec, struct st_streams *streams,
	       struct in_failure *failure)
{
	const char *size = fr_get(payload, len, "stdinsize");
	int error = 0;

	spec->stdin_path = fr_get(payload, len, "stdinfile");
	if (fr_get(payload, len, "tty")) {
		streams->source = lent;
		error = st_make_terminal(payload, len, spec, streams);
		return error ? in_note(failure, "terminal", "", error) : 0;
	}
	if (size) {
		error = lent < 0 ? -EINVAL : st_store(lent, size, dir_fd, spec);
		if (lent >= 0)
			close(lent);
	} else if (lent >= 0) {
		streams->source = lent;
		error = st_make_pipe(spec, streams);
	}
	return error ? in_note(failure, "stdin", "", error) : 0;
}

/* Closes what was open for the command alone. */
void st_close_inherited(struct cm_spec *spec)
{
	kn_close(&spec->stdin_fd);
	kn_close(&spec->terminal_fd);
	spec->stdin_fd = spec->terminal_fd = -1;
}

/* The command has been exec'd: takes its terminal over, and has the relay begin. */
int st_begin(struct st_streams *streams)
{
	struct re_relay *relay = &streams->relay;
	int error = 0;

	relay->source = streams->source;
	relay->pipe = streams->pipe;
	relay->output = streams->output;
	streams->source = streams->pipe = streams->output = -1;
	if (streams->terminal >= 0) {
		error = te_receive(streams->terminal, &relay->terminal, &relay->slave);
		close(streams->terminal);
		streams->terminal = -1;
	}
	return error ? error : re_begin(relay);
}

/* Gives the terminal another size: the foreground process group hears of it by SIGWINCH. */
int st_resize(const struct st_streams *streams, const char *payload, size_t len)
{
	struct winsize size;
	int error = te_read_size(payload, len, &size);

	if (error)
		return error;
	if (streams->relay.terminal < 0)
		return -ENOTTY;
	return ioctl(streams->relay.terminal, TIOCSWINSZ, &size) ? -errno : 0;
}

void st_close(struct st_streams *streams)
{
	int *const fds[] = { &streams->source, &streams->pipe, &streams->terminal, &streams->output };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		kn_close(fds[i]);
		*fds[i] = -1;
	}
	re_close(&streams->relay);
}

/*
 * Opens a file to be read, through a mount of its own that is read-only: whoever has a descriptor can open the file anew
 * through /proc, and root in the job could so write what it was given to read.
 */
int st_open_file(int proc_fd, const char *path)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd tree = kn_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC);
	struct stat what;
	char self[32];
	int fd;

	if (tree < 0 || fstat(tree, &what))
		return -errno;
	if (S_ISDIR(what.st_mode))
		return -EISDIR;
	/* To open another kind might mean to wait. */
	if (!S_ISREG(what.st_mode) && !S_ISCHR(what.st_mode) && !S_ISBLK(what.st_mode))
		return -EINVAL;
	if (kn_mount_setattr(tree, AT_EMPTY_PATH, &attributes, sizeof attributes))
		return -errno;
	snprintf(self, sizeof self, "self/fd/%d", tree);
	fd = openat(proc_fd, self, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
