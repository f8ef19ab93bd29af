/*
 * How an attempt says what came of it: a line on stdout, and an exit status. Every program here tries one thing, and does
 * no harm where it works: that is what its positive control does.
 */
#ifndef CORRAL_ATTEMPT_H
#define CORRAL_ATTEMPT_H

#include "../../fixtures/errno-name.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AT_ESCAPED, AT_REFUSED, AT_BROKEN, AT_ABSENT };

/* By _exit(2), so that a child may say it too. */
__attribute__((format(printf, 3, 4))) static inline _Noreturn void at_say(int status, const char *word, const char *format, ...)
{
	char text[4096];
	va_list list;
	int len = snprintf(text, sizeof text, "%s: ", word);

	va_start(list, format);
	len += vsnprintf(text + len, sizeof text - (size_t)len - 1, format, list);
	va_end(list);
	if (len > (int)sizeof text - 2)
		len = (int)sizeof text - 2;
	text[len++] = '\n';
	if (write(STDOUT_FILENO, text, (size_t)len) != len)
		_exit(AT_BROKEN);
	_exit(status);
}

/* It worked. */
#define escaped(...) at_say(AT_ESCAPED, "escaped", __VA_ARGS__)

/* It did not: an errno says why. */
static inline _Noreturn void refused(int number)
{
	if (strcmp(errno_name(number), "another") == 0)
		at_say(AT_REFUSED, "refused", "errno %d", number);
	at_say(AT_REFUSED, "refused", "%s", errno_name(number));
}

/* It did not, as there is nothing there. */
static inline _Noreturn void refused_nothing(void)
{
	at_say(AT_REFUSED, "refused", "nothing there");
}

/* The attempt could not be made at all: a mistake of the test. */
static inline _Noreturn void broken(const char *what)
{
	at_say(AT_BROKEN, "broken", "%s: %s", what, strerror(errno));
}

/* This kernel has nothing to attack: what it lacks. */
static inline _Noreturn void absent(const char *what)
{
	at_say(AT_ABSENT, "absent", "%s", what);
}

/* Ends the attempt by the result of a system call. */
static inline _Noreturn void judge(long result, const char *what)
{
	if (result < 0)
		refused(errno);
	escaped("%s", what);
}

static inline const char *argument(int argc, char **argv, int at)
{
	if (at >= argc) {
		errno = EINVAL;
		broken("too few arguments");
	}
	return argv[at];
}

#endif
