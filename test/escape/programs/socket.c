/* Makes a socket: socket FAMILY TYPE PROTOCOL, as numbers. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/socket.h>

int main(int argc, char **argv)
{
	const char *family = argument(argc, argv, 1);
	int type = atoi(argument(argc, argv, 2)), protocol = atoi(argument(argc, argv, 3));
	int fd = socket(atoi(family), type, protocol);

	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT))
		absent("the family of sockets");
	judge(fd, family);
}
