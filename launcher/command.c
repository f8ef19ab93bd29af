/*
 * The command, from fork to exec: a flat list of named steps. What happens is reported to init as fields on a
 * close-on-exec pipe: `pid=` once everything is done but exec, `step=`, `path=` and `errno=` when something failed.
 * End of file after `pid=` alone means that the command was exec'd; end of file with nothing that it died on the way.
 */
#define _GNU_SOURCE
#include "collect.h"
#include "fault.h"
#include "fence.h"
#include "files.h"
#include "frame.h"
#include "init.h"
#include "kernel.h"
#include "mounts.h"
#include "streams.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* The report pipe, once all else is closed; here a shim finds it. */
#define CM_REPORT_FD 3

/* The longest path in a report: init takes no longer one. */
#define CM_PATH_MAX 2048

/* The command on its way to exec. */
struct cm {
	const struct cm_spec *spec;
	int report_fd;
	char host_pid[24];
	int stdin_fd; /* the file that it was given; -1: none */
	/* What a step that fails has more to say than its own name: another one, and where. */
	const char *step;
	const char *path;
};

static const char *cm_get(const struct cm *cm, const char *key)
{
	return fr_get(cm->spec->payload, cm->spec->head, key);
}

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
static int cm_join_cgroups(struct cm *cm)
{
	const struct cm_spec *spec = cm->spec;

	cm->path = "tasks";
	for (size_t i = 0; i < spec->join_count; i++)
		if (write(spec->join_fds[i], "0", 1) != 1)
			return -errno;
	return 0;
}

/* Not a flag of the clone: copy_cgroup_ns() would take init's cgroup for the root, as the new process is not in its own yet. */
static int cm_unshare_cgroup(struct cm *cm)
{
	return cm->spec->cgroup_namespace && unshare(CLONE_NEWCGROUP) ? -errno : 0;
}

/*
 * The mount tree, which the clone has copied, is the job's own: what it mounts does not reach the host, and init, which
 * goes on seeing the host's, cannot be misled. `slave`: what the host mounts and unmounts happens here too.
 */
static int cm_part_mounts(struct cm *cm)
{
	const char *propagation = cm_get(cm, "propagation");
	bool slave = !propagation || strcmp(propagation, "slave") == 0;

	cm->path = "/";
	return mount(NULL, "/", NULL, MS_REC | (slave ? MS_SLAVE : MS_PRIVATE), NULL) ? -errno : 0;
}

/* A file as standard input: opened in the host's view. */
static int cm_open_stdin(struct cm *cm)
{
	cm->path = cm->spec->stdin_path;
	if (!cm->path)
		return 0;
	cm->stdin_fd = st_open_file(cm->spec->proc_fd, cm->path);
	return cm->stdin_fd < 0 ? cm->stdin_fd : 0;
}

/* A further command: the namespaces of the job's command, the mounts last, after which no path is the host's. */
static int cm_enter(struct cm *cm)
{
	const struct cm_namespaces *enter = cm->spec->enter;

	if (!enter)
		return 0;
	if ((enter->cgroup >= 0 && setns(enter->cgroup, CLONE_NEWCGROUP)) ||
	    (enter->time >= 0 && setns(enter->time, CLONE_NEWTIME)) || (enter->mount >= 0 && setns(enter->mount, CLONE_NEWNS)))
		return -errno;
	return 0;
}

static int cm_mount(struct cm *cm)
{
	const struct cm_spec *spec = cm->spec;
	const char *outer_uid = cm_get(cm, "outeruid"), *outer_gid = cm_get(cm, "outergid");
	long long uid = spec->uid < 0 ? (long long)geteuid() : spec->uid;
	long long gid = spec->gid < 0 ? (long long)getegid() : spec->gid;
	struct mt_failure failure = { 0 };
	int error;

	/* In a user namespace of its own, which comes later, the job's user has another number than here. */
	if ((outer_uid && fr_number(outer_uid, 0, UINT32_MAX - 1, &uid)) ||
	    (outer_gid && fr_number(outer_gid, 0, UINT32_MAX - 1, &gid)))
		return -EINVAL;
	error = mt_apply(spec->payload, spec->len, spec->proc_fd, (uid_t)uid, (gid_t)gid, spec->ahead, &failure);

	cm->step = failure.step;
	cm->path = failure.path;
	return error;
}

