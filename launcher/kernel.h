/* System calls that C libraries have no wrappers for, and descriptors that close themselves. */
#ifndef CORRAL_KERNEL_H
#define CORRAL_KERNEL_H

#include <linux/sched.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static inline void kn_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A descriptor that is closed when its scope ends; set it to -1 to keep it open. */
#define auto_fd __attribute__((cleanup(kn_close))) int

/* Field of a process's start time, in clock ticks since boot. */
#define KN_STAT_START_TIME 22

/* Where a field of a /proc/PID/stat begins, counted from behind the name, which may hold anything (proc_pid_stat(5)). */
static inline const char *kn_stat_field(const char *stat, int field)
{
	const char *at = strrchr(stat, ')');

	for (int each = 2; at && each < field; each++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : NULL;
}

static inline pid_t kn_clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof *args);
}

static inline int kn_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int kn_pidfd_send_signal(int pidfd, int sig, siginfo_t *info)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, info, 0);
}

static inline int kn_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

#endif
