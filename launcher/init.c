/*
 * init: PID 1 of a job's PID namespace, a fork of the launcher. It prepares what is the same for all jobs, takes the
 * start frame, sets the job up as a list of named steps, supervises the command, and leaves a true record of its end,
 * whatever happens to the launcher or to the runner meanwhile.
 *
 * It lives in the launcher's cgroup, not in the job's: the job's memory limit does not reach it, and `cgroup.kill` on the
 * job spares it. Being PID 1, it cannot be killed or stopped from inside; it is non-dumpable; and all signals are
 * blocked and read from a signalfd, where those that the job sends are told apart by their sender: a process outside
 * the namespace has no id in it and shows as pid 0 (kernel/signal.c, send_signal_locked()).
 */
#define _GNU_SOURCE
#include "init.h"
#include "collect.h"
#include "exec.h"
#include "fault.h"
#include "folder.h"
#include "frame.h"
#include "kernel.h"
#include "layer.h"
#include "message.h"
#include "mounts.h"
#include "network.h"
#include "output.h"
#include "report.h"
#include "spec.h"
#include "streams.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* Room that is reserved for the exit record at the start, so that a full disk cannot make an outcome unknown. */
#define IN_RECORD_RESERVE 8192
/* A counter file is never this long for one job. */
#define IN_COUNTER_MAX 16384
#define IN_NEVER INT64_MAX

/* Everything that init knows of its job. Strings go into the payload of the start frame. */
struct init {
	uint64_t namespaces;
	const char *payload;
	size_t len;
	size_t head; /* of the payload: see fr_head() */
	struct in_failure failure;
	struct cm_spec command;
	bool time_namespace;
	struct fr_writer identity; /* what goes into the record `init` */
	long long host_pid;        /* this process's, as the launcher sees it */
	int collect_fd;            /* where the command's child sends the job's root, if files are to be collected */
	struct co_root root;
	struct fr_writer collected; /* what goes into the record of what was collected */

	const char *dir;
	const char *cgroup; /* NULL: the job has none, and the PID namespace alone says what belongs to it */
	int dir_fd;
	int record_fd;       /* exit.new, reserved */
	int output_guard_fd; /* output, for reading: see in_make_folder() */
	int init_record_fd; /* init */
	int cgroup_fd;
	int kill_fd; /* cgroup.kill */
	int signal_fd;
	int map_fd; /* asked on for a map of ids; -1: not, or no more */
	int lent_fd; /* what the runner sends as standard input; -1: nothing */
	size_t cgroups_made;
	int oom_event_fd; /* v1 only: readable when the memory cgroup is out of memory */
	int oom_control_fd;

	pid_t pid;
	char command_pid[24]; /* on the host */
	struct rp_report report;
	struct st_streams streams;
	struct ou_output output;
	bool started;
	bool ended;
	int wait_status;

	int64_t timeout_ms;
	int64_t grace_ms;
	int stop_signal;
	int64_t started_ms; /* since the epoch */
	int64_t deadline;   /* monotonic ns of the time-out or of the end of the grace */
	int64_t timed_out;
	int64_t finished;           /* monotonic ns */
	int64_t finished_ms;        /* since the epoch */
	int64_t oom_check;          /* monotonic ns of the next look at the counter */
	int64_t oom_backoff;
	size_t outcome_len; /* of the record without the counters */
	bool remove; /* the runner is gone and wants nothing kept */
	bool given_up; /* what is being collected, or will be */
};

/* Notes where the start failed; returns `error`, so that a step can end with it. */
static int in_fail(struct init *in, const char *step, const char *path, int error)
{
	return in_note(&in->failure, step, path, error);
}

static int in_write_file(int dir_fd, const char *path, int flags, const char *data, size_t len)
{
	auto_fd fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | flags, 0600);

	return fd < 0 ? -errno : kn_write_all(fd, data, len);
}

