/* Frames and records: sequences of `key=value` fields, each ended by a NUL byte. */
#ifndef CORRAL_FRAME_H
#define CORRAL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest payload that is accepted; the kernel takes at most 2 MiB of arguments and environment. */
#define FR_MAX ((size_t)4 << 20)
#define FR_HEADER 4

/* A field of a checked payload: `key` is not terminated, `value` is. */
struct fr_field {
	const char *key;
	size_t key_len;
	const char *value;
};

/* Walks the fields of a checked payload. */
struct fr_reader {
	const char *at;
	const char *end;
};

/* Fields under construction; `failed` once memory ran out. */
struct fr_writer {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
};

uint32_t fr_length(const unsigned char header[FR_HEADER]);
int fr_check(const char *payload, size_t len);
bool fr_next(struct fr_reader *reader, struct fr_field *field);
bool fr_is(const struct fr_field *field, const char *key);
const char *fr_get(const char *payload, size_t len, const char *key);
size_t fr_head(const char *payload, size_t len);
size_t fr_count(const char *payload, size_t len, const char *key);
ssize_t fr_hex(const char *hex, void *bytes, size_t size);
int fr_number(const char *text, long long min, long long max, long long *number);

void fr_add(struct fr_writer *writer, const char *key, const char *value);
void fr_add_bytes(struct fr_writer *writer, const char *key, const char *value, size_t value_len);
void fr_add_number(struct fr_writer *writer, const char *key, long long value);
void fr_append(struct fr_writer *writer, const char *fields, size_t len);
void fr_free(struct fr_writer *writer);

#endif
