/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Seccomp filters of a container: --seccomp chooses the profile, --seccomp-fd adds programs that
 * somebody else made.
 *
 * Everything is read, parsed and generated while the plan is made, so that the child only hands
 * finished programs to the kernel, and --explain tells their size. With no_new_privs they go in
 * last of all, right before exec: nothing that inro does needs to be allowed. Without it
 * installing takes CAP_SYS_ADMIN, so they go in before the ids' remaining capabilities are dropped;
 * a profile that forbids capset(2) or close_range(2) then stops the start, with a step that says so.
 *
 * Filters stack, and the strongest answer of all counts. Those of inro's own making come first,
 * since a foreign one may forbid seccomp(2) itself.
 *
 * A terminal that is shared with the caller takes TIOCSTI and TIOCLINUX from inside as typed by the
 * user. The presets deny both; where another profile or none was chosen, a filter that does nothing
 * else stands beside it.
 */

#include "seccomp/feature.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "plan/feature.h"
#include "plan/run.h"
#include "seccomp/compiled.h"
#include "seccomp/filter.h"
#include "seccomp/presets.h"
#include "seccomp/print.h"
#include "seccomp/text.h"

extern const struct feature feature_seccomp;

enum { MAX_TEXT = 1 << 20, MAX_FILTERS = 64 };

/* A descriptor with a program; read once, while gathering. */
struct filter_fd {
	int fd;
	struct seccomp_program program;
};

struct seccomp_spec {
	const char *choice; /* as written; NULL = the default */
	const char *text;   /* of the file, once gathered */
	size_t size;
	struct filter_fd *fds;
	size_t n_fds;
	enum seccomp_dump dump;
};

struct install_args {
	struct seccomp_program program;
	const struct seccomp_profile *profile; /* NULL where the program was not made just now */
	uint32_t default_action;
	bool foreign;			       /* from a descriptor: its actions are not known */
};

static int run_install(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct install_args *args = step->args;
	int r = seccomp_install(&args->program, 0);

	(void)run;
	return r < 0 ? error_raw(error, r, "seccomp", NULL) : 0;
}

static void tell_install(const struct step *step, struct buf *text)
{
	const struct install_args *args = step->args;

	buf_printf(text, "%zu instructions", args->program.n);
	if (args->foreign)
		return;
	buf_puts(text, ", otherwise ");
	seccomp_print_action(args->default_action, text);
}

static void advise_install(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	const struct install_args *args = step->args;

	seccomp_explain(error);
	switch (error->code) {
	case EACCES:
		error_why(error, "without no_new_privs a filter needs CAP_SYS_ADMIN, which the child does not have");
		error_hint(error, "leave --new-privs out, or let the container have a user namespace");
		break;
	case EINVAL:
		error_why(error, args->foreign ? "the kernel does not take this program" :
						 "this kernel has no seccomp filters, or lacks a flag of the profile");
		break;
	case ENOSYS:
		error_hint(error, "--seccomp off starts the command without one");
		break;
	default:
		break;
	}
	(void)plan;
}

static const struct step_kind kind_install = {
	.name = "seccomp",
	.what = "install the seccomp filter",
	.calls = "seccomp(SECCOMP_SET_MODE_FILTER)",
	.run = run_install,
	.tell = tell_install,
	.advise = advise_install,
};

/* ---- options ---- */

static int add_fd(struct spec *spec, const char *option, const char *value, struct inro_error *error)
{
	struct seccomp_spec *part = spec_part(spec, &feature_seccomp);
	struct filter_fd *added;
	uint32_t fd;

	if (parse_u32(value, &fd) < 0 || fd > INT32_MAX)
		return fail_usage(error, option, "'%s' is not the number of a descriptor", value);
	if (part->n_fds == MAX_FILTERS)
		return fail_usage(error, option, "more than %d filters", MAX_FILTERS);
	added = arena_grow(&spec->arena, &part->fds, &part->n_fds, sizeof(*added));
	if (!added)
		return fail_memory(error);
	added->fd = (int)fd;
	return 0;
}

static int set_seccomp(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct seccomp_spec *part = spec_part(spec, &feature_seccomp);

	if (!*value)
		return fail_usage(error, "--seccomp", "it needs a preset, a file, or off");
	part->choice = "off";
	/* A number is a descriptor with the one filter there is to be, as bubblewrap has it. */
	if (isdigit((unsigned char)*value) && !value[strspn(value, "0123456789")])
		return add_fd(spec, "--seccomp", value, error);
	part->choice = arena_strdup(&spec->arena, value);
	return part->choice ? 0 : fail_memory(error);
}

