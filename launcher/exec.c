/*
 * A further command in a running job. It is a child of init, as the job's command is, and goes the same way to its exec
 * (command.c), with the fences of the job's start frame; but instead of mounting anything it enters the namespaces that the
 * job's command has. Its output and its record are in `exec/ID/` of the job's folder.
 *
 * It ends when its own process does: what that leaves running goes on as part of the job. When the job's command ends,
 * init ends everything, and the record says that this was why.
 */
#define _GNU_SOURCE
#include "exec.h"
#include "frame.h"
#include "kernel.h"
#include "output.h"
#include "report.h"
#include "spec.h"
#include "streams.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define EX_ID_MAX 64
#define EX_NEVER INT64_MAX

/* A record is shorter; it has a block of its own from the beginning. */
#define EX_RECORD_RESERVE 512

struct ex_exec {
	struct ex_exec *next;
	char question[24]; /* to be answered once it is known whether it was exec'd */
	char path[sizeof "exec/" + EX_ID_MAX];
	const char *id; /* in `path` */
	char *name;     /* of the program, for a failure */
	int dir_fd;     /* of the job */
	int record_fd;
	int lifeline;
	struct rp_report report;
	struct st_streams streams;
	struct ou_output output;
	pid_t pid;
	bool started;
	bool ended;
	int status;
	int64_t timeout_ms;
	int64_t deadline; /* monotonic ns */
	int64_t timed_out;
	int64_t started_ms; /* since the epoch */
};

static struct ex_exec *ex_list;
/* Those that have ended, while processes that they have left in the job write to their bounded outputs. */
static struct ex_exec *ex_left;
static bool ex_job_ended;

/* ---- answers ---- */

static struct fr_writer ex_make_answer(const char *question, const char *answer)
{
	struct fr_writer message = { 0 };

	fr_add(&message, "type", "answer");
	fr_add(&message, "question", question);
	fr_add(&message, "answer", answer);
	return message;
}

static void ex_send(struct fr_writer *message)
{
	if (!message->failed)
		send(IN_STATUS_FD, message->data, message->len, MSG_NOSIGNAL);
	fr_free(message);
}

void ex_answer(const char *question, const struct in_failure *failure)
{
	struct fr_writer message = ex_make_answer(question, failure->error ? "error" : "ok");

	if (failure->error) {
		fr_add(&message, "step", failure->step);
		fr_add(&message, "path", failure->path);
		fr_add_number(&message, "errno", -failure->error);
	}
	ex_send(&message);
}

/* ---- what a further command is made of ---- */

/* An id is the name of a folder. */
static bool ex_is_id(const char *id)
{
	size_t len = id ? strlen(id) : 0;

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i]) && id[i] != '-')
			return false;
	return len > 0 && len < EX_ID_MAX;
}

static struct ex_exec *ex_find(const char *id)
{
	for (struct ex_exec *exec = ex_list; exec; exec = exec->next)
		if (id && strcmp(exec->id, id) == 0)
			return exec;
	return NULL;
}

