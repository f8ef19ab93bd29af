/*
 * corral-launcher: starts jobs on behalf of the runners that share a storage root. Theory of operation:
 *
 * Processes.  One launcher per storage root (launcher.lock), single-threaded, in one epoll loop over the listening
 * socket, the runners' connections, and per job the socket to its init and a pidfd. An init (init.c) comes of one clone3
 * into new namespaces, is PID 1 in there, takes the start frame, does all that may be slow, forks the command (command.c)
 * and supervises it. Where ids are to be mapped for its user namespace, a short-lived child of the launcher has programs do it
 * that may: ln_map_ids(). One spare init is kept ready: what is the same for all jobs is done before they come. A job never
 * needs the launcher again: init writes the outcome to disk by itself.
 *
 * Privileges.  Those of the runner that started it; every peer must have the same user (SO_PEERCRED) or be root. The
 * launcher and the inits are non-dumpable, hence not traceable by jobs, and outside the jobs' cgroups and PID
 * namespaces; a peer in a PID namespace below the launcher's is a job, and refused. They run from a sealed copy in memory: no
 * job that has come to their program can write it. It makes no policy: cgroup paths, limits, namespaces and users come
 * with the start frame.
 *
 * Starts in progress.  An init keeps setup.lock, inherited here, until its command has been exec'd or the start was
 * undone. The next launcher waits for that lock, so that whatever it then finds half made is certainly nobody's.
 *
 * Ends.  The loop ends when there has been no job and no runner for IDLE_MS. Death of the launcher at any other time
 * costs nothing but the connection: a new one is told by the runners which inits to watch.
 */
#define _GNU_SOURCE
#include "folder.h"
#include "frame.h"
#include "init.h"
#include "kernel.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define LN_VERSION "3"
/*
 * A runner that lets this much pile up does not read: it is cut off, and finds the truth on disk when it comes back. Its
 * jobs go on, since the process lives: their lifeline is its pidfd.
 */
#define LN_BACKLOG_MAX ((size_t)16 << 20)
#define LN_MESSAGE_MAX ((size_t)128 << 10)

enum ln_kind { LN_LISTENER, LN_RUNNER, LN_STATUS, LN_INIT, LN_REMOVER, LN_MAPPER };

/* What an epoll event belongs to. */
struct ln_source {
	enum ln_kind kind;
	int fd;
	void *owner;
};

/* A connected runner. */
struct ln_runner {
	struct ln_source source;
	struct ln_runner *next;
	int pidfd;
	bool greeted;
	bool waits_for_place; /* its hello is held back */
	bool flooded;         /* EPOLLOUT is awaited */
	bool closing;         /* cut off once what is in `out` has been sent */
	bool cut;             /* it is we who end the connection */
	char *lent;           /* it is no runner but what one has lent to a job, under this name */
	bool dead;            /* to be freed at the end of the turn */
	char hello_id[24];
	char *in;
	size_t in_len;
	size_t in_cap;
	struct fr_writer out;
	size_t out_sent;
};

/* What a runner wants to know of a job's init. */
struct ln_question {
	struct ln_question *next;
	struct ln_runner *runner; /* NULL: it is gone */
	unsigned long number;
	char id[24];
};

/* A job in set-up or running. */
struct ln_job {
	struct ln_source status;
	struct ln_source pidfd;
	pid_t pid; /* of init; 0 for one of an earlier launcher */
	struct ln_job *next;
	struct ln_runner *owner; /* to whom the start is answered, and whose end ends it if it has a lifeline */
	char *name; /* NULL: no job yet */
	uint64_t namespaces;
	char *dir; /* with a lifeline: the folder, which goes when the owner goes */
	char start_id[24];
	struct ln_question *questions;
	bool started;
	bool told;  /* the end was announced */
	bool ended; /* init is gone; kept only because of `dir` */
	bool dead;
};

static struct launcher {
	int epoll;
	struct ln_source listener;
	int setup_lock;
	struct ln_runner *runners;
	struct ln_runner *placer; /* the runner that is to say where jobs live */
	struct ln_job *jobs;
	struct ln_job *spare;        /* an init that waits for a start; also among the jobs, without a name */
	uint64_t spare_namespaces;   /* what the next spare is to be like; 0: none is wanted now */
	struct fr_writer mounts;     /* the mount operations of the last start, for the next spare */
	char *place; /* the `place` request, kept whole */
	size_t place_len;
	unsigned long last_question;
	bool deaf; /* no descriptor was left for a new runner */
	char pid_namespace[40]; /* ours, as the inits' pids are numbers of it */
} ln;

/* ---- sending ---- */

static int ln_watch(struct ln_source *source, uint32_t events, int op)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(ln.epoll, op, source->fd, &event) ? -errno : 0;
}

/* Out of the loop, then closed: a fork under way may hold a copy, and epoll would go on reporting the file for it. */
static void ln_drop(struct ln_source *source)
{
	if (source->fd < 0)
		return;
	ln_watch(source, 0, EPOLL_CTL_DEL);
	close(source->fd);
	source->fd = -1;
}

