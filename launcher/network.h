/* A job's private network: a network namespace whose only way out is pasta(1). */
#ifndef CORRAL_NETWORK_H
#define CORRAL_NETWORK_H

#include <stddef.h>

struct in_failure;

int nw_raise_loopback(void);
int nw_enter_private(const char *payload, size_t len, int proc_fd, struct in_failure *failure);

#endif
