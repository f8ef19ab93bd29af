/*
 * A job's private network: a network namespace that holds a TAP device, and pasta(1) at the other end of it, which turns
 * the frames into sockets of the host's network.
 *
 * pasta reads what the job sends, so it is to have nothing that would be worth taking over. Three processes see to that,
 * all children of init, so that they are in the job's PID namespace and end with it, and in init's cgroup, not the job's:
 *
 *   holder   becomes a user that owns nothing (`pastauser`, where there is root to become it from), makes a user
 *            namespace with no other user in it, and in that the network namespace. It stays until pasta has entered
 *            both by their paths in /proc, for which the holder must be as weak as pasta is by then. A launcher without
 *            root has given the job a user namespace already; the holder then has no capability left instead.
 *   pasta    is exec'd in the host's network namespace, where its sockets are to be. It exits when it is ready, or says
 *            on standard error why it never will be.
 *   daemon   its child, which does the work: in namespaces of its own, with an empty root, behind a filter of its own,
 *            and not dumpable, so that the job cannot look into it. An orphan, which init reaps.
 *
 * init itself enters the network namespace, as the commands that it forks are to be in it.
 *
 * Routes are no fence: whoever binds a socket to the device (SO_BINDTODEVICE, IP_PKTINFO) sends to any address as though it
 * were on the link, route or none (net/ipv4/route.c, ip_route_output_key_hash_rcu()), and a raw socket to the host's
 * loopback at that. So all that leaves the job passes a filter, a program of classic BPF that comes with the frame. The
 * device runs it on each frame before pasta can read it (TUNATTACHFILTER). It is attached through pasta's own descriptor,
 * since a device of one queue has no other, and out of the job's reach, whatever its capabilities.
 */
#define _GNU_SOURCE
#include "network.h"
#include "fence.h"
#include "frame.h"
#include "init.h"
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* pasta is ready within a few tens of milliseconds, or something is wrong. */
#define NW_PASTA_MS 10000
/* pasta opens the device among its first descriptors. */
#define NW_FD_MAX 1024
/* The daemon is one of the first few processes of the PID namespace; pasta makes short-lived ones to enter namespaces. */
#define NW_PID_MAX 256
/* Arguments that are added to those of the frame, and the NULL. */
#define NW_ARGS_MORE 6
#define NW_PATH_MAX 48

/* A private network in the making. */
struct nw {
	const char *payload;
	size_t len;
	int proc_fd;           /* the host's /proc */
	long long user;        /* whom pasta is to be; -1: who we are */
	char host_pid[24];     /* the holder's, as /proc has it */
	int release_fd;        /* the holder goes once this is closed */
	pid_t holder;
	pid_t pasta;
	int output_fd;         /* what pasta says */
	struct in_failure *failure;
};

/* What pasta has said, for the refusal of the start. */
static char nw_said[1024];

static int nw_fail(struct nw *nw, const char *step, const char *path, int error)
{
	return in_note(nw->failure, step, path, error);
}

/* In the network namespace that this process is in. */
int nw_raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request))
		return -errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) ? -errno : 0;
}

/* ---- the holder ---- */

static int nw_write_map(int proc_fd, const char *path, const char *text)
{
	auto_fd fd = openat(proc_fd, path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ? -errno : 0;
}

/* Becomes the user, alone in a user namespace. */
static int nw_leave_root(const struct nw *nw)
{
	uid_t user = (uid_t)nw->user;
	char map[64];
	int error;

	if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user))
		return -errno;
	/* The files of a process that is not dumpable are root's (proc(5)). */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) || unshare(CLONE_NEWUSER))
		return -errno;
	snprintf(map, sizeof map, "%u %u 1", user, user);
	if ((error = nw_write_map(nw->proc_fd, "self/setgroups", "deny")) ||
	    (error = nw_write_map(nw->proc_fd, "self/uid_map", map)))
		return error;
	return nw_write_map(nw->proc_fd, "self/gid_map", map);
}