/* Reads at most `size - 1` bytes and ends them with NUL; the length, or a negative errno. */
static ssize_t in_read_file(int dir_fd, const char *path, char *text, size_t size)
{
	auto_fd fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		ssize_t n = read(fd, text + len, size - 1 - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return (ssize_t)len;
}

/* Tells the launcher; one that is gone is not missed, as the record on disk says the same. */
static void in_tell(const struct fr_writer *message)
{
	if (!message->failed)
		send(IN_STATUS_FD, message->data, message->len, MSG_NOSIGNAL);
}

/* ---- reading the start frame ---- */

/* The value of a field that there is one of at most; NULL: there is none. */
static const char *in_get(const struct init *in, const char *key)
{
	return fr_get(in->payload, in->head, key);
}

static int in_parse_numbers(struct init *in)
{
	static const struct {
		const char *key;
		long long fallback;
	} keys[] = { { "timeout", 0 }, { "grace", 0 }, { "stopsignal", SIGTERM } };
	long long numbers[3];

	for (size_t i = 0; i < 3; i++) {
		const char *text = in_get(in, keys[i].key);

		numbers[i] = keys[i].fallback;
		if (text && fr_number(text, 0, UINT32_MAX, &numbers[i]))
			return in_fail(in, "frame", keys[i].key, -EINVAL);
	}
	in->timeout_ms = numbers[0];
	in->grace_ms = numbers[1];
	in->stop_signal = (int)numbers[2];
	return 0;
}

/* The mask of capabilities; no frame goes without. */
static int in_parse_capabilities(struct init *in)
{
	const char *text = in_get(in, "capabilities");
	long long mask;

	if (!text || fr_number(text, 0, INT64_MAX, &mask))
		return in_fail(in, "frame", "capabilities", -EINVAL);
	in->command.capabilities = (uint64_t)mask;
	return 0;
}

/* What the command itself enters: a cgroup namespace is rooted where its maker is, a time namespace is for children. */
static int in_parse_unshare(struct init *in)
{
	struct fr_reader reader = { in->payload, in->payload + in->head };
	struct fr_field field;

	while (fr_next(&reader, &field)) {
		if (!fr_is(&field, "unshare"))
			continue;
		if (strcmp(field.value, "cgroup") == 0)
			in->command.cgroup_namespace = true;
		else if (strcmp(field.value, "time") == 0)
			in->time_namespace = true;
		else
			return in_fail(in, "frame", "unshare", -EINVAL);
	}
	return 0;
}

/*
 * A user of the job's own needs no books kept: init's pid, which no other process has meanwhile, counts from the first id
 * that there is for such users; where they are few, round and round.
 */
static int in_parse_own_user(struct init *in)
{
	const char *first = in_get(in, "ownuid"), *count = in_get(in, "owncount");
	long long number, most;

	if (!first)
		return 0;
	if (fr_number(first, 1, INT32_MAX, &number) || fr_number(count, 1, INT32_MAX, &most) || in->command.uid >= 0)
		return in_fail(in, "frame", "ownuid", -EINVAL);
	in->command.uid = in->command.gid = number + in->host_pid % most;
	fr_add_number(&in->identity, "uid", in->command.uid);
	return in->identity.failed ? in_fail(in, "memory", "", -ENOMEM) : 0;
}

static int in_parse(struct init *in)
{
	int error = in_parse_numbers(in);

	in->dir = in_get(in, "dir");
	in->cgroup = in_get(in, "cgroup");
	in->command.payload = in->payload;
	in->command.head = in->head;
	in->command.len = in->len;
	in->command.handoff = in_get(in, "handoff") != NULL;
	in->command.ambient = in_get(in, "ambient") != NULL;
	in->command.no_new_privileges = in_get(in, "nnp") != NULL;
	if (!error && !in->dir)
		error = in_fail(in, "frame", "dir", -EINVAL);
	if (error || (error = sp_read(in->payload, in->head, &in->command, &in->failure)) ||
	    (error = in_parse_own_user(in)) || (error = in_parse_unshare(in)))
		return error;
	return in_parse_capabilities(in);
}

/* ---- the steps of a start ---- */

/* In its own user namespace, a process without root's help may make one user known: the one that it is outside. */
static int in_map_alone(struct init *in, uid_t uid, gid_t gid)
{
	const char *path;
	char map[64];
	int len, error = in_write_file(AT_FDCWD, path = "/proc/self/setgroups", 0, "deny", 4);

	len = snprintf(map, sizeof map, "%u %u 1", uid, uid);
	if (!error)
		error = in_write_file(AT_FDCWD, path = "/proc/self/uid_map", 0, map, (size_t)len);
	len = snprintf(map, sizeof map, "%u %u 1", gid, gid);
	if (!error)
		error = in_write_file(AT_FDCWD, path = "/proc/self/gid_map", 0, map, (size_t)len);
	return error ? in_fail(in, "user-namespace", path, error) : 0;
}

/*
 * Has the launcher's child map ranges of ids, see ln_map_ids(), and waits until it has ended. What that says is
 * complaints; whether the maps are there, the kernel says.
 */
static int in_await_maps(struct init *in)
{
	static char words[512];
	char map[64];
	size_t len = 0;
	ssize_t n = send(IN_MAPPER_FD, "", 1, MSG_NOSIGNAL);

	while (n > 0 && len < sizeof words - 1 && (n = read(IN_MAPPER_FD, words + len, sizeof words - 1 - len)) > 0)
		len += (size_t)n;
	close(IN_MAPPER_FD);
	words[strcspn(words, "\n")] = '\0';
	if (in_read_file(AT_FDCWD, "/proc/self/uid_map", map, sizeof map) > 0 &&
	    in_read_file(AT_FDCWD, "/proc/self/gid_map", map, sizeof map) > 0)
		return 0;
	in_fail(in, "user-namespace", "", -EPERM);
	in->failure.message = words;
	return -EPERM;
}

/* An unprivileged launcher's jobs have a user namespace. */
static int in_map_user(struct init *in, uid_t uid, gid_t gid, bool has_mapper)
{
	int error;

	if (!(in->namespaces & CLONE_NEWUSER))
		return 0;
	/* The files that say what is mapped belong to root as long as this process is not dumpable (proc(5)). */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	error = has_mapper ? in_await_maps(in) : in_map_alone(in, uid, gid);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return error;
}

/* Makes the job's folder: mkdir is what claims the name. */
static int in_make_folder(struct init *in)
{
	const char *spec = fr_get(in->payload, in->len, "spec");
	int error;

	if (mkdir(in->dir, 0700))
		return in_fail(in, "folder", in->dir, -errno);
	in->dir_fd = open(in->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in->dir_fd < 0) {
		int error_code = -errno;

		rmdir(in->dir);
		return in_fail(in, "folder", in->dir, error_code);
	}
	in->command.output_fd = openat(in->dir_fd, "output", O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (in->command.output_fd < 0)
		return in_fail(in, "output", in->dir, -errno);
	/* A file that is open elsewhere gives no lease (fcntl(2), F_SETLEASE): with one, a job could have its readers wait. */
	in->output_guard_fd = openat(in->dir_fd, "output", O_RDONLY | O_CLOEXEC);
	if (in->output_guard_fd < 0)
		return in_fail(in, "output", in->dir, -errno);
	if (!spec)
		return in_fail(in, "frame", "spec", -EINVAL);
	error = in_write_file(in->dir_fd, "spec.json", O_CREAT | O_EXCL, spec, strlen(spec));
	return error ? in_fail(in, "spec", in->dir, error) : 0;
}

static int in_bound_output(struct init *in)
{
	return ou_bound(&in->output, in->dir_fd, in->payload, in->head, in->dir, &in->failure);
}

/* A folder like another one, with its owner and permissions: what an overlay shows as its top. */
static int in_make_likeness(const char *path, const char *model)
{
	struct stat stat_model;

	if (stat(model, &stat_model) || mkdir(path, 0700))
		return -errno;
	/* An owner that the user namespace does not have cannot be had: then it is ours, as all that is written. */
	if (chown(path, stat_model.st_uid, stat_model.st_gid) && errno != EINVAL && errno != EPERM)
		return -errno;
	return chmod(path, stat_model.st_mode & 07777) ? -errno : 0;
}

/* Makes the folders `upper` and `work` of each overlay: `source=` is what is below it, `layer=` the folder for them. */
static int in_make_layers(struct init *in)
{
	struct fr_reader reader = { in->payload, in->payload + in->len };
	struct fr_field field;
	const char *source = NULL;
	char upper[PATH_MAX], work[PATH_MAX];
	bool first = true;

	while (fr_next(&reader, &field)) {
		if (fr_is(&field, "source"))
			source = field.value;
		if (!fr_is(&field, "layer") || !source)
			continue;
		if (snprintf(upper, sizeof upper, "%s/upper", field.value) >= (int)sizeof upper ||
		    snprintf(work, sizeof work, "%s/work", field.value) >= (int)sizeof work)
			return in_fail(in, "layer", field.value, -ENAMETOOLONG);
		if (first && mkdirat(in->dir_fd, "changes", 0700))
			return in_fail(in, "layer", in->dir, -errno);
		first = false;
		if (mkdir(field.value, 0700) || mkdir(work, 0700))
			return in_fail(in, "layer", field.value, -errno);
		int error = in_make_likeness(upper, source);
		if (error)
			return in_fail(in, "layer", upper, error);
	}
	return 0;
}

static bool in_collects(const struct init *in)
{
	return in_get(in, "collect") != NULL;
}

/* The longest that the record's fields for what was collected can be. */
static off_t in_collected_max(const struct init *in)
{
	struct fr_reader reader = { in->payload, in->payload + in->head };
	struct fr_field field;
	off_t max = 0;

	while (fr_next(&reader, &field))
		if (fr_is(&field, "collect"))
			max += (off_t)strlen(field.value) + CO_REPORT_MAX;
	return max;
}

/* Reserves the exit record's blocks. A file system without fallocate gets none, and takes the risk. */
static int in_reserve_record(struct init *in)
{
	off_t size = IN_RECORD_RESERVE + in_collected_max(in);

	in->record_fd = openat(in->dir_fd, "exit.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (in->record_fd < 0)
		return in_fail(in, "reserve", in->dir, -errno);
	if (fallocate(in->record_fd, FALLOC_FL_KEEP_SIZE, 0, size) && errno != EOPNOTSUPP)
		return in_fail(in, "reserve", in->dir, -errno);
	return 0;
}

/* Writes down who this init is. */
static int in_write_identity(struct init *in)
{
	int error;

	in->init_record_fd = openat(in->dir_fd, "init", O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (in->init_record_fd < 0)
		return in_fail(in, "identity", in->dir, -errno);
	error = kn_write_all(in->init_record_fd, in->identity.data, in->identity.len);
	return error ? in_fail(in, "identity", in->dir, error) : 0;
}

/* Makes the cgroups, then writes the limits, in the order of the frame. */
static int in_make_cgroups(struct init *in)
{
	struct fr_reader reader = { in->payload, in->payload + in->head };
	struct fr_field field;
	const char *file = NULL;
	bool optional = false;

	while (fr_next(&reader, &field)) {
		if (fr_is(&field, "mkdir")) {
			if (mkdir(field.value, 0755))
				return in_fail(in, "cgroup", field.value, -errno);
			in->cgroups_made++;
		} else if (fr_is(&field, "file")) {
			file = field.value;
			optional = false;
		} else if (fr_is(&field, "optional")) {
			optional = true;
		} else if (fr_is(&field, "value") && file) {
			int error = in_write_file(AT_FDCWD, file, 0, field.value, strlen(field.value));

			if (error && !(optional && error == -ENOENT))
				return in_fail(in, "limit", file, error);
		}
	}
	return 0;
}

/* Opens what the command is cloned into, and what kills it. */
static int in_open_cgroups(struct init *in)
{
	struct fr_reader reader = { in->payload, in->payload + in->head };
	struct fr_field field;

	if (!in->cgroup)
		return 0;
	in->cgroup_fd = open(in->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in->cgroup_fd < 0)
		return in_fail(in, "cgroup", in->cgroup, -errno);
	in->kill_fd = openat(in->cgroup_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	if (in->kill_fd < 0)
		return in_fail(in, "cgroup-kill", in->cgroup, -errno);
	while (fr_next(&reader, &field)) {
		if (fr_is(&field, "join")) {
			int fd = open(field.value, O_WRONLY | O_CLOEXEC);

			if (fd < 0)
				return in_fail(in, "join-cgroup", field.value, -errno);
			in->command.join_fds[in->command.join_count++] = fd;
		}
	}
	return 0;
}

/*
 * v1 has no memory.oom.group: init hears of the cgroup being out of memory (Documentation/admin-guide/cgroup-v1/
 * memory.rst, 10) and ends the whole job once the counter says that something was killed.
 */
static int in_watch_oom(struct init *in)
{
	const char *dir = in_get(in, "oomgroup");
	char text[64];
	int error, len;

	if (!dir)
		return 0;
	auto_fd dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return in_fail(in, "oom-group", dir, -errno);
	in->oom_event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	in->oom_control_fd = openat(dir_fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	if (in->oom_event_fd < 0 || in->oom_control_fd < 0)
		return in_fail(in, "oom-group", dir, -errno);
	len = snprintf(text, sizeof text, "%d %d", in->oom_event_fd, in->oom_control_fd);
	error = in_write_file(dir_fd, "cgroup.event_control", 0, text, (size_t)len);
	return error ? in_fail(in, "oom-group", dir, error) : 0;
}

/* Here and not in the launcher's clone: making a network namespace may wait for the removal of others, milliseconds long. */
static int in_make_network(struct init *in)
{
	int error;

	if (!(in->namespaces & CLONE_NEWNET))
		return 0;
	if (unshare(CLONE_NEWNET))
		return in_fail(in, "network-namespace", "", -errno);
	error = nw_raise_loopback();
	return error ? in_fail(in, "loopback", "lo", error) : 0;
}

static int in_block_signals(struct init *in)
{
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL))
		return in_fail(in, "signals", "", -errno);
	in->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return in->signal_fd < 0 ? in_fail(in, "signals", "", -errno) : 0;
}

/* Writes the job's own versions of files that are bound into its view, such as a resolv.conf, where all may read them. */
static int in_write_texts(struct init *in)
{
	struct fr_reader reader = { in->payload, in->payload + in->head };
	struct fr_field field;
	const char *name = NULL;

	while (fr_next(&reader, &field)) {
		int error;

		if (fr_is(&field, "write"))
			name = field.value;
		if (!name || !fr_is(&field, "text"))
			continue;
		if (strchr(name, '/'))
			return in_fail(in, "frame", "write", -EINVAL);
		error = in_write_file(in->dir_fd, name, O_CREAT | O_EXCL, field.value, strlen(field.value));
		if (error || fchmodat(in->dir_fd, name, 0644, 0))
			return in_fail(in, "text", in->dir, error ? error : -errno);
	}
	return 0;
}

/* After all that is quick to refuse. */
static int in_enter_network(struct init *in)
{
	return nw_enter_private(in->payload, in->head, in->command.proc_fd, &in->failure);
}

/* Opens what each command needs. */
static int in_open_inherited(struct init *in)
{
	in->command.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (in->command.null_fd < 0)
		return in_fail(in, "stdio", "/dev/null", -errno);
	in->command.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return in->command.proc_fd < 0 ? in_fail(in, "stdio", "/proc", -errno) : 0;
}

/*
 * Finds out who this init is: pid, the namespace that it is a number of, start time and boot, which together no other
 * process ever has.
 */
static int in_read_identity(struct init *in, const char *pid_namespace)
{
	char stat[1024], boot[64];
	ssize_t len = in_read_file(in->command.proc_fd, "self/stat", stat, sizeof stat);
	ssize_t boot_len = in_read_file(in->command.proc_fd, "sys/kernel/random/boot_id", boot, sizeof boot);
	const char *start_time = len < 0 ? NULL : kn_stat_field(stat, KN_STAT_START_TIME);

	if (len < 0 || boot_len < 0 || !start_time)
		return in_fail(in, "identity", "/proc", (int)(len < 0 ? len : boot_len < 0 ? boot_len : -EPROTO));
	in->host_pid = atoll(stat);
	fr_add_number(&in->identity, "pid", in->host_pid);
	fr_add_bytes(&in->identity, "starttime", start_time, strcspn(start_time, " "));
	fr_add_bytes(&in->identity, "boot", boot, strcspn(boot, "\n"));
	fr_add(&in->identity, "pidns", pid_namespace);
	return in->identity.failed ? in_fail(in, "memory", "", -ENOMEM) : 0;
}

/* What was open for the command alone. */
static void in_close_inherited(struct init *in)
{
	close(in->command.null_fd);
	close(in->command.output_fd);
	close(in->command.proc_fd);
	kn_close(&in->command.collect_fd);
	if (in->cgroup_fd >= 0)
		close(in->cgroup_fd);
	if (in->command.map_fd >= 0)
		close(in->command.map_fd);
	for (size_t i = 0; i < in->command.join_count; i++)
		close(in->command.join_fds[i]);
	st_close_inherited(&in->command);
}

static int in_make_streams(struct init *in)
{
	int lent = in->lent_fd;

	in->lent_fd = -1;
	return st_prepare(in->payload, in->head, lent, in->dir_fd, &in->command, &in->streams, &in->failure);
}

/*
 * Forks the command straight into its cgroup: not even its first page is charged to another. Its mount namespace is not
 * init's: what init does by path, reading counters and removing cgroups, no mount of the job's can lead astray.
 */
static int in_fork_command(struct init *in)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | (in->time_namespace ? CLONE_NEWTIME : 0),
		.exit_signal = SIGCHLD,
	};
	int report[2], root[2] = { -1, -1 }, map[2] = { -1, -1 }, error;

	if (in->cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)in->cgroup_fd;
	}
	if (in_get(in, "uidmap") && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, map))
		return in_fail(in, "report", "", -errno);
	in->map_fd = map[0];
	in->command.map_fd = map[1];
	if (pipe2(report, O_CLOEXEC | O_NONBLOCK))
		return in_fail(in, "report", "", -errno);
	if (in_collects(in) && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, root))
		return in_fail(in, "collect", "", -errno);
	in->collect_fd = root[0];
	in->command.collect_fd = root[1];
	in->pid = kn_clone3(&args);
	if (in->pid == 0)
		cm_main(&in->command, report[1]);
	error = in->pid < 0 ? in_fail(in, "fork", in->cgroup ? in->cgroup : "", -errno) : 0;
	in->report.fd = report[0];
	close(report[1]);
	in_close_inherited(in);
	return error;
}

