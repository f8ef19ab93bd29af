/*
 * Fuzzes the launcher's handling of what its peers and its inits say. The launcher is the real one, with its sockets and
 * its loop; what it forks is not: a process that it believes in is a pipe, which ends when the input says so.
 *
 * An input is a sequence of steps: a byte that says what happens, two that say how many more belong to it, and those.
 * Whatever happens, each answer is a well-formed frame, and in the end nothing is left, be it memory or a descriptor.
 */
#define _GNU_SOURCE
#include "../frame.h"
#include "../init.h"
#include "../kernel.h"
#include "assert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define FZ_PEERS 2
#define FZ_PROCESSES_MAX 64

/* What the launcher takes for a process. */
struct fz_process {
	int life;   /* closed when it ends */
	int status; /* an init's end of the socket to the launcher; -1: it has none */
	bool named; /* it has got a start frame: from then on it may speak */
};

static struct fz_process fz_processes[FZ_PROCESSES_MAX];
static size_t fz_process_count;
static int fz_next_status = -1;
static int fz_pidfd = -1; /* of a process that lives on */

static pid_t fz_clone3(struct clone_args *args)
{
	struct fz_process *process = &fz_processes[fz_process_count];
	int life[2];

	if (fz_process_count == FZ_PROCESSES_MAX) {
		if (fz_next_status >= 0)
			close(fz_next_status);
		fz_next_status = -1;
		errno = EAGAIN;
		return -1;
	}
	FZ_ASSERT(pipe2(life, O_CLOEXEC) == 0);
	*(int *)(uintptr_t)args->pidfd = life[0];
	*process = (struct fz_process){ .life = life[1], .status = fz_next_status };
	fz_next_status = -1;
	return (pid_t)(100000 + fz_process_count++);
}

static int fz_socketpair(int domain, int type, int protocol, int pair[2])
{
	int error = socketpair(domain, type, protocol, pair);

	FZ_ASSERT(error == 0);
	/* To the child that maps an init's ids: neither of them speaks here. */
	if ((type & ~SOCK_CLOEXEC) == SOCK_STREAM)
		return 0;
	FZ_ASSERT(fz_next_status < 0);
	fz_next_status = fcntl(pair[1], F_DUPFD_CLOEXEC, 0);
	return error;
}

static int fz_waitid(void)
{
	return 0;
}

/* Peers are this process, which lives on; any other may be one of the host's, and ends when the input does at the latest. */
static int fz_pidfd_open(pid_t pid)
{
	int life[2];

	if (pid == getpid())
		return fcntl(fz_pidfd, F_DUPFD_CLOEXEC, 0);
	if (pid % 2 == 0 || fz_process_count == FZ_PROCESSES_MAX) {
		errno = ESRCH;
		return -1;
	}
	FZ_ASSERT(pipe2(life, O_CLOEXEC) == 0);
	fz_processes[fz_process_count++] = (struct fz_process){ .life = life[1], .status = -1 };
	return life[0];
}

static int fz_pidfd_send_signal(int pidfd, int sig)
{
	FZ_ASSERT(pidfd >= 0 && (sig == 0 || sig == IN_PASS_SIGNAL));
	return 0;
}

void in_main(uint64_t namespaces, const char *pid_namespace, uid_t uid, gid_t gid, bool has_mapper, const char *mounts, size_t mounts_len)
{
	(void)namespaces, (void)pid_namespace, (void)uid, (void)gid, (void)has_mapper, (void)mounts, (void)mounts_len;
	abort();
}

#define LN_NO_MAIN
#define kn_clone3(args) fz_clone3(args)
#define kn_pidfd_open(pid) fz_pidfd_open(pid)
#define kn_pidfd_send_signal(pidfd, sig, info) ((void)(info), fz_pidfd_send_signal(pidfd, sig))
#define socketpair(domain, type, protocol, pair) fz_socketpair(domain, type, protocol, pair)
#define waitid(type, id, info, options) ((void)(info), fz_waitid())
#include "../launcher.c"