/* Makes `exec/ID/` with the output file and a record that has its room. */
static int ex_make_folder(struct ex_exec *exec, struct cm_spec *spec, struct in_failure *failure)
{
	int fd;

	if (mkdirat(exec->dir_fd, "exec", 0700) && errno != EEXIST)
		return in_note(failure, "folder", exec->path, -errno);
	if (mkdirat(exec->dir_fd, exec->path, 0700))
		return in_note(failure, "folder", exec->path, -errno);
	fd = openat(exec->dir_fd, exec->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return in_note(failure, "folder", exec->path, -errno);
	auto_fd dir_fd = fd;
	spec->output_fd = openat(dir_fd, "output", O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (spec->output_fd < 0)
		return in_note(failure, "output", exec->path, -errno);
	exec->record_fd = openat(dir_fd, "exit.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (exec->record_fd < 0 ||
	    (fallocate(exec->record_fd, FALLOC_FL_KEEP_SIZE, 0, EX_RECORD_RESERVE) && errno != EOPNOTSUPP))
		return in_note(failure, "reserve", exec->path, -errno);
	/* As the job's own. */
	return ou_bound(&exec->output, dir_fd, spec->payload, spec->head, exec->path, failure);
}

static void ex_remove_folder(const struct ex_exec *exec)
{
	static const char *const files[] = { "output", "gap", "exit.new", "exit" };
	char path[sizeof exec->path + 16];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", exec->path, files[i]);
		unlinkat(exec->dir_fd, path, 0);
	}
	unlinkat(exec->dir_fd, exec->path, AT_REMOVEDIR);
}

/* A process cloned into a frozen cgroup would not come as far as its exec. */
static int ex_check_frozen(int cgroup_fd)
{
	char state = '0';
	auto_fd fd = openat(cgroup_fd, "cgroup.freeze", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &state, 1) == 1 && state == '1' ? -EBUSY : 0;
}

/* Opens the job's cgroups, as its start did. */
static int ex_open_cgroups(const struct ex_job *job, struct cm_spec *spec, int *cgroup_fd, struct in_failure *failure)
{
	struct fr_reader reader = { spec->payload, spec->payload + spec->len };
	struct fr_field field;

	/* A job that was to have no limits has no cgroup of its own: init's children are where init is. */
	if (!job->cgroup)
		return 0;
	*cgroup_fd = open(job->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*cgroup_fd < 0)
		return in_note(failure, "cgroup", job->cgroup, -errno);
	if (ex_check_frozen(*cgroup_fd))
		return in_note(failure, "frozen", job->cgroup, -EBUSY);
	free(spec->join_fds);
	spec->join_fds = calloc(fr_count(spec->payload, spec->len, "join") + 1, sizeof *spec->join_fds);
	if (!spec->join_fds)
		return in_note(failure, "memory", "", -ENOMEM);
	while (fr_next(&reader, &field)) {
		int fd = fr_is(&field, "join") ? open(field.value, O_WRONLY | O_CLOEXEC) : 0;

		if (fd < 0)
			return in_note(failure, "join-cgroup", field.value, -errno);
		if (fd > 0)
			spec->join_fds[spec->join_count++] = fd;
	}
	return 0;
}

/* Opens a namespace of the job's command, if it is not one that init has too: then -1. */
static int ex_open_namespace(const char *pid, const char *name, int *fd)
{
	char path[64];
	struct stat own, other;

	snprintf(path, sizeof path, "/proc/self/ns/%s", name);
	if (stat(path, &own))
		return errno == ENOENT ? 0 : -errno;
	snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, name);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &other))
		return -errno;
	if (own.st_dev == other.st_dev && own.st_ino == other.st_ino) {
		close(*fd);
		*fd = -1;
	}
	return 0;
}

static int ex_open_namespaces(const struct ex_job *job, struct cm_namespaces *enter, struct in_failure *failure)
{
	int error;

	if ((error = ex_open_namespace(job->pid, "cgroup", &enter->cgroup)) ||
	    (error = ex_open_namespace(job->pid, "time", &enter->time)) ||
	    (error = ex_open_namespace(job->pid, "user", &enter->user)) ||
	    (error = ex_open_namespace(job->pid, "mnt", &enter->mount)))
		return in_note(failure, "enter", "/proc", error);
	return 0;
}

/* ---- a start ---- */

/* What is open for the child alone. */
struct ex_inherited {
	struct cm_spec spec;
	struct cm_namespaces enter;
	int cgroup_fd;
};

static void ex_close_inherited(struct ex_inherited *inherited)
{
	struct cm_spec *spec = &inherited->spec;
	int *const fds[] = { &spec->null_fd, &spec->output_fd, &spec->proc_fd, &inherited->cgroup_fd, &inherited->enter.mount,
			     &inherited->enter.cgroup, &inherited->enter.time, &inherited->enter.user };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		kn_close(fds[i]);
	for (size_t i = 0; i < spec->join_count; i++)
		close(spec->join_fds[i]);
	st_close_inherited(spec);
	sp_free(spec);
}

