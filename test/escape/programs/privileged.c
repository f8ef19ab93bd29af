/* Looks whether the file that it was executed from has given it a user or capabilities that its caller did not have. */
#define _GNU_SOURCE
#include "attempt.h"

#include <linux/capability.h>
#include <sys/syscall.h>

int main(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		broken("capget");
	if (geteuid() != getuid())
		escaped("user %d", (int)geteuid());
	if (data[0].effective || data[1].effective)
		escaped("capabilities %x", data[0].effective);
	refused_nothing();
}
