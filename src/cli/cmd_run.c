/* SPDX-License-Identifier: Apache-2.0 */

/* inro run: a command as PID 1 of its own namespaces. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/setters.h"
#include "cli/aliases.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "inro/run.h"
#include "resolve/features.h"
#include "resolve/journal.h"

extern char **environ;
extern const struct verb verb_run;

struct cmd_run {
	struct inro_spec *spec;
	struct option_parser *parser;
	const char *explain; /* "", "text" or "json"; NULL */
	const char *save;
	const char *help;    /* "" or "all"; NULL */
	int status_fd;
	bool report, quiet;
	unsigned depth;      /* of --args in --args */
};

enum { MAX_DEPTH = 8, MAX_ARGS_BYTES = 8 << 20 };

static int set_explain(void *object, const char *value, struct inro_error *error)
{
	struct cmd_run *cmd = object;

	if (*value && strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
		return fail_usage(error, "--explain", "'%s' is neither text nor json", value);
	cmd->explain = strcmp(value, "json") == 0 ? "json" : "text";
	return 0;
}

static int set_config(void *object, const char *value, struct inro_error *error)
{
	struct cmd_run *cmd = object;

	return inro_spec_load(cmd->spec, value, error);
}

static int set_save(void *object, const char *value, struct inro_error *error)
{
	struct cmd_run *cmd = object;

	/* The words of --args do not live as long. */
	cmd->save = arena_strdup(&cmd->spec->arena, value);
	return cmd->save ? 0 : fail_memory(error);
}

static int set_help(void *object, const char *value, struct inro_error *error)
{
	struct cmd_run *cmd = object;

	(void)error;
	cmd->help = strcmp(value, "all") == 0 ? "all" : "";
	return 0;
}

flag_setter(cmd_run, report)
flag_setter(cmd_run, quiet)

/* A descriptor that the caller opened for us: kept out of the container by close-on-exec. */
static int take_descriptor(const char *option, const char *value, int *ret,
			   struct inro_error *error)
{
	uint32_t fd;

	if (parse_u32(value, &fd) < 0 || fd > INT32_MAX)
		return fail_usage(error, option, "'%s' is no descriptor", value);
	if (fcntl((int)fd, F_GETFD) < 0)
		return fail_usage(error, option, "descriptor %s is not open", value);
	if (fd > 2)
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	*ret = (int)fd;
	return 0;
}

static int set_status_fd(void *object, const char *value, struct inro_error *error)
{
	struct cmd_run *cmd = object;

	return take_descriptor("--status-fd", value, &cmd->status_fd, error);
}

/* NUL-separated words, read as if they stood here. */
static int set_args_fd(void *object, const char *value, struct inro_error *error)
{
	struct cmd_run *cmd = object;
	cleanup_free char *text = NULL;
	cleanup_free char **words = NULL;
	size_t size, n = 0;
	int fd, operand, r = take_descriptor("--args", value, &fd, error);

	if (r < 0)
		return r;
	if (cmd->depth == MAX_DEPTH)
		return fail_usage(error, "--args", "more than %d of them in each other", MAX_DEPTH);
	r = fd_read_to_heap(fd, MAX_ARGS_BYTES, &text, &size);
	if (r < 0)
		return fail_call(error, r, "read the words of --args", "read", value);
	words = calloc(size + 1, sizeof(*words));
	if (!words)
		return fail_memory(error);
	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		words[n++] = text + at;
	cmd->depth++;
	r = options_parse(cmd->parser, words, (int)n, &operand, error);
	cmd->depth--;
	if (r == 0 && operand < (int)n)
		r = inro_spec_set_args(cmd->spec, (const char *const *)words + operand, error);
	return r;
}

#define RUN "The run"
static const struct option_row options[] = {
	{ .name = "explain",
	  .form = OPTION_MAYBE,
	  .argument = "json",
	  .section = RUN,
	  .set = set_explain,
	  .help = "tell the steps and why, run nothing",
	  .choices = "text|json" },
	{ .name = "config",
	  .form = OPTION_VALUE,
	  .argument = "FILE",
	  .section = RUN,
	  .set = set_config,
	  .help = "a run that --save wrote",
	  .choices = "@file" },
	{ .name = "save",
	  .form = OPTION_VALUE,
	  .argument = "FILE",
	  .section = RUN,
	  .set = set_save,
	  .help = "write the run as a file, run nothing",
	  .choices = "@file" },
	{ .name = "report",
	  .form = OPTION_FLAG,
	  .section = RUN,
	  .set = set_report,
	  .help = "tell at the end how it ended, times and memory" },
	{ .name = "status-fd",
	  .form = OPTION_VALUE,
	  .argument = "FD",
	  .section = RUN,
	  .set = set_status_fd,
	  .help = "write JSON lines: started, ended, failed",
	  .aliases = "json-status-fd",
	  .rare = true },
	{ .name = "args",
	  .form = OPTION_VALUE,
	  .argument = "FD",
	  .section = RUN,
	  .set = set_args_fd,
	  .help = "read further words, NUL-separated",
	  .rare = true },
	{ .name = "quiet",
	  .letter = 'q',
	  .form = OPTION_FLAG,
	  .section = RUN,
	  .set = set_quiet,
	  .help = "no notes",
	  .rare = true },
	{ .name = "help",
	  .letter = 'h',
	  .form = OPTION_MAYBE,
	  .argument = "all",
	  .section = RUN,
	  .set = set_help,
	  .help = "the usual options, or all of them",
	  .choices = "all" },
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	/* The features' tables in their order, then this verb's own. */
	if (index < n_features) {
		*ret_n = features[index]->n_options;
		return features[index]->options ? features[index]->options : options;
	}
	*ret_n = index == n_features ? ARRAY_SIZE(options) : 0;
	return index == n_features ? options : NULL;
}

/* The order of --help and of the manual. */
static const char *const sections[] = {
	RUN, "Namespaces", "Files", "Process", "Limits", "Security", "Terminal", "Life", NULL,
};

static int say(void *object, const struct option_row *row, const char *value,
	       struct inro_error *error)
{
	return journal_say_row(object, row, value, ORIGIN_USER, error);
}

static int parse_words(struct cmd_run *cmd, int argc, char **argv, struct inro_error *error)
{
	struct option_table list[64];
	struct option_parser parser = {
		.tables = list, .aliases = run_aliases, .n_aliases = n_run_aliases,
	};
	int operand, r;

	list[parser.n_tables++] = (struct option_table){ .rows = options,
							 .n_rows = ARRAY_SIZE(options),
							 .object = cmd };
	for (size_t i = 0; i < n_features && parser.n_tables < ARRAY_SIZE(list); i++)
		if (features[i]->n_options)
			list[parser.n_tables++] = (struct option_table){
				.rows = features[i]->options,
				.n_rows = features[i]->n_options,
				.object = cmd->spec,
				.take = say,
			};
	cmd->parser = &parser;
	r = options_parse(&parser, argv, argc, &operand, error);
	if (r == 0 && operand < argc)
		r = inro_spec_set_args(cmd->spec, (const char *const *)argv + operand, error);
	return r;
}

static int save(const struct cmd_run *cmd, struct inro_error *error)
{
	FILE *file = strcmp(cmd->save, "-") == 0 ? stdout : fopen(cmd->save, "we");
	int r;

	if (!file)
		return fail_call(error, -errno, "save the run", "open", cmd->save);
	r = inro_spec_save(cmd->spec, file, error);
	if ((file == stdout ? fflush(file) : fclose(file)) == EOF && r == 0)
		r = fail_call(error, -errno, "save the run", "write", cmd->save);
	return r;
}

/* An interrupt typed at the terminal ends inro as it ended the command, so that a shell's loop stops. */
static int finish(const struct inro_result *result)
{
	if (result->by_terminal) {
		int number = result->status - 128;
		sigset_t set;

		fflush(NULL);
		signal(number, SIG_DFL);
		sigemptyset(&set);
		sigaddset(&set, number);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		raise(number);
	}
	return result->status;
}

static int detach(struct inro_plan *plan, struct inro_error *error)
{
	struct inro_detached detached;
	int r = inro_plan_detach(plan, &detached, error);

	if (r < 0)
		return r;
	printf("%s\n", detached.name);
	return fflush(stdout) == EOF ? STATUS_FAILED : 0;
}

static int start(struct cmd_run *cmd, struct inro_plan *plan, struct inro_error *error)
{
	struct inro_container *container;
	struct inro_result result;
	const char *note;
	int r;

	for (size_t i = 0; !cmd->quiet && (note = inro_plan_note(plan, i)); i++)
		verb_note("run", "%s", note);
	if (inro_plan_is_detached(plan))
		return detach(plan, error);
	r = inro_plan_start(plan, &container, error);
	if (r < 0)
		return r;
	report_started(cmd->status_fd, plan, container);
	r = inro_container_wait(container, &result, error);
	inro_container_trace(container, stderr, NULL);
	inro_container_free(container);
	if (r < 0)
		return r;
	report_ended(cmd->status_fd, &result);
	if (cmd->report)
		report_summary(&result);
	return finish(&result);
}

static int act(struct cmd_run *cmd, int argc, char **argv, struct inro_error *error)
{
	struct inro_plan *plan;
	int r = inro_spec_set_environment(cmd->spec, (const char *const *)environ, error);

	if (r == 0)
		r = parse_words(cmd, argc, argv, error);
	if (r < 0)
		return r;
	if (cmd->help) {
		verb_help(&verb_run, strcmp(cmd->help, "all") == 0);
		return 0;
	}
	if (cmd->save)
		return save(cmd, error);
	r = inro_plan_new(cmd->spec, &plan, error);
	if (r < 0)
		return r;
	r = inro_plan_dump_seccomp(plan, stdout, error);
	if (r == 0 && cmd->explain)
		r = inro_plan_explain(plan, strcmp(cmd->explain, "json") == 0, stdout, error);
	else if (r == 0)
		r = start(cmd, plan, error);
	else if (r > 0)
		r = 0;
	inro_plan_free(plan);
	return r;
}

static int cmd_run(const struct verb *verb, int argc, char **argv)
{
	struct cmd_run cmd = { .spec = inro_spec_new(), .status_fd = -EBADF };
	struct inro_error error = { 0 };
	int r = cmd.spec ? act(&cmd, argc, argv, &error) : fail_memory(&error);

	inro_spec_free(cmd.spec);
	if (r >= 0)
		return r;
	report_failed(cmd.status_fd, &error);
	return verb_fail(verb->name, &error);
}

const struct verb verb_run = {
	.name = "run",
	.usage = "[OPTIONS] [--] [COMMAND [ARG…]]",
	.help = "run a command as PID 1 of its own namespaces",
	.about = "Run COMMAND (a shell without one) as PID 1 of its own namespaces: a closed box\n"
		 "over the host's system directories, with the current directory writable.",
	.run = cmd_run,
	.tables = tables,
	.sections = sections,
	.operands = "@command",
};