/* Asks to be told, or no more, when a runner takes again. */
static void ln_await_room(struct ln_runner *runner, bool flooded)
{
	if (runner->flooded != flooded)
		ln_watch(&runner->source, flooded ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
	runner->flooded = flooded;
}

static void ln_flush(struct ln_runner *runner)
{
	while (!runner->dead && runner->out_sent < runner->out.len) {
		ssize_t n = send(runner->source.fd, runner->out.data + runner->out_sent, runner->out.len - runner->out_sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			ln_await_room(runner, true);
			return;
		}
		if (n < 0 && errno != EINTR)
			runner->dead = true;
		else if (n > 0)
			runner->out_sent += (size_t)n;
	}
	fr_free(&runner->out);
	runner->out_sent = 0;
	if (runner->closing)
		runner->dead = true;
	if (!runner->dead)
		ln_await_room(runner, false);
}

static void ln_send(struct ln_runner *runner, const struct fr_writer *message)
{
	unsigned char header[FR_HEADER];

	if (runner->dead || message->failed)
		return;
	if (runner->out.len - runner->out_sent + message->len > LN_BACKLOG_MAX) {
		runner->cut = runner->dead = true;
		return;
	}
	for (int i = 0; i < FR_HEADER; i++)
		header[i] = (unsigned char)(message->len >> 8 * i);
	fr_append(&runner->out, (const char *)header, sizeof header);
	fr_append(&runner->out, message->data, message->len);
	if (runner->out.failed)
		runner->dead = true;
	else
		ln_flush(runner);
}

static void ln_broadcast(const struct fr_writer *message)
{
	for (struct ln_runner *runner = ln.runners; runner; runner = runner->next)
		if (runner->greeted)
			ln_send(runner, message);
}

static struct fr_writer ln_reply(const char *type, const char *id)
{
	struct fr_writer message = { 0 };

	fr_add(&message, "type", type);
	fr_add(&message, "id", id ? id : "0");
	return message;
}

static void ln_send_ok(struct ln_runner *runner, const char *id)
{
	struct fr_writer message = ln_reply("ok", id);

	ln_send(runner, &message);
	fr_free(&message);
}

static void ln_send_error(struct ln_runner *runner, const char *id, const char *step, const char *text, int error)
{
	struct fr_writer message = ln_reply("error", id);

	fr_add(&message, "step", step);
	fr_add(&message, "path", "");
	fr_add_number(&message, "errno", -error);
	fr_add(&message, "message", text);
	ln_send(runner, &message);
	fr_free(&message);
}

/* ---- jobs ---- */

static bool ln_is_running(const struct ln_job *job)
{
	return job->name && !job->dead && !job->ended;
}

static struct ln_job *ln_find_job(const char *name)
{
	for (struct ln_job *job = ln.jobs; job; job = job->next)
		if (ln_is_running(job) && job->started && strcmp(job->name, name) == 0)
			return job;
	return NULL;
}

/* Takes a job into the books and its descriptors into the loop; NULL, and nothing is taken, when memory ran out. */
static struct ln_job *ln_add_job(pid_t pid, int pidfd, int status_fd)
{
	struct ln_job *job = calloc(1, sizeof *job);

	if (!job)
		return NULL;
	job->status = (struct ln_source){ LN_STATUS, status_fd, job };
	job->pidfd = (struct ln_source){ LN_INIT, pidfd, job };
	if (ln_watch(&job->pidfd, EPOLLIN, EPOLL_CTL_ADD) ||
	    (status_fd >= 0 && ln_watch(&job->status, EPOLLIN, EPOLL_CTL_ADD))) {
		ln_watch(&job->pidfd, 0, EPOLL_CTL_DEL);
		free(job);
		return NULL;
	}
	job->pid = pid;
	job->next = ln.jobs;
	ln.jobs = job;
	return job;
}

/* What was an init becomes a job; `dir` is given when it goes with its runner. */
static int ln_name_job(struct ln_job *job, const char *name, const char *dir)
{
	job->name = strdup(name);
	job->dir = dir ? strdup(dir) : NULL;
	return job->name && (!dir || job->dir) ? 0 : -ENOMEM;
}

/* The folder stays when the runner goes, or is gone already. */
static void ln_keep_folder(struct ln_job *job)
{
	free(job->dir);
	job->dir = NULL;
}

static void ln_announce(struct ln_job *job, const char *event, const char *fields, size_t len)
{
	struct fr_writer message = { 0 };

	fr_add(&message, "type", "event");
	fr_add(&message, "event", event);
	fr_add(&message, "name", job->name);
	fr_append(&message, fields, len);
	ln_broadcast(&message);
	fr_free(&message);
}

/* Once, be it that the remover has ended, or that what it has done is seen earlier. */
static void ln_announce_removed(struct ln_job *job)
{
	if (job->name)
		ln_announce(job, "removed", "", 0);
	free(job->name);
	job->name = NULL;
}

/* The folder of an ended job has been removed, or the name has been given to another: nothing to remove any more. */
static void ln_forget_ended(const char *name)
{
	for (struct ln_job *job = ln.jobs; job; job = job->next) {
		if (!job->ended || !job->name || strcmp(job->name, name))
			continue;
		if (job->pidfd.kind == LN_REMOVER)
			ln_announce_removed(job);
		else
			job->dead = true;
	}
}

/* Hands an answer of init's on to the runner that asked: the first three fields say which, and what kind of answer it is. */
static void ln_on_answer(struct ln_job *job, const char *fields, size_t len)
{
	struct fr_reader reader = { fields, fields + len };
	struct fr_field field;
	const char *type = fr_get(fields, len, "answer");
	long long number;

	if (!type || fr_number(fr_get(fields, len, "question"), 1, INT64_MAX, &number))
		return;
	for (int skip = 0; skip < 3; skip++)
		fr_next(&reader, &field);
	for (struct ln_question **at = &job->questions; *at; at = &(*at)->next) {
		struct ln_question *question = *at;

		if (question->number != (unsigned long)number)
			continue;
		*at = question->next;
		if (question->runner) {
			struct fr_writer message = ln_reply(type, question->id);

			fr_append(&message, reader.at, (size_t)(reader.end - reader.at));
			ln_send(question->runner, &message);
			fr_free(&message);
		}
		free(question);
		return;
	}
}

/* Nobody will answer any more. */
static void ln_drop_questions(struct ln_job *job)
{
	while (job->questions) {
		struct ln_question *question = job->questions;

		job->questions = question->next;
		if (question->runner)
			ln_send_error(question->runner, question->id, "job", "the job has ended", -ESRCH);
		free(question);
	}
}

/* Hands what init says on: the answer to the start goes to its runner, what became of the job to all. */
static void ln_on_message(struct ln_job *job, const char *fields, size_t len)
{
	const char *type = fr_check(fields, len) ? NULL : fr_get(fields, len, "type");
	size_t skip = type ? strlen("type=") + strlen(type) + 1 : 0;

	/* What follows is passed on as it is. */
	if (!type || type != fields + strlen("type="))
		return;
	if (strcmp(type, "answer") == 0) {
		ln_on_answer(job, fields, len);
		return;
	}
	if (strcmp(type, "exited") == 0) {
		job->told = true;
		if (fr_get(fields, len, "removed"))
			ln_keep_folder(job);
		ln_announce(job, "exited", fields + skip, len - skip);
		return;
	}
	if (strcmp(type, "started") == 0) {
		job->started = true;
		ln_forget_ended(job->name);
		ln_announce(job, "started", fields + skip, len - skip);
	}
	if (job->owner) {
		struct fr_writer message = ln_reply(type, job->start_id);

		fr_append(&message, fields + skip, len - skip);
		ln_send(job->owner, &message);
		fr_free(&message);
	}
	job->told = !job->started;
}

/* Takes what init has sent; false once there is no more to come. */
static bool ln_read_status(struct ln_job *job)
{
	static char message[LN_MESSAGE_MAX];

	while (job->status.fd >= 0) {
		ssize_t n = recv(job->status.fd, message, sizeof message, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			break;
		ln_on_message(job, message, (size_t)n);
	}
	ln_drop(&job->status);
	return false;
}

/*
 * Removes the folder of an ended job whose runner is gone: in a process of its own, since deleting a long output takes
 * its time. The process takes the place of the init that was.
 */
static void ln_remove_folder(struct ln_job *job)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD
	};
	pid_t remover = kn_clone3(&args);

	if (remover == 0) {
		fo_remove(job->dir, job->pid);
		_exit(0);
	}
	job->pidfd = (struct ln_source){ LN_REMOVER, pidfd, job };
	/* What cannot be removed now, the next launcher's first runner removes. */
	job->dead = remover < 0 || ln_watch(&job->pidfd, EPOLLIN, EPOLL_CTL_ADD);
}

