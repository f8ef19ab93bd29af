/*
 * Goes up from the working directory it was given, or from the folder that is named, and looks whether it comes out
 * elsewhere than at its root.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/stat.h>

int main(int argc, char **argv)
{
	struct stat top, root;

	if (argc > 1 && chdir(argv[1]))
		refused(errno);
	for (int i = 0; i < 256; i++)
		if (chdir(".."))
			refused(errno);
	if (stat(".", &top) || stat("/", &root))
		broken("stat");
	if (top.st_dev != root.st_dev || top.st_ino != root.st_ino)
		escaped("another root");
	refused_nothing();
}
