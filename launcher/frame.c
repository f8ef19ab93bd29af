#define _GNU_SOURCE
#include "frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The payload length that a frame's header announces: 32 bits, little-endian. */
uint32_t fr_length(const unsigned char header[FR_HEADER])
{
	return (uint32_t)header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 | (uint32_t)header[3] << 24;
}

/* Accepts a payload whose every field is `key=value` with a key, and whose last byte is NUL. -EBADMSG otherwise. */
int fr_check(const char *payload, size_t len)
{
	const char *at = payload, *end = payload + len;

	if (len == 0 || end[-1] != '\0')
		return -EBADMSG;
	while (at < end) {
		const char *equals = strchr(at, '=');

		if (!equals || equals == at)
			return -EBADMSG;
		at = equals + strlen(equals) + 1;
	}
	return 0;
}

/* Takes the next field of a checked payload; false at its end. */
bool fr_next(struct fr_reader *reader, struct fr_field *field)
{
	const char *equals;

	if (reader->at >= reader->end)
		return false;
	equals = strchr(reader->at, '=');
	field->key = reader->at;
	field->key_len = (size_t)(equals - reader->at);
	field->value = equals + 1;
	reader->at = field->value + strlen(field->value) + 1;
	return true;
}

/* Whether the field's key is `key`. */
bool fr_is(const struct fr_field *field, const char *key)
{
	return strlen(key) == field->key_len && memcmp(field->key, key, field->key_len) == 0;
}

/* Whether the field that begins at `at` is called `key`. Most are not, and differ in the first letter. */
static bool fr_begins(const char *at, const char *key, size_t key_len)
{
	return *at == *key && strncmp(at, key, key_len) == 0 && at[key_len] == '=';
}

/* The first value of `key` in a checked payload, or NULL. */
const char *fr_get(const char *payload, size_t len, const char *key)
{
	size_t key_len = strlen(key);

	for (const char *at = payload; at < payload + len; at += strlen(at) + 1)
		if (fr_begins(at, key, key_len))
			return at + key_len + 1;
	return NULL;
}

/*
 * The length of what comes before the field `bulk=1`. A start asks for some fifty fields by their keys, most of which are
 * not there: looking through the long lists behind that one each time would take longer than many of its system calls.
 */
size_t fr_head(const char *payload, size_t len)
{
	const char *bulk = fr_get(payload, len, "bulk");

	return bulk ? (size_t)(bulk - payload) - strlen("bulk=") : len;
}

/* How many fields of a checked payload are called `key`. */
size_t fr_count(const char *payload, size_t len, const char *key)
{
	size_t key_len = strlen(key), count = 0;

	for (const char *at = payload; at < payload + len; at += strlen(at) + 1)
		count += fr_begins(at, key, key_len);
	return count;
}

/* Reads a whole decimal number between `min` and `max`. -EINVAL when `text` is missing or is anything else. */
int fr_number(const char *text, long long min, long long max, long long *number)
{
	char *end;
	long long value;

	if (!text || !(*text == '-' || (*text >= '0' && *text <= '9')))
		return -EINVAL;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end != '\0' || end == text || value < min || value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

static int fr_digit(char digit)
{
	return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Decodes as many bytes as fit; how many they are, or -EINVAL for what is not hexadecimal. */
ssize_t fr_hex(const char *hex, void *bytes, size_t size)
{
	unsigned char *to = bytes;
	size_t count = 0;

	for (; count < size && hex[0]; hex += 2) {
		int high = fr_digit(hex[0]), low = high < 0 ? -1 : fr_digit(hex[1]);

		if (low < 0)
			return -EINVAL;
		to[count++] = (unsigned char)(high << 4 | low);
	}
	return (ssize_t)count;
}

static bool fr_grow(struct fr_writer *writer, size_t more)
{
	size_t cap = writer->cap ? writer->cap : 256;
	char *data;

	if (writer->failed)
		return false;
	while (cap - writer->len < more)
		cap *= 2;
	if (cap != writer->cap) {
		data = realloc(writer->data, cap);
		if (!data) {
			writer->failed = true;
			return false;
		}
		writer->data = data;
		writer->cap = cap;
	}
	return true;
}

/* Appends fields that are encoded already. */
void fr_append(struct fr_writer *writer, const char *fields, size_t len)
{
	if (len == 0 || !fr_grow(writer, len))
		return;
	memcpy(writer->data + writer->len, fields, len);
	writer->len += len;
}

/* Appends `key=` and `value_len` bytes; the value ends at its first NUL, which no field can hold. */
void fr_add_bytes(struct fr_writer *writer, const char *key, const char *value, size_t value_len)
{
	size_t key_len = strlen(key);

	value_len = strnlen(value, value_len);
	if (!fr_grow(writer, key_len + value_len + 2))
		return;
	memcpy(writer->data + writer->len, key, key_len);
	writer->len += key_len;
	writer->data[writer->len++] = '=';
	memcpy(writer->data + writer->len, value, value_len);
	writer->len += value_len;
	writer->data[writer->len++] = '\0';
}

/* Appends `key=value`. */
void fr_add(struct fr_writer *writer, const char *key, const char *value)
{
	fr_add_bytes(writer, key, value, strlen(value));
}

/* Appends `key=` and a decimal number. */
void fr_add_number(struct fr_writer *writer, const char *key, long long value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", value);
	fr_add(writer, key, text);
}

/* Gives the memory back. */
void fr_free(struct fr_writer *writer)
{
	free(writer->data);
	*writer = (struct fr_writer){ 0 };
}