/* init is gone. One that said nothing was killed; runners then look for its record on disk. */
static void ln_on_init_end(struct ln_job *job)
{
	siginfo_t info;

	ln_read_status(job);
	if (job == ln.spare)
		ln.spare = NULL;
	if (job->pid)
		waitid(P_PIDFD, (id_t)job->pidfd.fd, &info, WEXITED);
	if (!job->name)
		job->told = true;
	else if (!job->told && job->pid && !job->started && job->owner)
		ln_send_error(job->owner, job->start_id, "init", "the job's init was killed while it set the job up", -ECHILD);
	else if (!job->told)
		ln_announce(job, "exited", "", 0);
	ln_drop_questions(job);
	ln_drop(&job->pidfd);
	job->ended = true;
	/* A runner that went when the command had just ended: init had looked for the last time, and kept the folder. */
	if (job->dir && job->started && !job->owner)
		ln_remove_folder(job);
	else
		job->dead = !job->dir || !job->started;
}

static void ln_on_remover_end(struct ln_job *job)
{
	siginfo_t info;

	waitid(P_PIDFD, (id_t)job->pidfd.fd, &info, WEXITED);
	ln_announce_removed(job);
	job->dead = true;
}

/* ---- a start ---- */

static const struct {
	const char *name;
	uint64_t flag;
} ln_namespaces[] = {
	{ "user", CLONE_NEWUSER }, { "pid", CLONE_NEWPID }, { "mount", CLONE_NEWNS },
	{ "network", CLONE_NEWNET }, { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS },
};

/* The clone flags of the frame's `namespace` fields; init without a PID and mount namespace of its own is not to be had. */
static int ln_read_namespaces(const char *payload, size_t len, uint64_t *flags)
{
	struct fr_reader reader = { payload, payload + len };
	struct fr_field field;
	size_t i, count = sizeof ln_namespaces / sizeof *ln_namespaces;

	*flags = CLONE_NEWPID | CLONE_NEWNS;
	while (fr_next(&reader, &field)) {
		if (!fr_is(&field, "namespace"))
			continue;
		for (i = 0; i < count && strcmp(ln_namespaces[i].name, field.value); i++)
			;
		if (i == count)
			return -EINVAL;
		*flags |= ln_namespaces[i].flag;
	}
	return 0;
}

/* In the child: leaves nothing open but the fixed descriptors of init.h. */
static _Noreturn void ln_become_init(uint64_t namespaces, uid_t uid, gid_t gid, int status, int mapper, bool is_spare)
{
	/* Out of the way of the fixed numbers first. */
	int high_status = fcntl(status, F_DUPFD_CLOEXEC, IN_FIRST_FREE_FD);
	int high_setup = fcntl(ln.setup_lock, F_DUPFD_CLOEXEC, IN_FIRST_FREE_FD);
	int high_mapper = mapper < 0 ? -1 : fcntl(mapper, F_DUPFD_CLOEXEC, IN_FIRST_FREE_FD);

	if (high_status < 0 || high_setup < 0 || dup3(high_status, IN_STATUS_FD, O_CLOEXEC) < 0 ||
	    dup3(high_setup, IN_SETUP_FD, O_CLOEXEC) < 0)
		_exit(1);
	/* The lifeline comes with the frame: until then its number must not go to another descriptor. */
	if (dup3(STDIN_FILENO, IN_LIFELINE_FD, O_CLOEXEC) < 0 ||
	    dup3(mapper < 0 ? STDIN_FILENO : high_mapper, IN_MAPPER_FD, O_CLOEXEC) < 0 ||
	    kn_close_range(IN_FIRST_FREE_FD, ~0U, 0))
		_exit(1);
	in_main(namespaces, ln.pid_namespace, uid, gid, mapper >= 0, ln.mounts.data, is_spare ? ln.mounts.len : 0);
}

/* Runs one of the programs that map ids: PROGRAM PID WORD…; false: it could not be run, or has failed and said why. */
static bool ln_run_mapper(char *const *argv)
{
	static char *const environment[] = { NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(argv[0], argv, environment);
		dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/*
 * In the child: has set-user-ID programs map ids for an init, newuidmap(1) and newgidmap(1), which must run where the
 * init's user namespace was made. The place says which, and with what words. The init is told of the end by the socket
 * closing, and of what went wrong through it.
 */
static _Noreturn void ln_map_ids(pid_t init, int socket)
{
	struct fr_reader reader = { ln.place, ln.place + ln.place_len };
	struct fr_field field;
	char **argv = calloc(fr_count(ln.place, ln.place_len, "mapping") + 3, sizeof *argv), pid[16], byte;
	size_t count = 0;

	/* Not longer than needed in anybody's way: setup.lock is among what this closes. */
	if (!argv || dup2(socket, STDERR_FILENO) < 0 || kn_close_range(STDERR_FILENO + 1, ~0U, 0))
		_exit(1);
	/* Until then the init is not dumpable, and not its user's to touch. */
	if (read(STDERR_FILENO, &byte, 1) != 1)
		_exit(1);
	snprintf(pid, sizeof pid, "%d", init);
	while (fr_next(&reader, &field)) {
		if (fr_is(&field, "mapper")) {
			if (count && !ln_run_mapper(argv))
				_exit(1);
			memset(argv, 0, (count + 1) * sizeof *argv);
			argv[0] = (char *)(uintptr_t)field.value;
			argv[1] = pid;
			count = 2;
		} else if (fr_is(&field, "mapping") && count) {
			argv[count++] = (char *)(uintptr_t)field.value;
		}
	}
	_exit(count && ln_run_mapper(argv) ? 0 : 1);
}

/* Starts the process that maps an init's ids. Without it the init sees the socket close, and says what it lacks. */
static void ln_start_mapper(pid_t init, int socket)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD
	};
	struct ln_source *mapper = malloc(sizeof *mapper);
	pid_t pid = mapper ? kn_clone3(&args) : -1;

	if (pid == 0)
		ln_map_ids(init, socket);
	if (pid < 0) {
		free(mapper);
		return;
	}
	*mapper = (struct ln_source){ LN_MAPPER, pidfd, mapper };
	if (ln_watch(mapper, EPOLLIN, EPOLL_CTL_ADD)) {
		/* It stays a zombie as long as this process lives. */
		close(pidfd);
		free(mapper);
	}
}

