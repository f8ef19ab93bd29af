/* Looks for a word in what /proc says of every process: find-process FILE WORD, FILE being `cmdline` or `environ`. */
#define _GNU_SOURCE
#include "attempt.h"

#include <dirent.h>
#include <fcntl.h>

static char text[262144];

/* Whether a process other than this one has the word. */
static int has_word(const char *pid, const char *file, const char *word)
{
	char path[320];
	int fd;
	ssize_t n, len = 0;

	snprintf(path, sizeof path, "/proc/%s/%s", pid, file);
	if (atoi(pid) == getpid() || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	while ((n = read(fd, text + len, sizeof text - (size_t)len)) > 0)
		len += n;
	close(fd);
	return len > 0 && memmem(text, (size_t)len, word, strlen(word)) != NULL;
}

int main(int argc, char **argv)
{
	const char *file = argument(argc, argv, 1), *word = argument(argc, argv, 2);
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		broken("/proc");
	while ((entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && has_word(entry->d_name, file, word))
			escaped("%s", entry->d_name);
	refused_nothing();
}
