/* SPDX-License-Identifier: Apache-2.0 */
#include "enter/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/parse.h"
#include "kernel/syscalls.h"

const char *program_variable(char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; env && env[i]; i++)
		if (strncmp(env[i], name, length) == 0 && env[i][length] == '=')
			return env[i] + length + 1;
	return NULL;
}

static const char *path_of(char *const *env)
{
	const char *path = program_variable(env, "PATH");

	return path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

static int find(struct arena *arena, const char *command, char *const *env, const char *const **ret)
{
	const char **paths;
	char **dirs;
	size_t n = 0;

	if (!strchr(command, '/') && *command) {
		if (parse_list(arena, path_of(env), ':', &dirs, &n) < 0)
			return -ENOMEM;
	}
	paths = arena_array(arena, n + 2, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	if (n == 0)
		paths[0] = command;
	for (size_t i = 0; i < n; i++) {
		paths[i] = arena_printf(arena, "%s/%s", *dirs[i] ? dirs[i] : ".", command);
		if (!paths[i])
			return -ENOMEM;
	}
	*ret = paths;
	return 0;
}

/* "-sh": the leading dash makes it a login shell, which sets itself up for where it now is. */
static char *const *shell(struct arena *arena, char *const *env, const char **ret_path)
{
	const char *path = program_variable(env, "SHELL");
	char **argv = arena_array(arena, 2, sizeof(*argv));
	const char *base;

	if (!path || !*path)
		path = "/bin/sh";
	base = strrchr(path, '/');
	*ret_path = path;
	if (argv)
		argv[0] = arena_printf(arena, "-%s", base ? base + 1 : path);
	return argv && argv[0] ? argv : NULL;
}

int program_prepare(struct arena *arena, char *const *words, char *const *env, struct program *ret,
		    struct inro_error *error)
{
	static char *const no_env[] = { NULL };
	struct program program = { .argv = words, .envp = env ? env : no_env };
	const char *command = words && words[0] ? words[0] : NULL;

	if (!command) {
		program.argv = shell(arena, env, &command);
		program.shell = true;
	}
	if (!program.argv || find(arena, command, env, &program.paths) < 0)
		return fail_memory(error);
	*ret = program;
	return 0;
}

/* Which of the many reasons it is. */
static int exec_failed(const struct program *program, int code, const char *path, struct inro_error *error)
{
	bool named = strchr(program->argv[0], '/') || program->paths[1] == NULL;

	error_raw(error, code, "execve", named || code != -ENOENT ? path : program->argv[0]);
	if (code == -ENOENT && !named)
		error_raw_kind(error, INRO_ERROR_NOT_FOUND, "not found in PATH");
	else if (code == -ENOENT && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		error_raw_kind(error, INRO_ERROR_NOT_FOUND,
			       "it exists, but the interpreter that it names does not, in there");
	else if (code == -ENOENT || code == -ENOTDIR || code == -ENAMETOOLONG)
		error_raw_kind(error, INRO_ERROR_NOT_FOUND, NULL);
	else if (code == -EACCES)
		error_raw_kind(error, INRO_ERROR_NOT_EXECUTABLE,
			       "it is no executable file, or a mount there is noexec");
	else if (code == -ENOEXEC)
		error_raw_kind(error, INRO_ERROR_NOT_EXECUTABLE, "neither a binary nor a script with #!");
	else
		error_raw_kind(error, INRO_ERROR_NOT_EXECUTABLE, NULL);
	return code;
}

int program_exec(const struct program *program, struct inro_error *error)
{
	static char dash_sh[] = "-sh", *const last_shell[] = { dash_sh, NULL };
	const char *path = program->paths[0];
	int best = -ENOENT;

	for (size_t i = 0; program->paths[i]; i++) {
		int code = sys_execveat(AT_FDCWD, program->paths[i], program->argv, program->envp, 0);

		/* As execvp(3): go on past what is not there; remember that something was forbidden. */
		/* Neither does it end at a directory that one may not look into. */
		if (((code == -ENOENT || code == -EACCES) && program->paths[1] &&
		     faccessat(AT_FDCWD, program->paths[i], F_OK, 0) < 0) || code == -ENOTDIR)
			continue;
		best = code;
		path = program->paths[i];
		if (code != -ENOENT && code != -EACCES)
			break;
	}
	/* The caller's shell need not be there in other mounts. */
	if (program->shell && best == -ENOENT)
		best = sys_execveat(AT_FDCWD, path = "/bin/sh", last_shell, program->envp, 0);
	return exec_failed(program, best, path, error);
}