/* ---- peers ---- */

struct fz_peer {
	int fd;
	struct fr_writer heard;
};

static struct fz_peer fz_peers[FZ_PEERS];
static struct sockaddr_un fz_address = { .sun_family = AF_UNIX };
static socklen_t fz_address_len;

void fo_remove(const char *dir, pid_t init)
{
	(void)dir, (void)init;
	abort();
}

/* One turn of ln_loop() after the other, until nothing happens any more. */
static void fz_turn(void)
{
	struct epoll_event events[64];

	for (;;) {
		int count = epoll_wait(ln.epoll, events, 64, 0);

		if (count <= 0 && ln.spare_namespaces) {
			ln_make_spare();
			continue;
		}
		if (count <= 0)
			return;
		for (int i = 0; i < count; i++)
			ln_on_event(events[i].data.ptr, events[i].events);
		ln_sweep();
	}
}

/* Takes what the launcher has answered, all of which is whole frames. */
static void fz_hear(struct fz_peer *peer)
{
	static char text[65536];
	ssize_t n;
	size_t at = 0;

	while ((n = recv(peer->fd, text, sizeof text, MSG_DONTWAIT)) > 0)
		fr_append(&peer->heard, text, (size_t)n);
	while (peer->heard.len - at >= FR_HEADER) {
		const char *payload = peer->heard.data + at + FR_HEADER;
		size_t len = fr_length((const unsigned char *)peer->heard.data + at);

		FZ_ASSERT(len > 0 && len <= FR_MAX + LN_MESSAGE_MAX);
		if (peer->heard.len - at - FR_HEADER < len)
			break;
		FZ_ASSERT(fr_check(payload, len) == 0 && fr_get(payload, len, "type"));
		at += FR_HEADER + len;
	}
	if (at > 0)
		memmove(peer->heard.data, peer->heard.data + at, peer->heard.len - at);
	peer->heard.len -= at;
}

