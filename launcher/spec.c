#define _GNU_SOURCE
#include "spec.h"
#include "frame.h"

#include <errno.h>
#include <stdlib.h>

/* The user and the group, both or none. */
static int sp_read_user(const char *payload, size_t len, struct cm_spec *spec, struct in_failure *failure)
{
	const char *uid = fr_get(payload, len, "uid"), *gid = fr_get(payload, len, "gid");

	spec->uid = spec->gid = -1;
	if (!uid && !gid)
		return 0;
	/* The largest id stands for `unchanged` in setresuid(2). */
	if (fr_number(uid, 0, UINT32_MAX - 1, &spec->uid))
		return in_note(failure, "frame", "uid", -EINVAL);
	return fr_number(gid, 0, UINT32_MAX - 1, &spec->gid) ? in_note(failure, "frame", "gid", -EINVAL) : 0;
}

/* Collects the repeated fields into arrays that end with NULL. */
static int sp_read_lists(const char *payload, size_t len, struct cm_spec *spec, struct in_failure *failure)
{
	struct fr_reader reader = { payload, payload + len };
	struct fr_field field;
	size_t args = 0, envs = 0;
	long long group;

	spec->argv = calloc(fr_count(payload, len, "arg") + 1, sizeof *spec->argv);
	spec->envp = calloc(fr_count(payload, len, "env") + 1, sizeof *spec->envp);
	spec->groups = calloc(fr_count(payload, len, "group") + 1, sizeof *spec->groups);
	spec->join_fds = calloc(fr_count(payload, len, "join") + 1, sizeof *spec->join_fds);
	if (!spec->argv || !spec->envp || !spec->groups || !spec->join_fds)
		return in_note(failure, "memory", "", -ENOMEM);
	while (fr_next(&reader, &field)) {
		if (fr_is(&field, "arg"))
			spec->argv[args++] = (char *)field.value;
		else if (fr_is(&field, "env"))
			spec->envp[envs++] = (char *)field.value;
		else if (fr_is(&field, "group")) {
			if (fr_number(field.value, 0, UINT32_MAX - 1, &group))
				return in_note(failure, "frame", "group", -EINVAL);
			spec->groups[spec->group_count++] = (gid_t)group;
		}
	}
	return args ? 0 : in_note(failure, "frame", "arg", -EINVAL);
}

/* Reads the command, its environment, its folder and its user; the strings stay in the payload. */
int sp_read(const char *payload, size_t len, struct cm_spec *spec, struct in_failure *failure)
{
	int error = sp_read_user(payload, len, spec, failure);

	spec->cwd = fr_get(payload, len, "cwd");
	if (!error && !spec->cwd)
		error = in_note(failure, "frame", "cwd", -EINVAL);
	return error ? error : sp_read_lists(payload, len, spec, failure);
}

void sp_free(struct cm_spec *spec)
{
	free(spec->argv);
	free(spec->envp);
	free(spec->groups);
	free(spec->join_fds);
}
