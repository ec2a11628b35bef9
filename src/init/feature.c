/* SPDX-License-Identifier: Apache-2.0 */

/*
 * --init: inro's own PID 1 around the command. The engine executes it instead of the command, from
 * a sealed memfd; the channel stays open in it as descriptor 3. program.c is what then runs.
 *
 * Stands in the table below what settles the command and the terminal.
 *
 * What is left when the command ends gets two seconds unless --drain says otherwise. A process that
 * handles TERM needs milliseconds, so nearly nobody ever waits; for those who flush or say goodbye
 * over a network two seconds are enough, and those who ignore TERM should not keep somebody waiting
 * at a prompt for the ten or thirty that engines grant to a whole service.
 */

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/setters.h"
#include "init/sealed.h"
#include "ns/kind.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_init;

enum { DEFAULT_DRAIN_MS = 2000, MAX_DRAIN_MS = 24 * 3600 * 1000 };

struct init_spec {
	uint32_t drain_ms;
	bool drain_set;
};

static int run_open_init(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)step;
	return run_store(run, SLOT_INIT,
			 sealed_program("inro-init", inro_init_program, inro_init_program_size, error));
}

static void advise_open_init(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EACCES) {
		error_why(error, "this host forbids executable memory files (vm.memfd_noexec)");
		error_hint(error, "as root: sysctl vm.memfd_noexec=1, or run without --init");
	}
}

static const struct step_kind kind_open_init = {
	.name = "open-init",
	.what = "put inro's init into a sealed file",
	.calls = "memfd_create, write, fchmod, fcntl F_ADD_SEALS",
	.run = run_open_init,
	.advise = advise_open_init,
};

spec_flag_setter(init, process.init)

static int set_drain(void *object, const char *value, struct inro_error *error)
{
	struct init_spec *part = spec_part(object, &feature_init);
	uint64_t ns;

	if (parse_duration(value, &ns) < 0)
		return fail_usage(error, "--drain", "'%s' is no time span such as 500ms, 2s, 1m", value);
	if (ns / 1000000 > MAX_DRAIN_MS)
		return fail_usage(error, "--drain", "%s is more than a day", value);
	part->drain_ms = (uint32_t)(ns / 1000000);
	part->drain_set = true;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "init",
		.form = OPTION_FLAG,
		.help = "inro's own PID 1: reaps, forwards, drains",
		.section = "Process",
		.set = set_init,
	},
	{
		.name = "drain",
		.form = OPTION_VALUE,
		.argument = "TIME",
		.help = "with --init: grace for what is left (2s)",
		.rare = true,
		.section = "Process",
		.set = set_drain,
		.detail =
			"When the command ends, everything else in the container gets TERM, and after this "
			"time KILL; a second TERM or an interrupt cuts it short. 0 kills at once.",
	},
};

static void init_part(void *data)
{
	struct init_spec *part = data;

	part->drain_ms = DEFAULT_DRAIN_MS;
}

/* The command line of inro-init, with the command's behind it. */
static const char **make_args(struct plan *plan, uint32_t drain_ms)
{
	const struct settled *settled = &plan->settled;
	const char *const *args = settled->argv0_args ? settled->argv0_args : settled->args;
	size_t n = 0, n_args = 0;
	const char **list;

	while (args[n_args])
		n_args++;
	list = arena_array(&plan->arena, n_args + 8, sizeof(*list));
	if (!list)
		return NULL;
	list[n++] = "inro-init";
	list[n++] = "-d";
	list[n] = arena_printf(&plan->arena, "%u", drain_ms);
	if (!list[n++])
		return NULL;
	if (settled->tty != TTY_NONE)
		list[n++] = settled->tty == TTY_NEW ? "-t" : "-s";
	if (settled->argv0_args) {
		list[n++] = "-p";
		list[n++] = settled->args[0];
	}
	list[n++] = "--";
	memcpy(list + n, args, n_args * sizeof(*args));
	return list;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct init_spec *part = spec_part(plan->spec, &feature_init);

	if (!plan->spec->process.init)
		return part->drain_set ? fail_usage(error, "--drain", "needs --init, which drains") : 0;
	/* Elsewhere "everything that is left" would be what others run. */
	if (!(plan->settled.ns_new & NS_BIT(NS_PID)))
		return fail_usage(error, "--init",
				  "needs a new PID namespace (--ns with pid) to be PID 1 of");
	plan->settled.exec_args = make_args(plan, part->drain_ms);
	if (!plan->settled.exec_args)
		return fail_memory(error);
	plan->settled.exec_slot = SLOT_INIT;
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	(void)error;
	if (!plan->spec->process.init)
		return 0;
	plan_transient(plan, SLOT_INIT);
	plan_add(plan, STAGE_OPEN, &kind_open_init, NULL, "nothing inside can change what PID 1 is", NULL);
	return 0;
}

const struct feature feature_init = {
	.name = "init",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct init_spec),
	.init = init_part,
	.settle = settle,
	.resolve = resolve,
};
