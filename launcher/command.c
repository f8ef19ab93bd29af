/*
 * The command, from fork to exec: a flat list of named steps. What happens is reported to init as fields on a
 * close-on-exec pipe: `pid=` once everything is done but exec, `step=`, `path=` and `errno=` when something failed.
 * End of file after `pid=` alone means that the command was exec'd; end of file with nothing that it died on the way.
 */
#define _GNU_SOURCE
#include "frame.h"
#include "init.h"
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* The descriptor on which a shim finds the report pipe. */
#define CM_HANDOFF_FD 3

/* The longest path in a report: init takes no longer one. */
#define CM_PATH_MAX 2048

static _Noreturn void cm_fail(int report_fd, const char *step, const char *path, int error)
{
	struct fr_writer report = { 0 };

	fr_add(&report, "step", step);
	fr_add_bytes(&report, "path", path, CM_PATH_MAX);
	fr_add_number(&report, "errno", -error);
	if (!report.failed && write(report_fd, report.data, report.len) < 0)
		_exit(126);
	_exit(127);
}

/* v1 hierarchies have no CLONE_INTO_CGROUP: the process moves itself, before it has memory or children to speak of. */
static int cm_join_cgroups(const struct cm_spec *spec)
{
	for (size_t i = 0; i < spec->join_count; i++)
		if (write(spec->join_fds[i], "0", 1) != 1)
			return -errno;
	return 0;
}

/* Not a flag of the clone: copy_cgroup_ns() would take init's cgroup for the root, as the new process is not in its own yet. */
static int cm_unshare_cgroup(void)
{
	return unshare(CLONE_NEWCGROUP) ? -errno : 0;
}

/*
 * The mount tree, which the clone has copied, is the job's own: what it mounts does not reach the host, and init, which
 * goes on seeing the host's, cannot be misled. What the host unmounts goes here too: no job keeps a file system busy.
 */
static int cm_part_mounts(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ? -errno : 0;
}

/* A /proc that shows the job's own processes. */
static int cm_mount_proc(void)
{
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ? -errno : 0;
}

/* The host's view of this process's id: `self` in a procfs of the host's PID namespace. */
static int cm_host_pid(const struct cm_spec *spec, char *text, size_t size)
{
	ssize_t len = readlinkat(spec->proc_fd, "self", text, size - 1);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	return 0;
}