/*
 * The fences are the job's, and so is the user, if the frame names no other. Another one may be to have fewer capabilities,
 * which the frame then says; more than the job has there are for nobody.
 */
static int ex_read_spec(const struct ex_job *job, const struct me_message *request, struct cm_spec *spec, struct in_failure *failure)
{
	const struct cm_spec *first = job->command;
	const char *capabilities = fr_get(request->payload, request->len, "capabilities");
	long long mask;
	int error;

	*spec = (struct cm_spec){
		.payload = first->payload, .len = first->len, .head = first->head, .capabilities = first->capabilities, .ambient = first->ambient,
		.no_new_privileges = first->no_new_privileges, .null_fd = -1, .output_fd = -1, .proc_fd = -1,
		.collect_fd = -1, .map_fd = -1, .stdin_fd = -1, .terminal_fd = -1,
	};
	if (capabilities) {
		if (fr_number(capabilities, 0, INT64_MAX, &mask))
			return in_note(failure, "frame", "capabilities", -EINVAL);
		spec->capabilities &= (uint64_t)mask;
	}
	error = sp_read(request->payload, request->len, spec, failure);
	if (error || spec->uid >= 0)
		return error;
	spec->uid = first->uid;
	spec->gid = first->gid;
	spec->group_count = first->group_count;
	free(spec->groups);
	spec->groups = calloc(first->group_count + 1, sizeof *spec->groups);
	if (!spec->groups)
		return in_note(failure, "memory", "", -ENOMEM);
	memcpy(spec->groups, first->groups, first->group_count * sizeof *spec->groups);
	return 0;
}

static int ex_open_inherited(struct cm_spec *spec, struct in_failure *failure)
{
	spec->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (spec->null_fd < 0)
		return in_note(failure, "stdio", "/dev/null", -errno);
	spec->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return spec->proc_fd < 0 ? in_note(failure, "stdio", "/proc", -errno) : 0;
}

static int ex_fork(struct ex_exec *exec, struct ex_inherited *inherited, struct in_failure *failure)
{
	struct clone_args args = {
		.flags = inherited->cgroup_fd < 0 ? 0 : CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = inherited->cgroup_fd < 0 ? 0 : (uint64_t)inherited->cgroup_fd,
	};
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return in_note(failure, "report", "", -errno);
	exec->pid = kn_clone3(&args);
	if (exec->pid == 0)
		cm_main(&inherited->spec, ends[1]);
	error = exec->pid < 0 ? in_note(failure, "fork", "", -errno) : 0;
	exec->report.fd = ends[0];
	close(ends[1]);
	return error;
}

static int ex_set_up(const struct ex_job *job, struct me_message *request, struct ex_exec *exec,
		     struct ex_inherited *inherited, struct in_failure *failure)
{
	struct cm_spec *spec = &inherited->spec;
	const char *timeout = fr_get(request->payload, request->len, "timeout");
	long long timeout_ms = 0;
	int error, lent;

	exec->lifeline = me_take_fd(request, "lifeline");
	if ((error = ex_read_spec(job, request, spec, failure)))
		return error;
	exec->name = strdup(spec->argv[0]);
	if (!exec->name)
		return in_note(failure, "memory", "", -ENOMEM);
	if (timeout && fr_number(timeout, 1, INT32_MAX, &timeout_ms))
		return in_note(failure, "frame", "timeout", -EINVAL);
	exec->timeout_ms = timeout_ms;
	spec->enter = &inherited->enter;
	if ((error = ex_open_inherited(spec, failure)) ||
	    (error = ex_open_cgroups(job, spec, &inherited->cgroup_fd, failure)) ||
	    (error = ex_open_namespaces(job, &inherited->enter, failure)) ||
	    (error = ex_make_folder(exec, spec, failure)))
		return error;
	lent = me_take_fd(request, "lent");
	if ((error = st_prepare(request->payload, request->len, lent, exec->dir_fd, spec, &exec->streams, failure)))
		return error;
	return ex_fork(exec, inherited, failure);
}

