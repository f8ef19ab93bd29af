/* Calls getpid by its x32 number. */
#define _GNU_SOURCE
#include "attempt.h"

#include <sys/syscall.h>

#define X32_BIT 0x40000000L

int main(void)
{
#ifdef __x86_64__
	if (syscall(X32_BIT | SYS_getpid) == getpid())
		escaped("getpid");
	if (errno == ENOSYS)
		absent("x32, or all knowledge of it");
	refused(errno);
#else
	absent("x32");
#endif
}
