/*
 * Fuzzes what init reads: the start frame, and what the command's child, or a shim, says on the report pipe. The first
 * byte of an input says which.
 */
#define _GNU_SOURCE
#include "../init.h"
#include "assert.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* init's descriptors have fixed numbers, which are others' here. */
static int fz_close(int fd)
{
	return fd == IN_SETUP_FD ? 0 : close(fd);
}

static ssize_t fz_send(int fd, size_t size)
{
	FZ_ASSERT(fd == IN_STATUS_FD && size > 0);
	return (ssize_t)size;
}

#define close(fd) fz_close(fd)
#define send(fd, data, size, flags) ((void)(data), fz_send(fd, size))
#include "../init.c"
#undef close

void cm_main(const struct cm_spec *spec, int report_fd)
{
	(void)spec, (void)report_fd;
	abort();
}

void fo_remove(const char *dir, pid_t init)
{
	(void)dir, (void)init;
	abort();
}

void fo_remove_below(int dir_fd, const char *name)
{
	(void)dir_fd, (void)name;
	abort();
}

int co_take_root(int socket_fd, struct co_root *root)
{
	(void)socket_fd, (void)root;
	abort();
}

void co_main(const struct co_order *order)
{
	(void)order;
	abort();
}

void la_settle(const char *layer, bool claims)
{
	(void)layer, (void)claims;
	abort();
}

struct mt_list *mt_prepare(const char *mounts, size_t len)
{
	(void)mounts, (void)len;
	abort();
}

int nw_raise_loopback(void)
{
	abort();
}

int nw_enter_private(const char *payload, size_t len, int proc_fd, struct in_failure *failure)
{
	(void)payload, (void)len, (void)proc_fd, (void)failure;
	abort();
}

static void fz_read_start(char *payload, size_t len)
{
	struct init in = { .payload = payload, .len = len, .dir_fd = -1, .output = OU_NONE };
	struct cm_spec *cm = &in.command;

	if (fr_check(payload, len))
		return;
	in.head = fr_head(payload, len);
	if (in_parse(&in) == 0) {
		FZ_ASSERT(in.dir && cm->cwd && cm->argv[0]);
		FZ_ASSERT((cm->uid < 0) == (cm->gid < 0) && in.timeout_ms >= 0 && in.grace_ms >= 0);
		for (char **arg = cm->argv; *arg; arg++)
			FZ_ASSERT(*arg > payload && *arg < payload + len);
		for (char **entry = cm->envp; *entry; entry++)
			FZ_ASSERT(*entry > payload && *entry < payload + len);
		FZ_ASSERT(cm->group_count == fr_count(payload, in.head, "group"));
		/* There is no folder: no further than to what the frame says. */
		FZ_ASSERT(in_bound_output(&in) == 0 ? in.output.file_fd < 0 : in.failure.step && in.failure.error < 0);
		ou_close(&in.output);
	} else {
		FZ_ASSERT(in.failure.step && in.failure.path && in.failure.error < 0);
	}
	free(cm->argv);
	free(cm->envp);
	free(cm->groups);
	free(cm->join_fds);
	fr_free(&in.identity);
}

static void fz_read_report(const char *report, size_t len)
{
	static struct init in;
	static char *argv[] = { "command", NULL };
	const char *pid;
	int error;

	in = (struct init){
		.payload = "", .report.fd = -1, .streams = ST_NONE, .dir = "/",
		.init_record_fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
	};
	in.command.argv = argv;
	in.command.handoff = len % 2 == 0;
	in.report.len = len < sizeof in.report.text ? len : sizeof in.report.text;
	memcpy(in.report.text, report, in.report.len);
	pid = fr_check(in.report.text, in.report.len) == 0 ? fr_get(in.report.text, in.report.len, "pid") : NULL;
	/* The first `pid` is ours: what comes after it is not looked at. */
	for (const char *at = pid; at && *at; at++)
		if (!isdigit((unsigned char)*at))
			goto out;
	error = in_on_report_end(&in);
	FZ_ASSERT(error ? in.failure.step && in.failure.path && in.failure.error < 0 : in.started && pid);
	if (!error)
		return;
out:
	close(in.init_record_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *payload;

	if (size < 2)
		return 0;
	payload = malloc(size - 1);
	FZ_ASSERT(payload);
	memcpy(payload, data + 1, size - 1);
	if (data[0] % 2 == 0)
		fz_read_start(payload, size - 1);
	else
		fz_read_report(payload, size - 1);
	free(payload);
	return 0;
}
