/*
 * corral-launcher: starts jobs on behalf of the runners that share a storage root. Theory of operation:
 *
 * Processes.  One launcher per storage root (launcher.lock), single-threaded, in one epoll loop over the listening
 * socket, the runners' connections, and per job the socket to its init and a pidfd. For a start it does one clone3 into
 * new namespaces; the child, init (init.c), is PID 1 in there, does all that may be slow, forks the command (command.c)
 * and supervises it. A job never needs the launcher again: init writes the outcome to disk by itself.
 *
 * Privileges.  Those of the runner that started it; every peer must have the same user (SO_PEERCRED) or be root. The
 * launcher and the inits are non-dumpable, hence not traceable by jobs, and outside the jobs' cgroups and PID
 * namespaces. It makes no policy: cgroup paths, limits, namespaces and users come with the start frame.
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

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define LN_VERSION "1"
/* A runner that lets this much pile up does not read: it is cut off, and finds the truth on disk when it comes back. */
#define LN_BACKLOG_MAX ((size_t)16 << 20)
#define LN_MESSAGE_MAX ((size_t)128 << 10)

enum ln_kind { LN_LISTENER, LN_RUNNER, LN_STATUS, LN_PIDFD };

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
	bool closing;         /* cut off once what is in `out` has been sent */
	bool dead;            /* to be freed at the end of the turn */
	char hello_id[24];
	char *in;
	size_t in_len;
	size_t in_cap;
	struct fr_writer out;
	size_t out_sent;
};

/* A job in set-up or running. */
struct ln_job {
	struct ln_source status;
	struct ln_source pidfd;
	struct ln_job *next;
	struct ln_runner *owner; /* to whom the start is answered, and whose end ends it if it has a lifeline */
	char *name;
	char *dir; /* with a lifeline: the folder, which goes when the owner goes */
	char start_id[24];
	bool child;    /* ours to reap; false for an init of an earlier launcher */
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
	char *place; /* the `place` request, kept whole */
	size_t place_len;
} ln;

/* ---- sending ---- */

static int ln_watch(struct ln_source *source, uint32_t events, int op)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(ln.epoll, op, source->fd, &event) ? -errno : 0;
}

