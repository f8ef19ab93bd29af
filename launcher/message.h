/* Messages between the launcher and an init: fields, and descriptors that go with them. */
#ifndef CORRAL_MESSAGE_H
#define CORRAL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

/* The longest payload that goes as a message itself; a longer one goes in a memfd. */
#define ME_LENGTH_MAX ((size_t)32768)

/* The most descriptors that go with a payload. */
#define ME_FDS_MAX 2

/* What was received: fields that have been checked, and descriptors that are the receiver's to close. */
struct me_message {
	const char *payload;
	size_t len;
	int fds[ME_FDS_MAX];
	size_t fd_count;
	bool mapped;
};

int me_send(int socket, const char *payload, size_t len, const int *fds, size_t count);
int me_receive(int socket, char buffer[ME_LENGTH_MAX], int flags, struct me_message *message);
int me_take_fd(struct me_message *message, const char *field);
int me_receive_fds(int socket, const char *first, const char *second, int fds[2]);
void me_free(struct me_message *message);

#endif