/* Makes the namespaces; `step` is what failed. The result goes to init. */
static int nw_make_namespaces(const struct nw *nw, const char **step)
{
	int error;

	*step = "pasta-user";
	if (nw->user >= 0 && (error = nw_leave_root(nw)))
		return error;
	*step = "network-namespace";
	if (unshare(CLONE_NEWNET))
		return -errno;
	*step = "loopback";
	if ((error = nw_raise_loopback()))
		return error;
	*step = "pasta-user";
	if (nw->user < 0 && (error = fe_hold_capabilities(0, false)))
		return error;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) ? -errno : 0;
}

/*
 * Closes all but these three: the holder becomes dumpable as a user whose other processes on the host may look into it, and
 * has inherited what init has open.
 */
static int nw_keep_only(const int kept[3])
{
	unsigned from = 0;

	while (from < ~0U) {
		unsigned next = ~0U;

		for (int i = 0; i < 3; i++)
			if ((unsigned)kept[i] >= from && (unsigned)kept[i] < next)
				next = (unsigned)kept[i];
		if (next > from && kn_close_range(from, next == ~0U ? next : next - 1, 0))
			return -errno;
		from = next == ~0U ? next : next + 1;
	}
	return 0;
}

static _Noreturn void nw_hold(const struct nw *nw, int report_fd, int release_fd)
{
	struct fr_writer report = { 0 };
	char host_pid[24] = "", byte;
	const char *step = "host-pid";
	ssize_t len = readlinkat(nw->proc_fd, "self", host_pid, sizeof host_pid - 1);
	int error = len < 0 ? -errno : nw_keep_only((const int[]){ nw->proc_fd, report_fd, release_fd });

	if (!error)
		error = nw_make_namespaces(nw, &step);

	fr_add(&report, "pid", host_pid);
	if (error) {
		fr_add(&report, "step", step);
		fr_add_number(&report, "errno", -error);
	}
	if (report.failed || write(report_fd, report.data, report.len) < 0 || error)
		_exit(1);
	close(report_fd);
	/* Until the other end is closed. */
	(void)!read(release_fd, &byte, 1);
	_exit(0);
}

/* Reads what the holder reports, which is less than a pipe takes at once. */
static int nw_take_report(struct nw *nw, int report_fd)
{
	static const char *const steps[] = { "host-pid", "pasta-user", "network-namespace", "loopback" };
	char report[256];
	ssize_t len = read(report_fd, report, sizeof report);
	bool valid = len > 0 && fr_check(report, (size_t)len) == 0;
	const char *pid = valid ? fr_get(report, (size_t)len, "pid") : NULL;
	const char *step = valid ? fr_get(report, (size_t)len, "step") : NULL;
	long long error = EPROTO;

	if (!pid)
		return nw_fail(nw, "network-namespace", "", -ECHILD);
	snprintf(nw->host_pid, sizeof nw->host_pid, "%s", pid);
	if (!step)
		return 0;
	fr_number(fr_get(report, (size_t)len, "errno"), 1, INT_MAX, &error);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(step, steps[i]) == 0)
			return nw_fail(nw, steps[i], "", -(int)error);
	return nw_fail(nw, "network-namespace", "", -EPROTO);
}

static int nw_fork_holder(struct nw *nw)
{
	int report[2], release[2], error;

	if (pipe2(report, O_CLOEXEC))
		return nw_fail(nw, "network-namespace", "", -errno);
	if (pipe2(release, O_CLOEXEC)) {
		error = -errno;
		close(report[0]);
		close(report[1]);
		return nw_fail(nw, "network-namespace", "", error);
	}
	nw->holder = fork();
	if (nw->holder == 0) {
		close(release[1]);
		nw_hold(nw, report[1], release[0]);
	}
	error = nw->holder < 0 ? -errno : 0;
	close(report[1]);
	close(release[0]);
	nw->release_fd = release[1];
	error = error ? nw_fail(nw, "network-namespace", "", error) : nw_take_report(nw, report[0]);
	close(report[0]);
	return error;
}

/* ---- pasta ---- */