static void ln_on_mapper_end(struct ln_source *mapper)
{
	siginfo_t info;

	waitid(P_PIDFD, (id_t)mapper->fd, &info, WEXITED);
	ln_drop(mapper);
	free(mapper);
}

/* Forks an init, which prepares itself and then waits for a start frame. Negative errno in *error when that fails. */
static struct ln_job *ln_make_init(uint64_t namespaces, bool is_spare, int *error)
{
	int pidfd = -1, pair[2], maps[2] = { -1, -1 };
	uid_t uid = geteuid();
	gid_t gid = getegid();
	/* The other namespaces are init's to make: see in_make_network() and in_make_mounts(). */
	struct clone_args args = {
		.flags = CLONE_PIDFD | (namespaces & ~(uint64_t)(CLONE_NEWNET | CLONE_NEWNS)),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	struct ln_job *job = NULL;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		*error = -errno;
		return NULL;
	}
	if (namespaces & CLONE_NEWUSER && ln.place && fr_get(ln.place, ln.place_len, "mapper") &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, maps)) {
		*error = -errno;
		close(pair[0]);
		close(pair[1]);
		return NULL;
	}
	pid = kn_clone3(&args);
	if (pid == 0)
		ln_become_init(namespaces, uid, gid, pair[1], maps[0], is_spare);
	*error = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (maps[0] >= 0) {
		close(maps[0]);
		if (pid > 0)
			ln_start_mapper(pid, maps[1]);
		close(maps[1]);
	}
	if (pid > 0)
		job = ln_add_job(pid, pidfd, pair[0]);
	if (!job) {
		/* An init that was forked all the same sees the socket close, and exits. */
		close(pair[0]);
		if (pid > 0) {
			close(pidfd);
			*error = -ENOMEM;
		}
		return NULL;
	}
	job->namespaces = namespaces;
	return job;
}

/*
 * An init that has prepared itself ahead of time. Making a network namespace takes longer than all the rest of a start,
 * so that one is made while there is nothing to do, of the kind that was wanted last; the new file systems of that job, too.
 */
static void ln_make_spare(void)
{
	int error;

	if (!ln.spare && ln.spare_namespaces)
		ln.spare = ln_make_init(ln.spare_namespaces, true, &error);
	ln.spare_namespaces = 0;
}

/* Keeps the mount operations of a start, of which the next spare makes ahead of time what it can. */
static void ln_keep_mounts(const char *payload, size_t len)
{
	const char *first = fr_get(payload, len, "mount"), *end = fr_get(payload, len, "mounts-end");

	ln.mounts.len = 0;
	if (first && end && first < end)
		fr_append(&ln.mounts, first - strlen("mount="), (size_t)(end - strlen("mounts-end=") - first) + strlen("mount="));
}

static struct ln_job *ln_take_spare(uint64_t namespaces)
{
	struct ln_job *job = ln.spare;

	if (!job)
		return NULL;
	ln.spare = NULL;
	if (job->namespaces == namespaces)
		return job;
	/* It sees its socket close, and exits. */
	ln_drop(&job->status);
	return NULL;
}

/* What goes to an init with a frame: the runner's pidfd where its end is to be seen, and a stream that the runner has lent. */
struct ln_companions {
	int fds[ME_FDS_MAX];
	size_t count;
	struct ln_runner *lent;
};

/* Finds what the frame names; 0, or a negative errno and the step that it is of. */
static int ln_find_companions(struct ln_runner *runner, const char *payload, size_t len, struct ln_companions *found, const char **step)
{
	const char *lent = fr_get(payload, len, "lent");

	*found = (struct ln_companions){ 0 };
	if (fr_get(payload, len, "lifeline")) {
		*step = "lifeline";
		if (runner->pidfd < 0)
			return -ESRCH;
		found->fds[found->count++] = runner->pidfd;
	}
	if (!lent)
		return 0;
	*step = "stdin";
	for (struct ln_runner *each = ln.runners; each && !found->lent; each = each->next)
		if (each->lent && !each->dead && strcmp(each->lent, lent) == 0)
			found->lent = each;
	if (!found->lent)
		return -ENOTCONN;
	found->fds[found->count++] = found->lent->source.fd;
	return 0;
}

/* What was lent is init's now. */
static void ln_give_away(const struct ln_companions *companions)
{
	if (companions->lent)
		companions->lent->dead = true;
}

/* Names the job and sends its frame; an init that did not get it sees the socket close, exits, and is reaped. */
static int ln_hand_over(struct ln_job *job, const char *payload, size_t len, const char *name, const char *dir,
			const struct ln_companions *companions)
{
	int error = ln_name_job(job, name, dir);

	if (!error)
		error = me_send(job->status.fd, payload, len, companions->fds, companions->count);
	if (error) {
		free(job->name);
		job->name = NULL;
		ln_drop(&job->status);
	}
	return error;
}

static void ln_start(struct ln_runner *runner, const char *id, const char *payload, size_t len)
{
	const char *name = fr_get(payload, len, "name"), *dir = fr_get(payload, len, "dir");
	bool lifeline = fr_get(payload, len, "lifeline") != NULL;
	size_t head = fr_head(payload, len);
	struct ln_companions companions;
	const char *step;
	struct ln_job *job;
	uint64_t namespaces;
	int error = 0;

	if (!name || !dir || ln_read_namespaces(payload, head, &namespaces)) {
		ln_send_error(runner, id, "frame", name && dir ? "unknown namespace" : "no name or no dir", -EINVAL);
		return;
	}
	error = ln_find_companions(runner, payload, head, &companions, &step);
	if (error) {
		ln_send_error(runner, id, step, "", error);
		return;
	}
	job = ln_take_spare(namespaces);
	if (!job || ln_hand_over(job, payload, len, name, lifeline ? dir : NULL, &companions)) {
		job = ln_make_init(namespaces, false, &error);
		if (job)
			error = ln_hand_over(job, payload, len, name, lifeline ? dir : NULL, &companions);
	}
	ln.spare_namespaces = namespaces;
	ln_keep_mounts(payload, len);
	if (error) {
		ln_send_error(runner, id, "clone", "", error);
		return;
	}
	ln_give_away(&companions);
	job->owner = runner;
	snprintf(job->start_id, sizeof job->start_id, "%s", id);
}