/* What is to be collected is looked up in what the job sees now, whatever it makes of it later. */
static int cm_send_root(struct cm *cm)
{
	cm->path = "/";
	return cm->spec->collect_fd < 0 ? 0 : co_send_root(cm->spec->collect_fd, cm->spec->proc_fd);
}

static int cm_put_files(struct cm *cm)
{
	return fi_put(cm->spec->payload, cm->spec->len, &cm->path);
}

/* The host's view of this process's id: `self` in a procfs of the host's PID namespace. */
static int cm_find_host_pid(struct cm *cm)
{
	ssize_t len = readlinkat(cm->spec->proc_fd, "self", cm->host_pid, sizeof cm->host_pid - 1);

	cm->path = "/proc/self";
	if (len < 0)
		return -errno;
	cm->host_pid[len] = '\0';
	return 0;
}

static int cm_start_session(struct cm *cm)
{
	(void)cm;
	return setsid() < 0 ? -errno : 0;
}

/* Makes what init has made the user's. In a user namespace of its own, which comes later, that has another number than here. */
static int cm_give_to_user(struct cm *cm, int fd)
{
	const char *outer = cm_get(cm, "outeruid");
	long long uid = cm->spec->uid;

	if (outer && fr_number(outer, 0, UINT32_MAX - 1, &uid))
		return -EINVAL;
	return uid >= 0 && fchown(fd, (uid_t)uid, (gid_t)-1) ? -errno : 0;
}

/* A terminal of the job's own devpts, which is all three; init gets the other side. */
static int cm_set_terminal(struct cm *cm)
{
	const struct cm_spec *spec = cm->spec;
	int master, slave, error;

	cm->step = "terminal";
	cm->path = "/dev/pts/ptmx";
	error = te_make(spec->proc_fd, &spec->terminal_size, &master, &slave);
	if (error)
		return error;
	error = cm_give_to_user(cm, slave);
	if (error)
		return error;
	error = te_enter(slave);
	return error ? error : te_hand_over(spec->terminal_fd, master, slave);
}

