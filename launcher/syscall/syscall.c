/*
 * corral-syscall: the two system calls that the daemon needs and Node has not. It decides nothing.
 *
 *   corral-syscall peer           who is at the other end of the Unix socket on descriptor 3:
 *                                 "pid=P uid=U gid=G groups=A,B\n" on standard output (SO_PEERCRED, SO_PEERGROUPS: unix(7))
 *   corral-syscall notify TEXT... sends each TEXT as a line of one datagram to $NOTIFY_SOCKET (sd_notify(3))
 *
 * The socket is descriptor 3 and not standard input: who spawns (libuv) makes a child's first three descriptors blocking,
 * and with them those of the parent, which has the same open file description, so that the daemon would wait for a slow
 * reader with all its other clients.
 *
 * Exit status: 0, 1 when the system call failed (why is on standard error), 2 for a wrong use.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

enum { PEER_FD = 3, MAX_GROUPS = 65536, MAX_DATAGRAM = 65536, BARRIER_MS = 5000 };

static int sc_fail(const char *what, int error)
{
	fprintf(stderr, "corral-syscall: %s: %s\n", what, strerror(error));
	return 1;
}

/* A process that has no supplementary groups has an empty list; a kernel before 4.13 tells none, which is an error here:
 * a group that is missing would take rights away without a word. */
static int sc_peer(void)
{
	static gid_t groups[MAX_GROUPS];
	struct ucred credentials;
	socklen_t length = sizeof credentials;
	if (getsockopt(PEER_FD, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return sc_fail("SO_PEERCRED of descriptor 3", errno);
	/* What is not a Unix socket has a peer of no process. */
	if (credentials.uid == (uid_t)-1)
		return sc_fail("SO_PEERCRED of descriptor 3", ENOTCONN);
	length = sizeof groups;
	if (getsockopt(PEER_FD, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0)
		return sc_fail("SO_PEERGROUPS of descriptor 3", errno);
	printf("pid=%ld uid=%lu gid=%lu groups=", (long)credentials.pid, (unsigned long)credentials.uid,
	       (unsigned long)credentials.gid);
	for (size_t i = 0; i < length / sizeof *groups; i++)
		printf(i == 0 ? "%lu" : ",%lu", (unsigned long)groups[i]);
	putchar('\n');
	return fflush(stdout) == 0 ? 0 : sc_fail("standard output", errno);
}

/* The length of the address in *address, or a negative errno. A name that begins with '@' is in the abstract namespace. */
static int sc_address(const char *name, struct sockaddr_un *address)
{
	size_t length = strlen(name);
	if ((name[0] != '/' && name[0] != '@') || name[1] == '\0')
		return -EAFNOSUPPORT;
	if (length >= sizeof address->sun_path)
		return -ENAMETOOLONG;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, name, length);
	if (name[0] == '@')
		address->sun_path[0] = '\0';
	/* A path's ends with its NUL; an abstract name is as long as it is. */
	return (int)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '/'));
}

/* Sends one message with a control message of this type. 0 or a negative errno. */
static int sc_send(int fd, const char *text, size_t length, int type, const void *data, size_t size)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = type, .cmsg_len = CMSG_LEN(size) } };
	struct iovec part = { .iov_base = (void *)text, .iov_len = length };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control };
	message.msg_controllen = CMSG_SPACE(size);
	memcpy(CMSG_DATA(&control.header), data, size);
	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* In the daemon's name: systemd goes by the sender's pid, and by then this process may be gone. It takes root. */
static int sc_send_as_parent(int fd, const char *text, size_t length)
{
	struct ucred daemon = { .pid = getppid(), .uid = getuid(), .gid = getgid() };
	return sc_send(fd, text, length, SCM_CREDENTIALS, &daemon, sizeof daemon);
}

/* Stays until systemd has read what was sent before, as it closes what comes with BARRIER=1 (sd_notify_barrier(3)). */
static int sc_await_barrier(int fd)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	int error = sc_send(fd, "BARRIER=1", strlen("BARRIER=1"), SCM_RIGHTS, &ends[1], sizeof ends[1]);
	close(ends[1]);
	struct pollfd closed = { .fd = ends[0] };
	return error < 0 ? error : poll(&closed, 1, BARRIER_MS) == 1 ? 0 : -ETIMEDOUT;
}

static int sc_notify(int count, char **lines)
{
	static char text[MAX_DATAGRAM];
	size_t length = 0;
	for (int i = 0; i < count; i++) {
		int written = snprintf(text + length, sizeof text - length, "%s%s", i == 0 ? "" : "\n", lines[i]);
		if (written < 0 || (size_t)written >= sizeof text - length)
			return sc_fail("the text", EMSGSIZE);
		length += (size_t)written;
	}
	const char *name = getenv("NOTIFY_SOCKET");
	if (name == NULL || name[0] == '\0')
		return sc_fail("NOTIFY_SOCKET is not set", EDESTADDRREQ);
	struct sockaddr_un address;
	int size = sc_address(name, &address);
	if (size < 0)
		return sc_fail(name, -size);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return sc_fail("socket", errno);
	if (connect(fd, (struct sockaddr *)&address, (socklen_t)size) < 0)
		return sc_fail(name, errno);
	int error = sc_send_as_parent(fd, text, length);
	if (error == -EPERM)
		error = send(fd, text, length, MSG_NOSIGNAL) < 0 ? -errno : sc_await_barrier(fd);
	return error == 0 ? 0 : sc_fail(name, -error);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "peer") == 0)
		return sc_peer();
	if (argc > 2 && strcmp(argv[1], "notify") == 0)
		return sc_notify(argc - 2, argv + 2);
	fputs("usage: corral-syscall peer | corral-syscall notify TEXT...\n", stderr);
	return 2;
}
