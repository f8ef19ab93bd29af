/* An output file that is bounded: its beginning and its end are kept, and what lies between is given back to the disk. */
#ifndef CORRAL_OUTPUT_H
#define CORRAL_OUTPUT_H

#include "init.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct ou_output {
	int file_fd; /* -1: it is not bounded */
	int gap_fd;
	int dir_fd;    /* its folder, by which the kernel tells of a change */
	off_t head;    /* how much is kept of its beginning */
	off_t tail;    /* and of its end */
	off_t gap_end; /* what is between the head and here is dropped; not beyond the head: nothing */
	off_t size;    /* as it was last seen */
	struct timespec changed;
	int64_t next; /* monotonic ns of the next look; INT64_MAX: the kernel will tell */
};

#define OU_NONE { .file_fd = -1, .gap_fd = -1, .dir_fd = -1, .next = INT64_MAX }

int ou_bound(struct ou_output *output, int dir_fd, const char *payload, size_t len, const char *path, struct in_failure *failure);
void ou_on_change(struct ou_output *output);
void ou_on_timer(struct ou_output *output, int64_t now);
void ou_finish(struct ou_output *output);
bool ou_is_written(struct ou_output *output);
void ou_go_on(struct ou_output *output);
void ou_give_back_reserve(const struct ou_output *output);
off_t ou_dropped(const struct ou_output *output);
void ou_close(struct ou_output *output);

#endif
