/*
 * What a command writes goes straight to a file, with nobody in between. Where that is to be bounded, init looks at the
 * file while it changes, and once it has outgrown its bound has the file system give up what is between its head and its
 * tail (fallocate(2), FALLOC_FL_PUNCH_HOLE): offsets stay what they are, and what is there reads as zeros.
 *
 * Readers.  Which zeros are none of the command's is said by the file `gap` beside the output, by its size alone: that is
 * where the hole ends. It is set before the hole is made, and a reader looks at it after each read: either it has read what
 * was there, or it knows that it has not. A size is read and set as one, needs no room on a full disk, and is in the file
 * system's journal before the hole is. What the file holds says where the hole begins.
 *
 * Waiting.  A first change is told by a signal, SIGIO, once (F_NOTIFY of fcntl(2)): inotify(7) has a limit on its
 * instances, 128 for all jobs of a user. Then a timer goes off for as long as the file changes, with pauses in which it
 * cannot outgrow its bound by much. A file that is left alone costs nothing.
 *
 * Bounds.  It is sizes that are bounded, not blocks: who writes at a huge offset, or makes the file as long, has most of it
 * dropped. Blocks are looked at too, for what was written into the hole.
 */
#define _GNU_SOURCE
#include "output.h"
#include "frame.h"
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>

#define OU_NEVER INT64_MAX
#define OU_BLOCK ((off_t)4096)

/* Pauses between looks, in ns: as short as a look is cheap beside it, and as long as it does not matter. */
#define OU_PAUSE_MIN ((int64_t)10000000)
#define OU_PAUSE_MAX ((int64_t)1000000000)

/* What no file grows faster than, in bytes a nanosecond. */
#define OU_SPEED_MAX 8

/* How often a file is looked at that the kernel does not tell of: where it is built without, or fs.dir-notify-enable is 0. */
#define OU_PAUSE_UNTOLD ((int64_t)100000000)

/* Offsets beyond this are no whole numbers for JavaScript. A file that is made longer is cut off here. */
#define OU_SIZE_MAX ((off_t)1 << 52)

static int ou_read_bounds(struct ou_output *output, const char *payload, size_t len)
{
	long long head, tail;

	if (fr_number(fr_get(payload, len, "outputhead"), OU_BLOCK, OU_SIZE_MAX, &head) ||
	    fr_number(fr_get(payload, len, "outputtail"), OU_BLOCK, OU_SIZE_MAX, &tail))
		return -EINVAL;
	output->head = head;
	output->tail = tail;
	return 0;
}