static void ex_unlist(struct ex_exec **list, const struct ex_exec *exec)
{
	for (struct ex_exec **at = list; *at; at = &(*at)->next)
		if (*at == exec) {
			*at = exec->next;
			return;
		}
}

/* All but its output. */
static void ex_close(struct ex_exec *exec)
{
	int *const fds[] = { &exec->report.fd, &exec->record_fd, &exec->lifeline };

	st_close(&exec->streams);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		kn_close(fds[i]);
		*fds[i] = -1;
	}
}

static void ex_free(struct ex_exec *exec)
{
	ex_unlist(&ex_list, exec);
	ex_close(exec);
	ou_close(&exec->output);
	free(exec->name);
	free(exec);
}

/* One that did not come as far as its exec leaves nothing behind. */
static void ex_refuse(struct ex_exec *exec, const struct in_failure *failure)
{
	if (exec->pid > 0 && !exec->ended) {
		kill(-exec->pid, SIGKILL);
		kill(exec->pid, SIGKILL);
	}
	ex_remove_folder(exec);
	ex_answer(exec->question, failure);
	ex_free(exec);
}

static void ex_start(const struct ex_job *job, struct me_message *request, const char *question, const char *id)
{
	struct ex_exec *exec = calloc(1, sizeof *exec);
	struct ex_inherited inherited = { .enter = CM_NO_NAMESPACES, .cgroup_fd = -1 };
	struct in_failure failure = { .step = "memory", .path = "", .error = -ENOMEM };

	if (!exec) {
		ex_answer(question, &failure);
		return;
	}
	*exec = (struct ex_exec){
		.next = ex_list, .dir_fd = job->dir_fd, .record_fd = -1, .lifeline = -1, .report.fd = -1,
		.streams = ST_NONE, .output = OU_NONE, .deadline = EX_NEVER,
	};
	ex_list = exec;
	snprintf(exec->question, sizeof exec->question, "%s", question);
	snprintf(exec->path, sizeof exec->path, "exec/%s", id);
	exec->id = exec->path + strlen("exec/");
	if (ex_set_up(job, request, exec, &inherited, &failure)) {
		ex_close_inherited(&inherited);
		/* A folder that was there before is another's. */
		if (strcmp(failure.step, "folder") == 0) {
			ex_answer(question, &failure);
			ex_free(exec);
		} else {
			ex_refuse(exec, &failure);
		}
		return;
	}
	ex_close_inherited(&inherited);
}

/* The record begins with what was started, for who comes to the command later; its end is added by ex_publish(). */
static int ex_write_start(struct ex_exec *exec, const char *pid)
{
	struct fr_writer record = { 0 };
	int error;

	exec->started_ms = kn_now(CLOCK_REALTIME) / 1000000;
	fr_add(&record, "command", pid);
	fr_add_number(&record, "started", exec->started_ms);
	error = record.failed ? -ENOMEM : kn_write_all(exec->record_fd, record.data, record.len);
	fr_free(&record);
	return error;
}

/* The child's report is whole: it was exec'd, or says why not, and then it is no more. */
static bool ex_on_report(struct ex_exec *exec)
{
	struct in_failure failure = { 0 };
	char *argv[] = { exec->name, NULL };
	struct cm_spec spec = { .argv = argv };
	struct fr_writer message;
	const char *pid;
	int error = rp_outcome(&exec->report, &spec, &failure, &pid);

	if (!error && (error = st_begin(&exec->streams)))
		in_note(&failure, "terminal", "", error);
	if (!error && (error = ex_write_start(exec, pid)))
		in_note(&failure, "reserve", exec->path, error);
	if (error) {
		ex_refuse(exec, &failure);
		return false;
	}
	exec->started = true;
	if (exec->timeout_ms > 0)
		exec->deadline = kn_now(CLOCK_MONOTONIC) + exec->timeout_ms * 1000000;
	message = ex_make_answer(exec->question, "started");
	fr_add(&message, "command", pid);
	fr_add_number(&message, "started", exec->started_ms);
	ex_send(&message);
	return true;
}

