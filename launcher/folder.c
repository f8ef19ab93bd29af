#define _GNU_SOURCE
#include "folder.h"
#include "kernel.h"

#include <fcntl.h>
#include <stddef.h>

/* Removes a job's folder, which is flat. `init` goes first: without it a folder is no job, whoever looks meanwhile. */
void fo_remove(const char *dir)
{
	static const char *const names[] = { "init", "exit", "exit.new", "output", "spec.json", "spec.json.new", "stopping" };
	auto_fd fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(fd, names[i], 0);
	unlinkat(AT_FDCWD, dir, AT_REMOVEDIR);
}