/* ---- the other requests ---- */

static void ln_send_hello(struct ln_runner *runner)
{
	struct fr_writer message = ln_reply("hello", runner->hello_id);
	const char *place = ln.place ? fr_get(ln.place, ln.place_len, "place") : NULL;

	runner->waits_for_place = false;
	fr_add(&message, "version", LN_VERSION);
	fr_add_number(&message, "pid", getpid());
	if (place)
		fr_add(&message, "place", place);
	else
		ln.placer = runner;
	ln_send(runner, &message);
	fr_free(&message);
}

/* Answers the hellos that were held back: all of them once there is a place, else the first, whose turn it now is. */
static void ln_answer_hellos(void)
{
	for (struct ln_runner *runner = ln.runners; runner && (ln.place || !ln.placer); runner = runner->next)
		if (runner->waits_for_place && !runner->dead)
			ln_send_hello(runner);
}

static void ln_hello(struct ln_runner *runner, const char *id, const char *payload, size_t len)
{
	const char *version = fr_get(payload, len, "version");

	if (!version || strcmp(version, LN_VERSION)) {
		ln_send_error(runner, id, "version", "this launcher speaks version " LN_VERSION, -EPROTONOSUPPORT);
		return;
	}
	runner->greeted = true;
	runner->waits_for_place = true;
	snprintf(runner->hello_id, sizeof runner->hello_id, "%s", id);
	ln_answer_hellos();
}

static void ln_place(struct ln_runner *runner, const char *id, const char *payload, size_t len)
{
	char *copy = malloc(len);

	if (!fr_get(payload, len, "place") || !copy) {
		free(copy);
		ln_send_error(runner, id, "frame", "no place", -EINVAL);
		return;
	}
	free(ln.place);
	ln.place = memcpy(copy, payload, len);
	ln.place_len = len;
	ln_send_ok(runner, id);
	ln_answer_hellos();
}

/* The start time of a process (proc(5), field 22), which together with its pid no other process of this boot has. */
static int ln_start_time(pid_t pid, long long *start_time)
{
	char path[32], text[1024];
	const char *field;
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -errno : read(fd, text, sizeof text - 1);
	if (len < 0)
		return (int)len;
	text[len] = '\0';
	field = kn_stat_field(text, KN_STAT_START_TIME);
	if (!field)
		return -ESRCH;
	*start_time = strtoll(field, NULL, 10);
	return 0;
}

/* Watches an init of an earlier launcher. The pidfd is opened first: if the start time then fits, it is the right one. */
static int ln_watch_init(const char *payload, size_t len)
{
	const struct ln_job *known;
	const char *name = fr_get(payload, len, "name");
	long long pid, expected, actual = 0;
	int pidfd, error;

	if (!name || fr_number(fr_get(payload, len, "pid"), 1, INT32_MAX, &pid) ||
	    fr_number(fr_get(payload, len, "starttime"), 0, INT64_MAX, &expected))
		return -EINVAL;
	known = ln_find_job(name);
	/* Its init has said how it ended, and is about to go: nothing more will be announced. */
	if (known)
		return known->told ? -ESRCH : 0;
	pidfd = kn_pidfd_open((pid_t)pid);
	if (pidfd < 0)
		return -errno;
	error = ln_start_time((pid_t)pid, &actual);
	if (error || actual != expected) {
		/* A /proc that hides processes (hidepid) hides this one although it lives: then nobody can tell. */
		bool hidden = error == -ENOENT && kn_pidfd_send_signal(pidfd, 0, NULL) == 0;

		close(pidfd);
		return hidden ? -EACCES : -ESRCH;
	}
	struct ln_job *job = ln_add_job(0, pidfd, -1);

	if (!job) {
		close(pidfd);
		return -ENOMEM;
	}
	if (ln_name_job(job, name, NULL)) {
		job->dead = true;
		return -ENOMEM;
	}
	job->started = true;
	return 0;
}

/* Tells init which signal to pass on, in a message; -EBADF: it was made by an earlier launcher, and has no socket to this one. */
static int ln_send_signal(const struct ln_job *job, long long number, bool give_up)
{
	struct fr_writer message = { 0 };
	int error;

	if (job->status.fd < 0)
		return -EBADF;
	fr_add(&message, "type", "pass");
	fr_add_number(&message, "signal", number);
	if (give_up)
		fr_add(&message, "giveup", "1");
	error = message.failed ? -ENOMEM : me_send(job->status.fd, message.data, message.len, NULL, 0);
	fr_free(&message);
	return error;
}

