/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The environment of the command. Of the caller's only a few variables pass, those that programs
 * cannot do well without; the rest holds secrets (tokens of CI systems, addresses of agents and
 * buses) more often than anything that a container needs.
 *
 * It is made in this order, so that a later and a closer word wins: what is let in of the caller's;
 * what the container itself has to say (HOME, PATH, container=inro); the files of --env-file; then
 * -e and --unset-env as they were written. The library does not look at its own process: the
 * caller's environment is the one that was handed over with the spec.
 *
 * PATH is the caller's where the root is the host's, since its directories are there; for any other
 * root it is the usual one. USER and LOGNAME are the caller's where it keeps its id.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"
#include "plan/feature.h"

extern const struct feature feature_env;

#define STANDARD_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { MAX_ENV_FILE = 1 << 20 };

static const char *const passed[] = {
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "NO_COLOR", "LANG", "TZ",
};

enum env_verb { ENV_SET, ENV_COPY, ENV_UNSET };

struct env_change {
	enum env_verb verb;
	const char *text; /* ENV_SET: "NAME=value"; otherwise the name */
};

struct env_spec {
	bool all;
	struct env_change *changes; /* -e and --unset-env, as they were written */
	size_t n_changes;
	const char **files;
	size_t n_files;
	/* From the files; read when the facts are gathered, to whose arena they belong. */
	struct env_change *from_files;
	size_t n_from_files;
};

/* An environment while it is made. */
struct environment {
	struct arena *arena;
	const char **list; /* without the NULL */
	size_t n;
};

static size_t name_length(const char *variable)
{
	return (size_t)(strchrnul(variable, '=') - variable);
}

static const char *lookup(const char *const *list, const char *name, size_t length)
{
	for (; list && *list; list++)
		if (name_length(*list) == length && memcmp(*list, name, length) == 0)
			return *list;
	return NULL;
}

/* Where a variable stands in what is being made, which has no NULL at its end yet; n: nowhere. */
static size_t position(const struct environment *env, const char *name, size_t length)
{
	size_t i = 0;

	while (i < env->n &&
	       (name_length(env->list[i]) != length || memcmp(env->list[i], name, length) != 0))
		i++;
	return i;
}

static void unset(struct environment *env, const char *name, size_t length)
{
	size_t i = position(env, name, length);

	if (i == env->n)
		return;
	memmove(&env->list[i], &env->list[i + 1], (env->n - i - 1) * sizeof(*env->list));
	env->n--;
}

/* Set a variable, "NAME=value"; one of that name keeps its place. */
static int put(struct environment *env, const char *variable)
{
	size_t length = name_length(variable);
	char *copy = arena_strdup(env->arena, variable);
	size_t i = position(env, variable, length);
	const char **added;

	if (!copy)
		return -ENOMEM;
	if (i < env->n) {
		env->list[i] = copy;
		return 0;
	}
	/* Where unset() lowered the count, arena_grow() makes room once more: never too little. */
	added = arena_grow(env->arena, &env->list, &env->n, sizeof(*env->list));
	if (!added)
		return -ENOMEM;
	*added = copy;
	return 0;
}

static int put_pair(struct environment *env, const char *name, const char *value)
{
	char *variable = arena_printf(env->arena, "%s=%s", name, value);

	return variable ? put(env, variable) : -ENOMEM;
}

