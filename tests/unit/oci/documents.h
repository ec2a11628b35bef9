/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_OCI_DOCUMENTS_H
#define TEST_OCI_DOCUMENTS_H

/* Reading small documents, in tests. Use: include cmocka first. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "inro/error.h"
#include "oci/read.h"

/* What is refused: the members of config.json but ociVersion, where it is wrong, and words of why. */
struct refused {
	const char *members, *what, *why;
};

static inline int read_text_of(const char *format, const char *members, struct arena *arena,
			       struct oci_config *config, struct inro_error *error)
{
	const char *place = strstr(format, "%s");
	char *text;

	assert_non_null(place);
	text = arena_printf(arena, "%.*s%s%s", (int)(place - format), format, members, place + 2);
	assert_non_null(text);
	memset(error, 0, sizeof(*error));
	return oci_read_config(text, strlen(text), "/bundle", arena, config, error);
}

/* The members are put into FORMAT. */
static inline void accept_in(const char *format, const char *members, struct arena *arena,
			     struct oci_config *config)
{
	struct inro_error error;

	if (read_text_of(format, members, arena, config, &error) < 0)
		fail_msg("%s is refused: %s: %s", members, error.what, error.why);
}

static inline void refuse_in(const char *format, const struct refused *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct oci_config config = { .version = "untouched" };
		struct arena arena = { 0 };
		struct inro_error error;

		if (read_text_of(format, list[i].members, &arena, &config, &error) != -EINVAL)
			fail_msg("%s is accepted", list[i].members);
		assert_int_equal(error.kind, INRO_ERROR_USAGE);
		assert_string_equal(config.version, "untouched");
		if (strcmp(error.what, list[i].what) != 0 || !strstr(error.why, list[i].why))
			fail_msg("%s is refused with %s: %s", list[i].members, error.what, error.why);
		arena_deinit(&arena);
	}
}

#define IN_CONFIG "{\"ociVersion\":\"1.3.0\",%s}"
#define IN_LINUX "{\"ociVersion\":\"1.3.0\",\"linux\":{%s}}"
#define IN_PROCESS "{\"ociVersion\":\"1.3.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],%s}}"
#define IN_RESOURCES "{\"ociVersion\":\"1.3.0\",\"linux\":{\"resources\":{%s}}}"
#define IN_SECCOMP "{\"ociVersion\":\"1.3.0\",\"linux\":{\"seccomp\":{%s}}}"

static inline void expect_strings(struct oci_strings strings, const char *const *wanted)
{
	size_t n = 0;

	for (; wanted[n]; n++) {
		assert_true(n < strings.n);
		assert_string_equal(strings.list[n], wanted[n]);
	}
	assert_int_equal(strings.n, n);
	assert_null(strings.list[n]);
}
#define EXPECT_STRINGS(strings, ...) expect_strings(strings, (const char *const[]){ __VA_ARGS__, NULL })

#endif