/* The same by a signal's value, so that every signal can be sent, see in_on_signal(). */
static int ln_queue_signal(const struct ln_job *job, long long number, bool give_up)
{
	siginfo_t info = { .si_signo = IN_PASS_SIGNAL, .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = (int)number | (give_up ? IN_GIVE_UP : 0);
	return kn_pidfd_send_signal(job->pidfd.fd, IN_PASS_SIGNAL, &info) ? -errno : 0;
}

/*
 * Has init pass a signal on. A message comes first: how many signals may be pending is limited for all processes of a
 * user together (getrlimit(2), RLIMIT_SIGPENDING), and a job of init's user can have reached that limit.
 */
static int ln_signal(const char *payload, size_t len)
{
	const char *name = fr_get(payload, len, "name");
	struct ln_job *job = name ? ln_find_job(name) : NULL;
	bool give_up = fr_get(payload, len, "giveup") != NULL;
	long long number;

	if (fr_number(fr_get(payload, len, "signal"), 1, SIGRTMAX, &number))
		return -EINVAL;
	if (!job || job->told)
		return -ESRCH;
	return ln_send_signal(job, number, give_up) ? ln_queue_signal(job, number, give_up) : 0;
}

/*
 * Passes a request on to a job's init, which answers. An init that was made by an earlier launcher has no socket to this
 * one, and cannot be asked.
 */
static void ln_ask(struct ln_runner *runner, const char *id, const char *payload, size_t len)
{
	const char *name = fr_get(payload, len, "name"), *step = "job", *text = "";
	struct ln_job *job = name ? ln_find_job(name) : NULL;
	struct ln_question *question = NULL;
	struct ln_companions companions;
	struct fr_writer message = { 0 };
	int error = 0;

	if (!job || job->told)
		error = -ESRCH;
	else if (job->status.fd < 0) {
		error = -ENOTCONN;
		text = "it was started by a launcher that has died since";
	} else {
		error = ln_find_companions(runner, payload, len, &companions, &step);
	}
	if (!error && !(question = calloc(1, sizeof *question)))
		error = -ENOMEM;
	if (!error) {
		*question = (struct ln_question){ .next = job->questions, .runner = runner, .number = ++ln.last_question };
		snprintf(question->id, sizeof question->id, "%s", id);
		fr_add_number(&message, "question", (long long)question->number);
		fr_append(&message, payload, len);
		error = message.failed ? -ENOMEM :
					 me_send(job->status.fd, message.data, message.len, companions.fds, companions.count);
		fr_free(&message);
	}
	if (error) {
		free(question);
		ln_send_error(runner, id, step, text, error);
		return;
	}
	job->questions = question;
	ln_give_away(&companions);
}

/*
 * A connection that a runner lends: what it sends from now on is not for the launcher, but for the job that is then
 * started with its name. Until then only its end is awaited.
 */
static void ln_lend(struct ln_runner *runner, const char *id, const char *payload, size_t len)
{
	const char *lent = fr_get(payload, len, "lent");

	if (runner->greeted || !lent || !(runner->lent = strdup(lent))) {
		ln_send_error(runner, id, "frame", "no connection to lend", -EINVAL);
		return;
	}
	ln_send_ok(runner, id);
	/* Hung up, that is, which is always told: a runner may have said all that there is to say already. */
	ln_watch(&runner->source, 0, EPOLL_CTL_MOD);
}

static ssize_t ln_on_input(struct ln_runner *runner);

/*
 * Takes in what other runners had sent before one asks. A start among it is under way, although its frame may be behind many
 * others: the runner that asks may be there because the one that sent it is not any more.
 */
static void ln_catch_up(const struct ln_runner *asker)
{
	static bool is_catching_up;

	/* Another one that asks among all that: its own frames are being looked at. */
	if (is_catching_up)
		return;
	is_catching_up = true;
	for (struct ln_runner *each = ln.runners; each; each = each->next) {
		int queued = 0;
		ssize_t n;

		if (each == asker || each->lent || ioctl(each->source.fd, FIONREAD, &queued))
			continue;
		while (queued > 0 && !each->dead && !each->lent && (n = ln_on_input(each)) > 0)
			queued -= (int)n;
	}
	is_catching_up = false;
}

static void ln_known(struct ln_runner *runner, const char *id)
{
	struct fr_writer message;

	ln_catch_up(runner);
	message = ln_reply("known", id);
	for (struct ln_job *job = ln.jobs; job; job = job->next)
		if (ln_is_running(job))
			fr_add(&message, "name", job->name);
	ln_send(runner, &message);
	fr_free(&message);
}

static int ln_relay(const char *payload, size_t len)
{
	struct fr_reader reader = { payload, payload + len };
	struct fr_field field;
	struct fr_writer message = { 0 };
	const char *event = fr_get(payload, len, "event"), *name = fr_get(payload, len, "name");

	if (event && name && strcmp(event, "removed") == 0)
		ln_forget_ended(name);
	fr_add(&message, "type", "event");
	while (fr_next(&reader, &field))
		if (!fr_is(&field, "type") && !fr_is(&field, "id"))
			fr_append(&message, field.key, (size_t)(reader.at - field.key));
	ln_broadcast(&message);
	fr_free(&message);
	return 0;
}

static void ln_answer(struct ln_runner *runner, const char *id, const char *step, int error)
{
	if (error)
		ln_send_error(runner, id, step, "", error);
	else
		ln_send_ok(runner, id);
}

static void ln_on_frame(struct ln_runner *runner, const char *payload, size_t len)
{
	const char *type, *id;

	if (fr_check(payload, len)) {
		ln_send_error(runner, NULL, "frame", "not a sequence of key=value fields", -EBADMSG);
		return;
	}
	type = fr_get(payload, len, "type");
	id = fr_get(payload, len, "id");
	if (!type || !id || strlen(id) >= sizeof runner->hello_id)
		ln_send_error(runner, NULL, "frame", "no type, or no id of at most 23 characters", -EBADMSG);
	else if (strcmp(type, "hello") == 0)
		ln_hello(runner, id, payload, len);
	else if (strcmp(type, "lend") == 0)
		ln_lend(runner, id, payload, len);
	else if (!runner->greeted)
		ln_send_error(runner, id, "frame", "hello comes first", -EPROTO);
	else if (strcmp(type, "place") == 0)
		ln_place(runner, id, payload, len);
	else if (strcmp(type, "start") == 0)
		ln_start(runner, id, payload, len);
	else if (strcmp(type, "watch") == 0)
		ln_answer(runner, id, "watch", ln_watch_init(payload, len));
	else if (strcmp(type, "exec") == 0 || strcmp(type, "resize") == 0 ||
		 (strcmp(type, "signal") == 0 && fr_get(payload, len, "exec")))
		ln_ask(runner, id, payload, len);
	else if (strcmp(type, "signal") == 0)
		ln_answer(runner, id, "signal", ln_signal(payload, len));
	else if (strcmp(type, "known") == 0)
		ln_known(runner, id);
	else if (strcmp(type, "announce") == 0)
		ln_answer(runner, id, "announce", ln_relay(payload, len));
	else
		ln_send_error(runner, id, "frame", "unknown type", -EOPNOTSUPP);
}

/* ---- connections ---- */

/* Handles all whole frames; false when the announced length cannot be. */
static bool ln_take_frames(struct ln_runner *runner)
{
	size_t at = 0;

	while (!runner->dead && !runner->lent && runner->in_len - at >= FR_HEADER) {
		size_t len = fr_length((const unsigned char *)runner->in + at);

		if (len == 0 || len > FR_MAX)
			return false;
		if (runner->in_len - at - FR_HEADER < len)
			break;
		ln_on_frame(runner, runner->in + at + FR_HEADER, len);
		at += FR_HEADER + len;
	}
	memmove(runner->in, runner->in + at, runner->in_len - at);
	runner->in_len -= at;
	return true;
}

/* Reads some of what a runner has sent, and does what it says; how many bytes that was. */
static ssize_t ln_on_input(struct ln_runner *runner)
{
	size_t cap = runner->in_cap ? runner->in_cap : 16384;
	ssize_t n;

	/* What is lent is not read here: all that is awaited is that its runner takes it back, or dies. */
	if (runner->lent) {
		runner->dead = true;
		return 0;
	}
	if (runner->in_len == runner->in_cap) {
		if (runner->in_cap)
			cap *= 2;
		char *in = realloc(runner->in, cap);

		if (!in) {
			runner->dead = true;
			return 0;
		}
		runner->in = in;
		runner->in_cap = cap;
	}
	n = recv(runner->source.fd, runner->in + runner->in_len, runner->in_cap - runner->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		runner->dead = true;
		return 0;
	}
	runner->in_len += (size_t)n;
	if (!runner->closing && !ln_take_frames(runner)) {
		runner->cut = runner->closing = true;
		ln_send_error(runner, NULL, "frame", "length out of range", -EMSGSIZE);
	}
	/* What came behind it was not for us, and could not be given back. */
	if (runner->lent && runner->in_len > 0)
		runner->dead = true;
	if (runner->closing)
		runner->in_len = 0;
	return n;
}

/* Whether a process is in a PID namespace below ours, as a job is: it may hold the socket's path, but is no runner. */
static bool ln_is_nested(pid_t pid)
{
	char path[32], text[4096], *ids;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	text[len > 0 ? len : 0] = '\0';
	ids = strstr(text, "\nNSpid:\t");
	return !ids || ids[8 + strspn(ids + 8, "0123456789")] != '\n';
}

/* Says why not; the connection is not kept, so that jobs cannot use up the launcher's descriptors. */
static void ln_turn_away(int fd)
{
	struct ln_runner stranger = { .source = { LN_RUNNER, fd, NULL } };

	ln_send_error(&stranger, NULL, "peer", "a process in a job, or in a PID namespace of its own, cannot use the storage root of those outside", -EPERM);
	fr_free(&stranger.out);
}

static void ln_accept(void)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	auto_fd fd = accept4(ln.listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ln_runner *runner;

	/* Nothing more to be had for now: listens again once something was freed. */
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
		ln.deaf = ln_watch(&ln.listener, 0, EPOLL_CTL_MOD) == 0;
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return;
	if (peer.uid != geteuid() && peer.uid != 0)
		return;
	if (peer.uid == geteuid() && ln_is_nested(peer.pid)) {
		ln_turn_away(fd);
		return;
	}
	runner = calloc(1, sizeof *runner);
	if (!runner)
		return;
	runner->source = (struct ln_source){ LN_RUNNER, fd, runner };
	runner->pidfd = peer.pid > 0 ? kn_pidfd_open(peer.pid) : -1;
	if (ln_watch(&runner->source, EPOLLIN, EPOLL_CTL_ADD)) {
		if (runner->pidfd >= 0)
			close(runner->pidfd);
		free(runner);
		return;
	}
	runner->next = ln.runners;
	ln.runners = runner;
	fd = -1;
}

/* A runner is gone: its jobs with a lifeline go too, the place is somebody else's to find. */
static void ln_free_runner(struct ln_runner *runner)
{
	static const char gone[] = "type=gone";

	for (struct ln_job *job = ln.jobs; job; job = job->next) {
		for (struct ln_question *question = job->questions; question; question = question->next)
			if (question->runner == runner)
				question->runner = NULL;
		if (job->owner != runner || job->dead)
			continue;
		job->owner = NULL;
		if (runner->cut) {
			job->dead = job->ended;
			ln_keep_folder(job);
		} else if (job->ended) {
			ln_remove_folder(job);
		} else if (job->dir && job->status.fd >= 0) {
			me_send(job->status.fd, gone, sizeof gone, NULL, 0);
		}
	}
	if (ln.placer == runner)
		ln.placer = NULL;
	ln_drop(&runner->source);
	if (runner->pidfd >= 0)
		close(runner->pidfd);
	free(runner->in);
	free(runner->lent);
	fr_free(&runner->out);
	free(runner);
}

static void ln_free_job(struct ln_job *job)
{
	ln_drop_questions(job);
	ln_drop(&job->status);
	ln_drop(&job->pidfd);
	free(job->name);
	free(job->dir);
	free(job);
}

/* Frees what died in this turn of the loop: not earlier, as later events of the same turn may point to it. */
static void ln_sweep(void)
{
	bool freed = false;

	for (struct ln_runner **at = &ln.runners; *at;) {
		struct ln_runner *runner = *at;

		if (runner->dead) {
			*at = runner->next;
			freed = true;
			ln_free_runner(runner);
		} else {
			at = &runner->next;
		}
	}
	for (struct ln_job **at = &ln.jobs; *at;) {
		struct ln_job *job = *at;

		if (job->dead) {
			*at = job->next;
			freed = true;
			ln_free_job(job);
		} else {
			at = &job->next;
		}
	}
	if (ln.deaf && freed)
		ln.deaf = ln_watch(&ln.listener, EPOLLIN, EPOLL_CTL_MOD) != 0;
	if (!ln.placer)
		ln_answer_hellos();
}

static void ln_on_event(struct ln_source *source, uint32_t events)
{
	struct ln_runner *runner = source->owner;
	struct ln_job *job = source->owner;

	switch (source->kind) {
	case LN_LISTENER:
		ln_accept();
		break;
	case LN_RUNNER:
		if (!runner->dead && events & EPOLLOUT)
			ln_flush(runner);
		if (!runner->dead && events & ~(uint32_t)EPOLLOUT)
			ln_on_input(runner);
		break;
	case LN_STATUS:
		if (!job->dead)
			ln_read_status(job);
		break;
	case LN_INIT:
		if (!job->dead)
			ln_on_init_end(job);
		break;
	case LN_REMOVER:
		if (!job->dead)
			ln_on_remover_end(job);
		break;
	case LN_MAPPER:
		ln_on_mapper_end(source);
		break;
	}
}

/* Runs until there has been neither a job nor a runner for `idle_ms`. */
static int ln_loop(int idle_ms)
{
	struct epoll_event events[64];

	for (;;) {
		bool idle = !ln.runners && (!ln.jobs || (ln.jobs == ln.spare && !ln.spare->next));
		/* A spare is made when there is nothing else to do. */
		int count = epoll_wait(ln.epoll, events, 64, ln.spare_namespaces ? 0 : idle ? idle_ms : -1);

		if (count == 0 && ln.spare_namespaces) {
			ln_make_spare();
			continue;
		}
		if (count < 0 && errno != EINTR)
			return -errno;
		if (count == 0 && idle)
			return 0;
		for (int i = 0; i < count; i++)
			ln_on_event(events[i].data.ptr, events[i].events);
		ln_sweep();
	}
}

/* ---- start and end ---- */

static int ln_lock(const char *path, int operation)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, operation)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static int ln_listen(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "launcher.sock" };

	ln.listener = (struct ln_source){ LN_LISTENER, socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), NULL };
	if (ln.listener.fd < 0)
		return -errno;
	if (unlink(address.sun_path) && errno != ENOENT)
		return -errno;
	umask(0177);
	if (bind(ln.listener.fd, (struct sockaddr *)&address, sizeof address) || listen(ln.listener.fd, 512))
		return -errno;
	umask(022);
	return ln_watch(&ln.listener, EPOLLIN, EPOLL_CTL_ADD);
}