/* The start, after the frame was read; each step is called as the first thing that it reports. */
static const struct {
	const char *name;
	int (*run)(struct init *in);
} in_steps[] = {
	{ "folder", in_make_folder },	    { "output-max", in_bound_output },	{ "layer", in_make_layers },	{ "reserve", in_reserve_record },	{ "identity", in_write_identity },
	{ "cgroup", in_make_cgroups },	    { "cgroup-kill", in_open_cgroups }, { "oom-group", in_watch_oom },
	{ "text", in_write_texts },	    { "pasta", in_enter_network },
	{ "stdin", in_make_streams },	    { "fork", in_fork_command },
};

static int in_set_up(struct init *in)
{
	int error = in_parse(in);

	for (size_t i = 0; i < sizeof in_steps / sizeof *in_steps && !error; i++)
		error = fl_is_wanted(in->payload, in->len, in_steps[i].name, NULL) ? in_fail(in, in_steps[i].name, "", -EIO) :
									      in_steps[i].run(in);
	return error;
}

/* What is the same for all jobs, and can be done before there is one. */
static int in_prepare(struct init *in, const char *pid_namespace, uid_t uid, gid_t gid, bool has_mapper)
{
	int error;

	if ((error = in_map_user(in, uid, gid, has_mapper)) || (error = in_block_signals(in)) || (error = in_open_inherited(in)))
		return error;
	return in_read_identity(in, pid_namespace);
}