/* The arguments of the frame, and where the namespaces are. */
static char **nw_arguments(const struct nw *nw)
{
	static char user_path[NW_PATH_MAX], net_path[NW_PATH_MAX];
	struct fr_reader reader = { nw->payload, nw->payload + nw->len };
	struct fr_field field;
	size_t count = 0;
	char **argv = calloc(fr_count(nw->payload, nw->len, "pasta") + NW_ARGS_MORE, sizeof *argv);

	if (!argv)
		return NULL;
	while (fr_next(&reader, &field))
		if (fr_is(&field, "pasta"))
			argv[count++] = (char *)field.value;
	snprintf(user_path, sizeof user_path, "/proc/%s/ns/user", nw->host_pid);
	snprintf(net_path, sizeof net_path, "/proc/%s/ns/net", nw->host_pid);
	if (nw->user >= 0) {
		argv[count++] = "--userns";
		argv[count++] = user_path;
	} else {
		argv[count++] = "--netns-only";
	}
	argv[count++] = "--netns";
	argv[count++] = net_path;
	return argv;
}

/* Who is not root in its user namespace keeps no capability over exec but ambient ones: those to enter, and to configure. */
static int nw_keep_capabilities(void)
{
	static const int kept[] = { CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_BIND_SERVICE };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		data[CAP_TO_INDEX(kept[i])].inheritable |= CAP_TO_MASK(kept[i]);
	if (syscall(SYS_capset, &header, data))
		return -errno;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0))
			return -errno;
	return 0;
}

static _Noreturn void nw_exec(const struct nw *nw, char **argv, int output_fd)
{
	static char *envp[] = { "LC_ALL=C", NULL };
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 ||
	    dup2(output_fd, STDERR_FILENO) < 0 || chdir("/") || (nw->user < 0 && nw_keep_capabilities()))
		_exit(126);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		sigaction(sig, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], argv, envp);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int nw_fork_pasta(struct nw *nw)
{
	char **argv = nw_arguments(nw);
	int output[2], error;

	if (!argv)
		return nw_fail(nw, "memory", "", -ENOMEM);
	if (pipe2(output, O_CLOEXEC))
		return nw_fail(nw, "pasta", argv[0], -errno);
	nw->pasta = fork();
	if (nw->pasta == 0)
		nw_exec(nw, argv, output[1]);
	error = nw->pasta < 0 ? nw_fail(nw, "pasta", "", -errno) : 0;
	nw->output_fd = output[0];
	close(output[1]);
	free(argv);
	return error;
}

/*
 * Reads what pasta says until it closes its end, which it does when it becomes a daemon, or exits. A launcher that is
 * gone, or time that is up, ends the start.
 */
static int nw_await_output(struct nw *nw)
{
	struct pollfd fds[] = { { .fd = nw->output_fd, .events = POLLIN }, { .fd = IN_STATUS_FD } };
	size_t len = 0;
	char rest[256];

	for (;;) {
		size_t room = sizeof nw_said - 1 - len;
		int ready = poll(fds, 2, NW_PASTA_MS);
		ssize_t n;

		if (ready == 0 || (ready < 0 && errno != EINTR))
			return nw_fail(nw, "pasta", "", ready == 0 ? -ETIMEDOUT : -errno);
		if (ready > 0 && fds[1].revents)
			return nw_fail(nw, "launcher", "", -ECONNRESET);
		if (ready < 0)
			continue;
		n = read(nw->output_fd, room ? nw_said + len : rest, room ? room : sizeof rest);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return nw_fail(nw, "pasta", "", -errno);
		if (n > 0 && room)
			len += (size_t)n;
		nw_said[len] = '\0';
	}
}

/* Waits until pasta is ready: its first process exits with 0. */
static int nw_await_pasta(struct nw *nw)
{
	const char *path = fr_get(nw->payload, nw->len, "pasta");
	int error = nw_await_output(nw), status;

	if (error)
		return error;
	while (waitpid(nw->pasta, &status, 0) < 0)
		if (errno != EINTR)
			return nw_fail(nw, "pasta", path, -errno);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	nw_fail(nw, "pasta", path, -EPROTO);
	nw->failure->message = nw_said;
	return -EPROTO;
}

