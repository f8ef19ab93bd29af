/*
 * Fuzzes the parser of frames and records: whatever fr_check() accepts can be walked without leaving it, and is what
 * comes out when it is written again.
 */
#define _GNU_SOURCE
#include "../frame.h"
#include "../kernel.h"
#include "assert.h"

#include <stdio.h>
#include <stdlib.h>

/* A payload of exactly this length, so that a read past its end is seen. */
static char *fz_copy(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	FZ_ASSERT(copy);
	memcpy(copy, data, size);
	return copy;
}

static void fz_walk(const char *payload, size_t len)
{
	struct fr_reader reader = { payload, payload + len };
	struct fr_field field;
	struct fr_writer whole = { 0 }, each = { 0 };
	char key[64];
	long long number;

	while (fr_next(&reader, &field)) {
		FZ_ASSERT(field.key >= payload && field.value + strlen(field.value) < payload + len);
		FZ_ASSERT(field.key_len > 0 && field.key[field.key_len] == '=');
		fr_append(&whole, field.key, (size_t)(reader.at - field.key));
		if (fr_number(field.value, -5, 1000, &number) == 0)
			FZ_ASSERT(number >= -5 && number <= 1000);
		if (field.key_len >= sizeof key)
			continue;
		memcpy(key, field.key, field.key_len);
		key[field.key_len] = '\0';
		FZ_ASSERT(fr_is(&field, key) && fr_count(payload, len, key) > 0);
		FZ_ASSERT(fr_get(payload, len, key) <= field.value);
		fr_add(&each, key, field.value);
		fr_add_bytes(&each, key, field.value, 3);
	}
	FZ_ASSERT(reader.at == payload + len);
	FZ_ASSERT(whole.len == len && memcmp(whole.data, payload, len) == 0);
	FZ_ASSERT(each.len == 0 || fr_check(each.data, each.len) == 0);
	fr_free(&whole);
	fr_free(&each);
}

/* A line of /proc/PID/stat, whose second field is a name that may hold anything. */
static void fz_read_stat(const char *text)
{
	const char *at = kn_stat_field(text, KN_STAT_START_TIME);

	FZ_ASSERT(!at || (at > text && at <= text + strlen(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *payload = fz_copy(data, size);

	if (size >= FR_HEADER)
		FZ_ASSERT(fr_length(data) == (uint32_t)(data[0] + (data[1] << 8) + (data[2] << 16)) + ((uint32_t)data[3] << 24));
	if (fr_check(payload, size) == 0)
		fz_walk(payload, size);
	if (size > 0) {
		payload[size - 1] = '\0';
		fz_read_stat(payload);
	}
	free(payload);
	return 0;
}