static int cm_set_stdio(const struct cm_spec *spec)
{
	if (dup2(spec->null_fd, STDIN_FILENO) < 0 || dup2(spec->output_fd, STDOUT_FILENO) < 0 ||
	    dup2(spec->output_fd, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

/* exec keeps ignored signals and the mask: both would be ours, not the command's. */
static int cm_reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		sigaction(sig, &action, NULL);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) ? -errno : 0;
}

/* The runner's own score must not protect its jobs. An unprivileged process may not lower a score: it keeps what it has. */
static int cm_reset_oom_score(const struct cm_spec *spec)
{
	/* While it is not dumpable, its files in /proc are root's (proc(5)). */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	auto_fd fd = openat(spec->proc_fd, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (fd < 0 || write(fd, "0", 1) != 1)
		return errno == EACCES || errno == EPERM ? 0 : -errno;
	return 0;
}

/* As every login has it (systemd, Documentation of DefaultLimitNOFILE): who uses select(2) must not get more. */
static int cm_reset_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	limit.rlim_cur = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

/* Out of the bounding set, and out of the inheritable one, which root's exec takes its capabilities from as well. */
static int cm_drop_capability(const struct cm_spec *spec)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (spec->drop_capability < 0)
		return 0;
	if (prctl(PR_CAPBSET_DROP, spec->drop_capability, 0, 0, 0) || syscall(SYS_capget, &header, data))
		return -errno;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].inheritable = 0;
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static int cm_become(const struct cm_spec *spec)
{
	if (spec->uid < 0 || spec->gid < 0)
		return 0;
	if (setgroups(spec->group_count, spec->groups) || setresgid((gid_t)spec->gid, (gid_t)spec->gid, (gid_t)spec->gid) ||
	    setresuid((uid_t)spec->uid, (uid_t)spec->uid, (uid_t)spec->uid))
		return -errno;
	return 0;
}

static const char *cm_search_path(const struct cm_spec *spec)
{
	for (char **entry = spec->envp; *entry; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			return *entry + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/*
 * Runs the command; returns only when that failed. A name without a slash is looked up in the command's own PATH.
 * As in execvp(3), a file that may not be executed does not end the search but is what is reported in the end.
 */
static int cm_exec(const struct cm_spec *spec)
{
	const char *name = spec->argv[0], *at = cm_search_path(spec);
	char file[PATH_MAX];
	int error = -ENOENT;

	if (strchr(name, '/')) {
		execve(name, spec->argv, spec->envp);
		return -errno;
	}
	while (*name && at) {
		const char *colon = strchrnul(at, ':');
		const char *dir = colon == at ? "." : at;
		int dir_len = colon == at ? 1 : (int)(colon - at);
		int len = snprintf(file, sizeof file, "%.*s/%s", dir_len, dir, name);

		if (len > 0 && (size_t)len < sizeof file) {
			execve(file, spec->argv, spec->envp);
			if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
				return -errno;
			if (errno == EACCES)
				error = -EACCES;
		}
		at = *colon ? colon + 1 : NULL;
	}
	return error;
}

/* Says that all is done but exec. A shim gets the pipe and says itself when it is about to run the command. */
static int cm_report(const struct cm_spec *spec, int *report_fd, const char *host_pid)
{
	struct fr_writer report = { 0 };

	fr_add(&report, "pid", host_pid);
	if (report.failed || write(*report_fd, report.data, report.len) != (ssize_t)report.len)
		return -EIO;
	if (kn_close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC))
		return -errno;
	if (spec->handoff) {
		if (dup2(*report_fd, CM_HANDOFF_FD) < 0)
			return -errno;
		close(*report_fd);
		*report_fd = CM_HANDOFF_FD;
	}
	return 0;
}

/* Becomes the command. */
void cm_main(const struct cm_spec *spec, int report_fd)
{
	char host_pid[24];
	int error;

	if ((error = cm_join_cgroups(spec)))
		cm_fail(report_fd, "join-cgroup", "tasks", error);
	if ((error = cm_unshare_cgroup()))
		cm_fail(report_fd, "cgroup-namespace", "", error);
	if ((error = cm_part_mounts()))
		cm_fail(report_fd, "mount-propagation", "/", error);
	if ((error = cm_mount_proc()))
		cm_fail(report_fd, "mount-proc", "/proc", error);
	if ((error = cm_host_pid(spec, host_pid, sizeof host_pid)))
		cm_fail(report_fd, "host-pid", "/proc/self", error);
	if (setsid() < 0)
		cm_fail(report_fd, "session", "", -errno);
	if ((error = cm_set_stdio(spec)))
		cm_fail(report_fd, "stdio", "", error);
	if ((error = cm_reset_signals()))
		cm_fail(report_fd, "signals", "", error);
	if ((error = cm_reset_limits()))
		cm_fail(report_fd, "limits", "", error);
	if ((error = cm_reset_oom_score(spec)))
		cm_fail(report_fd, "oom-score", "/proc/self/oom_score_adj", error);
	if ((error = cm_drop_capability(spec)))
		cm_fail(report_fd, "capabilities", "", error);
	if ((error = cm_become(spec)))
		cm_fail(report_fd, "user", "", error);
	if (chdir(spec->cwd))
		cm_fail(report_fd, "cwd", spec->cwd, -errno);
	umask(022);
	if ((error = cm_report(spec, &report_fd, host_pid)))
		cm_fail(report_fd, "report", "", error);
	error = cm_exec(spec);
	cm_fail(report_fd, "exec", spec->argv[0], error);
}
