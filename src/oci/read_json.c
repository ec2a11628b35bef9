/* SPDX-License-Identifier: Apache-2.0 */

/*
 * json-c makes a tree of the document, and everything that is wanted is copied from it, once, to the
 * arena. Strict mode is not enough: a name that stands twice in an object silently takes its last
 * value, so that two readers of one document could see two different containers. json-c does not
 * tell, but the text has as many colons outside of strings as the tree has names: where it has more,
 * a name was there twice, and only then it is searched for.
 */
#include "oci/read_json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

enum { MAX_DEPTH = 32, MAX_SIZE = 64 * 1024 * 1024, SHOWN = 60 };

/* ---- what is wrong ---- */

static void add_place(const struct place *place, struct buf *text)
{
	if (place->up)
		add_place(place->up, text);
	if (!place->name)
		buf_printf(text, "[%zu]", place->index);
	else if (place->key)
		buf_printf(text, "[\"%s\"]", place->name);
	else
		buf_printf(text, "%s%s", place->up ? "." : "", place->name);
}

static int refuse_at(struct reader *reader, const struct place *at, const char *why)
{
	cleanup_buf struct buf what = { 0 };

	if (at)
		add_place(at, &what);
	return fail_usage(reader->error, at ? buf_text(&what) : reader->document, "%s", why);
}

int refuse(struct reader *reader, const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return refuse_at(reader, reader->at, why);
}

int refuse_field(struct reader *reader, const char *name, const char *format, ...)
{
	const struct place place = { .up = reader->at, .name = name };
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return refuse_at(reader, &place, why);
}

int refuse_memory(struct reader *reader)
{
	return fail_memory(reader->error);
}

static const char *type_name(struct json_object *json)
{
	switch (json_object_get_type(json)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "a boolean";
	case json_type_double:
		return "a number with a fraction or an exponent";
	case json_type_int:
		return "a number";
	case json_type_object:
		return "an object";
	case json_type_array:
		return "a list";
	case json_type_string:
		return "a string";
	}
	return "something else";
}

static int wrong_type(struct reader *reader, struct json_object *json, const char *wanted)
{
	return refuse(reader, "is %s and must be %s", type_name(json), wanted);
}

/* ---- the document ---- */

static size_t count_names(struct json_object *json)
{
	size_t n = 0;

	if (json_object_is_type(json, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(json); i++)
			n += count_names(json_object_array_get_idx(json, i));
	} else if (json_object_is_type(json, json_type_object)) {
		json_object_object_foreach(json, key, value)
		{
			(void)key;
			n += 1 + count_names(value);
		}
	}
	return n;
}

