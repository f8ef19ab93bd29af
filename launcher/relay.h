/* What init carries between a command and its runner: standard input, and all that goes through a terminal. */
#ifndef CORRAL_RELAY_H
#define CORRAL_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* How many entries of a poll(2) a relay has. */
#define RE_POLLS 3

/* A command's streams; -1 and NULL: there is no such. */
struct re_relay {
	int source;   /* what the runner sends */
	int pipe;     /* the end to write to of the command's standard input, when it has no terminal */
	int terminal; /* the master of the command's terminal */
	int slave;    /* its slave, held open: a command that closes it for a while does not hang it up */
	int output;   /* the file that what the terminal shows goes to */
	char *buffer; /* has been read from the source and not been written yet */
	size_t at;
	size_t len;
	bool over;      /* the source has ended */
	bool line_open; /* what went to the terminal last was no end of a line */
};

#define RE_NONE { .source = -1, .pipe = -1, .terminal = -1, .slave = -1, .output = -1 }

int re_begin(struct re_relay *relay);
void re_poll(const struct re_relay *relay, struct pollfd fds[RE_POLLS]);
void re_on_events(struct re_relay *relay, const struct pollfd fds[RE_POLLS]);
void re_drain(struct re_relay *relay);
void re_close(struct re_relay *relay);

#endif
