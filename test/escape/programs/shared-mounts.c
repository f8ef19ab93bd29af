/* Looks for a mount whose events reach another mount namespace: what is mounted below it appears there. */
#define _GNU_SOURCE
#include "attempt.h"

int main(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[8192];

	if (!mounts)
		broken("/proc/self/mountinfo");
	while (fgets(line, sizeof line, mounts))
		if (strstr(line, " shared:"))
			escaped("%.200s", strtok(line, "\n"));
	refused_nothing();
}