/* Standard input and output are the starter's; what stays is /dev/null, and standard error for what should never happen. */
static int ln_detach(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Removes the directories that the runner which said where jobs live wants gone; one that is in use stays. */
static void ln_clean_up(void)
{
	struct fr_reader reader = { ln.place, ln.place + ln.place_len };
	struct fr_field field;

	unlink("launcher.sock");
	while (ln.place && fr_next(&reader, &field))
		if (fr_is(&field, "rmdir"))
			rmdir(field.value);
}

/* A job with the right capabilities can read its PID 1's environment, and with it the runner's (proc_pid_environ(5)). */
static void ln_forget_environment(void)
{
	for (char **entry = environ; entry && *entry; entry++)
		memset(*entry, 0, strlen(*entry));
}

/*
 * What the first starter happens to have (ulimit, nice, taskset), or Node has raised, is not every later job's: these are
 * the kernel's and systemd's defaults. Where this user may not have them, as much as it may.
 */
static void ln_reset_limits(void)
{
	static const struct {
		int what;
		rlim_t soft, hard;
	} limits[] = {
		{ RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY },	{ RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY },
		{ RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY }, { RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY },
		{ RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY }, { RLIMIT_STACK, 8 << 20, RLIM_INFINITY },
		{ RLIMIT_CORE, 0, RLIM_INFINITY },		{ RLIMIT_NOFILE, 524288, 524288 },
	};
	cpu_set_t all;

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct rlimit have, want = { limits[i].soft, limits[i].hard };

		if (setrlimit(limits[i].what, &want) == 0 || getrlimit(limits[i].what, &have))
			continue;
		have.rlim_cur = want.rlim_cur < have.rlim_max ? want.rlim_cur : have.rlim_max;
		setrlimit(limits[i].what, &have);
	}
	setpriority(PRIO_PROCESS, 0, 0);
	memset(&all, 0xff, sizeof all);
	sched_setaffinity(0, sizeof all, &all);
}

