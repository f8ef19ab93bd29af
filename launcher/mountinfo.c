#define _GNU_SOURCE
#include "mountinfo.h"
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* Reads a whole file, and ends it with NUL. */
static int mi_read_text(int fd, char **text)
{
	size_t len = 0, size = 16384;
	ssize_t n;

	*text = malloc(size);
	while (*text && (n = read(fd, *text + len, size - 1 - len)) > 0) {
		char *more;

		len += (size_t)n;
		if (size - 1 - len > 0)
			continue;
		more = realloc(*text, size *= 2);
		if (!more)
			break;
		*text = more;
	}
	if (!*text || len == size - 1 || n < 0) {
		int error = *text && n < 0 ? -errno : -ENOMEM;

		free(*text);
		return error;
	}
	(*text)[len] = '\0';
	return 0;
}

/* The kernel writes blanks, newlines and backslashes in paths as three octal digits. */
static void mi_unescape(char *path)
{
	char *to = path;

	for (const char *at = path; *at; to++) {
		if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7') {
			*to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
}

/* `ID PARENT MAJ:MIN ROOT POINT OPTIONS [OPTIONAL…] - TYPE SOURCE OPTIONS` */
static int mi_parse_line(char *line, struct mi_mount *mount)
{
	char *words[5], *rest = line, *type = strstr(line, " - ");

	if (!type)
		return -EPROTO;
	*type = '\0';
	for (int i = 0; i < 5; i++)
		if (!(words[i] = strsep(&rest, " ")))
			return -EPROTO;
	type += 3;
	type[strcspn(type, " ")] = '\0';
	mi_unescape(words[3]);
	mi_unescape(words[4]);
	*mount = (struct mi_mount){ .device = words[2], .root = words[3], .point = words[4], .type = type };
	return 0;
}

/* Reads what this process has mounted; `proc_fd` is a procfs that shows it. */
int mi_read(int proc_fd, struct mi_table *table)
{
	auto_fd fd = openat(proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t lines = 0;
	char *rest, *line;
	int error;

	*table = (struct mi_table){ 0 };
	if (fd < 0)
		return -errno;
	error = mi_read_text(fd, &table->text);
	if (error)
		return error;
	for (const char *at = table->text; (at = strchr(at, '\n')); at++)
		lines++;
	table->mounts = calloc(lines + 1, sizeof *table->mounts);
	if (!table->mounts)
		error = -ENOMEM;
	rest = table->text;
	while (!error && (line = strsep(&rest, "\n")) && *line) {
		error = mi_parse_line(line, &table->mounts[table->count]);
		table->count += !error;
	}
	if (error)
		mi_free(table);
	return error;
}

/* The rest of a path that is a folder's or of something in it, from its slash on; NULL: it is elsewhere. */
const char *mi_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0') ? path + len : NULL;
}

/* The mount that holds a path: the last one of those whose point is nearest to it. */
const struct mi_mount *mi_find(const struct mi_table *table, const char *path)
{
	const struct mi_mount *found = NULL;

	for (size_t i = 0; i < table->count; i++) {
		const struct mi_mount *mount = &table->mounts[i];

		if (mi_below(path, mount->point) && (!found || strlen(mount->point) >= strlen(found->point)))
			found = mount;
	}
	return found;
}

void mi_free(struct mi_table *table)
{
	free(table->mounts);
	free(table->text);
	*table = (struct mi_table){ 0 };
}
