/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The execution domain, personality(2): what uname(2) says the machine is, and flags that change
 * how addresses are laid out. It passes through execve(2) to everything that the command starts.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/personality.h>

#include "base/buf.h"
#include "base/parse.h"
#include "kernel/syscalls.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_personality;

static const struct {
	const char *name;
	unsigned long value;
} personas[] = {
	{ "linux", PER_LINUX },
	{ "linux64", PER_LINUX },
	{ "linux32", PER_LINUX32 },
	{ "addr-no-randomize", ADDR_NO_RANDOMIZE },
	{ "addr-compat-layout", ADDR_COMPAT_LAYOUT },
	{ "addr-limit-32bit", ADDR_LIMIT_32BIT },
	{ "addr-limit-3gb", ADDR_LIMIT_3GB },
	{ "mmap-page-zero", MMAP_PAGE_ZERO },
	{ "read-implies-exec", READ_IMPLIES_EXEC },
	{ "short-inode", SHORT_INODE },
	{ "sticky-timeouts", STICKY_TIMEOUTS },
	{ "uname-2.6", UNAME26 },
	{ "whole-seconds", WHOLE_SECONDS },
};

struct personality_spec {
	unsigned long value;
	const char *text; /* NULL: the caller's stays */
};

static int run_personality(struct run *run, const struct step *step, struct inro_error *error)
{
	const unsigned long *value = step->args;
	int r = sys_personality(*value);

	(void)run;
	return r < 0 ? error_raw(error, r, "personality", NULL) : 0;
}

static void advise_personality(const struct step *step, const struct plan *plan,
			       struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code != EPERM)
		return;
	error_why(error, "a seccomp filter around inro forbids this execution domain");
	error_hint(error, "leave --personality out, or start inro outside of that container");
}

static const struct step_kind kind_personality = {
	.name = "set-personality",
	.what = "set the execution domain to",
	.calls = "personality",
	.run = run_personality,
	.advise = advise_personality,
};

static int find_persona(const char *word, unsigned long *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(personas); i++) {
		if (strcasecmp(personas[i].name, word) == 0) {
			*ret = personas[i].value;
			return 0;
		}
	}
	return -ENOENT;
}

static int set_personality(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct personality_spec *part = spec_part(spec, &feature_personality);
	unsigned long all = 0, one;
	char **words;
	size_t n;

	if (parse_list(&spec->arena, value, ',', &words, &n) < 0)
		return fail_memory(error);
	if (n == 0)
		return fail_usage(error, "--personality", "names no execution domain");
	for (size_t i = 0; i < n; i++) {
		if (find_persona(words[i], &one) < 0) {
			fail_usage(error, "--personality", "there is no execution domain '%s'",
				   words[i]);
			error_hint(
				error,
				"linux32 and linux64, and with commas the flags of setarch(8) in "
				"lower case, such as addr-no-randomize");
			return -EINVAL;
		}
		all |= one;
	}
	part->value = all;
	part->text = arena_strdup(&spec->arena, value);
	return part->text ? 0 : fail_memory(error);
}

static const struct option_row options[] = {
	{
		.name = "personality",
		.form = OPTION_VALUE,
		.argument = "DOMAIN[,FLAG]",
		.help = "execution domain: linux32, linux64, and flags",
		.section = "Process",
		.set = set_personality,
		.choices =
			"linux32|linux64|addr-no-randomize|addr-compat-layout|addr-limit-32bit|"
			"addr-limit-3gb|mmap-page-zero|read-implies-exec|short-inode|"
			"sticky-timeouts|uname-2.6|whole-seconds",
		.detail =
			"With linux32 uname(1) tells a 32-bit machine; addr-no-randomize turns "
			"address space randomization off, as debuggers like it.",
		.rare = true,
	},
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct personality_spec *part = spec_part(plan->spec, &feature_personality);
	unsigned long *value;

	if (!part->text)
		return 0;
	value = arena_copy(&plan->arena, &part->value, sizeof(part->value));
	if (!value)
		return fail_memory(error);
	plan_add(plan, STAGE_PROCESS, &kind_personality, part->text, "asked for", value);
	return 0;
}

const struct feature feature_personality = {
	.name = "personality",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct personality_spec),
	.resolve = resolve,
};
