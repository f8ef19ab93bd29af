#define _GNU_SOURCE
#include "message.h"
#include "frame.h"
#include "kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Room for the memory of a long payload, and for what goes with it. */
union me_control {
	struct cmsghdr align;
	char space[CMSG_SPACE((ME_FDS_MAX + 1) * sizeof(int))];
};

/* A long payload goes in memory that the receiver maps. */
static int me_store(const char *payload, size_t len)
{
	int fd = memfd_create("frame", MFD_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = kn_write_all(fd, payload, len);
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}

/* Sends fields and descriptors on a SOCK_SEQPACKET socket; never waits for room. */
int me_send(int socket, const char *payload, size_t len, const int *fds, size_t count)
{
	union me_control control = { 0 };
	struct iovec data = { (void *)(uintptr_t)payload, len };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	int all[ME_FDS_MAX + 1];
	size_t total = 0;
	auto_fd memory = -1;

	if (count > ME_FDS_MAX)
		return -EINVAL;
	if (len > ME_LENGTH_MAX) {
		memory = me_store(payload, len);
		if (memory < 0)
			return memory;
		all[total++] = memory;
		data.iov_len = 1;
	}
	for (size_t i = 0; i < count; i++)
		all[total++] = fds[i];
	if (total > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(total * sizeof(int));
		control.align = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(total * sizeof(int))
		};
		memcpy(CMSG_DATA(&control.align), all, total * sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Maps a long payload; its memory comes first among the descriptors. */
static int me_map(struct me_message *message, int fd)
{
	struct stat memory;
	void *payload;

	if (fstat(fd, &memory))
		return -errno;
	payload = mmap(NULL, (size_t)memory.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (payload == MAP_FAILED)
		return -errno;
	message->payload = payload;
	message->len = (size_t)memory.st_size;
	message->mapped = true;
	return 0;
}

static int me_take_control(struct me_message *message, struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int fds[ME_FDS_MAX + 1], memory = -1, error = 0;
	size_t count = 0;

	if (control && control->cmsg_type == SCM_RIGHTS) {
		count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(control), count * sizeof(int));
	}
	for (size_t i = 0; i < count; i++) {
		/* No fields are as short as the byte that stands for a long payload. */
		if (i == 0 && message->len == 1)
			memory = fds[i];
		else if (message->fd_count < ME_FDS_MAX)
			message->fds[message->fd_count++] = fds[i];
		else
			close(fds[i]);
	}
	if (memory >= 0) {
		error = me_map(message, memory);
		close(memory);
	}
	return error;
}

/*
 * Receives fields and descriptors; a short payload is in `buffer`. 1, 0 at the end of the stream, or a negative errno:
 * then nothing is to be freed.
 */
int me_receive(int socket, char buffer[ME_LENGTH_MAX], int flags, struct me_message *message)
{
	union me_control control;
	struct iovec data = { buffer, ME_LENGTH_MAX };
	struct msghdr header = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	ssize_t n = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
	int error;

	if (n <= 0)
		return n < 0 ? -errno : 0;
	*message = (struct me_message){ .payload = buffer, .len = (size_t)n };
	error = me_take_control(message, &header);
	if (!error && fr_check(message->payload, message->len))
		error = -EBADMSG;
	if (error)
		me_free(message);
	return error ? error : 1;
}

/* The next descriptor, if the payload has the field that announces it; else -1. It is the caller's then. */
int me_take_fd(struct me_message *message, const char *field)
{
	int fd;

	if (message->fd_count == 0 || !fr_get(message->payload, message->len, field))
		return -1;
	fd = message->fds[0];
	message->fd_count--;
	memmove(message->fds, message->fds + 1, message->fd_count * sizeof *message->fds);
	return fd;
}

/* Receives two descriptors, which a message with these two fields has brought; does not wait. Both, or a negative errno. */
int me_receive_fds(int socket, const char *first, const char *second, int fds[2])
{
	static char buffer[ME_LENGTH_MAX];
	struct me_message message;
	int received = me_receive(socket, buffer, MSG_DONTWAIT, &message);

	if (received <= 0)
		return received < 0 ? received : -ECONNRESET;
	fds[0] = me_take_fd(&message, first);
	fds[1] = me_take_fd(&message, second);
	me_free(&message);
	if (fds[0] >= 0 && fds[1] >= 0)
		return 0;
	kn_close(&fds[0]);
	return -EPROTO;
}

/* Closes the descriptors that were not taken, and lets go of the payload. */
void me_free(struct me_message *message)
{
	for (size_t i = 0; i < message->fd_count; i++)
		close(message->fds[i]);
	message->fd_count = 0;
	if (message->mapped)
		munmap((void *)(uintptr_t)message->payload, message->len);
	message->mapped = false;
}
