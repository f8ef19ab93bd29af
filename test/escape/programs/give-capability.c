/* Not an attempt: gives a file the capability CAP_SYS_ADMIN, as setcap(8) does. */
#define _GNU_SOURCE
#include "attempt.h"

#include <linux/capability.h>
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	const char *path = argument(argc, argv, 1);
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE };

	data.data[0].permitted = 1U << CAP_SYS_ADMIN;
	if (setxattr(path, "security.capability", &data, XATTR_CAPS_SZ_2, 0))
		broken(path);
	return 0;
}