/* Takes what the launcher has sent to an init, and the descriptors with it. */
static void fz_take_frame(struct fz_process *process)
{
	static char text[ME_LENGTH_MAX];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE((ME_FDS_MAX + 1) * sizeof(int))];
	} control;
	struct iovec data = { text, sizeof text };

	for (;;) {
		struct msghdr message = {
			.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
		};
		ssize_t n = process->status < 0 ? -1 : recvmsg(process->status, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

		if (n <= 0)
			return;
		process->named = true;
		for (size_t i = 0; header && i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			close(((int *)(void *)CMSG_DATA(header))[i]);
	}
}

static void fz_settle(void)
{
	fz_turn();
	for (size_t i = 0; i < FZ_PEERS; i++)
		if (fz_peers[i].fd >= 0)
			fz_hear(&fz_peers[i]);
	for (size_t i = 0; i < fz_process_count; i++)
		fz_take_frame(&fz_processes[i]);
}

static void fz_leave(struct fz_peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	fr_free(&peer->heard);
}

static void fz_come(struct fz_peer *peer)
{
	fz_leave(peer);
	peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FZ_ASSERT(peer->fd >= 0 && connect(peer->fd, (struct sockaddr *)&fz_address, fz_address_len) == 0);
}

static void fz_say(struct fz_peer *peer, const void *data, size_t size)
{
	if (peer->fd >= 0)
		send(peer->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A frame, with as many bytes more, so that it goes to an init in memory. */
static void fz_say_frame(struct fz_peer *peer, const uint8_t *data, size_t size, size_t more)
{
	struct fr_writer frame = { 0 };
	size_t len = size + more;
	char header[FR_HEADER] = { (char)len, (char)(len >> 8), (char)(len >> 16), (char)(len >> 24) };
	char *padding = malloc(more + 1);

	FZ_ASSERT(padding);
	memset(padding, 'x', more);
	if (more > 2) {
		padding[1] = '=';
		padding[more - 1] = '\0';
	}
	fr_append(&frame, header, sizeof header);
	fr_append(&frame, (const char *)data, size);
	fr_append(&frame, padding, more);
	fz_say(peer, frame.data, frame.len);
	fr_free(&frame);
	free(padding);
}

/* ---- processes ---- */

/* The nth process that still lives, the last one first, and the inits of jobs before all others. */
static struct fz_process *fz_find(size_t n)
{
	for (int others = 0; others < 2; others++)
		for (size_t i = fz_process_count; i > 0; i--)
			if (fz_processes[i - 1].life >= 0 && fz_processes[i - 1].named == !others && n-- == 0)
				return &fz_processes[i - 1];
	return NULL;
}

static void fz_end(struct fz_process *process)
{
	close(process->life);
	process->life = -1;
	if (process->status >= 0)
		close(process->status);
	process->status = -1;
}

/* ---- an input ---- */

static void fz_step(uint8_t what, const uint8_t *data, size_t size)
{
	struct fz_peer *peer = &fz_peers[what & 1];
	struct fz_process *process = fz_find(what >> 5);

	switch (what >> 1 & 7) {
	case 0:
	case 1:
		fz_say_frame(peer, data, size, 0);
		break;
	case 2:
		fz_say_frame(peer, data, size, 40000);
		break;
	case 3:
		fz_say(peer, data, size);
		break;
	case 4:
		/* An init says nothing before it has got its frame. */
		if (process && process->status >= 0 && process->named && size > 0)
			send(process->status, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 5:
		if (process)
			fz_end(process);
		break;
	case 6:
		fz_leave(peer);
		break;
	case 7:
		fz_come(peer);
		break;
	}
}

static void fz_begin(void)
{
	ln.epoll = epoll_create1(EPOLL_CLOEXEC);
	ln.listener = (struct ln_source){ LN_LISTENER, socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), NULL };
	/* An abstract name, which no other run has. */
	fz_address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     (size_t)snprintf(fz_address.sun_path + 1, sizeof fz_address.sun_path - 1, "corral-fuzz-%d",
						      getpid()) + 1);
	FZ_ASSERT(bind(ln.listener.fd, (struct sockaddr *)&fz_address, fz_address_len) == 0);
	FZ_ASSERT(listen(ln.listener.fd, 64) == 0 && ln_watch(&ln.listener, EPOLLIN, EPOLL_CTL_ADD) == 0);
	int life[2];
	FZ_ASSERT(pipe2(life, O_CLOEXEC) == 0);
	fz_pidfd = life[0];
	for (size_t i = 0; i < FZ_PEERS; i++)
		fz_peers[i].fd = -1;
}

/* The number of the next descriptor: the same as before, when none was left open. */
static int fz_next_fd(void)
{
	int fd = fcntl(fz_pidfd, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

static void fz_finish(int next_fd)
{
	for (size_t i = 0; i < FZ_PEERS; i++)
		fz_leave(&fz_peers[i]);
	fz_turn();
	FZ_ASSERT(!ln.runners && !ln.placer);
	/* Removers may come while others end. */
	for (struct fz_process *process; (process = fz_find(0)); fz_turn())
		fz_end(process);
	FZ_ASSERT(!ln.jobs && !ln.spare);
	fz_process_count = 0;
	ln.spare_namespaces = 0;
	free(ln.place);
	ln.place = NULL;
	FZ_ASSERT(fz_next_fd() == next_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int next_fd;

	if (fz_pidfd < 0)
		fz_begin();
	next_fd = fz_next_fd();
	for (size_t i = 0; i < FZ_PEERS; i++)
		fz_come(&fz_peers[i]);
	fz_settle();
	while (size >= 3) {
		size_t len = data[1] | (size_t)data[2] << 8;
		uint8_t what = data[0];

		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		fz_step(what, data, len);
		fz_settle();
		data += len;
		size -= len;
	}
	fz_finish(next_fd);
	return 0;
}
