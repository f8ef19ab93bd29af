/* A command's standard input and terminal: what is made before the fork, and what becomes init's once it runs. */
#ifndef CORRAL_STREAMS_H
#define CORRAL_STREAMS_H

#include "init.h"
#include "relay.h"

#include <stddef.h>

/* init's side; -1: there is no such. */
struct st_streams {
	struct re_relay relay;
	int source;   /* what the runner sends, until the relay has it */
	int pipe;     /* where it goes, until the relay has it */
	int terminal; /* the socket on which the command's child hands its terminal over */
	int output;
};

#define ST_NONE { .relay = RE_NONE, .source = -1, .pipe = -1, .terminal = -1, .output = -1 }

int st_prepare(const char *payload, size_t len, int lent, int dir_fd, struct cm_spec *spec, struct st_streams *streams,
	       struct in_failure *failure);
void st_close_inherited(struct cm_spec *spec);
int st_begin(struct st_streams *streams);
int st_resize(const struct st_streams *streams, const char *payload, size_t len);
int st_open_file(int proc_fd, const char *path);
void st_close(struct st_streams *streams);

#endif
