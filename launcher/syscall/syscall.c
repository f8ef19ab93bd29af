/*
 * corral-syscall: the two system calls that the daemon needs and Node has not. It decides nothing.
 *
 *   corral-syscall peers          says who is at the other ends of Unix sockets (SO_PEERCRED, SO_PEERGROUPS: unix(7)). They
 *                                 come over descriptor 3, Node's channel to a child (child.send(ID, socket)), one after
 *                                 the other: Node sends the next when this one is acknowledged. For each it writes a line
 *                                 {"id":ID,"pid":P,"uid":U,"gid":G,"groups":[A,B]}, or {"id":ID,"error":"why"}.
 *                                 A process for each socket would cost the daemon a fork each, which takes the longer the
 *                                 more memory it has. It ends with the channel.
 *   corral-syscall notify TEXT... sends each TEXT as a line of one datagram to $NOTIFY_SOCKET (sd_notify(3))
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

enum { CHANNEL_FD = 3, MAX_GROUPS = 65536, MAX_DATAGRAM = 65536, BARRIER_MS = 5000 };

static int sc_fail(const char *what, int error)
{
	fprintf(stderr, "corral-syscall: %s: %s\n", what, strerror(error));
	return 1;
}

static int sc_write(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = send(CHANNEL_FD, text, length, MSG_NOSIGNAL);
		if (written < 0 && errno != EINTR)
			return -errno;
		text += written > 0 ? written : 0;
		length -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

/* 0 or a negative errno. A process that has no supplementary groups has an empty list; a kernel before 4.13 tells none,
 * which is an error here: a group that is missing would take rights away without a word. */
static int sc_peer(int fd, struct ucred *peer, gid_t *groups, socklen_t *size)
{
	socklen_t length = sizeof *peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length) < 0)
		return -errno;
	/* What is not a Unix socket has a peer of no process. */
	if (peer->uid == (uid_t)-1)
		return -ENOTCONN;
	return getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, size) < 0 ? -errno : 0;
}

/* Acknowledges a socket, and says whose it is. */
static int sc_answer(const char *id, int id_length, int fd)
{
	static const char acknowledged[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}\n";
	static char text[MAX_GROUPS * 11 + 256];
	static gid_t groups[MAX_GROUPS];
	struct ucred peer;
	socklen_t size = sizeof groups;
	int error = sc_peer(fd, &peer, groups, &size);
	int length;
	if (error < 0) {
		length = sprintf(text, "{\"id\":%.*s,\"error\":\"%s\"}\n", id_length, id, strerror(-error));
	} else {
		length = sprintf(text, "{\"id\":%.*s,\"pid\":%ld,\"uid\":%lu,\"gid\":%lu,\"groups\":[", id_length, id,
				 (long)peer.pid, (unsigned long)peer.uid, (unsigned long)peer.gid);
		for (size_t i = 0; i < size / sizeof *groups; i++)
			length += sprintf(text + length, i == 0 ? "%lu" : ",%lu", (unsigned long)groups[i]);
		length += sprintf(text + length, "]}\n");
	}
	error = sc_write(acknowledged, sizeof acknowledged - 1);
	return error < 0 ? error : sc_write(text, (size_t)length);
}

/* A line of Node's: {"cmd":"NODE_HANDLE","type":"net.Socket","msg":ID…} comes with a descriptor, others are not for us. */
static int sc_take_line(const char *line, int *fd)
{
	if (strncmp(line, "{\"cmd\":\"NODE_HANDLE\",", 21) != 0)
		return 0;
	const char *id = strstr(line, "\"msg\":");
	int id_length = id == NULL ? 0 : (int)strspn(id += 6, "0123456789");
	if (*fd < 0 || id_length < 1 || id_length > 15)
		return -EBADMSG;
	int error = sc_answer(id, id_length, *fd);
	close(*fd);
	*fd = -1;
	return error;
}

/* What has come, and the descriptor that came with it; the number of bytes, 0 at the end, or a negative errno. */
static ssize_t sc_receive(char *text, size_t size, int *fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = text, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control };
	message.msg_controllen = sizeof control;
	ssize_t length = recvmsg(CHANNEL_FD, &message, MSG_CMSG_CLOEXEC);
	if (length < 0)
		return errno == EINTR ? sc_receive(text, size, fd) : -errno;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header == NULL)
		return length;
	/* One at a time: of two, each could be taken for the other's. */
	if (*fd >= 0 || (message.msg_flags & MSG_CTRUNC) || header->cmsg_len != CMSG_LEN(sizeof *fd))
		return -EBADMSG;
	memcpy(fd, CMSG_DATA(header), sizeof *fd);
	return length;
}

static int sc_peers(void)
{
	static char text[4096];
	size_t held = 0;
	int fd = -1;
	for (;;) {
		ssize_t length = sc_receive(text + held, sizeof text - 1 - held, &fd);
		if (length <= 0)
			return length == 0 ? 0 : sc_fail("the channel", (int)-length);
		held += (size_t)length;
		text[held] = '\0';
		for (char *end; (end = strchr(text, '\n')) != NULL; held = strlen(text)) {
			*end = '\0';
			int error = sc_take_line(text, &fd);
			if (error < 0)
				return sc_fail("what came over the channel", -error);
			memmove(text, end + 1, strlen(end + 1) + 1);
		}
		if (held == sizeof text - 1)
			return sc_fail("a line of the channel", EMSGSIZE);
	}
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
	if (argc == 2 && strcmp(argv[1], "peers") == 0)
		return sc_peers();
	if (argc > 2 && strcmp(argv[1], "notify") == 0)
		return sc_notify(argc - 2, argv + 2);
	fputs("usage: corral-syscall peers | corral-syscall notify TEXT...\n", stderr);
	return 2;
}
