/* Lists a folder. */
#define _GNU_SOURCE
#include "attempt.h"

#include <dirent.h>

int main(int argc, char **argv)
{
	DIR *dir = opendir(argument(argc, argv, 1));
	struct dirent *entry;

	if (!dir)
		refused(errno);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			escaped("%s", entry->d_name);
	refused_nothing();
}