/* ---- the end ---- */

/* Completes the record and gives it its name. `finished` comes last: a record that has it is whole. */
static void ex_publish(const struct ex_exec *exec)
{
	struct fr_writer record = { 0 };
	char from[sizeof exec->path + 16], to[sizeof exec->path + 16];

	if (WIFSIGNALED(exec->status))
		fr_add_number(&record, "signaled", WTERMSIG(exec->status));
	else
		fr_add_number(&record, "exited", WEXITSTATUS(exec->status));
	if (exec->timed_out)
		fr_add_number(&record, "timedout", exec->timed_out);
	if (ex_job_ended && WIFSIGNALED(exec->status))
		fr_add(&record, "jobended", "1");
	fr_add_number(&record, "finished", kn_now(CLOCK_REALTIME) / 1000000);
	snprintf(from, sizeof from, "%s/exit.new", exec->path);
	snprintf(to, sizeof to, "%s/exit", exec->path);
	if (!record.failed && write(exec->record_fd, record.data, record.len) == (ssize_t)record.len)
		renameat(exec->dir_fd, from, exec->dir_fd, to);
	fr_free(&record);
}

static void ex_end(struct ex_exec *exec)
{
	if (exec->report.fd >= 0) {
		rp_read(&exec->report);
		if (!ex_on_report(exec))
			return;
	}
	re_drain(&exec->streams.relay);
	ou_finish(&exec->output);
	ex_publish(exec);
	ex_close(exec);
	if (ou_is_written(&exec->output)) {
		ex_unlist(&ex_list, exec);
		exec->next = ex_left;
		ex_left = exec;
		ou_go_on(&exec->output);
		return;
	}
	ou_give_back_reserve(&exec->output);
	ex_free(exec);
}

/* Lets go of the outputs that nobody writes to any more: of all, when all of the job has ended. */
void ex_release(bool all)
{
	struct ex_exec *next;

	for (struct ex_exec *exec = ex_left; exec; exec = next) {
		next = exec->next;
		if (ou_is_written(&exec->output) && !all)
			continue;
		ou_finish(&exec->output);
		ou_give_back_reserve(&exec->output);
		ex_unlist(&ex_left, exec);
		ex_free(exec);
	}
}

static struct ex_exec *ex_find_pid(pid_t pid)
{
	struct ex_exec *exec = ex_list;

	while (exec && exec->pid != pid)
		exec = exec->next;
	return exec;
}

/* A process has ended, and is about to be reaped. */
void ex_look(pid_t pid)
{
	struct ex_exec *exec = ex_find_pid(pid);

	if (exec)
		rp_look(&exec->report);
}

/* Takes the status of a process that was reaped, if it is one of these. */
void ex_reap(pid_t pid, int status)
{
	struct ex_exec *exec = ex_find_pid(pid);

	if (!exec) {
		ex_release(false);
		return;
	}
	exec->ended = true;
	exec->status = status;
	ex_end(exec);
}

/* From now on it is the end of the job that ends them. */
void ex_expect_end(void)
{
	ex_job_ended = true;
}

/* SIGKILL goes to all that are still in the process group that the command had at first. */
static int ex_signal(const struct ex_exec *exec, int number)
{
	if (number == SIGKILL)
		kill(-exec->pid, SIGKILL);
	return kill(exec->pid, number) ? -errno : 0;
}

/* ---- requests ---- */

static void ex_answer_request(const char *question, const struct ex_exec *exec, const struct me_message *request, bool is_resize)
{
	struct in_failure result = { .step = "signal", .path = "" };
	long long number;

	if (!exec || !exec->started)
		in_note(&result, "job", "", -ESRCH);
	else if (is_resize)
		in_note(&result, "terminal", "", st_resize(&exec->streams, request->payload, request->len));
	else if (fr_number(fr_get(request->payload, request->len, "signal"), 1, SIGRTMAX, &number))
		result.error = -EINVAL;
	else
		result.error = ex_signal(exec, (int)number);
	ex_answer(question, &result);
}