/* Waits for the start frame, which stays for as long as init lives. False when there will be none, as the launcher is gone. */
static bool in_receive(struct init *in)
{
	static char buffer[ME_LENGTH_MAX];
	struct me_message message;
	int lifeline;

	if (me_receive(IN_STATUS_FD, buffer, 0, &message) <= 0)
		return false;
	in->payload = message.payload;
	in->len = message.len;
	in->head = fr_head(in->payload, in->len);
	lifeline = me_take_fd(&message, "lifeline");
	if (lifeline >= 0 && dup3(lifeline, IN_LIFELINE_FD, O_CLOEXEC) >= 0)
		close(lifeline);
	in->lent_fd = me_take_fd(&message, "lent");
	return true;
}

/* ---- taking down ---- */

/* A cgroup whose last process has been reaped may still be busy for a moment: waits for `populated 0`, where v2 tells. */
static void in_await_empty(const char *dir, int64_t wait_ms)
{
	char path[PATH_MAX], text[256];

	if (snprintf(path, sizeof path, "%s/cgroup.events", dir) >= (int)sizeof path)
		return;
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	struct pollfd event = { .fd = fd, .events = POLLPRI };

	if (fd >= 0) {
		ssize_t len = pread(fd, text, sizeof text - 1, 0);

		text[len > 0 ? len : 0] = '\0';
		if (!strstr(text, "populated 1"))
			event.fd = -1;
	}
	poll(&event, 1, (int)wait_ms);
}

/* Removes the cgroups that a job with the right to do so has made in its own. */
static void in_remove_children(const char *dir)
{
	DIR *entries = opendir(dir);
	struct dirent *entry;
	char path[PATH_MAX];

	while (entries && (entry = readdir(entries))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) >= (int)sizeof path)
			continue;
		in_remove_children(path);
		rmdir(path);
	}
	if (entries)
		closedir(entries);
}

/* Removes the job's cgroups, the last made first; false: some could not be, and are left to a runner. */
static bool in_remove_cgroups(struct init *in)
{
	bool all = true;

	for (size_t left = in->cgroups_made; left > 0; left--) {
		struct fr_reader reader = { in->payload, in->payload + in->head };
		struct fr_field field = { 0 };

		for (size_t i = 0; i < left;) {
			fr_next(&reader, &field);
			i += fr_is(&field, "mkdir");
		}
		for (int64_t wait_ms = 1; rmdir(field.value); wait_ms *= 2) {
			if (errno != EBUSY || wait_ms > 1024) {
				all = false;
				break;
			}
			in_remove_children(field.value);
			in_await_empty(field.value, wait_ms);
		}
	}
	return all;
}

/*
 * The cgroup, where there is one, and those that found a way into another: in this namespace -1 is all but init, and a
 * process that has been signalled so forks no more (kernel/fork.c, copy_process()).
 */
static void in_kill_cgroup(struct init *in)
{
	if (in->kill_fd >= 0)
		(void)!write(in->kill_fd, "1", 1);
	kill(-1, SIGKILL);
}

/*
 * Reaps a child; its pid, 0 when none has ended, -1 when there is none. Before, while /proc still knows it, its report is
 * looked at: one that was killed on its way to exec is no command that was killed.
 */
static pid_t in_reap_one(struct init *in, int options, int *status)
{
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | __WALL | options))
		if (errno != EINTR)
			return -1;
	if (info.si_pid == 0)
		return 0;
	if (info.si_pid == in->pid)
		rp_look(&in->report);
	ex_look(info.si_pid);
	return waitpid(info.si_pid, status, __WALL);
}