static int cm_set_stdio(struct cm *cm)
{
	const struct cm_spec *spec = cm->spec;
	int input = spec->stdin_fd >= 0 ? spec->stdin_fd : spec->null_fd, error;

	if (spec->terminal_fd >= 0)
		return cm_set_terminal(cm);
	/* A pipe is the user's, who can so open it anew, as /dev/stdin. */
	error = spec->stdin_fd < 0 ? 0 : cm_give_to_user(cm, spec->stdin_fd);
	if (error)
		return error;
	if (cm->stdin_fd >= 0)
		input = cm->stdin_fd;
	if (dup2(input, STDIN_FILENO) < 0 || dup2(spec->output_fd, STDOUT_FILENO) < 0 ||
	    dup2(spec->output_fd, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

/* exec keeps ignored signals and the mask: both would be ours, not the command's. */
static int cm_reset_signals(struct cm *cm)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	(void)cm;
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		sigaction(sig, &action, NULL);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) ? -errno : 0;
}

/* The runner's own score must not protect its jobs. An unprivileged process may not lower a score: it keeps what it has. */
static int cm_reset_oom_score(struct cm *cm)
{
	cm->path = "/proc/self/oom_score_adj";
	/* While it is not dumpable, its files in /proc are root's (proc(5)). */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	auto_fd fd = openat(cm->spec->proc_fd, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (fd < 0 || write(fd, "0", 1) != 1)
		return errno == EACCES || errno == EPERM ? 0 : -errno;
	return 0;
}

/* As every login has it (systemd, Documentation of DefaultLimitNOFILE): who uses select(2) must not get more. */
static int cm_set_limits(struct cm *cm)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	limit.rlim_cur = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	return fe_set_limits(cm->spec->payload, cm->spec->head, &cm->path);
}

static int cm_join_keyring(struct cm *cm)
{
	return cm_get(cm, "keyring") ? fe_join_keyring() : 0;
}

static int cm_set_host_name(struct cm *cm)
{
	const char *name = cm_get(cm, "hostname");

	cm->path = name;
	return name && sethostname(name, strlen(name)) ? -errno : 0;
}

/*
 * A user namespace of the command's own, entered only now: all that was made before, mounts and namespaces, belongs to the
 * one outside, and is not its root's. Init maps the ids, see in_on_map().
 */
static int cm_enter_user_namespace(struct cm *cm)
{
	int map_fd = cm->spec->map_fd, answer = -ECONNRESET, error = 0;
	const struct cm_namespaces *enter = cm->spec->enter;

	if (enter)
		return enter->user >= 0 && setns(enter->user, CLONE_NEWUSER) ? -errno : 0;
	if (!cm_get(cm, "uidmap"))
		return 0;
	if (map_fd < 0)
		return -EBADF;
	if (unshare(CLONE_NEWUSER))
		return -errno;
	/* While it is not dumpable, its files in /proc are root's (proc(5)), which init need not be. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (send(map_fd, cm->host_pid, strlen(cm->host_pid), MSG_NOSIGNAL) < 0 ||
	    recv(map_fd, &answer, sizeof answer, 0) < 0)
		error = -errno;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return error ? error : answer;
}

static int cm_renounce_privileges(struct cm *cm)
{
	return cm->spec->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

static const char *cm_get_filter(const struct cm *cm)
{
	return fr_get(cm->spec->payload, cm->spec->len, "seccomp");
}

/* Without no_new_privs it takes CAP_SYS_ADMIN (seccomp(2)): before that goes. */
static int cm_filter_calls_early(struct cm *cm)
{
	const char *program = cm->spec->no_new_privileges ? NULL : cm_get_filter(cm);

	return program ? fe_filter_calls(program) : 0;
}

/* Last of all: nothing that is done before is the filter's business. */
static int cm_filter_calls(struct cm *cm)
{
	const char *program = cm->spec->no_new_privileges ? cm_get_filter(cm) : NULL;

	return program ? fe_filter_calls(program) : 0;
}

static int cm_bound_capabilities(struct cm *cm)
{
	/* A user other than root loses all of them on the way, but for those it is to have. */
	if (cm->spec->uid > 0 && cm->spec->ambient && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return -errno;
	return fe_bound_capabilities(cm->spec->capabilities);
}

static int cm_become_user(struct cm *cm)
{
	const struct cm_spec *spec = cm->spec;

	if (spec->uid < 0 || spec->gid < 0)
		return 0;
	/* A user who is alone in a user namespace may set no groups, and has none to lose. */
	if ((!cm_get(cm, "keepgroups") && setgroups(spec->group_count, spec->groups)) || setresgid((gid_t)spec->gid, (gid_t)spec->gid, (gid_t)spec->gid) ||
	    setresuid((uid_t)spec->uid, (uid_t)spec->uid, (uid_t)spec->uid))
		return -errno;
	/* Where sysctl fs.suid_dumpable is 1 that has made it dumpable, for others of the job to look into. */
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
}

static int cm_hold_capabilities(struct cm *cm)
{
	return fe_hold_capabilities(cm->spec->capabilities, cm->spec->uid > 0 && cm->spec->ambient);
}

/*
 * Leaves nothing of ours behind but the report pipe. From here on paths are looked up that a job can have laid: a folder
 * or a program that is a link to `/proc/self/fd/N` would lead to what init has open, and from there to the host
 * (CVE-2024-21626); so would one to `/proc/self/cwd`.
 */
static int cm_let_go(struct cm *cm)
{
	if (cm->report_fd != CM_REPORT_FD && dup3(cm->report_fd, CM_REPORT_FD, O_CLOEXEC) < 0)
		return -errno;
	cm->report_fd = CM_REPORT_FD;
	cm->path = "/";
	return kn_close_range(CM_REPORT_FD + 1, ~0U, 0) || chdir("/") ? -errno : 0;
}

static int cm_enter_folder(struct cm *cm)
{
	cm->path = cm->spec->cwd;
	umask(022);
	return chdir(cm->spec->cwd) ? -errno : 0;
}

static int cm_restrict_paths(struct cm *cm)
{
	return fe_restrict_paths(cm->spec->payload, cm->spec->len, &cm->path);
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

static int cm_run(struct cm *cm)
{
	cm->path = cm->spec->argv[0];
	return cm_exec(cm->spec);
}

/* Says that all is done but the last steps. A shim gets the pipe and says itself when it is about to run the command. */
static int cm_report(struct cm *cm)
{
	struct fr_writer report = { 0 };

	fr_add(&report, "pid", cm->host_pid);
	if (report.failed || write(cm->report_fd, report.data, report.len) != (ssize_t)report.len)
		return -EIO;
	return cm->spec->handoff && fcntl(cm->report_fd, F_SETFD, 0) ? -errno : 0;
}

/* From fork to exec. What a fence needs stands before it: seccomp and Landlock come when nothing else is left to do. */
static const struct {
	const char *name;
	int (*run)(struct cm *cm);
	bool first_only; /* not for a further command, which finds it done */
} cm_steps[] = {
	{ "join-cgroup", cm_join_cgroups, false },
	{ "cgroup-namespace", cm_unshare_cgroup, true },
	{ "mount-propagation", cm_part_mounts, true },
	{ "stdin", cm_open_stdin, true },
	{ "mount", cm_mount, true },
	{ "collect", cm_send_root, true },
	{ "enter", cm_enter, false },
	{ "host-pid", cm_find_host_pid, false },
	{ "session", cm_start_session, false },
	{ "stdio", cm_set_stdio, false },
	{ "signals", cm_reset_signals, false },
	{ "oom-score", cm_reset_oom_score, false },
	{ "keyring", cm_join_keyring, false },
	{ "hostname", cm_set_host_name, true },
	{ "user-namespace", cm_enter_user_namespace, false },
	{ "rlimits", cm_set_limits, false },
	{ "no-new-privileges", cm_renounce_privileges, false },
	{ "seccomp", cm_filter_calls_early, false },
	{ "capabilities", cm_bound_capabilities, false },
	{ "user", cm_become_user, false },
	{ "capabilities", cm_hold_capabilities, false },
	{ "descriptors", cm_let_go, false },
	{ "files", cm_put_files, true },
	{ "cwd", cm_enter_folder, false },
	{ "landlock", cm_restrict_paths, false },
	{ "report", cm_report, false },
	{ "seccomp", cm_filter_calls, false },
	{ "exec", cm_run, false },
};

/* Whether the tests want a step to fail; of two that have one name, the second is told by the number. */
static bool cm_is_to_fail(const struct cm_spec *spec, size_t at)
{
	const char *detail = NULL;

	for (size_t i = 0; i < at; i++)
		if (strcmp(cm_steps[i].name, cm_steps[at].name) == 0)
			detail = "2";
	return fl_is_wanted(spec->payload, spec->len, cm_steps[at].name, detail);
}

/* Becomes the command. */
void cm_main(const struct cm_spec *spec, int report_fd)
{
	struct cm cm = { .spec = spec, .report_fd = report_fd, .stdin_fd = -1 };

	for (size_t i = 0; i < sizeof cm_steps / sizeof *cm_steps; i++) {
		int error = cm_is_to_fail(spec, i) ? -EIO : 0;

		if (spec->enter && cm_steps[i].first_only)
			continue;
		cm.step = cm.path = NULL;
		if (!error)
			error = cm_steps[i].run(&cm);
		if (error)
			cm_fail(cm.report_fd, cm.step ? cm.step : cm_steps[i].name, cm.path ? cm.path : "", error);
	}
	_exit(127);
}
