/* System calls that C libraries have no wrappers for, and descriptors that close themselves. */
#ifndef CORRAL_KERNEL_H
#define CORRAL_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
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

/* In nanoseconds. */
static inline int64_t kn_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int kn_write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

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

static inline void kn_execveat(int fd, char *const *argv, char *const *envp)
{
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
}

static inline int kn_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int kn_pidfd_send_signal(int pidfd, int sig, siginfo_t *info)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, info, 0);
}

/* A duplicate of another process's descriptor, close-on-exec. */
static inline int kn_pidfd_getfd(int pidfd, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

static inline int kn_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int kn_openat2(int dir_fd, const char *path, const void *how, size_t size)
{
	return (int)syscall(SYS_openat2, dir_fd, path, how, size);
}

static inline int kn_open_tree(int dir_fd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir_fd, path, flags);
}

static inline int kn_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int kn_mount_setattr(int fd, unsigned flags, const void *attr, size_t size)
{
	return (int)syscall(SYS_mount_setattr, fd, "", flags, attr, size);
}

static inline int kn_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, 1U /* FSOPEN_CLOEXEC */);
}

static inline int kn_fsconfig(int fd, unsigned command, const char *key, const void *value)
{
	return (int)syscall(SYS_fsconfig, fd, command, key, value, 0);
}

static inline int kn_fsmount(int fd, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, fd, 1U /* FSMOUNT_CLOEXEC */, attributes);
}

/* Unmounts what is at `path` with all below it: in use it may be, seen it is no more. */
static inline int kn_detach(const char *path)
{
	return (int)syscall(SYS_umount2, path, 2 /* MNT_DETACH */);
}

#endif
