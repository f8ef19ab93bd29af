/*
 * init's part in a command's streams. A stream that a runner sends comes on a socket of its own, and goes on to a pipe or
 * to a terminal; what a terminal shows goes to the output file, as all other output does without init's help.
 *
 * Nothing here waits: each turn does what poll(2) has said can be done. A command that does not read leaves the buffer
 * full, and then the socket, and then the runner. What cannot be written to the output, on a full disk, is lost: a
 * terminal cannot tell the command, and one that is not read would hold the command up.
 */
#define _GNU_SOURCE
#include "relay.h"
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

/* How much is carried at a time. */
#define RE_BUFFER ((size_t)65536)

/* What a terminal holds at most of what was written to it before everybody was dead, and some more. */
#define RE_DRAIN_MAX ((size_t)1 << 20)

static void re_shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Nothing more goes to the command: who sends is told by its socket. */
static void re_stop_input(struct re_relay *relay)
{
	re_shut(&relay->source);
	re_shut(&relay->pipe);
	free(relay->buffer);
	relay->buffer = NULL;
	relay->at = relay->len = 0;
}

/* Makes ready for re_poll(); init's ends must not wait, and are nobody else's. */
int re_begin(struct re_relay *relay)
{
	const int ends[] = { relay->source, relay->pipe, relay->terminal };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		int flags = ends[i] < 0 ? 0 : fcntl(ends[i], F_GETFL);

		if (ends[i] >= 0 && (flags < 0 || fcntl(ends[i], F_SETFL, flags | O_NONBLOCK)))
			return -errno;
	}
	if (relay->source >= 0) {
		/* Room for the ends of a terminal's input too. */
		relay->buffer = malloc(RE_BUFFER + 2);
		if (!relay->buffer)
			return -ENOMEM;
	}
	return 0;
}

void re_poll(const struct re_relay *relay, struct pollfd fds[RE_POLLS])
{
	int sink = relay->pipe >= 0 ? relay->pipe : relay->len > 0 ? relay->terminal : -1;

	fds[0] = (struct pollfd){ .fd = relay->len == 0 ? relay->source : -1, .events = POLLIN };
	/* Without an event it is awaited that nobody reads from the pipe any more. */
	fds[1] = (struct pollfd){ .fd = sink, .events = relay->len > 0 ? POLLOUT : 0 };
	fds[2] = (struct pollfd){ .fd = relay->terminal, .events = POLLIN };
}

/* A terminal's input ends with a character: once ends an empty line, twice one that was begun (termios(3), VEOF). */
static void re_add_end(struct re_relay *relay)
{
	struct termios modes;
	size_t count = relay->line_open ? 2 : 1;

	if (relay->terminal < 0 || tcgetattr(relay->terminal, &modes) || !(modes.c_lflag & ICANON))
		return;
	memset(relay->buffer, modes.c_cc[VEOF], count);
	relay->at = 0;
	relay->len = count;
}

static void re_read_source(struct re_relay *relay)
{
	ssize_t n = read(relay->source, relay->buffer, RE_BUFFER);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		relay->at = 0;
		relay->len = (size_t)n;
		relay->line_open = relay->buffer[n - 1] != '\n' && relay->buffer[n - 1] != '\r';
		return;
	}
	relay->over = true;
	re_add_end(relay);
	re_shut(&relay->source);
}

static void re_write_sink(struct re_relay *relay)
{
	int sink = relay->pipe >= 0 ? relay->pipe : relay->terminal;

	while (relay->len > 0) {
		ssize_t n = write(sink, relay->buffer + relay->at, relay->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			re_stop_input(relay);
			return;
		}
		relay->at += (size_t)n;
		relay->len -= (size_t)n;
	}
}

/* Carries what the terminal shows to the output; how much, or 0 when there is nothing (left). */
static size_t re_read_terminal(struct re_relay *relay)
{
	static char text[RE_BUFFER];
	ssize_t n;

	do
		n = read(relay->terminal, text, sizeof text);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		/* Hung up, as by vhangup(2): a poll would report that for ever. */
		re_stop_input(relay);
		re_shut(&relay->terminal);
		return 0;
	}
	for (ssize_t at = 0, done; at < n; at += done) {
		done = write(relay->output, text + at, (size_t)(n - at));
		if (done < 0 && errno == EINTR)
			done = 0;
		else if (done < 0)
			break;
	}
	return (size_t)n;
}

void re_on_events(struct re_relay *relay, const struct pollfd fds[RE_POLLS])
{
	if (fds[2].fd >= 0 && fds[2].revents)
		re_read_terminal(relay);
	/* The end to read from is closed. */
	if (relay->pipe >= 0 && fds[1].fd >= 0 && fds[1].revents & POLLERR)
		re_stop_input(relay);
	if (relay->source >= 0 && relay->len == 0 && fds[0].fd >= 0 && fds[0].revents)
		re_read_source(relay);
	if (relay->len > 0)
		re_write_sink(relay);
	if (relay->over && relay->len == 0)
		re_stop_input(relay);
}

/* Takes what the terminal still holds: a read that finds nothing has waited for what was on its way (tty_buffer.c). */
void re_drain(struct re_relay *relay)
{
	for (size_t total = 0, n; relay->terminal >= 0 && total < RE_DRAIN_MAX; total += n) {
		n = re_read_terminal(relay);
		if (n == 0)
			return;
	}
}

void re_close(struct re_relay *relay)
{
	re_stop_input(relay);
	re_shut(&relay->slave);
	re_shut(&relay->terminal);
	re_shut(&relay->output);
}
