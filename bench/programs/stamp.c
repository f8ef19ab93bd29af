/*
 * Says when it ran: writes CLOCK_MONOTONIC in nanoseconds, which is what Node's process.hrtime() reads, as a line.
 *
 *   stamp               once, as the first thing that it does
 *   stamp LINES PAUSE   so many lines, with so many microseconds before each
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int stamp(void)
{
	struct timespec now;
	char line[32];
	int len;

	clock_gettime(CLOCK_MONOTONIC, &now);
	len = snprintf(line, sizeof line, "%lld\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
	return write(STDOUT_FILENO, line, (size_t)len) == len ? 0 : 1;
}

int main(int argc, char **argv)
{
	int lines = argc > 2 ? atoi(argv[1]) : 1;
	int failed = 0;

	for (int i = 0; i < lines && !failed; i++) {
		if (argc > 2)
			usleep((useconds_t)atoi(argv[2]));
		failed = stamp();
	}
	return failed;
}
