/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SECCOMP_PROFILE_OF_H
#define TESTS_SECCOMP_PROFILE_OF_H

/* From a text to a program, for tests; anything that fails on the way fails the test. */

#include <stdint.h>
#include <string.h>

#include "inro/error.h"
#include "seccomp/generate.h"
#include "seccomp/presets.h"
#include "seccomp/text.h"

static inline struct seccomp_profile profile_of_size(struct arena *arena, const char *text, size_t size,
						     uint64_t caps)
{
	struct inro_error error = { 0 };
	struct seccomp_profile profile;
	char message[1024];

	if (seccomp_parse(&profile, arena, text, size, "test", caps, &error) < 0) {
		inro_error_format(&error, message, sizeof(message));
		fail_msg("%s", message);
	}
	return profile;
}

static inline struct seccomp_program program_of_profile(struct arena *arena, const struct seccomp_profile *profile)
{
	struct inro_error error = { 0 };
	struct seccomp_program program = { 0 };

	if (seccomp_generate(profile, arena, &program, &error) < 0)
		fail_msg("%s", error.why);
	return program;
}

static inline struct seccomp_program program_of(struct arena *arena, const char *text)
{
	struct seccomp_profile profile = profile_of_size(arena, text, strlen(text), 0);

	return program_of_profile(arena, &profile);
}

static inline struct seccomp_program program_of_preset(struct arena *arena, const char *name, uint64_t caps)
{
	const struct seccomp_preset *preset = seccomp_find_preset(name, strlen(name));
	struct seccomp_profile profile;

	assert_non_null(preset);
	profile = profile_of_size(arena, preset->text, *preset->size, caps);
	return program_of_profile(arena, &profile);
}

#endif