/* Ends every process of the job and reaps until none is left. */
static void in_kill_all(struct init *in)
{
	int status;
	pid_t pid;

	in_kill_cgroup(in);
	while ((pid = in_reap_one(in, 0, &status)) > 0)
		ex_reap(pid, status);
}

/* A start that failed leaves nothing behind. */
static _Noreturn void in_refuse(struct init *in)
{
	struct fr_writer message = { 0 };

	in_kill_all(in);
	in_remove_cgroups(in);
	if (in->dir_fd >= 0)
		fo_remove(in->dir, 0);
	fr_add(&message, "type", "error");
	fr_add(&message, "step", in->failure.step);
	fr_add(&message, "path", in->failure.path);
	fr_add_number(&message, "errno", -in->failure.error);
	if (in->failure.message)
		fr_add(&message, "message", in->failure.message);
	in_tell(&message);
	_exit(1);
}

/* ---- collecting ---- */

/* What a runner has noted that wants the job to stop; NULL: nothing of that name. It is valid until the next call. */
static const char *in_read_note(struct init *in, const char *key)
{
	static char text[1024];
	ssize_t len = in_read_file(in->dir_fd, "init", text, sizeof text);

	/* Others append to it: a last field that is not whole does not count. */
	while (len > 0 && text[len - 1] != '\0')
		len--;
	return len > 0 && fr_check(text, (size_t)len) == 0 ? fr_get(text, (size_t)len, key) : NULL;
}

/* Has a request of a runner's done: for the job itself, or for a further command in it. */
static void in_on_request(struct init *in, struct me_message *request)
{
	struct ex_job job = { .command = &in->command, .dir_fd = in->dir_fd, .cgroup = in->cgroup, .pid = in->command_pid };
	const char *type = fr_get(request->payload, request->len, "type");
	const char *question = fr_get(request->payload, request->len, "question");
	struct in_failure result = { .step = "job", .path = "", .error = -ESRCH };

	if (!type || !question)
		return;
	if (!in->started || in->ended) {
		ex_answer(question, &result);
	} else if (strcmp(type, "resize") == 0 && !fr_get(request->payload, request->len, "exec")) {
		result.step = "terminal";
		result.error = st_resize(&in->streams, request->payload, request->len);
		ex_answer(question, &result);
	} else {
		ex_on_request(&job, request);
	}
}

/* SIGKILL goes to the whole job. */
static void in_pass_signal(struct init *in, int number)
{
	number &= ~IN_GIVE_UP;
	if (number == SIGKILL)
		in_kill_cgroup(in);
	else
		kill(in->pid, number);
}

/* A signal that a runner sends: also to a job that has ended, should that be to give up what is being collected. */
static void in_on_pass(struct init *in, const struct me_message *message)
{
	long long number;

	in->given_up |= fr_get(message->payload, message->len, "giveup") != NULL;
	if (in->started && !in->ended && fr_number(fr_get(message->payload, message->len, "signal"), 1, SIGRTMAX, &number) == 0)
		in_pass_signal(in, (int)number);
}

/* The launcher passes a signal or a request on, or says that the runner is gone, or is gone itself (end of file). */
static void in_hear_launcher(struct init *in, struct pollfd *status)
{
	static char buffer[ME_LENGTH_MAX];
	struct me_message message;
	int received = me_receive(IN_STATUS_FD, buffer, MSG_DONTWAIT, &message);
	const char *type;

	if (received > 0) {
		type = fr_get(message.payload, message.len, "type");
		if (type && strcmp(type, "gone") == 0)
			in->remove = true;
		else if (type && strcmp(type, "pass") == 0)
			in_on_pass(in, &message);
		else
			in_on_request(in, &message);
		me_free(&message);
	} else if (received == 0 || received == -ECONNRESET) {
		status->fd = -1;
	}
}

/*
 * Whose rights the collection has: the job's. Of a job in a user namespace of its own these are what its user has outside,
 * without groups, and without capabilities, which it has over that namespace's ids alone.
 */
static struct co_order in_order_collection(const struct init *in, int report_fd)
{
	const char *outer_uid = fr_get(in->payload, in->len, "outeruid"), *outer_gid = fr_get(in->payload, in->len, "outergid");
	struct co_order order = {
		.payload = in->payload, .len = in->len, .root = in->root, .dir_fd = in->dir_fd, .report_fd = report_fd,
		.uid = in->command.uid, .gid = in->command.gid,
		.groups = in->command.groups, .group_count = in->command.group_count,
		.capabilities = in->command.capabilities,
	};

	if (outer_uid && outer_gid && fr_number(outer_uid, 0, UINT32_MAX - 1, &order.uid) == 0 &&
	    fr_number(outer_gid, 0, UINT32_MAX - 1, &order.gid) == 0) {
		order.group_count = 0;
		order.capabilities = 0;
	}
	return order;
}

/* Forks the process that copies; what it has to say comes on *report_fd, a message for each path. Negative errno. */
static pid_t in_fork_collector(struct init *in, int *report_fd)
{
	int report[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report))
		return -errno;
	pid = fork();
	if (pid == 0) {
		struct co_order order = in_order_collection(in, report[1]);

		close(report[0]);
		co_main(&order);
	}
	close(report[1]);
	if (pid < 0) {
		pid = -errno;
		close(report[0]);
		return pid;
	}
	*report_fd = report[0];
	return pid;
}