/* Makes the file that says where the hole is. All that is ever written to it is written now: a full disk is told of. */
static int ou_make_gap(struct ou_output *output)
{
	char text[40];
	int len = snprintf(text, sizeof text, "head=%lld", (long long)output->head) + 1;

	output->gap_fd = openat(output->dir_fd, "gap", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (output->gap_fd < 0)
		return -errno;
	return kn_write_all(output->gap_fd, text, (size_t)len);
}

static int ou_punch(const struct ou_output *output, off_t from, off_t to)
{
	return fallocate(output->file_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from) ? -errno : 0;
}

/* Has the kernel tell of the next change, once; false: it does not. */
static bool ou_arm(const struct ou_output *output)
{
	return fcntl(output->dir_fd, F_NOTIFY, DN_MODIFY) == 0;
}

/*
 * Bounds the file `output` of a folder, where the frame has bounds: before anybody writes to it. A file system that does not
 * make holes is found out now, not when it is too late.
 */
int ou_bound(struct ou_output *output, int dir_fd, const char *payload, size_t len, const char *path, struct in_failure *failure)
{
	int error;

	if (!fr_get(payload, len, "outputhead"))
		return 0;
	if (ou_read_bounds(output, payload, len))
		return in_note(failure, "frame", "outputhead", -EINVAL);
	/* Its own: closing what shares a description with it would end the telling (fs/notify/dnotify, dnotify_flush()). */
	output->dir_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	output->file_fd = openat(dir_fd, "output", O_RDWR | O_CLOEXEC);
	if (output->dir_fd < 0 || output->file_fd < 0)
		return in_note(failure, "output", path, -errno);
	if ((error = ou_make_gap(output)))
		return in_note(failure, "output-gap", path, error);
	if ((error = ou_punch(output, 0, OU_BLOCK)))
		return in_note(failure, "output-max", path, error);
	output->next = ou_arm(output) ? OU_NEVER : 0;
	return 0;
}

/* How many bytes are dropped. */
off_t ou_dropped(const struct ou_output *output)
{
	return output->gap_end > output->head ? output->gap_end - output->head : 0;
}

/* Says where the hole ends, before it does. Nowhere: only what the file holds is left of it. */
static int ou_publish(struct ou_output *output, off_t end)
{
	if (ftruncate(output->gap_fd, end > output->head ? end : OU_BLOCK - 1))
		return -errno;
	output->gap_end = end;
	return 0;
}

/* Where the hole ends in a file that was cut off, and may have been written to since. */
static off_t ou_find_end(const struct ou_output *output, off_t size)
{
	off_t data = size > output->head ? lseek(output->file_fd, output->head, SEEK_DATA) : 0;

	return data < 0 ? size : data > output->head ? data : 0;
}

/* Takes the file's state, and mends what no honest command does to it. */
static int ou_look(struct ou_output *output, struct stat *state)
{
	if (fstat(output->file_fd, state))
		return -errno;
	if (state->st_size > OU_SIZE_MAX) {
		if (ftruncate(output->file_fd, OU_SIZE_MAX) || fstat(output->file_fd, state))
			return -errno;
	}
	return state->st_size < output->gap_end ? ou_publish(output, ou_find_end(output, state->st_size)) : 0;
}

/*
 * Drops what is too much, should that be more than `slack`. `block`: a hole that ends with one costs no partial blocks.
 * Always from the head on: what was written into the hole goes as well.
 */
static int ou_trim(struct ou_output *output, off_t slack, off_t block)
{
	off_t max = output->head + output->tail, end;
	struct stat state;
	int error = ou_look(output, &state);

	if (error)
		return error;
	end = (state.st_size - output->tail) / block * block;
	if (state.st_size - ou_dropped(output) > max + slack && end > output->gap_end)
		error = ou_publish(output, end);
	else if (ou_dropped(output) == 0 || state.st_blocks * 512 <= max + slack + 2 * OU_BLOCK)
		return 0;
	return error ? error : ou_punch(output, output->head, output->gap_end);
}

/* Whether the file is another than it was when this was last asked. A failure is a change: it is to be looked at again. */
static bool ou_has_changed(struct ou_output *output)
{
	struct stat state = { 0 };
	bool same = fstat(output->file_fd, &state) == 0 && state.st_size == output->size &&
		    state.st_mtim.tv_sec == output->changed.tv_sec && state.st_mtim.tv_nsec == output->changed.tv_nsec;

	if (!same) {
		output->size = state.st_size;
		output->changed = state.st_mtim;
	}
	return !same;
}

/* In which it cannot outgrow its bound by much. */
static int64_t ou_pause(const struct ou_output *output)
{
	off_t room = output->head + output->tail - (output->size - ou_dropped(output));
	int64_t pause = room / OU_SPEED_MAX;

	return pause < OU_PAUSE_MIN ? OU_PAUSE_MIN : pause > OU_PAUSE_MAX ? OU_PAUSE_MAX : pause;
}

/* In this order: what our own hole changes is not told, and a change between the look and the arming is seen after it. */
static void ou_tend(struct ou_output *output)
{
	int error = ou_trim(output, (output->head + output->tail) / 16, OU_BLOCK);
	int64_t pause = error ? OU_PAUSE_MAX : 0;

	if (error || ou_has_changed(output))
		pause = pause ? pause : ou_pause(output);
	else if (!ou_arm(output))
		pause = OU_PAUSE_UNTOLD;
	else if (ou_has_changed(output))
		pause = ou_pause(output);
	output->next = pause ? kn_now(CLOCK_MONOTONIC) + pause : OU_NEVER;
}

/* Something in the folder of some output has changed. */
void ou_on_change(struct ou_output *output)
{
	if (output->file_fd >= 0 && output->next == OU_NEVER)
		ou_tend(output);
}

void ou_on_timer(struct ou_output *output, int64_t now)
{
	if (now >= output->next)
		ou_tend(output);
}

/* What is kept is as much as it is to be, to the byte. What cannot be given back is dropped. */
void ou_finish(struct ou_output *output)
{
	if (output->file_fd >= 0)
		ou_trim(output, 0, 1);
	output->next = OU_NEVER;
}

/*
 * Whether somebody has it open for writing, apart from us: only then does a file give no lease for reading (fcntl(2),
 * F_SETLEASE). On a file system without leases nobody can tell, and it is taken for written.
 */
bool ou_is_written(struct ou_output *output)
{
	char path[40];
	bool written;
	int fd;

	if (output->file_fd < 0)
		return false;
	snprintf(path, sizeof path, "/proc/self/fd/%d", output->file_fd);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return true;
	close(output->file_fd);
	written = fcntl(fd, F_SETLEASE, F_RDLCK) < 0;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	output->file_fd = open(path, O_RDWR | O_CLOEXEC);
	close(fd);
	return written && output->file_fd >= 0;
}

/* It goes on being written after it was finished. */
void ou_go_on(struct ou_output *output)
{
	ou_tend(output);
}

/*
 * Gives back what was reserved behind the end of the file (FALLOC_FL_KEEP_SIZE), which no hole reaches on ext4. Only once
 * nobody is left who writes: what was written since the look would be cut off.
 */
void ou_give_back_reserve(const struct ou_output *output)
{
	struct stat state;

	/* What it cannot give back, nobody can. */
	if (output->file_fd >= 0 && fstat(output->file_fd, &state) == 0)
		(void)!ftruncate(output->file_fd, state.st_size);
}

void ou_close(struct ou_output *output)
{
	kn_close(&output->file_fd);
	kn_close(&output->gap_fd);
	kn_close(&output->dir_fd);
	*output = (struct ou_output)OU_NONE;
}
