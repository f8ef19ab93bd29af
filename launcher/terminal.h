/* A command's terminal. */
#ifndef CORRAL_TERMINAL_H
#define CORRAL_TERMINAL_H

#include <sys/ioctl.h>
#include <sys/types.h>

int te_make(int proc_fd, const struct winsize *size, int *master, int *slave);
int te_enter(int slave);
int te_hand_over(int socket, int master, int slave);
int te_receive(int socket, int *master, int *slave);
int te_read_size(const char *payload, size_t len, struct winsize *size);

#endif