static int set_seccomp_fd(void *object, const char *value, struct inro_error *error)
{
	return add_fd(object, "--seccomp-fd", value, error);
}

static int set_seccomp_dump(void *object, const char *value, struct inro_error *error)
{
	struct seccomp_spec *part = spec_part(object, &feature_seccomp);

	if (!*value || strcmp(value, "text") == 0)
		part->dump = SECCOMP_DUMP_TEXT;
	else if (strcmp(value, "bpf") == 0)
		part->dump = SECCOMP_DUMP_BPF;
	else if (strcmp(value, "raw") == 0)
		part->dump = SECCOMP_DUMP_RAW;
	else
		return fail_usage(error, "--seccomp-dump", "'%s' is none of text, bpf, raw", value);
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "seccomp",
		.form = OPTION_VALUE,
		.argument = "PROFILE",
		.help = "filter: default, nestable, strict, FILE or off",
		.section = "Security",
		.set = set_seccomp,
		.choices = "default|nestable|strict|off|@file",
		.detail = "A file holds a profile, one rule a line; --seccomp-dump shows the language. A name "
			  "with a / in it is always a file, a number a descriptor with the only filter.",
	},
	{
		.name = "seccomp-fd",
		.form = OPTION_VALUE,
		.argument = "FD",
		.help = "add a filter: struct sock_filter[] from FD",
		.section = "Security",
		.set = set_seccomp_fd,
		.aliases = "add-seccomp-fd",
		.repeats = true,
		.rare = true,
	},
	{
		.name = "seccomp-dump",
		.form = OPTION_MAYBE,
		.argument = "FORM",
		.help = "print the filter (text, bpf, raw), run nothing",
		.section = "Security",
		.set = set_seccomp_dump,
		.choices = "text|bpf|raw",
		.rare = true,
	},
};

/* ---- what comes from the host ---- */

static const struct seccomp_preset *chosen_preset(const struct spec *spec, const struct seccomp_spec *part)
{
	const char *choice = part->choice;

	if (!choice)
		choice = spec->bare ? "none" : spec->nestable ? "nestable" : "default";
	if (strcmp(choice, "off") == 0)
		choice = "none";
	return seccomp_find_preset(choice, strlen(choice));
}