static int ln_say(const char *word)
{
	return write(STDOUT_FILENO, word, strlen(word)) < 0 ? -errno : 0;
}

static int ln_fail(const char *what, int error)
{
	fprintf(stderr, "corral-launcher: %s: %s\n", what, strerror(-error));
	return 1;
}

#ifndef LN_NO_MAIN
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

/* A copy of a file in memory that nobody can write, not even root. */
static int ln_copy_sealed(int file_fd)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("corral-launcher", flags | MFD_EXEC);
	ssize_t n;

	/* Before Linux 6.3 all were executable. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("corral-launcher", flags);
	if (fd < 0)
		return -errno;
	while ((n = sendfile(fd, file_fd, NULL, 1 << 20)) > 0)
		;
	if (n == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	n = -errno;
	close(fd);
	return (int)n;
}

/*
 * Goes on as a copy of itself that cannot be written. A job can have the program that it comes from executed in its fence,
 * as `/proc/self/exe` or by a script that names this as its interpreter, and then has a way to the file itself, past all
 * mounts: it waits for the end and writes what every later job is begun by (CVE-2019-5736).
 */
static int ln_seal_program(char **argv)
{
	auto_fd file_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int seals = file_fd < 0 ? -1 : fcntl(file_fd, F_GET_SEALS);

	if (file_fd < 0)
		return -errno;
	if (seals >= 0 && seals & F_SEAL_WRITE) {
		/* What is executed by descriptor is called by its number. */
		prctl(PR_SET_NAME, "corral-launcher", 0, 0, 0);
		return 0;
	}
	auto_fd copy_fd = ln_copy_sealed(file_fd);
	if (copy_fd < 0)
		return copy_fd;
	kn_execveat(copy_fd, argv, environ);
	return -errno;
}

/* corral-launcher ROOT IDLE_MS: says `ready` on standard output once it listens, `busy` when another launcher does. */
int main(int argc, char **argv)
{
	long long idle_ms;
	int lock, error;

	if (argc != 3 || fr_number(argv[2], 0, INT32_MAX, &idle_ms)) {
		fprintf(stderr, "usage: corral-launcher STORAGE_ROOT IDLE_MS\n");
		return 2;
	}
	/* Before anything is written: a limit to the size of files is one to that of the copy. */
	ln_reset_limits();
	if ((error = ln_seal_program(argv)))
		return ln_fail("a sealed copy of the program (is sysctl vm.memfd_noexec 2?)", error);
	ln_forget_environment();
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	setsid();
	/* What the starter left open would be kept open for as long as there are jobs. */
	if (kn_close_range(STDERR_FILENO + 1, ~0U, 0))
		return ln_fail("close_range", -errno);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return ln_fail("prctl", -errno);
	if (readlink("/proc/self/ns/pid", ln.pid_namespace, sizeof ln.pid_namespace - 1) < 0)
		return ln_fail("/proc/self/ns/pid", -errno);
	if (chdir(argv[1]))
		return ln_fail(argv[1], -errno);
	lock = ln_lock("launcher.lock", LOCK_EX | LOCK_NB);
	if (lock == -EWOULDBLOCK)
		return ln_say("busy\n") ? 1 : 0;
	if (lock < 0)
		return ln_fail("launcher.lock", lock);
	ln.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ln.epoll < 0)
		return ln_fail("epoll", -errno);
	if ((error = ln_listen()))
		return ln_fail("launcher.sock", error);
	ln.setup_lock = ln_lock("setup.lock", LOCK_EX);
	if (ln.setup_lock < 0)
		return ln_fail("setup.lock", ln.setup_lock);
	if (ln_say("ready\n") || (error = ln_detach()))
		return ln_fail("standard output", error);
	error = ln_loop((int)idle_ms);
	ln_clean_up();
	return error ? ln_fail("epoll", error) : 0;
}
#endif
