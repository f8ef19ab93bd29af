/* What is mounted (proc_pid_mountinfo(5)). */
#ifndef CORRAL_MOUNTINFO_H
#define CORRAL_MOUNTINFO_H

#include <stddef.h>

/* A mount; all strings belong to the table. */
struct mi_mount {
	const char *device; /* MAJ:MIN of the file system */
	const char *root;   /* what of the file system is mounted */
	const char *point;  /* where, as seen from the process's root */
	const char *type;
};

struct mi_table {
	struct mi_mount *mounts;
	size_t count;
	char *text;
};

int mi_read(int proc_fd, struct mi_table *table);
const char *mi_below(const char *path, const char *folder);
const struct mi_mount *mi_find(const struct mi_table *table, const char *path);
void mi_free(struct mi_table *table);

#endif