/* From behind the opening quote of a string to behind its closing one. The text is known as JSON. */
static const char *skip_string(const char *at, const char *end)
{
	while (at < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	return at < end ? at + 1 : end;
}

static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* Behind the digits of a number; NULL where it is larger than 64 bits hold. */
static const char *skip_digits(const char *at, const char *end, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "18446744073709551615", *first = at;
	const size_t length = strlen(most);

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	if ((size_t)(at - first) > length || ((size_t)(at - first) == length && memcmp(first, most, length) > 0))
		return NULL;
	return at;
}

/*
 * The colons outside of strings. On the way, what json-c takes in strict mode too: names in single
 * quotes, NaN and Infinity, and numbers that are too large, which it cuts.
 */
static int count_colons(struct reader *reader, const char *text, const char *end, size_t *ret)
{
	const char *start = text;
	size_t n = 0;
	char last = '\0';

	while (text < end) {
		const char *at = text++;
		const char c = *at;

		if (c == '"')
			text = skip_string(text, end);
		else if (c == '\'' || c == 'N' || c == 'I')
			return refuse(reader, "line %u is not valid JSON: '%c' stands outside of a string",
				      line_of(start, at), c);
		else if (c >= '0' && c <= '9')
			text = skip_digits(at, end, last == '-');
		else if (c == '.')
			while (text < end && *text >= '0' && *text <= '9')
				text++;
		else
			n += c == ':';
		if (!text)
			return refuse(reader, "line %u: a number does not fit into 64 bits", line_of(start, at));
		last = c;
	}
	*ret = n;
	return 0;
}

/* The names of the objects that are open at some place of the text, as they are written. */
struct seen {
	struct seen_name {
		const char *text;
		size_t size;
		unsigned depth;
	} *list;
	size_t n;
};

/* Is NAME among those of the innermost object? If not, it is now. 1, 0 or -ENOMEM. */
static int see_name(struct seen *seen, struct seen_name name, struct arena *arena)
{
	struct seen_name *added;

	for (size_t i = seen->n; i > 0 && seen->list[i - 1].depth == name.depth; i--)
		if (seen->list[i - 1].size == name.size && memcmp(seen->list[i - 1].text, name.text, name.size) == 0)
			return 1;
	added = arena_grow(arena, &seen->list, &seen->n, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = name;
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * Find a name that stands twice in an object. Names that are the same only once their escapes are
 * read are not found here: the error then goes without the name.
 */
static int refuse_twice(struct reader *reader, const char *text, const char *end)
{
	const char *start = text;
	struct seen seen = { 0 };
	unsigned depth = 0;

	while (text < end) {
		struct seen_name name = { .text = text + 1 };
		const char c = *text++;
		int r;

		if (c == '{' || c == '[')
			depth++;
		for (; (c == '}' || c == ']') && seen.n > 0 && seen.list[seen.n - 1].depth == depth; seen.n--)
			;
		if (c == '}' || c == ']')
			depth--;
		if (c != '"')
			continue;
		text = skip_string(text, end);
		name.size = (size_t)(text - name.text) - 1;
		name.depth = depth;
		while (text < end && is_space(*text))
			text++;
		r = text < end && *text == ':' ? see_name(&seen, name, reader->arena) : 0;
		if (r < 0)
			return refuse_memory(reader);
		if (r > 0)
			return refuse(reader, "line %u: '%.*s' stands twice in one object", line_of(start, name.text),
				      name.size > SHOWN ? SHOWN : (int)name.size, name.text);
	}
	return refuse(reader, "a name stands twice in one object");
}

static int parse(struct reader *reader, const char *text, size_t size, struct json_object **ret)
{
	struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
	enum json_tokener_error why;
	struct json_object *json;
	size_t end;

	if (!tokener)
		return refuse_memory(reader);
	/* What follows is looked at below, and told better. */
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS |
						JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, text, (int)size);
	why = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (why == json_tokener_continue)
		return refuse(reader, "the document ends in its midst");
	if (why != json_tokener_success)
		return refuse(reader, "line %u is not valid JSON: %s", line_of(text, text + end),
			      json_tokener_error_desc(why));
	*ret = json;
	while (end < size && is_space(text[end]))
		end++;
	return end < size ? refuse(reader, "line %u: something follows behind the document",
				   line_of(text, text + end)) :
			    0;
}

int read_document(struct reader *reader, const char *text, size_t size, struct json_object **ret)
{
	struct json_object *json = NULL;
	size_t colons;
	int r;

	if (size == 0)
		return refuse(reader, "the document is empty");
	if (size > MAX_SIZE)
		return refuse(reader, "the document is larger than %d bytes", MAX_SIZE);
	r = parse(reader, text, size, &json);
	if (r >= 0 && !json_object_is_type(json, json_type_object))
		r = wrong_type(reader, json, "an object");
	if (r >= 0)
		r = count_colons(reader, text, text + size, &colons);
	if (r >= 0 && colons != count_names(json))
		r = refuse_twice(reader, text, text + size);
	if (r < 0)
		json_object_put(json);
	else
		*ret = json;
	return r;
}

/* ---- objects and lists ---- */

static const struct field *find_field(const struct field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

int read_fields(struct reader *reader, struct json_object *json, const struct field *fields, size_t n,
		void *object)
{
	uint64_t seen = 0;

	if (!json_object_is_type(json, json_type_object))
		return wrong_type(reader, json, "an object");
	json_object_object_foreach(json, key, value)
	{
		const struct field *field = value ? find_field(fields, n, key) : NULL;
		struct place place = { .name = key };
		int r;

		if (!field)
			continue;
		seen |= 1ULL << (field - fields);
		reader_enter(reader, &place);
		if (field->size)
			r = read_list(reader, value, field->read, field->size, (char *)object + field->offset,
				      (size_t *)(void *)((char *)object + field->count_offset));
		else
			r = field->read(reader, value, (char *)object + field->offset);
		reader_leave(reader);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n; i++)
		if (fields[i].required && !(seen & 1ULL << i))
			return refuse_field(reader, fields[i].name, "is missing");
	return 0;
}

int read_list(struct reader *reader, struct json_object *json, read_fn *read, size_t size, void *list,
	      size_t *count)
{
	char *elements;
	size_t n;

	if (!json_object_is_type(json, json_type_array))
		return wrong_type(reader, json, "a list");
	n = json_object_array_length(json);
	elements = arena_array(reader->arena, n ? n : 1, size);
	if (!elements)
		return refuse_memory(reader);
	for (size_t i = 0; i < n; i++) {
		struct json_object *element = json_object_array_get_idx(json, i);
		struct place place = { .index = i };
		int r;

		reader_enter(reader, &place);
		r = element ? read(reader, element, elements + i * size) : refuse(reader, "is null");
		reader_leave(reader);
		if (r < 0)
			return r;
	}
	*(void **)list = elements;
	*count = n;
	return 0;
}

int read_map(struct reader *reader, struct json_object *json, read_pair_fn *each, size_t size, void *list,
	     size_t *count)
{
	size_t n = 0;
	char *elements;

	if (!json_object_is_type(json, json_type_object))
		return wrong_type(reader, json, "an object");
	elements = arena_array(reader->arena, (size_t)json_object_object_length(json) + 1, size);
	if (!elements)
		return refuse_memory(reader);
	json_object_object_foreach(json, key, value)
	{
		struct place place = { .name = key, .key = true };
		int r;

		if (!value)
			continue;
		reader_enter(reader, &place);
		if (!*key)
			r = refuse(reader, "the name is empty");
		else
			r = each(reader, key, value, elements + n++ * size);
		reader_leave(reader);
		if (r < 0)
			return r;
	}
	*(void **)list = elements;
	*count = n;
	return 0;
}

/* ---- numbers ---- */

int read_bool(struct reader *reader, struct json_object *json, void *to)
{
	if (!json_object_is_type(json, json_type_boolean))
		return wrong_type(reader, json, "true or false");
	*(bool *)to = json_object_get_boolean(json);
	return 0;
}

int read_u64(struct reader *reader, struct json_object *json, void *to)
{
	if (!json_object_is_type(json, json_type_int))
		return wrong_type(reader, json, "a whole number");
	if (json_object_get_int64(json) < 0)
		return refuse(reader, "%lld is negative", (long long)json_object_get_int64(json));
	*(uint64_t *)to = json_object_get_uint64(json);
	return 0;
}

int read_i64(struct reader *reader, struct json_object *json, void *to)
{
	if (!json_object_is_type(json, json_type_int))
		return wrong_type(reader, json, "a whole number");
	/* Larger ones are cut to the largest int64_t. */
	if (json_object_get_int64(json) == INT64_MAX && json_object_get_uint64(json) > INT64_MAX)
		return refuse(reader, "%llu is too large", (unsigned long long)json_object_get_uint64(json));
	*(int64_t *)to = json_object_get_int64(json);
	return 0;
}

int read_range(struct reader *reader, struct json_object *json, int64_t low, int64_t high, int64_t *ret)
{
	int64_t value;
	int r = read_i64(reader, json, &value);

	if (r < 0)
		return r;
	if (value < low || value > high)
		return refuse(reader, "%lld is not from %lld to %lld", (long long)value, (long long)low,
			      (long long)high);
	*ret = value;
	return 0;
}

int read_u32(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, UINT32_MAX, &value);

	if (r >= 0)
		*(uint32_t *)to = (uint32_t)value;
	return r;
}

/* The last id means "none" to the kernel: it could be taken for "leave it as it is", which is root. */
int read_id(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, (int64_t)UINT32_MAX - 1, &value);

	if (r >= 0)
		*(uint32_t *)to = (uint32_t)value;
	return r;
}

int read_u64_set(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_u64 *number = to;
	int r = read_u64(reader, json, &number->value);

	number->set |= r >= 0;
	return r;
}

int read_i64_set(struct reader *reader, struct json_object *json, void *to)
{
	struct oci_i64 *number = to;
	int r = read_i64(reader, json, &number->value);

	number->set |= r >= 0;
	return r;
}

int read_u32_set(struct reader *reader, struct json_object *json, void *to)
{
	uint32_t value;
	int r = read_u32(reader, json, &value);

	if (r >= 0)
		*(struct oci_u64 *)to = (struct oci_u64){ true, value };
	return r;
}

int read_id_set(struct reader *reader, struct json_object *json, void *to)
{
	uint32_t value;
	int r = read_id(reader, json, &value);

	if (r >= 0)
		*(struct oci_u64 *)to = (struct oci_u64){ true, value };
	return r;
}

/* ---- strings ---- */

int read_text(struct reader *reader, struct json_object *json, const char **ret)
{
	const char *text;

	if (!json_object_is_type(json, json_type_string))
		return wrong_type(reader, json, "a string");
	text = json_object_get_string(json);
	if (strlen(text) != (size_t)json_object_get_string_len(json))
		return refuse(reader, "has a NUL byte in it");
	*ret = text;
	return 0;
}

int read_string(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	text = arena_copy(reader->arena, text, (size_t)json_object_get_string_len(json) + 1);
	if (!text)
		return refuse_memory(reader);
	*(const char **)to = text;
	return 0;
}

int read_word(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	return r < 0 || !*text ? r : read_string(reader, json, to);
}

int read_path(struct reader *reader, struct json_object *json, void *to)
{
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	if (*text != '/')
		return refuse(reader, "'%.*s' is not an absolute path", SHOWN, text);
	return read_string(reader, json, to);
}

static int read_text_list(struct reader *reader, struct json_object *json, read_fn *read,
			  struct oci_strings *to)
{
	const char **list;
	size_t n;
	int r;

	if (!json_object_is_type(json, json_type_array))
		return wrong_type(reader, json, "a list");
	/* One more, for the NULL behind. */
	n = json_object_array_length(json);
	list = arena_array(reader->arena, n + 1, sizeof(*list));
	if (!list)
		return refuse_memory(reader);
	for (size_t i = 0; i < n; i++) {
		struct json_object *element = json_object_array_get_idx(json, i);
		struct place place = { .index = i };

		reader_enter(reader, &place);
		r = element ? read(reader, element, &list[i]) : refuse(reader, "is null");
		reader_leave(reader);
		if (r < 0)
			return r;
	}
	*to = (struct oci_strings){ list, n };
	return 0;
}

int read_strings(struct reader *reader, struct json_object *json, void *to)
{
	return read_text_list(reader, json, read_string, to);
}

int read_paths(struct reader *reader, struct json_object *json, void *to)
{
	return read_text_list(reader, json, read_path, to);
}

/* ---- words of a table ---- */

int read_choice(struct reader *reader, struct json_object *json, const struct word *words, size_t n,
		int64_t *ret)
{
	cleanup_buf struct buf list = { 0 };
	const char *text;
	int r = read_text(reader, json, &text);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].word, text) == 0) {
			*ret = words[i].value;
			return 0;
		}
	for (size_t i = 0; i < n; i++)
		if (words[i].word[0])
			buf_printf(&list, "%s%s", list.used ? ", " : "", words[i].word);
	return refuse(reader, "'%.*s' is none of %s", SHOWN, text, buf_text(&list));
}

int read_flags(struct reader *reader, struct json_object *json, const struct word *words, size_t n,
	       uint64_t *ret)
{
	uint64_t all = 0;

	if (!json_object_is_type(json, json_type_array))
		return wrong_type(reader, json, "a list");
	for (size_t i = 0; i < json_object_array_length(json); i++) {
		struct json_object *element = json_object_array_get_idx(json, i);
		struct place place = { .index = i };
		int64_t bit = 0;
		int r;

		reader_enter(reader, &place);
		r = element ? read_choice(reader, element, words, n, &bit) : refuse(reader, "is null");
		reader_leave(reader);
		if (r < 0)
			return r;
		all |= (uint64_t)bit;
	}
	*ret = all;
	return 0;
}