static void ln_flush(struct ln_runner *runner)
{
	while (!runner->dead && runner->out_sent < runner->out.len) {
		ssize_t n = send(runner->source.fd, runner->out.data + runner->out_sent, runner->out.len - runner->out_sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			ln_watch(&runner->source, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
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
		ln_watch(&runner->source, EPOLLIN, EPOLL_CTL_MOD);
}

static void ln_send(struct ln_runner *runner, const struct fr_writer *message)
{
	unsigned char header[FR_HEADER];

	if (runner->dead || message->failed)
		return;
	if (runner->out.len - runner->out_sent + message->len > LN_BACKLOG_MAX) {
		runner->dead = true;
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

static struct ln_job *ln_find_job(const char *name)
{
	for (struct ln_job *job = ln.jobs; job; job = job->next)
		if (!job->dead && !job->ended && strcmp(job->name, name) == 0)
			return job;
	return NULL;
}

/* Takes a job into the books and its descriptors into the loop. */
static struct ln_job *ln_add_job(const char *name, int pidfd, int status_fd)
{
	struct ln_job *job = calloc(1, sizeof *job);

	if (!job)
		return NULL;
	job->name = strdup(name);
	job->status = (struct ln_source){ LN_STATUS, status_fd, job };
	job->pidfd = (struct ln_source){ LN_PIDFD, pidfd, job };
	job->next = ln.jobs;
	ln.jobs = job;
	if (status_fd >= 0)
		ln_watch(&job->status, EPOLLIN, EPOLL_CTL_ADD);
	ln_watch(&job->pidfd, EPOLLIN, EPOLL_CTL_ADD);
	return job;
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

/* Hands what init says on: the answer to the start goes to its runner, what became of the job to all. */
static void ln_on_message(struct ln_job *job, const char *fields, size_t len)
{
	const char *type = fr_check(fields, len) ? NULL : fr_get(fields, len, "type");
	size_t skip = type ? strlen("type=") + strlen(type) + 1 : 0;

	if (!type)
		return;
	if (strcmp(type, "exited") == 0) {
		job->told = true;
		ln_announce(job, "exited", fields + skip, len - skip);
		return;
	}
	if (strcmp(type, "started") == 0) {
		job->started = true;
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
	if (job->status.fd >= 0) {
		close(job->status.fd);
		job->status.fd = -1;
	}
	return false;
}

/* init is gone. One that said nothing was killed; runners then look for its record on disk. */
static void ln_on_init_end(struct ln_job *job)
{
	siginfo_t info;

	ln_read_status(job);
	if (job->child)
		waitid(P_PIDFD, (id_t)job->pidfd.fd, &info, WEXITED);
	if (!job->told && job->child && !job->started && job->owner)
		ln_send_error(job->owner, job->start_id, "init", "the job's init was killed while it set the job up", -ECHILD);
	else if (!job->told)
		ln_announce(job, "exited", "", 0);
	ln_watch(&job->pidfd, 0, EPOLL_CTL_DEL);
	job->ended = true;
	job->dead = !job->dir || !job->owner || !job->started;
}

/* The folder of an ended job has been removed, or the name has been given to another: nothing to remove any more. */
static void ln_forget_ended(const char *name)
{
	for (struct ln_job *job = ln.jobs; job; job = job->next)
		if (job->ended && strcmp(job->name, name) == 0)
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
static _Noreturn void ln_become_init(const char *payload, size_t len, uint64_t flags, uid_t uid, gid_t gid, int status,
				     int lifeline)
{
	/* Out of the way of the fixed numbers first. */
	int high_status = fcntl(status, F_DUPFD_CLOEXEC, 64);
	int high_setup = fcntl(ln.setup_lock, F_DUPFD_CLOEXEC, 64);
	int high_lifeline = lifeline >= 0 ? fcntl(lifeline, F_DUPFD_CLOEXEC, 64) : -1;

	if (high_status < 0 || high_setup < 0 || dup3(high_status, IN_STATUS_FD, O_CLOEXEC) < 0 ||
	    dup3(high_setup, IN_SETUP_FD, O_CLOEXEC) < 0)
		_exit(1);
	close(IN_LIFELINE_FD);
	if (high_lifeline >= 0 && dup3(high_lifeline, IN_LIFELINE_FD, O_CLOEXEC) < 0)
		_exit(1);
	if (kn_close_range(IN_FIRST_FREE_FD, ~0U, 0))
		_exit(1);
	in_main(payload, len, flags, uid, gid);
}

static void ln_start(struct ln_runner *runner, const char *id, const char *payload, size_t len)
{
	const char *name = fr_get(payload, len, "name");
	bool lifeline = fr_get(payload, len, "lifeline") != NULL;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int pidfd = -1, pair[2];
	struct clone_args args = { .exit_signal = SIGCHLD, .pidfd = (uint64_t)(uintptr_t)&pidfd };
	struct ln_job *job;
	uint64_t flags;
	pid_t pid;

	if (!name || ln_read_namespaces(payload, len, &flags)) {
		ln_send_error(runner, id, "frame", name ? "unknown namespace" : "no name", -EINVAL);
		return;
	}
	if (lifeline && runner->pidfd < 0) {
		ln_send_error(runner, id, "lifeline", "the runner's pidfd could not be had", -ESRCH);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		ln_send_error(runner, id, "socketpair", "", -errno);
		return;
	}
	args.flags = flags | CLONE_PIDFD;
	pid = kn_clone3(&args);
	if (pid == 0)
		ln_become_init(payload, len, flags, uid, gid, pair[1], lifeline ? runner->pidfd : -1);
	close(pair[1]);
	if (pid < 0) {
		ln_send_error(runner, id, "clone", "", -errno);
		close(pair[0]);
		return;
	}
	ln_forget_ended(name);
	job = ln_add_job(name, pidfd, pair[0]);
	if (!job) {
		/* init sees the socket close, and goes on; the runner is told the truth when it looks. */
		close(pair[0]);
		close(pidfd);
		ln_send_error(runner, id, "memory", "", -ENOMEM);
		return;
	}
	job->child = true;
	job->owner = runner;
	if (lifeline && fr_get(payload, len, "dir"))
		job->dir = strdup(fr_get(payload, len, "dir"));
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
	char path[32], text[1024], *at, *end;
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (len <= 0)
		return -ESRCH;
	text[len] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	end = at ? strchr(at + 1, ' ') : NULL;
	if (!end)
		return -ESRCH;
	*end = '\0';
	return fr_number(at + 1, 0, INT64_MAX, start_time);
}

/* Watches an init of an earlier launcher. The pidfd is opened first: if the start time then fits, it is the right one. */
static int ln_watch_init(const char *payload, size_t len)
{
	const char *name = fr_get(payload, len, "name");
	long long pid, expected, actual;
	int pidfd;

	if (!name || fr_number(fr_get(payload, len, "pid"), 1, INT32_MAX, &pid) ||
	    fr_number(fr_get(payload, len, "starttime"), 0, INT64_MAX, &expected))
		return -EINVAL;
	if (ln_find_job(name))
		return 0;
	pidfd = kn_pidfd_open((pid_t)pid);
	if (pidfd < 0)
		return -errno;
	if (ln_start_time((pid_t)pid, &actual) || actual != expected) {
		close(pidfd);
		return -ESRCH;
	}
	struct ln_job *job = ln_add_job(name, pidfd, -1);

	if (!job) {
		close(pidfd);
		return -ENOMEM;
	}
	job->started = true;
	return 0;
}

/* Has init pass a signal on: as a value, so that every signal can be sent, see in_on_signal(). */
static int ln_signal(const char *payload, size_t len)
{
	const char *name = fr_get(payload, len, "name");
	struct ln_job *job = name ? ln_find_job(name) : NULL;
	siginfo_t info = { .si_signo = IN_PASS_SIGNAL, .si_code = SI_QUEUE };
	long long number;

	if (fr_number(fr_get(payload, len, "signal"), 1, SIGRTMAX, &number))
		return -EINVAL;
	if (!job)
		return -ESRCH;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = (int)number;
	return kn_pidfd_send_signal(job->pidfd.fd, IN_PASS_SIGNAL, &info) ? -errno : 0;
}

static void ln_known(struct ln_runner *runner, const char *id)
{
	struct fr_writer message = ln_reply("known", id);

	for (struct ln_job *job = ln.jobs; job; job = job->next)
		if (!job->dead && !job->ended)
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
	else if (!runner->greeted)
		ln_send_error(runner, id, "frame", "hello comes first", -EPROTO);
	else if (strcmp(type, "place") == 0)
		ln_place(runner, id, payload, len);
	else if (strcmp(type, "start") == 0)
		ln_start(runner, id, payload, len);
	else if (strcmp(type, "watch") == 0)
		ln_answer(runner, id, "watch", ln_watch_init(payload, len));
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

	while (!runner->dead && runner->in_len - at >= FR_HEADER) {
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

static void ln_on_input(struct ln_runner *runner)
{
	size_t cap = runner->in_cap ? runner->in_cap : 16384;
	ssize_t n;

	if (runner->in_len == runner->in_cap) {
		if (runner->in_cap)
			cap *= 2;
		char *in = realloc(runner->in, cap);

		if (!in) {
			runner->dead = true;
			return;
		}
		runner->in = in;
		runner->in_cap = cap;
	}
	n = recv(runner->source.fd, runner->in + runner->in_len, runner->in_cap - runner->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		runner->dead = true;
		return;
	}
	runner->in_len += (size_t)n;
	if (!runner->closing && !ln_take_frames(runner)) {
		runner->closing = true;
		ln_send_error(runner, NULL, "frame", "length out of range", -EMSGSIZE);
	}
	if (runner->closing)
		runner->in_len = 0;
}

static void ln_accept(void)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	auto_fd fd = accept4(ln.listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ln_runner *runner;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return;
	if (peer.uid != geteuid() && peer.uid != 0)
		return;
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
	for (struct ln_job *job = ln.jobs; job; job = job->next) {
		if (job->owner != runner)
			continue;
		job->owner = NULL;
		if (job->ended) {
			fo_remove(job->dir);
			ln_announce(job, "removed", "", 0);
			job->dead = true;
		} else if (job->dir && job->status.fd >= 0) {
			send(job->status.fd, "gone", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
		}
	}
	if (ln.placer == runner)
		ln.placer = NULL;
	close(runner->source.fd);
	if (runner->pidfd >= 0)
		close(runner->pidfd);
	free(runner->in);
	fr_free(&runner->out);
	free(runner);
}

static void ln_free_job(struct ln_job *job)
{
	if (job->status.fd >= 0)
		close(job->status.fd);
	close(job->pidfd.fd);
	free(job->name);
	free(job->dir);
	free(job);
}

/* Frees what died in this turn of the loop: not earlier, as later events of the same turn may point to it. */
static void ln_sweep(void)
{
	for (struct ln_runner **at = &ln.runners; *at;) {
		struct ln_runner *runner = *at;

		if (runner->dead) {
			*at = runner->next;
			ln_free_runner(runner);
		} else {
			at = &runner->next;
		}
	}
	for (struct ln_job **at = &ln.jobs; *at;) {
		struct ln_job *job = *at;

		if (job->dead) {
			*at = job->next;
			ln_free_job(job);
		} else {
			at = &job->next;
		}
	}
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
	case LN_PIDFD:
		if (!job->dead)
			ln_on_init_end(job);
		break;
	}
}

/* Runs until there has been neither a job nor a runner for `idle_ms`. */
static int ln_loop(int idle_ms)
{
	struct epoll_event events[64];

	for (;;) {
		bool idle = !ln.runners && !ln.jobs;
		int count = epoll_wait(ln.epoll, events, 64, idle ? idle_ms : -1);

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
/* corral-launcher ROOT IDLE_MS: says `ready` on standard output once it listens, `busy` when another launcher does. */
int main(int argc, char **argv)
{
	long long idle_ms;
	int lock, error;

	if (argc != 3 || fr_number(argv[2], 0, INT32_MAX, &idle_ms)) {
		fprintf(stderr, "usage: corral-launcher STORAGE_ROOT IDLE_MS\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	setsid();
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return ln_fail("prctl", -errno);
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
