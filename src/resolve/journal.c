/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/parse.h"
#include "inro/run.h"
#include "resolve/config.h"
#include "resolve/features.h"
#include "resolve/preset.h"

struct inro_spec *inro_spec_new(void)
{
	return calloc(1, sizeof(struct inro_spec));
}

struct inro_spec *inro_spec_free(struct inro_spec *spec)
{
	if (spec) {
		arena_deinit(&spec->arena);
		free(spec);
	}
	return NULL;
}

static int write_down(struct inro_spec *journal, const char *name, const char *value,
		      enum setting_origin origin, struct inro_error *error)
{
	struct setting *setting = arena_grow(&journal->arena, &journal->settings,
					     &journal->n_settings, sizeof(*setting));

	if (!setting)
		return fail_memory(error);
	setting->name = name;
	setting->value = arena_strdup(&journal->arena, value);
	setting->origin = origin;
	return setting->value ? 0 : fail_memory(error);
}

int journal_say_row(struct inro_spec *journal, const struct option_row *row, const char *value,
		    enum setting_origin origin, struct inro_error *error)
{
	int r = write_down(journal, row->name, value, origin, error);

	if (r == 0 && strcmp(row->name, "preset") == 0)
		r = preset_say(journal, value, error);
	return r;
}

int journal_say(struct inro_spec *journal, const char *name, const char *value,
		enum setting_origin origin, struct inro_error *error)
{
	const struct option_row *row = features_find_option(name);
	bool yes;

	if (!row)
		return fail_usage(error, name, "is not an option");
	/* The setters of flags know two words only, which the parser of a command line makes. */
	if (row->form == OPTION_FLAG) {
		char what[64];

		snprintf(what, sizeof(what), "--%s", row->name);
		if (parse_bool(value, &yes) < 0)
			return fail_usage(error, what, "'%s' is neither yes nor no", value);
		value = yes ? "true" : "false";
	}
	return journal_say_row(journal, row, value, origin, error);
}

int inro_spec_set(struct inro_spec *spec, const char *name, const char *value,
		  struct inro_error *error)
{
	return journal_say(spec, name, value, ORIGIN_USER, error);
}

static int copy_strings(struct arena *arena, const char *const strings[], const char *const **ret,
			struct inro_error *error)
{
	const char **copy;
	size_t n = 0;

	while (strings[n])
		n++;
	copy = arena_array(arena, n + 1, sizeof(*copy));
	if (!copy)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		copy[i] = arena_strdup(arena, strings[i]);
		if (!copy[i])
			return fail_memory(error);
	}
	*ret = copy;
	return 0;
}

int inro_spec_set_args(struct inro_spec *spec, const char *const args[], struct inro_error *error)
{
	return copy_strings(&spec->arena, args, &spec->args, error);
}

int inro_spec_set_environment(struct inro_spec *spec, const char *const environment[],
			      struct inro_error *error)
{
	return copy_strings(&spec->arena, environment, &spec->environment, error);
}

int inro_spec_load(struct inro_spec *spec, const char *path, struct inro_error *error)
{
	return config_load(spec, path, error);
}

int inro_spec_save(const struct inro_spec *spec, FILE *stream, struct inro_error *error)
{
	return config_save(spec, stream, error);
}

static int apply(struct spec *spec, enum setting_origin origin, struct inro_error *error)
{
	for (size_t i = 0; i < spec->n_settings; i++) {
		const struct setting *setting = &spec->settings[i];
		int r;

		if (setting->origin != origin)
			continue;
		spec->applying = origin;
		r = features_find_option(setting->name)->set(spec, setting->value, error);
		if (r < 0)
			return r;
	}
	return 0;
}

define_cleanup(struct spec *, spec_free);

int journal_make_spec(const struct inro_spec *journal, struct spec **ret, struct inro_error *error)
{
	cleanup(spec_free_ptr) struct spec *spec = NULL;
	int r = spec_new(features, n_features, &spec);

	if (r < 0)
		return fail_memory(error);
	spec->settings = journal->settings;
	spec->n_settings = journal->n_settings;
	spec->process.args = journal->args;
	spec->process.host_env = journal->environment;
	for (enum setting_origin origin = ORIGIN_PRESET; origin <= ORIGIN_USER; origin++) {
		r = apply(spec, origin, error);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(spec);
	return 0;
}
