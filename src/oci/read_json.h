/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_READ_JSON_H
#define OCI_READ_JSON_H

/*
 * From JSON to our structures. Each object of a document has a table of its fields: name, function
 * that reads the value, where it goes. What a table does not have is ignored, and null is as if the
 * field were not there, since Go writes it for an empty list.
 *
 * Where the reader is in the document is a chain of struct place on the stack, which costs nothing
 * until something is wrong; then it becomes the `what` of the error: linux.namespaces[2].type, or
 * linux.sysctl["net.core.somaxconn"] where the names are the document's own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macros.h"
#include "oci/config.h"

struct inro_error;
struct json_object;

struct place {
	const struct place *up;
	const char *name; /* NULL: an element of a list */
	size_t index;
	bool key; /* the name is the document's own */
};

struct reader {
	struct arena *arena;
	struct inro_error *error;
	const char *document; /* "config.json", for what is wrong with the whole */
	const char *bundle;   /* NULL where there is none */
	const struct place *at;
};

/* Read one value to TO. 0 or a negative errno, with the error filled. JSON is never NULL. */
typedef int read_fn(struct reader *reader, struct json_object *json, void *to);

struct field {
	const char *name;
	read_fn *read;
	size_t offset;
	/* With a list of elements of this size: `read` is about one of them, and their number goes here. */
	size_t size, count_offset;
	bool required;
};

#define FIELD(struct_, name_, member_, read_) \
	{ .name = (name_), .read = (read_), .offset = offsetof(struct_, member_) }
#define FIELD_NEEDED(struct_, name_, member_, read_) \
	{ .name = (name_), .read = (read_), .offset = offsetof(struct_, member_), .required = true }
#define FIELD_LIST(struct_, name_, member_, count_, read_)                                   \
	{                                                                                    \
		.name = (name_), .read = (read_), .offset = offsetof(struct_, member_),      \
		.size = sizeof(*((struct_ *)NULL)->member_), .count_offset = offsetof(struct_, count_), \
	}

/*
 * Parse a whole document, which is an object; *ret is to be given to json_object_put(). Strict, no
 * key twice in an object, not nested deeper than any document of the spec.
 */
int read_document(struct reader *reader, const char *text, size_t size, struct json_object **ret);

/* An object by its table. */
int read_fields(struct reader *reader, struct json_object *json, const struct field *fields, size_t n,
		void *object);
#define READ_FIELDS(reader, json, fields, object) \
	read_fields(reader, json, fields, ARRAY_SIZE(fields), object)

/* A list: *(void **)LIST becomes an array of *COUNT elements of SIZE bytes. */
int read_list(struct reader *reader, struct json_object *json, read_fn *read, size_t size, void *list,
	      size_t *count);

/* An object whose names are the document's own. EACH gets an element with the name to read into. */
typedef int read_pair_fn(struct reader *reader, const char *key, struct json_object *json, void *to);
int read_map(struct reader *reader, struct json_object *json, read_pair_fn *each, size_t size, void *list,
	     size_t *count);

/* What is wrong at the present place: fills the error, returns -EINVAL. */
int refuse(struct reader *reader, const char *format, ...) printf_like(2, 3);
/* The same for a field of the present object. */
int refuse_field(struct reader *reader, const char *name, const char *format, ...) printf_like(3, 4);
int refuse_memory(struct reader *reader);

/* ---- values; the comment is the type of TO ---- */

int read_bool(struct reader *reader, struct json_object *json, void *to);	 /* bool */
int read_u64(struct reader *reader, struct json_object *json, void *to);	 /* uint64_t */
int read_u64_set(struct reader *reader, struct json_object *json, void *to);	 /* struct oci_u64 */
int read_i64(struct reader *reader, struct json_object *json, void *to);	 /* int64_t */
int read_i64_set(struct reader *reader, struct json_object *json, void *to);	 /* struct oci_i64 */
int read_u32(struct reader *reader, struct json_object *json, void *to);	 /* uint32_t */
int read_u32_set(struct reader *reader, struct json_object *json, void *to);	 /* struct oci_u64 */
int read_id(struct reader *reader, struct json_object *json, void *to);		 /* uint32_t */
int read_id_set(struct reader *reader, struct json_object *json, void *to);	 /* struct oci_u64 */
int read_string(struct reader *reader, struct json_object *json, void *to);	 /* const char * */
int read_word(struct reader *reader, struct json_object *json, void *to);	 /* the same; "" is as absent */
int read_path(struct reader *reader, struct json_object *json, void *to);	 /* the same; absolute */
int read_strings(struct reader *reader, struct json_object *json, void *to);	 /* struct oci_strings */
int read_paths(struct reader *reader, struct json_object *json, void *to);	 /* the same; absolute ones */

/* A string that belongs to the document; refuses other types, and NUL bytes in it. */
int read_text(struct reader *reader, struct json_object *json, const char **ret);

/* A number from LOW to HIGH. */
int read_range(struct reader *reader, struct json_object *json, int64_t low, int64_t high, int64_t *ret);

/* One of a table of words. */
struct word {
	const char *word;
	int64_t value;
};
struct words {
	const struct word *list;
	size_t n;
};
int read_choice(struct reader *reader, struct json_object *json, const struct word *words, size_t n,
		int64_t *ret);
#define READ_CHOICE(reader, json, words, ret) read_choice(reader, json, words, ARRAY_SIZE(words), ret)

/* A list of such words that are bits: *RET is all of them. */
int read_flags(struct reader *reader, struct json_object *json, const struct word *words, size_t n,
	       uint64_t *ret);

/* Step into a field or an element, and out again. */
static inline void reader_enter(struct reader *reader, struct place *place)
{
	place->up = reader->at;
	reader->at = place;
}
static inline void reader_leave(struct reader *reader)
{
	reader->at = reader->at->up;
}

#endif
