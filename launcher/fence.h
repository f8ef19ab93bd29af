/* What a process can be kept from besides namespaces and mounts: one function a fence, applied to the calling process. */
#ifndef CORRAL_FENCE_H
#define CORRAL_FENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int fe_set_limits(const char *payload, size_t len, const char **name);
int fe_join_keyring(void);
int fe_bound_capabilities(uint64_t kept);
int fe_hold_capabilities(uint64_t kept, bool ambient);
int fe_restrict_paths(const char *payload, size_t len, const char **path);
int fe_filter_calls(const char *program);

#endif