/* A request of a runner's: `exec`, or `resize` and `signal` for a command that was started so. */
void ex_on_request(const struct ex_job *job, struct me_message *request)
{
	const char *type = fr_get(request->payload, request->len, "type");
	const char *question = fr_get(request->payload, request->len, "question");
	const char *id = fr_get(request->payload, request->len, "exec");

	if (!type || !question)
		return;
	if (!ex_is_id(id))
		ex_answer(question, &(struct in_failure){ .step = "frame", .path = "exec", .error = -EINVAL });
	else if (strcmp(type, "exec") == 0)
		ex_start(job, request, question, id);
	else
		ex_answer_request(question, ex_find(id), request, strcmp(type, "resize") == 0);
}

/* Nobody can be told of those that are on their way to their exec. */
void ex_refuse_unfinished(void)
{
	struct in_failure failure = { .step = "launcher", .path = "", .error = -ECONNRESET };
	struct ex_exec *exec, *next;

	for (exec = ex_list; exec; exec = next) {
		next = exec->next;
		if (!exec->started)
			ex_refuse(exec, &failure);
	}
}

/* ---- the loop ---- */

#define EX_POLLS (2 + RE_POLLS)

size_t ex_poll_count(void)
{
	size_t count = 0;

	for (const struct ex_exec *exec = ex_list; exec; exec = exec->next)
		count += EX_POLLS;
	return count;
}

/* Fills in ex_poll_count() entries. */
void ex_poll(struct pollfd *fds)
{
	for (const struct ex_exec *exec = ex_list; exec; exec = exec->next, fds += EX_POLLS) {
		fds[0] = (struct pollfd){ .fd = exec->report.fd, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = exec->lifeline, .events = POLLIN };
		re_poll(&exec->streams.relay, fds + 2);
	}
}

/* Takes what ex_poll() has asked for: nothing has begun or ended since. */
void ex_on_events(const struct pollfd *fds)
{
	struct ex_exec *exec, *next;

	for (exec = ex_list; exec; exec = next, fds += EX_POLLS) {
		next = exec->next;
		if (fds[0].revents && rp_read(&exec->report) && !ex_on_report(exec))
			continue;
		if (fds[1].revents) {
			ex_signal(exec, SIGKILL);
			kn_close(&exec->lifeline);
			exec->lifeline = -1;
		}
		re_on_events(&exec->streams.relay, fds + 2);
	}
}

int64_t ex_deadline(void)
{
	int64_t first = EX_NEVER;

	for (const struct ex_exec *exec = ex_list; exec; exec = exec->next) {
		if (exec->deadline < first)
			first = exec->deadline;
		if (exec->output.next < first)
			first = exec->output.next;
	}
	for (const struct ex_exec *exec = ex_left; exec; exec = exec->next)
		if (exec->output.next < first)
			first = exec->output.next;
	return first;
}

void ex_on_timers(int64_t now)
{
	for (struct ex_exec *exec = ex_list; exec; exec = exec->next) {
		if (now >= exec->deadline) {
			exec->deadline = EX_NEVER;
			exec->timed_out = now;
			ex_signal(exec, SIGKILL);
		}
		ou_on_timer(&exec->output, now);
	}
	for (struct ex_exec *exec = ex_left; exec; exec = exec->next)
		ou_on_timer(&exec->output, now);
}

/* Something in the folder of the job, or of one of these, has changed. */
void ex_on_change(void)
{
	for (struct ex_exec *exec = ex_list; exec; exec = exec->next)
		ou_on_change(&exec->output);
	for (struct ex_exec *exec = ex_left; exec; exec = exec->next)
		ou_on_change(&exec->output);
}
