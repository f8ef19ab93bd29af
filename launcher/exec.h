/* Further commands that init runs inside a running job's fence. */
#ifndef CORRAL_EXEC_H
#define CORRAL_EXEC_H

#include "init.h"
#include "message.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What init knows of its job that a further command needs. */
struct ex_job {
	const struct cm_spec *command; /* whose fences it has */
	int dir_fd;
	const char *cgroup; /* NULL: it has none */
	const char *pid;    /* of the job's command, on the host */
};

void ex_answer(const char *question, const struct in_failure *failure);
void ex_on_request(const struct ex_job *job, struct me_message *request);
size_t ex_poll_count(void);
void ex_poll(struct pollfd *fds);
void ex_on_events(const struct pollfd *fds);
int64_t ex_deadline(void);
void ex_on_timers(int64_t now);
void ex_on_change(void);
void ex_release(bool all);
void ex_look(pid_t pid);
void ex_reap(pid_t pid, int status);
void ex_expect_end(void);
void ex_refuse_unfinished(void);

#endif
