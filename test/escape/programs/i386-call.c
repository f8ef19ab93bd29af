/* Calls getpid as a program of 32 bits does. */
#define _GNU_SOURCE
#include "attempt.h"

int main(void)
{
#ifdef __x86_64__
	long result = 20; /* __NR_getpid of i386 */

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	if (result == getpid())
		escaped("getpid");
	if (result > 0 || result < -4095)
		broken("a strange result");
	refused((int)-result);
#else
	absent("i386");
#endif
}