static int read_file(struct seccomp_spec *part, struct arena *arena, struct inro_error *error)
{
	cleanup_close int fd = open(part->choice, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_free char *text = NULL;
	int r = fd < 0 ? -errno : fd_read_to_heap(fd, MAX_TEXT, &text, &part->size);

	if (r == -ENOENT && !strchr(part->choice, '/')) {
		fail_usage(error, "--seccomp", "'%s' is neither a preset nor a file", part->choice);
		error_hint(error, "presets: default, nestable, strict; off for no filter");
		return -EINVAL;
	}
	if (r < 0)
		return fail_call(error, r, "read the seccomp profile", fd < 0 ? "open" : "read", part->choice);
	part->text = arena_copy(arena, text, part->size + 1);
	return part->text ? 0 : fail_memory(error);
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct seccomp_spec *part = spec_part(spec, &feature_seccomp);
	int r = 0;

	if (!chosen_preset(spec, part))
		r = read_file(part, &facts->arena, error);
	for (size_t i = 0; i < part->n_fds && r >= 0; i++)
		r = seccomp_read_program(part->fds[i].fd, "--seccomp-fd", &facts->arena, &part->fds[i].program,
					 error);
	return r;
}

/* ---- the plan ---- */

static struct install_args *add_step(struct plan *plan, const struct seccomp_program *program, const char *object,
				     const char *why)
{
	struct install_args *args = arena_alloc(&plan->arena, sizeof(*args));

	if (!args)
		return NULL;
	args->program = *program;
	plan_applied(plan, "seccomp", "%s", object);
	plan_add(plan, plan->settled.no_new_privs ? STAGE_SECCOMP : STAGE_PRIVS, &kind_install, object, why, args);
	return args;
}

static int add_text(struct plan *plan, const char *name, const char *text, size_t size, const char *why,
		    struct inro_error *error)
{
	struct install_args *args;
	struct seccomp_program program;
	struct seccomp_profile profile;
	int r;

	r = seccomp_parse(&profile, &plan->arena, text, size, name, plan->settled.caps, error);
	if (r < 0)
		return r;
	if (seccomp_profile_uses(&profile, SECCOMP_RET_USER_NOTIF)) {
		fail_usage(error, name, "'notify' asks a listener, and inro run has none");
		error_hint(error, "use errno, or log to see the calls in the kernel's log");
		return -EINVAL;
	}
	r = seccomp_generate(&profile, &plan->arena, &program, error);
	if (r < 0)
		return r;
	if (seccomp_is_void(&program))
		return 0;
	args = add_step(plan, &program, name, why);
	if (!args)
		return fail_memory(error);
	args->default_action = profile.default_action;
	args->profile = arena_copy(&plan->arena, &profile, sizeof(profile));
	return args->profile ? 0 : fail_memory(error);
}

/* A preset as the build compiled it, where nothing else is needed; NULL. */
static const struct seccomp_compiled *find_compiled(const struct plan *plan, const struct seccomp_preset *preset,
						    enum seccomp_dump dump)
{
	for (size_t i = 0; i < n_seccomp_compiled && plan->settled.caps == 0 && dump != SECCOMP_DUMP_TEXT; i++)
		if (strcmp(seccomp_compiled[i].preset, preset->name) == 0)
			return &seccomp_compiled[i];
	return NULL;
}

static int add_preset(struct plan *plan, const struct seccomp_preset *preset, const struct seccomp_spec *part,
		      struct inro_error *error)
{
	const char *why = part->choice ? "asked for" : "calls that programs in a container do not need";
	const struct seccomp_compiled *compiled = find_compiled(plan, preset, part->dump);
	struct seccomp_program program;
	struct install_args *args;

	if (!compiled)
		return add_text(plan, preset->name, preset->text, *preset->size, why, error);
	/* The kernel only reads it. */
	program = (struct seccomp_program){ (struct sock_filter *)compiled->code, compiled->n, compiled->flags };
	if (seccomp_is_void(&program))
		return 0;
	args = add_step(plan, &program, preset->name, why);
	if (!args)
		return fail_memory(error);
	args->default_action = compiled->default_action;
	return 0;
}

static int add_fds(struct plan *plan, const struct seccomp_spec *part, struct inro_error *error)
{
	for (size_t i = 0; i < part->n_fds; i++) {
		const char *name = arena_printf(&plan->arena, "descriptor %d", part->fds[i].fd);
		struct install_args *args = name ? add_step(plan, &part->fds[i].program, name, "asked for") : NULL;

		if (!args)
			return fail_memory(error);
		args->foreign = true;
	}
	return 0;
}

static const char tty_text[] = "default allow\nforeign allow\n"
			       "errno EPERM ioctl if low32(arg1) in TIOCSTI TIOCLINUX\n";

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct seccomp_spec *part = spec_part(plan->spec, &feature_seccomp);
	const struct seccomp_preset *preset = chosen_preset(plan->spec, part);
	const bool none = preset && strcmp(preset->name, "none") == 0;
	int r = 0;

	if (plan->settled.filter_tty_input && (!preset || none))
		r = add_text(plan, "terminal input", tty_text, sizeof(tty_text) - 1,
			     "the terminal is the caller's, and must not be typed into from inside", error);
	if (r >= 0 && preset)
		r = add_preset(plan, preset, part, error);
	else if (r >= 0)
		r = add_text(plan, part->choice, part->text, part->size, "asked for", error);
	return r < 0 ? r : add_fds(plan, part, error);
}

const struct feature feature_seccomp = {
	.name = "seccomp",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct seccomp_spec),
	.gather = gather,
	.resolve = resolve,
};

/* ---- --seccomp-dump ---- */

enum seccomp_dump seccomp_dump_wanted(const struct spec *spec)
{
	const struct seccomp_spec *part = spec_part(spec, &feature_seccomp);

	return part->dump;
}

static void dump_one(const struct step *step, enum seccomp_dump form, struct buf *buf)
{
	const struct install_args *args = step->args;
	const struct seccomp_program *program = &args->program;

	if (form == SECCOMP_DUMP_RAW) {
		buf_add(buf, (const char *)program->code, program->n * sizeof(*program->code));
		return;
	}
	buf_printf(buf, "# %s: %zu instructions\n", step->object, program->n);
	if (form == SECCOMP_DUMP_TEXT && args->profile)
		seccomp_print(args->profile, buf);
	else
		seccomp_disassemble(program->code, program->n, buf);
}

void seccomp_dump(const struct plan *plan, enum seccomp_dump form, struct buf *buf)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == &kind_install)
			dump_one(&plan->steps[i], form, buf);
}
