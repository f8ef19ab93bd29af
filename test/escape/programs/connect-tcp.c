/* Connects to a port of 127.0.0.1. */
#define _GNU_SOURCE
#include "attempt.h"

#include <arpa/inet.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	const char *port = argument(argc, argv, 1);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		broken("socket");
	address.sin_port = htons((uint16_t)atoi(port));
	judge(connect(fd, (struct sockaddr *)&address, sizeof address), port);
}
