/* The job's mounts: a flat list of operations, worked off inside the command's own mount namespace. */
#ifndef CORRAL_MOUNTS_H
#define CORRAL_MOUNTS_H

#include <stddef.h>
#include <sys/types.h>

/* Where a mount failed; `path` belongs to the payload or is static. */
struct mt_failure {
	const char *step;
	const char *path;
};

struct mt_list;

struct mt_list *mt_prepare(const char *mounts, size_t len);
int mt_apply(const char *payload, size_t len, int proc_fd, uid_t uid, gid_t gid, const struct mt_list *ahead,
	     struct mt_failure *failure);

#endif