/* Takes a message of the collector's; 0 once there are no more to come, -EAGAIN when there is none now. */
static ssize_t in_take_collected(struct init *in, int report_fd)
{
	static char message[PATH_MAX + CO_REPORT_MAX];
	ssize_t n = recv(report_fd, message, sizeof message, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	if (n > 0 && fr_check(message, (size_t)n) == 0)
		fr_append(&in->collected, message, (size_t)n);
	return n;
}

/*
 * Takes the signals there are. One from outside may say that the rest is to be given up; as long as there is the launcher
 * that made this init, which says so by a message, it is one that the job has left behind.
 */
static void in_take_signals(struct init *in, bool has_launcher)
{
	struct signalfd_siginfo info;

	while (read(in->signal_fd, &info, sizeof info) == sizeof info)
		if (info.ssi_signo == (uint32_t)IN_PASS_SIGNAL && info.ssi_pid == 0 && info.ssi_int & IN_GIVE_UP)
			in->given_up |= !has_launcher;
}

/* Waits for the collector; 0 when it has come to its end, else why it is not waited for any longer. */
static int in_await_collector(struct init *in, int report_fd)
{
	struct pollfd fds[] = {
		{ .fd = report_fd, .events = POLLIN },
		{ .fd = in->signal_fd, .events = POLLIN },
		{ .fd = IN_STATUS_FD, .events = POLLIN },
		{ .fd = in_get(in, "lifeline") ? IN_LIFELINE_FD : -1, .events = POLLIN },
	};
	long long timeout_ms = 0;
	int64_t deadline;

	fr_number(in_get(in, "collecttimeout"), 0, INT_MAX, &timeout_ms);
	deadline = kn_now(CLOCK_MONOTONIC) + timeout_ms * 1000000;
	for (;;) {
		int64_t left = deadline - kn_now(CLOCK_MONOTONIC);

		if (left <= 0)
			return -ETIMEDOUT;
		poll(fds, sizeof fds / sizeof *fds, (int)(left / 1000000) + 1);
		if (fds[0].revents && in_take_collected(in, report_fd) == 0)
			return 0;
		if (fds[2].revents)
			in_hear_launcher(in, &fds[2]);
		if (fds[1].revents)
			in_take_signals(in, fds[2].fd >= 0);
		in->remove |= fds[3].revents != 0;
		if (in->remove || in->given_up)
			return -ECANCELED;
	}
}

/* Says of the paths that the collector has not come to why not. */
static void in_add_uncollected(struct init *in, int error)
{
	struct fr_reader reader = { in->payload, in->payload + in->head };
	struct fr_field field;
	size_t done = fr_count(in->collected.data, in->collected.len, "collected");

	while (fr_next(&reader, &field)) {
		if (!fr_is(&field, "collect") || (done > 0 && done--))
			continue;
		fr_add(&in->collected, "collected", field.value);
		fr_add(&in->collected, "omitted", "1");
		fr_add_number(&in->collected, "omittederrno", -error);
		fr_add_bytes(&in->collected, "omittedpath", field.value, CO_PATH_MAX);
	}
}

/*
 * Copies the files that are wanted out of the job, in a process of its own. One that hangs in the kernel, as on a file
 * system whose server hangs, holds up the end of the job only until its time is over; whether it ever dies is not awaited.
 */
static void in_collect(struct init *in)
{
	int report_fd = -1, error;
	pid_t pid = in_collects(in) ? in_fork_collector(in, &report_fd) : 0;

	if (pid == 0)
		return;
	if (pid < 0) {
		error = pid;
	} else {
		error = in_await_collector(in, report_fd);
		kill(pid, SIGKILL);
		while (in_take_collected(in, report_fd) > 0)
			;
	}
	/* One that has come to its end without having come to the last path was killed. */
	in_add_uncollected(in, error ? error : -ECHILD);
	kn_close(&report_fd);
}

/* What the job has written to its overlays goes with it, or is made ready to be read. */
static void in_settle_layers(struct init *in)
{
	struct fr_reader reader = { in->payload, in->payload + in->len };
	struct fr_field field;
	bool kept = in_get(in, "keepchanges") && !in->remove && !in_read_note(in, "discard");

	kn_close(&in->root.root_fd);
	kn_close(&in->root.namespace_fd);
	if (!kept && fr_get(in->payload, in->len, "layer"))
		fo_remove_below(in->dir_fd, "changes");
	while (kept && fr_next(&reader, &field))
		if (fr_is(&field, "layer"))
			la_settle(field.value, in->namespaces & CLONE_NEWUSER);
}

/* ---- the end ---- */

/* Adds the counters, as the kernel prints them, to the record. */
static void in_add_counters(struct init *in, struct fr_writer *record)
{
	static char text[IN_COUNTER_MAX];
	struct fr_reader reader = { in->payload, in->payload + in->head };
	struct fr_field field;
	const char *key = NULL;
	char name[64];

	while (fr_next(&reader, &field)) {
		if (fr_is(&field, "read"))
			key = field.value;
		else if (fr_is(&field, "path") && key) {
			ssize_t len = in_read_file(AT_FDCWD, field.value, text, sizeof text);

			if (len >= 0 && snprintf(name, sizeof name, "read.%s", key) < (int)sizeof name)
				fr_add_bytes(record, name, text, (size_t)len);
		}
	}
}

/* Whether somebody had asked the job to stop, and when. */
static void in_add_stopping(struct init *in, struct fr_writer *record)
{
	const char *at = in_read_note(in, "stopping");

	if (at)
		fr_add(record, "stopping", at);
}

/* How long the output is, and how much of that was dropped. */
static void in_add_output(const struct init *in, struct fr_writer *record)
{
	struct stat output;

	if (fstat(in->output_guard_fd, &output))
		return;
	fr_add_number(record, "output", output.st_size);
	fr_add_number(record, "dropped", ou_dropped(&in->output));
}

static void in_make_record(struct init *in, struct fr_writer *record)
{
	if (WIFSIGNALED(in->wait_status))
		fr_add_number(record, "signaled", WTERMSIG(in->wait_status));
	else
		fr_add_number(record, "exited", WEXITSTATUS(in->wait_status));
	fr_add_number(record, "started", in->started_ms);
	fr_add_number(record, "finished", in->finished_ms);
	fr_add_number(record, "monotonic", in->finished);
	if (in->timed_out)
		fr_add_number(record, "timedout", in->timed_out);
	in_add_stopping(in, record);
	in_add_output(in, record);
	fr_append(record, in->collected.data, in->collected.len);
	in->outcome_len = record->len;
	in_add_counters(in, record);
}

/* Publishes the record: whole and on disk before it has its name. */
static int in_publish_record(struct init *in, const struct fr_writer *record)
{
	int error = record->failed ? -ENOMEM : kn_write_all(in->record_fd, record->data, record->len);

	/* The disk is full, and the counters are longer than what was reserved: the outcome alone is not. */
	if (error == -ENOSPC || error == -EDQUOT)
		error = ftruncate(in->record_fd, (off_t)in->outcome_len) ? -errno : 0;
	if (!error && (fsync(in->record_fd) || renameat(in->dir_fd, "exit.new", in->dir_fd, "exit")))
		error = -errno;
	return error;
}

/* The command has ended: nothing of the job outlives it. */
static _Noreturn void in_finish(struct init *in)
{
	struct fr_writer record = { 0 }, message = { 0 };
	int error;

	ex_expect_end();
	in_kill_all(in);
	re_drain(&in->streams.relay);
	ou_finish(&in->output);
	ou_give_back_reserve(&in->output);
	ex_release(true);
	if (in->started && !in->remove && !in_read_note(in, "discard"))
		in_collect(in);
	in_settle_layers(in);
	in_make_record(in, &record);
	if (!in_remove_cgroups(in))
		fr_add(&record, "leftover", "1");
	error = in_publish_record(in, &record);
	fr_add(&message, "type", "exited");
	fr_append(&message, record.data, record.len);
	if (error)
		fr_add_number(&message, "unsaved", -error);
	if (in->remove) {
		fr_add(&message, "removed", "1");
		fo_remove(in->dir, 0);
	}
	in_tell(&message);
	_exit(0);
}

/* ---- supervision ---- */

/* The command's child has closed its end: it was exec'd, or says why not, or died. */
static int in_on_report_end(struct init *in)
{
	struct fr_writer record = { 0 }, message = { 0 };
	const char *pid;
	int error = rp_outcome(&in->report, &in->command, &in->failure, &pid);

	if (error)
		return error;
	snprintf(in->command_pid, sizeof in->command_pid, "%s", pid);
	error = st_begin(&in->streams);
	if (error)
		return in_fail(in, "terminal", "", error);
	error = in_collects(in) ? co_take_root(in->collect_fd, &in->root) : 0;
	if (error)
		return in_fail(in, "collect", "/", error);
	fr_add(&record, "command", pid);
	in->started_ms = kn_now(CLOCK_REALTIME) / 1000000;
	fr_add_number(&record, "started", in->started_ms);
	fr_add_number(&record, "monotonic", kn_now(CLOCK_MONOTONIC));
	error = record.failed ? -ENOMEM : kn_write_all(in->init_record_fd, record.data, record.len);
	if (error)
		return in_fail(in, "identity", in->dir, error);
	close(in->init_record_fd);
	fr_add(&message, "type", "started");
	fr_append(&message, record.data, record.len);
	in_tell(&message);
	fr_free(&record);
	fr_free(&message);
	close(IN_SETUP_FD);
	in->started = true;
	if (in->timeout_ms > 0)
		in->deadline = kn_now(CLOCK_MONOTONIC) + in->timeout_ms * 1000000;
	return 0;
}

/* Writes the lines of a map, which the frame's fields are, for a process. */
static int in_write_map(struct init *in, const char *pid, const char *key, const char *file)
{
	char path[48], text[4096];
	struct fr_reader reader = { in->payload, in->payload + in->head };
	struct fr_field field;
	size_t len = 0;

	snprintf(path, sizeof path, "/proc/%s/%s", pid, file);
	while (fr_next(&reader, &field)) {
		size_t more = strlen(field.value) + 1;

		if (!fr_is(&field, key))
			continue;
		if (len + more > sizeof text)
			return -E2BIG;
		memcpy(text + len, field.value, more - 1);
		text[len + more - 1] = '\n';
		len += more;
	}
	return in_write_file(AT_FDCWD, path, 0, text, len);
}

/*
 * The command has entered a user namespace of its own and says its pid. Which ids are in there is for a process outside
 * of it to say, one that has the right to all of them (user_namespaces(7)). It is told how that went.
 */
static void in_on_map(struct init *in)
{
	char pid[16];
	ssize_t n = recv(in->map_fd, pid, sizeof pid - 1, MSG_DONTWAIT);
	int error;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		pid[n] = '\0';
		error = strspn(pid, "0123456789") == (size_t)n ? 0 : -EBADMSG;
		if (!error)
			error = in_write_map(in, pid, "uidmap", "uid_map");
		if (!error)
			error = in_write_map(in, pid, "gidmap", "gid_map");
		send(in->map_fd, &error, sizeof error, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	close(in->map_fd);
	in->map_fd = -1;
}

static int in_on_report(struct init *in)
{
	return rp_read(&in->report) ? in_on_report_end(in) : 0;
}

/* Whether something of the job was killed for memory, where it is for init to have all of it follow. */
static bool in_has_oom_killed(const struct init *in)
{
	char text[256], *count;
	ssize_t n = in->oom_control_fd < 0 ? 0 : pread(in->oom_control_fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	count = strstr(text, "oom_kill ");
	return count && atoll(count + strlen("oom_kill ")) > 0;
}

/*
 * Whether what ended a further command ends the whole job: who kills a cgroup kills one process after the other, and the
 * job's own command may be reaped later. A command that has got its SIGKILL and lives yet has the signal pending.
 */
static bool in_is_ending(struct init *in)
{
	static const char *const masks[] = { "\nSigPnd:\t", "\nShdPnd:\t" };
	char path[48], text[4096];

	if (in->ended || in_has_oom_killed(in) || in_read_note(in, "stopping") || in_read_note(in, "killing"))
		return true;
	snprintf(path, sizeof path, "/proc/%s/status", in->command_pid);
	if (in_read_file(AT_FDCWD, path, text, sizeof text) < 0 || strstr(text, "\nState:\tZ"))
		return true;
	for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
		const char *mask = strstr(text, masks[i]);

		if (mask && strtoull(mask + strlen(masks[i]), NULL, 16) >> (SIGKILL - 1) & 1)
			return true;
	}
	return false;
}

static void in_reap(struct init *in)
{
	int status;
	pid_t pid;

	while ((pid = in_reap_one(in, WNOHANG, &status)) > 0) {
		if (pid == in->pid) {
			in->ended = true;
			in->wait_status = status;
			in->finished = kn_now(CLOCK_MONOTONIC);
			in->finished_ms = kn_now(CLOCK_REALTIME) / 1000000;
		} else {
			if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && in_is_ending(in))
				ex_expect_end();
			ex_reap(pid, status);
		}
	}
}

static void in_on_change(struct init *in)
{
	ou_on_change(&in->output);
	ex_on_change();
}

/*
 * Passes a signal on when it comes from outside the namespace. A launcher that has no socket to this init sends
 * IN_PASS_SIGNAL with the number as its value, since SIGSTOP itself would stop init. A job that forges one signals only
 * its own command.
 */
static void in_on_signal(struct init *in)
{
	struct signalfd_siginfo info;

	/* One a turn of the loop: a job that sends without end keeps nothing else waiting. */
	if (read(in->signal_fd, &info, sizeof info) != sizeof info)
		return;
	/* Told by the kernel, or a forgery that has taken the place of that: one of a kind is pending at the most. */
	if (info.ssi_signo == SIGIO)
		in_on_change(in);
	if (info.ssi_signo == SIGCHLD)
		in_reap(in);
	else if (info.ssi_signo == SIGIO && info.ssi_code == SI_KERNEL)
		return;
	else if (info.ssi_pid == 0 && !in->ended)
		in_pass_signal(in, info.ssi_signo == (uint32_t)IN_PASS_SIGNAL && info.ssi_code == SI_QUEUE ?
					   info.ssi_int :
					   (int)info.ssi_signo);
}

static void in_on_status(struct init *in, struct pollfd *status)
{
	in_hear_launcher(in, status);
	if (in->remove)
		in_kill_cgroup(in);
	/* Nobody is there to be told: what has not begun is undone. The next launcher waits for the end of a start. */
	if (status->fd < 0)
		ex_refuse_unfinished();
	if (status->fd < 0 && !in->started) {
		in_fail(in, "launcher", "", -ECONNRESET);
		in_refuse(in);
	}
}

static void in_on_deadline(struct init *in, int64_t now)
{
	if (!in->timed_out) {
		in->timed_out = now;
		if (in->grace_ms > 0) {
			kill(in->pid, in->stop_signal);
			in->deadline = now + in->grace_ms * 1000000;
			return;
		}
	}
	in->deadline = IN_NEVER;
	in_kill_cgroup(in);
}

/* The event precedes the kill, and nothing tells of the kill: looks at the counter, with a back-off of at most a second. */
static void in_check_oom(struct init *in, int64_t now)
{
	if (in_has_oom_killed(in)) {
		in->oom_check = IN_NEVER;
		in_kill_cgroup(in);
		return;
	}
	in->oom_backoff *= 2;
	in->oom_check = in->oom_backoff > 1000000000 ? IN_NEVER : now + in->oom_backoff;
}

static void in_on_oom(struct init *in)
{
	uint64_t count;

	if (read(in->oom_event_fd, &count, sizeof count) == sizeof count) {
		in->oom_backoff = 500000;
		in_check_oom(in, kn_now(CLOCK_MONOTONIC));
	}
}

static struct timespec *in_timeout(struct init *in, struct timespec *timeout)
{
	int64_t until = in->deadline < in->oom_check ? in->deadline : in->oom_check, left;

	if (in->output.next < until)
		until = in->output.next;
	if (ex_deadline() < until)
		until = ex_deadline();
	if (until == IN_NEVER)
		return NULL;
	left = until - kn_now(CLOCK_MONOTONIC);
	if (left < 0)
		left = 0;
	*timeout = (struct timespec){ .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
	return timeout;
}

static void in_on_timers(struct init *in)
{
	int64_t now = kn_now(CLOCK_MONOTONIC);

	if (now >= in->deadline)
		in_on_deadline(in, now);
	if (now >= in->oom_check)
		in_check_oom(in, now);
	ou_on_timer(&in->output, now);
	ex_on_timers(now);
}

/* What init waits for: so much of its own, the command's streams, and further commands. */
enum { IN_ON_SIGNAL, IN_ON_REPORT, IN_ON_STATUS, IN_ON_LIFELINE, IN_ON_OOM, IN_ON_MAP, IN_OWN_POLLS };
#define IN_POLLS (IN_OWN_POLLS + RE_POLLS)

/* Makes room for what there is to wait for now. Without memory the further commands wait. */
static size_t in_poll_count(struct pollfd **fds, size_t *room)
{
	size_t count = IN_POLLS + ex_poll_count();

	if (count > *room) {
		struct pollfd *more = realloc(*fds, count * sizeof **fds);

		if (!more)
			return IN_POLLS;
		*fds = more;
		*room = count;
	}
	return count;
}

static void in_on_events(struct init *in, struct pollfd *fds)
{
	/* Before the end is looked at: a command that has ended by now had been exec'd before. */
	if (in->report.fd >= 0 && in_on_report(in))
		in_refuse(in);
	fds[IN_ON_REPORT].fd = in->report.fd;
	re_on_events(&in->streams.relay, fds + IN_OWN_POLLS);
	if (fds[IN_ON_SIGNAL].revents)
		in_on_signal(in);
	if (fds[IN_ON_STATUS].revents)
		in_on_status(in, &fds[IN_ON_STATUS]);
	if (fds[IN_ON_LIFELINE].revents) {
		fds[IN_ON_LIFELINE].fd = -1;
		in->remove = true;
		in_kill_cgroup(in);
	}
	if (fds[IN_ON_OOM].revents)
		in_on_oom(in);
	if (fds[IN_ON_MAP].revents)
		in_on_map(in);
	fds[IN_ON_MAP].fd = in->map_fd;
}

static _Noreturn void in_supervise(struct init *in)
{
	struct pollfd few[IN_POLLS] = {
		[IN_ON_SIGNAL] = { .fd = in->signal_fd, .events = POLLIN },
		[IN_ON_REPORT] = { .fd = in->report.fd, .events = POLLIN },
		[IN_ON_STATUS] = { .fd = IN_STATUS_FD, .events = POLLIN },
		[IN_ON_LIFELINE] = { .fd = IN_LIFELINE_FD, .events = POLLIN },
		[IN_ON_OOM] = { .fd = in->oom_event_fd, .events = POLLIN },
		[IN_ON_MAP] = { .fd = in->map_fd, .events = POLLIN },
	};
	struct pollfd *fds = malloc(sizeof few);
	size_t room = IN_POLLS;
	struct timespec timeout;

	if (!fds) {
		in_fail(in, "memory", "", -ENOMEM);
		in_refuse(in);
	}
	memcpy(fds, few, sizeof few);
	if (!in_get(in, "lifeline"))
		fds[IN_ON_LIFELINE].fd = -1;
	for (;;) {
		size_t count = in_poll_count(&fds, &room);

		re_poll(&in->streams.relay, fds + IN_OWN_POLLS);
		if (count > IN_POLLS)
			ex_poll(fds + IN_POLLS);
		if (ppoll(fds, count, in_timeout(in, &timeout), NULL) > 0) {
			/* First: no further command has begun or ended yet. */
			if (count > IN_POLLS)
				ex_on_events(fds + IN_POLLS);
			in_on_events(in, fds);
		}
		if (!in->ended)
			in_on_timers(in);
		if (in->ended) {
			if (in->report.fd >= 0 && in_on_report(in))
				in_refuse(in);
			/* A shim died and left its end of the pipe to a child: it never came to the command. */
			if (!in->started && in_fail(in, "shim", in->command.argv[0], -ECHILD))
				in_refuse(in);
			in_finish(in);
		}
	}
}

/* The body of PID 1. `pid_namespace`, `uid` and `gid` are the launcher's, as this process will not see them. */
void in_main(uint64_t namespaces, const char *pid_namespace, uid_t uid, gid_t gid, bool has_mapper, const char *mounts, size_t mounts_len)
{
	static struct init init;
	struct init *in = &init;

	/* Everywhere else the kill(-1) of in_kill_all() would reach the host. */
	if (getpid() != 1)
		_exit(1);
	*in = (struct init){
		.namespaces = namespaces, .dir_fd = -1, .record_fd = -1, .output_guard_fd = -1, .init_record_fd = -1, .cgroup_fd = -1,
		.kill_fd = -1, .signal_fd = -1, .report.fd = -1, .lent_fd = -1, .oom_event_fd = -1, .oom_control_fd = -1,
		.collect_fd = -1, .root = { -1, -1 }, .map_fd = -1, .streams = ST_NONE, .output = OU_NONE,
		.deadline = IN_NEVER, .oom_check = IN_NEVER,
		.command = {
			.null_fd = -1, .output_fd = -1, .proc_fd = -1, .stdin_fd = -1, .terminal_fd = -1, .collect_fd = -1,
			.map_fd = -1, .uid = -1, .gid = -1,
		},
	};
	int error = in_prepare(in, pid_namespace, uid, gid, has_mapper), network = error ? 0 : in_make_network(in);

	if (!error && !network && mounts_len > 0)
		in->command.ahead = mt_prepare(mounts, mounts_len);
	if (!in_receive(in))
		_exit(0);
	/* What was lacking when a spare was made may be there by now. */
	if (!error && network)
		error = in_make_network(in);
	if (error || in_set_up(in))
		in_refuse(in);
	in_supervise(in);
}
