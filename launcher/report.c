#define _GNU_SOURCE
#include "report.h"
#include "frame.h"
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* linux/sched.h */
#define RP_PF_FORKNOEXEC 0x40

/* Reads what there is; true at the end. */
static bool rp_take(struct rp_report *report)
{
	for (;;) {
		ssize_t n = read(report->fd, report->text + report->len, sizeof report->text - report->len);

		if (n > 0)
			report->len += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			return false;
		else if (n == 0 || errno != EINTR)
			return true;
	}
}

/* Reads what there is; true once the report is whole, as the child was exec'd or is dead. */
bool rp_read(struct rp_report *report)
{
	if (!rp_take(report))
		return false;
	close(report->fd);
	report->fd = -1;
	return true;
}

/*
 * Death closes a pipe as exec does. Which it was, the flags say: field 9 of proc_pid_stat(5), where PF_FORKNOEXEC of
 * linux/sched.h stands until exec. Where /proc does not show the process, the pipe is believed.
 */
static bool rp_has_execed(const char *pid)
{
	char path[48], stat[1024];
	const char *flags;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);

	stat[len > 0 ? len : 0] = '\0';
	flags = kn_stat_field(stat, 9);
	return !flags || !(strtoul(flags, NULL, 10) & RP_PF_FORKNOEXEC);
}

/* The child has ended: notes whether it was exec'd before, as long as /proc knows it. Once it is reaped nobody can tell. */
void rp_look(struct rp_report *report)
{
	const char *pid;

	if (report->fd < 0)
		return;
	rp_take(report);
	pid = fr_check(report->text, report->len) == 0 ? fr_get(report->text, report->len, "pid") : NULL;
	report->died_early = pid && !rp_has_execed(pid);
}

/* What a whole report comes to: 0 and the command's pid on the host, or the failure. */
int rp_outcome(const struct rp_report *report, const struct cm_spec *command, struct in_failure *failure, const char **pid)
{
	bool valid = fr_check(report->text, report->len) == 0;
	const char *step = valid ? fr_get(report->text, report->len, "step") : NULL;
	const char *path = valid ? fr_get(report->text, report->len, "path") : NULL;
	long long number = 0;

	*pid = valid ? fr_get(report->text, report->len, "pid") : NULL;
	if (step) {
		fr_number(fr_get(report->text, report->len, "errno"), 0, INT_MAX, &number);
		return in_note(failure, step, path ? path : "", number > 0 ? -(int)number : -EPROTO);
	}
	if (!*pid || (command->handoff && !fr_get(report->text, report->len, "ready")))
		return in_note(failure, *pid ? "shim" : "fork", command->argv[0], -ECHILD);
	if (report->died_early || !rp_has_execed(*pid))
		return in_note(failure, "exec", command->argv[0], -ECANCELED);
	return 0;
}
