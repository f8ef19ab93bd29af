/* PID 1 of a job. */
#ifndef CORRAL_INIT_H
#define CORRAL_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

/* The fixed descriptors that an init has besides 0 to 2. */
enum {
	IN_STATUS_FD = 3,   /* SOCK_SEQPACKET to the launcher */
	IN_SETUP_FD = 4,    /* the lock that tells the next launcher that a start is in progress */
	IN_LIFELINE_FD = 5, /* pidfd of the runner, for `onExit: 'kill'` */
	IN_MAPPER_FD = 6,   /* where ids are mapped by others: stream socket to those */
	IN_FIRST_FREE_FD = 7,
};

/* The signal that carries a signal number for the command in its value, from a launcher without a socket to this init: see in_on_signal(). */
#define IN_PASS_SIGNAL (SIGRTMAX)

/* In that value, beside SIGKILL: the job has ended, and what is being collected from it is to be given up. */
#define IN_GIVE_UP 0x100

/* Where a start failed; `path` belongs to the payload or is static. */
struct in_failure {
	const char *step;
	const char *path;
	int error; /* negative errno */
	const char *message; /* what another program had to say about it; may be NULL */
};

/* Notes where something failed; returns `error`, so that a step can end with it. */
static inline int in_note(struct in_failure *failure, const char *step, const char *path, int error)
{
	*failure = (struct in_failure){ .step = step, .path = path, .error = error };
	return error;
}

/* Namespaces of a running job that a further command of its enters; -1: it is in the same one already. */
struct cm_namespaces {
	int mount;
	int cgroup;
	int time;
	int user;
};

#define CM_NO_NAMESPACES { -1, -1, -1, -1 }

/* What the command is; pointers go into the frame. */
struct cm_spec {
	char **argv;
	char **envp;
	const char *cwd;
	gid_t *groups;
	size_t group_count;
	long long uid; /* -1: as it is */
	long long gid;
	uint64_t capabilities; /* those that it may have, by their numbers */
	bool ambient; /* a user other than root has them at once */
	bool no_new_privileges;
	bool cgroup_namespace;
	bool handoff;
	const char *payload; /* the start frame, in which the lists are that the steps work off */
	size_t len;
	size_t head; /* of the payload: where the fields are that there is one of, see fr_head() */
	const struct mt_list *ahead; /* mounts that were made ahead of time; NULL: none */
	int null_fd;
	int output_fd;
	int proc_fd;   /* the host's /proc, where a process finds its own host pid */
	int collect_fd; /* a socket on which init awaits the job's root; -1: nothing is to be collected */
	int map_fd;    /* to init, which maps ids for the command's own user namespace; -1: it has none */
	int *join_fds; /* `tasks` of v1 hierarchies */
	size_t join_count;
	int stdin_fd;           /* -1: what is at `stdin_path`, or else /dev/null */
	const char *stdin_path; /* NULL: none */
	int terminal_fd;        /* a socket to init for the terminal that the command is to have; -1: none */
	struct winsize terminal_size;
	const struct cm_namespaces *enter; /* NULL: it is the first, and makes its own */
};

_Noreturn void in_main(uint64_t namespaces, const char *pid_namespace, uid_t uid, gid_t gid, bool has_mapper,
		       const char *mounts, size_t mounts_len);
_Noreturn void cm_main(const struct cm_spec *spec, int report_fd);

#endif
