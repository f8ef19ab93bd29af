/* Files that go out of a job when it has ended. */
#ifndef CORRAL_COLLECT_H
#define CORRAL_COLLECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest path that a report names beside the one that was asked for, and all that it has beside that one. */
#define CO_PATH_MAX 512
#define CO_REPORT_MAX 1024

/* A job's file system as it began: its root, and what keeps its mounts where they are when its last process is gone. */
struct co_root {
	int root_fd;
	int namespace_fd;
};

/* What a collection works off, and whose rights it has. */
struct co_order {
	const char *payload; /* the start frame */
	size_t len;
	struct co_root root;
	int dir_fd;    /* the job's folder */
	int report_fd; /* takes the outcome, a message for each path */
	long long uid; /* of the job; -1: ours */
	long long gid;
	const gid_t *groups;
	size_t group_count;
	uint64_t capabilities; /* that the job could have */
};

int co_send_root(int socket_fd, int proc_fd);
int co_take_root(int socket_fd, struct co_root *root);
_Noreturn void co_main(const struct co_order *order);

#endif