static bool is_passed(const char *variable)
{
	size_t length = name_length(variable);

	if (length > 3 && strncmp(variable, "LC_", 3) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		if (strlen(passed[i]) == length && memcmp(passed[i], variable, length) == 0)
			return true;
	return false;
}

static int copy_host(struct environment *env, const char *const *host_env, bool all)
{
	int r = 0;

	for (; host_env && *host_env && r == 0; host_env++)
		/* What has no name or no value is no variable, though execve(2) passes it on. */
		if ((*host_env)[name_length(*host_env)] == '=' && name_length(*host_env) > 0 &&
		    (all || is_passed(*host_env)))
			r = put(env, *host_env);
	return r;
}

/* USER and LOGNAME say who the command is inside. */
static int put_user(struct environment *env, const struct plan *plan)
{
	const char *user = plan->settled.uid == plan->facts->uid ? plan->facts->user : NULL;
	int r;

	if (plan->settled.uid == plan->facts->uid && position(env, "USER", 4) < env->n)
		return 0;
	if (plan->settled.uid == 0)
		user = "root";
	unset(env, "USER", 4);
	unset(env, "LOGNAME", 7);
	if (!user)
		return 0;
	r = put_pair(env, "USER", user);
	return r < 0 ? r : put_pair(env, "LOGNAME", user);
}

/* What the container has to say, whatever the caller's environment was. */
static int put_own(struct environment *env, const struct plan *plan)
{
	enum root_mode root = plan->spec->mounts.root.mode;
	bool host_root = root == ROOT_HOST || root == ROOT_KEEP;
	int r = put_user(env, plan);

	if (r == 0 && (!host_root || !lookup(plan->spec->process.host_env, "PATH", 4)))
		r = put(env, "PATH=" STANDARD_PATH);
	if (r == 0)
		r = put_pair(env, "HOME", plan->settled.home ? plan->settled.home : "/");
	/* How programs learn that they are in a container, and in whose. */
	if (r == 0)
		r = put(env, "container=inro");
	return r;
}

static int apply(struct environment *env, const struct env_change *change,
		 const char *const *host_env)
{
	const char *found;

	switch (change->verb) {
	case ENV_SET:
		return put(env, change->text);
	case ENV_UNSET:
		unset(env, change->text, strlen(change->text));
		return 0;
	case ENV_COPY:
		found = lookup(host_env, change->text, strlen(change->text));
		return found ? put(env, found) : 0;
	}
	return -EINVAL;
}

static int make(struct environment *env, const struct plan *plan, const struct env_spec *part)
{
	const char *const *host_env = plan->spec->process.host_env;
	bool bare = plan->spec->bare;
	int r = copy_host(env, host_env, part->all || bare);

	if (r == 0 && !bare)
		r = put_own(env, plan);
	for (size_t i = 0; i < part->n_from_files && r == 0; i++)
		r = apply(env, &part->from_files[i], host_env);
	for (size_t i = 0; i < part->n_changes && r == 0; i++)
		r = apply(env, &part->changes[i], host_env);
	return r;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	struct environment env = { .arena = &plan->arena };
	const char **list;

	if (make(&env, plan, spec_part(plan->spec, &feature_env)) < 0)
		return fail_memory(error);
	list = arena_array(&plan->arena, env.n + 1, sizeof(*list));
	if (!list)
		return fail_memory(error);
	if (env.n)
		memcpy(list, env.list, env.n * sizeof(*list));
	plan->settled.env = list;
	plan->settled.n_env = env.n;
	return 0;
}

static int add_change(struct spec *spec, enum env_verb verb, const char *text,
		      struct inro_error *error)
{
	struct env_spec *part = spec_part(spec, &feature_env);
	struct env_change *change =
		arena_grow(&spec->arena, &part->changes, &part->n_changes, sizeof(*change));

	if (!change)
		return fail_memory(error);
	change->verb = verb;
	change->text = arena_strdup(&spec->arena, text);
	return change->text ? 0 : fail_memory(error);
}

static int set_env(void *object, const char *value, struct inro_error *error)
{
	size_t length = name_length(value);

	if (length == 0)
		return fail_usage(error, "--env", "'%s' has no name before the '='", value);
	return add_change(object, value[length] == '=' ? ENV_SET : ENV_COPY, value, error);
}

static int set_unset_env(void *object, const char *value, struct inro_error *error)
{
	if (!*value || strchr(value, '='))
		return fail_usage(error, "--unset-env", "'%s' is no name of a variable", value);
	return add_change(object, ENV_UNSET, value, error);
}

static int set_env_all(void *object, const char *value, struct inro_error *error)
{
	struct env_spec *part = spec_part(object, &feature_env);

	if (parse_bool(value, &part->all) < 0)
		return fail_usage(error, "--env-all", "'%s' is neither yes nor no", value);
	return 0;
}

static int set_env_file(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct env_spec *part = spec_part(spec, &feature_env);
	const char **file = arena_grow(&spec->arena, &part->files, &part->n_files, sizeof(*file));

	if (file)
		*file = arena_strdup(&spec->arena, value);
	return file && *file ? 0 : fail_memory(error);
}

static int bad_line(struct inro_error *error, const char *path, unsigned number, const char *why)
{
	return fail_usage(error, "--env-file", "%s, line %u: %s", path, number, why);
}

/* One line as docker reads it: nothing is unquoted or expanded, a name alone is taken over. */
static int read_line(struct env_spec *part, struct arena *arena, const char *path, unsigned number,
		     const char *line, struct inro_error *error)
{
	struct env_change *change;
	size_t length;

	line += strspn(line, " \t\v\f");
	if (!*line || *line == '#')
		return 0;
	length = name_length(line);
	if (length == 0)
		return bad_line(error, path, number, "there is no name before the '='");
	for (size_t i = 0; i < length; i++)
		if (isspace((unsigned char)line[i]))
			return bad_line(error, path, number, "there is white space in the name");
	change = arena_grow(arena, &part->from_files, &part->n_from_files, sizeof(*change));
	if (!change)
		return fail_memory(error);
	change->verb = line[length] == '=' ? ENV_SET : ENV_COPY;
	change->text = arena_strdup(arena, line);
	return change->text ? 0 : fail_memory(error);
}

static int read_lines(struct env_spec *part, struct arena *arena, const char *path, char *text,
		      size_t size, struct inro_error *error)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	char *line = text, *end;
	int r = 0;

	if (strlen(text) != size)
		return fail_usage(error, "--env-file", "%s holds a NUL byte", path);
	if (strncmp(line, byte_order_mark, strlen(byte_order_mark)) == 0)
		line += strlen(byte_order_mark);
	for (unsigned number = 1; *line && r == 0; number++) {
		bool last;

		end = strchrnul(line, '\n');
		last = !*end;
		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		r = read_line(part, arena, path, number, line, error);
		line = last ? end : end + 1;
	}
	return r;
}

