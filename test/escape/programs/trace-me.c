/* Lets itself be traced: whoever may do this may trace a child of its own. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/ptrace.h>

int main(void)
{
	judge(ptrace(PTRACE_TRACEME, 0, NULL, NULL), "traced");
}