/* ---- the filter ---- */

/* Reads an array of struct sock_filter: its bytes in hexadecimal. The count, or a negative errno. */
static int nw_read_filter(const char *hex, struct sock_filter *filter)
{
	size_t digits = hex ? strlen(hex) : 0, count = digits / (2 * sizeof *filter);

	if (count == 0 || count > BPF_MAXINSNS || digits % (2 * sizeof *filter) != 0 ||
	    fr_hex(hex, filter, digits / 2) != (ssize_t)(digits / 2))
		return -EINVAL;
	return (int)count;
}

/* The daemon: but for init and the holder, the process with the lowest number that there is. Its pidfd. */
static int nw_find_daemon(const struct nw *nw)
{
	for (pid_t pid = 2; pid < NW_PID_MAX; pid++) {
		int pidfd = pid == nw->holder ? -1 : kn_pidfd_open(pid);

		if (pidfd >= 0)
			return pidfd;
	}
	return -ESRCH;
}

/* Attaches the filter to the TAP device, at the descriptor that pasta reads it by. */
static int nw_attach_filter(int pidfd, struct sock_fprog *program)
{
	for (int number = 0; number < NW_FD_MAX; number++) {
		auto_fd fd = kn_pidfd_getfd(pidfd, number);
		struct ifreq device;

		if (fd < 0 && errno != EBADF)
			return -errno;
		if (fd >= 0 && ioctl(fd, TUNGETIFF, &device) == 0)
			return ioctl(fd, TUNATTACHFILTER, program) ? -errno : 0;
	}
	return -ENODEV;
}

static int nw_filter(struct nw *nw)
{
	static struct sock_filter filter[BPF_MAXINSNS];
	int count = nw_read_filter(fr_get(nw->payload, nw->len, "netfilter"), filter), error;
	struct sock_fprog program = { .len = (unsigned short)count, .filter = filter };
	auto_fd pidfd = count < 0 ? -1 : nw_find_daemon(nw);

	if (count < 0)
		return nw_fail(nw, "frame", "netfilter", count);
	error = pidfd < 0 ? pidfd : nw_attach_filter(pidfd, &program);
	return error ? nw_fail(nw, "network-filter", "", error) : 0;
}

/* ---- all of it ---- */

static int nw_join(struct nw *nw)
{
	char path[NW_PATH_MAX];

	snprintf(path, sizeof path, "%s/ns/net", nw->host_pid);
	auto_fd fd = openat(nw->proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || setns(fd, CLONE_NEWNET) ? nw_fail(nw, "network-namespace", "", -errno) : 0;
}

/* The holder has done what it was there for. */
static void nw_release(struct nw *nw)
{
	close(nw->release_fd);
	while (waitpid(nw->holder, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The steps; whoever refuses the start kills what they have left. */
static int nw_connect(struct nw *nw)
{
	int error;

	/* pasta first: from then on this process is not in the host's network any more. */
	if ((error = nw_fork_holder(nw)) || (error = nw_fork_pasta(nw)) || (error = nw_join(nw)) ||
	    (error = nw_await_pasta(nw)))
		return error;
	return nw_filter(nw);
}

/*
 * Brings init, and so all that it forks, into a private network, where the frame asks for one. Blocks until pasta is
 * ready. `proc_fd` is the host's /proc.
 */
int nw_enter_private(const char *payload, size_t len, int proc_fd, struct in_failure *failure)
{
	struct nw nw = {
		.payload = payload, .len = len, .proc_fd = proc_fd, .user = -1, .release_fd = -1, .output_fd = -1,
		.holder = -1, .pasta = -1, .failure = failure,
	};
	const char *user = fr_get(payload, len, "pastauser");
	int error;

	if (!fr_get(payload, len, "pasta"))
		return 0;
	if (user && fr_number(user, 1, UINT32_MAX - 1, &nw.user))
		return nw_fail(&nw, "frame", "pastauser", -EINVAL);
	error = nw_connect(&nw);
	if (!error)
		nw_release(&nw);
	kn_close(&nw.output_fd);
	return error;
}