static int read_file(struct env_spec *part, struct arena *arena, const char *path,
		     struct inro_error *error)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t size;
	int r = fd < 0 ? -errno : fd_read_to_heap(fd, MAX_ENV_FILE, &text, &size);

	if (r < 0)
		return fail_call(error, r, "--env-file", fd < 0 ? "open" : "read", path);
	return read_lines(part, arena, path, text, size, error);
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct env_spec *part = spec_part(spec, &feature_env);
	int r = 0;

	part->from_files = NULL;
	part->n_from_files = 0;
	for (size_t i = 0; i < part->n_files && r >= 0; i++)
		r = read_file(part, &facts->arena, part->files[i], error);
	return r;
}

static const struct option_row options[] = {
	{
		.name = "env",
		.letter = 'e',
		.form = OPTION_VALUE,
		.argument = "NAME[=VALUE]",
		.help = "set a variable, or take it over from the caller",
		.section = "Process",
		.set = set_env,
		.detail =
			"Otherwise the environment is clean but for PATH, HOME, USER, LOGNAME, "
			"SHELL, TERM, COLORTERM, NO_COLOR, LANG, LC_* and TZ. A variable that the "
			"caller does not have is left out.",
		.repeats = true,
	},
	{
		.name = "env-file",
		.form = OPTION_VALUE,
		.argument = "FILE",
		.help = "take variables from a file, one a line",
		.section = "Process",
		.set = set_env_file,
		.choices = "@file",
		.detail =
			"A line is NAME=VALUE, taken as it is, or NAME, taken over from the "
			"caller; empty lines and those that start with # are skipped. --env wins.",
		.repeats = true,
		.rare = true,
	},
	{
		.name = "env-all",
		.form = OPTION_FLAG,
		.help = "take over the caller's whole environment",
		.section = "Process",
		.set = set_env_all,
		.rare = true,
	},
	{
		.name = "unset-env",
		.form = OPTION_VALUE,
		.argument = "NAME",
		.help = "remove a variable",
		.section = "Process",
		.set = set_unset_env,
		.aliases = "unsetenv",
		.repeats = true,
		.rare = true,
	},
};

const struct feature feature_env = {
	.name = "env",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct env_spec),
	.gather = gather,
	.settle = settle,
};
