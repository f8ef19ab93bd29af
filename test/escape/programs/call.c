/*
 * Makes one system call, with arguments that do nothing: call NAME. Where such a call cannot succeed without harm, the
 * errno that it then ends with says that it came as far as the kernel's own code, past its question for a capability.
 */
#define _GNU_SOURCE
#include "attempt.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

static const char nowhere[] = "/nowhere/corral";

static long call_io_uring(void)
{
	struct io_uring_params params = { 0 };

	return syscall(SYS_io_uring_setup, 1, &params);
}

static long call_keyctl(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1);
}

static long call_add_key(void)
{
	return syscall(SYS_add_key, "user", "corral", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

/* There is no such key: who may ask is told so. */
static long call_request_key(void)
{
	return syscall(SYS_request_key, "user", "corral-nowhere", NULL, 0);
}

static long call_bpf(void)
{
	union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes);
}

static long call_perf(void)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_CPU_CLOCK
	};

	return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

static long call_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY | O_CLOEXEC);
}

/* /dev/null is no module. */
static long call_load_module(void)
{
	return syscall(SYS_finit_module, open("/dev/null", O_RDONLY | O_CLOEXEC), "", 0);
}

static long call_unload_module(void)
{
	return syscall(SYS_delete_module, "corral_nowhere", O_NONBLOCK);
}

/* An unknown flag. */
static long call_kexec(void)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, 0x8000UL);
}

/* The magic numbers are not those. */
static long call_reboot(void)
{
	return syscall(SYS_reboot, 1, 2, 3, NULL);
}

static long call_swapon(void)
{
	return syscall(SYS_swapon, nowhere, 0);
}

static long call_swapoff(void)
{
	return syscall(SYS_swapoff, nowhere);
}

static long call_settimeofday(void)
{
	return syscall(SYS_settimeofday, NULL, NULL);
}

/* To what it is. */
static long call_sethostname(void)
{
	char name[65];

	return gethostname(name, sizeof name) ? -1 : syscall(SYS_sethostname, name, strlen(name));
}

static long call_acct(void)
{
	return syscall(SYS_acct, nowhere);
}

static long call_quotactl(void)
{
	return syscall(SYS_quotactl, 0x800005UL << 8, nowhere, 0, NULL); /* Q_GETINFO */
}

static long call_syslog(void)
{
	char text[512];

	return syscall(SYS_syslog, 3, text, sizeof text); /* SYSLOG_ACTION_READ_ALL */
}

static long call_personality(void)
{
	return syscall(SYS_personality, 0x0400000UL); /* READ_IMPLIES_EXEC */
}

static long call_pivot_root(void)
{
	return syscall(SYS_pivot_root, nowhere, nowhere);
}

static long call_fspick(void)
{
	return syscall(SYS_fspick, AT_FDCWD, "/", 0);
}

#ifdef __x86_64__
static long call_iopl(void)
{
	return syscall(SYS_iopl, 3);
}

static long call_ioperm(void)
{
	return syscall(SYS_ioperm, 0x80, 1, 1);
}
#endif

static const struct {
	const char *name;
	long (*call)(void);
	int arrived; /* an errno that is as good as success */
} calls[] = {
	{ "io_uring_setup", call_io_uring, 0 },
	{ "keyctl", call_keyctl, 0 },
	{ "add_key", call_add_key, 0 },
	{ "request_key", call_request_key, ENOKEY },
	{ "bpf", call_bpf, 0 },
	{ "perf_event_open", call_perf, 0 },
	{ "userfaultfd", call_userfaultfd, 0 },
	{ "finit_module", call_load_module, EINVAL },
	{ "delete_module", call_unload_module, ENOENT },
	{ "kexec_load", call_kexec, EINVAL },
	{ "reboot", call_reboot, EINVAL },
	{ "swapon", call_swapon, ENOENT },
	{ "swapoff", call_swapoff, ENOENT },
	{ "settimeofday", call_settimeofday, 0 },
	{ "sethostname", call_sethostname, 0 },
	{ "acct", call_acct, ENOENT },
	{ "quotactl", call_quotactl, ENOENT },
	{ "syslog", call_syslog, 0 },
	{ "personality", call_personality, 0 },
	{ "pivot_root", call_pivot_root, ENOENT },
	{ "fspick", call_fspick, 0 },
#ifdef __x86_64__
	{ "iopl", call_iopl, 0 },
	{ "ioperm", call_ioperm, 0 },
#endif
};

int main(int argc, char **argv)
{
	const char *name = argument(argc, argv, 1);

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (strcmp(calls[i].name, name) != 0)
			continue;
		if (calls[i].call() >= 0 || (errno == calls[i].arrived && errno))
			escaped("%s", name);
		if (errno == ENOSYS)
			absent(name);
		refused(errno);
	}
	absent(name);
}
