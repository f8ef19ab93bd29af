/* The kinds of namespaces by their names in /proc/PID/ns. */
#ifndef CORRAL_NAMESPACE_H
#define CORRAL_NAMESPACE_H

#include "attempt.h"

#include <sched.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static inline int namespace_flag(const char *name)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = { { "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS },   { "net", CLONE_NEWNET },       { "pid", CLONE_NEWPID },
		      { "uts", CLONE_NEWUTS },   { "ipc", CLONE_NEWIPC }, { "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME },
		      { "nothing", 0 } };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(name, kinds[i].name) == 0)
			return kinds[i].flag;
	errno = EINVAL;
	broken(name);
}

#endif
