/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/preset.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/setters.h"
#include "plan/feature.h"
#include "resolve/features.h"

extern const struct feature feature_preset, feature_required_limits;

/* What `inro run` does where nothing is asked for is the code's own default: nothing to say. */
#define PRESET(id, text, list)                                                             \
	{                                                                                  \
		.name = id, .help = text, .settings = list, .n_settings = ARRAY_SIZE(list) \
	}

/* A box to look around in: root inside, its own root directory or the host's, a terminal. */
static const struct preset_setting shell_settings[] = {
	{ "map-root", "true" },
	{ "tty", "auto" },
	{ "init", "true" },
};

/*
 * Builds fetch and cache: the host's network, and the caches that compilers and packagers keep. Of
 * their directories only the caches: ~/.cargo/bin and ~/go/bin stand in people's PATH, ~/.cargo/env
 * is read by their shells, and ~/.m2/settings.xml holds passwords.
 */
static const struct preset_setting build_settings[] = {
	{ "net", "host" },
	{ "volume", "~/.cache:~/.cache:rw,optional" },
	{ "volume", "~/.ccache:~/.ccache:rw,optional" },
	{ "volume", "~/.cargo/bin:~/.cargo/bin:ro,optional" },
	{ "volume", "~/.cargo/git:~/.cargo/git:rw,optional" },
	{ "volume", "~/.cargo/registry:~/.cargo/registry:rw,optional" },
	{ "volume", "~/.rustup:~/.rustup:ro,optional" },
	{ "volume", "~/.npm:~/.npm:rw,optional" },
	{ "volume", "~/.m2/repository:~/.m2/repository:rw,optional" },
	{ "volume", "~/go/bin:~/go/bin:ro,optional" },
	{ "volume", "~/go/pkg:~/go/pkg:rw,optional" },
};

/* A program whose answer is judged: the tool chain, and limits that it must be given. */
static const struct preset_setting judge_settings[] = {
	{ "empty", "true" },
	{ "toolchain", "true" },
	{ "seccomp", "strict" },
	{ "accounting", "true" },
	{ "require-limits", "true" },
};

static const struct preset_setting agent_settings[] = {
	{ "guard-project", "true" },
	{ "net", "host" },
	{ "landlock", "auto" },
	{ "init", "true" },
};

static const struct preset_setting none_settings[] = {
	{ "bare", "true" },
};

const struct preset presets[] = {
	{ .name = "default", .help = "a closed box over the host's system directories" },
	PRESET("shell", "root inside, an init, a terminal", shell_settings),
	PRESET("build", "as default, with the host's network and writable caches", build_settings),
	PRESET("agent", "the project writable, but nothing that git or inro would later execute",
	       agent_settings),
	PRESET("judge", "the tool chain alone; limits required, accounting on", judge_settings),
	PRESET("none", "mechanism only, nothing implied", none_settings),
};
const size_t n_presets = ARRAY_SIZE(presets);

int preset_say(struct inro_spec *journal, const char *name, struct inro_error *error)
{
	for (size_t i = 0; i < n_presets; i++) {
		if (strcmp(presets[i].name, name) != 0)
			continue;
		for (size_t j = 0; j < presets[i].n_settings; j++) {
			const struct preset_setting *setting = &presets[i].settings[j];
			int r = journal_say(journal, setting->name, setting->value, ORIGIN_PRESET,
					    error);

			if (r < 0)
				return r;
		}
		return 0;
	}
	fail_usage(error, "--preset", "there is no preset '%s'", name);
	error_hint(error, "there are default, shell, build, agent, judge and none");
	return -EINVAL;
}

/* Saying a preset is carried out by the journal at once; the setting itself only keeps its name. */
static int set_preset(void *object, const char *value, struct inro_error *error)
{
	(void)object;
	(void)value;
	(void)error;
	return 0;
}

/*
 * What a judge must not forget: time, memory and processes, each of which is another feature's own.
 * What was not said at all is told first, before anything else that may be wrong. That what was said
 * is a limit (0 and "unlimited" are none) is known once those that set limits have resolved.
 */
struct preset_spec {
	bool require_limits;
};

part_flag_setter(require_limits, preset_spec, feature_preset, require_limits)

static bool was_said(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->spec->n_settings; i++)
		if (strcmp(plan->spec->settings[i].name, name) == 0)
			return true;
	return false;
}

static bool is_in_force(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_applied; i++)
		if (strcmp(plan->applied[i].name, name) == 0)
			return true;
	return false;
}

static int check_limits(const struct plan *plan, bool (*has)(const struct plan *plan, const char *name),
			struct inro_error *error)
{
	static const char *const limits[] = { "memory", "pids-limit" };
	const struct preset_spec *part = spec_part(plan->spec, &feature_preset);

	if (!part->require_limits)
		return 0;
	if (!has(plan, "timeout") && !has(plan, "cpu-time"))
		return fail_usage(error, "--require-limits",
				  "a limit of time is missing: --timeout or --cpu-time");
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (!has(plan, limits[i]))
			return fail_usage(error, "--require-limits", "a limit is missing: --%s",
					  limits[i]);
	return 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	return check_limits(plan, was_said, error);
}

static int resolve_limits(struct plan *plan, struct inro_error *error)
{
	return check_limits(plan, is_in_force, error);
}

spec_flag_setter(trace, trace)

static const struct option_row options[] = {
	{
		.name = "preset",
		.form = OPTION_VALUE,
		.argument = "NAME",
		.help = "default, shell, build, agent, judge or none",
		.section = "The run",
		.set = set_preset,
		.choices = "default|shell|build|agent|judge|none",
		.repeats = true,
	},
	{
		.name = "trace",
		.form = OPTION_FLAG,
		.help = "run, and tell what each step took",
		.section = "The run",
		.set = set_trace,
	},
	{
		.name = "require-limits",
		.form = OPTION_FLAG,
		.help = "refuse without time, memory and process limits",
		.section = "Limits",
		.set = set_require_limits,
		.rare = true,
	},
};

const struct feature feature_preset = {
	.name = "preset",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct preset_spec),
	.settle = settle,
};

const struct feature feature_required_limits = {
	.name = "required-limits",
	.resolve = resolve_limits,
};
