/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The frame of every start, as a feature: the channel, the one clone3, the release, and at the end
 * the command. It also settles which command, and what the library's default is: a shell.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/parse.h"
#include "engine/call.h"
#include "engine/channel.h"
#include "engine/engine.h"
#include "kernel/syscalls.h"
#include "ns/kind.h"
#include "ns/open.h"
#include "plan/feature.h"

extern const struct feature feature_command;

struct exec_args {
	const char *const *paths; /* where the command may be, NULL-terminated */
	const char *const *args;
	const char *const *env;
	int slot;                 /* or the program itself, opened */
};

static int run_open_channel(struct run *run, const struct step *step, struct inro_error *error)
{
	int pair[2];

	(void)step;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_raw(error, -errno, "socketpair", NULL);
	run->slots[SLOT_CHANNEL] = pair[0];
	run->slots[SLOT_CHILD_CHANNEL] = pair[1];
	return 0;
}

static int run_release(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct channel_message message = { .type = CHANNEL_RELEASE };
	int r = channel_send(run_fd(run, SLOT_CHANNEL), &message, -1);

	(void)step;
	/* A child that is gone already is judged by what it left, not by this. */
	return r == -EPIPE || r == 0 ? 0 : error_raw(error, r, "sendmsg", NULL);
}

static int run_await_release(struct run *run, const struct step *step, struct inro_error *error)
{
	struct channel_message message;
	int fd, r = channel_receive(run_fd(run, SLOT_CHANNEL), &message, &fd);

	(void)step;
	if (r < 0)
		return error_raw(error, r, "recvmsg", NULL);
	/* End of file: inro failed or was killed; there is nobody to report to. */
	if (r == 0)
		sys_exit_group(125);
	return 0;
}

/* execve(2) failed with CODE on PATH, the best candidate: say which of the many reasons it is. */
static int exec_failed(struct inro_error *error, int code, const char *path)
{
	error_raw(error, code, "execve", path);
	switch (code) {
	case -ENOENT:
		if (strchr(path, '/') && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			error_raw_kind(
				error, INRO_ERROR_NOT_FOUND,
				"it exists, but the interpreter that it names does not, inside");
		else
			error_raw_kind(error, INRO_ERROR_NOT_FOUND, NULL);
		break;
	case -ENOTDIR:
	case -ENAMETOOLONG:
		error_raw_kind(error, INRO_ERROR_NOT_FOUND, NULL);
		break;
	case -EACCES:
		error_raw_kind(error, INRO_ERROR_NOT_EXECUTABLE,
			       "it is no executable file, or a mount there is noexec");
		break;
	case -ENOEXEC:
		error_raw_kind(error, INRO_ERROR_NOT_EXECUTABLE,
			       "neither a binary nor a script with #!");
		break;
	default:
		error_raw_kind(error, INRO_ERROR_NOT_EXECUTABLE, NULL);
	}
	return code;
}

/*
 * Try one place after the other, as execvp(3): past what is not there, or may not be executed, which
 * is remembered. OBJECT is the command as it was called.
 */
static int exec_first(const struct exec_args *args, const char *object, struct inro_error *error)
{
	char *const *argv = (char *const *)args->args, *const *envp = (char *const *)args->env;
	const char *forbidden = NULL, *dead = NULL;
	int code = -ENOENT;

	for (size_t i = 0; args->paths[i]; i++) {
		const char *path = args->paths[i];

		code = sys_execveat(AT_FDCWD, path, argv, envp, 0);
		if (code == -EACCES)
			forbidden = forbidden ? forbidden : path;
		else if (code != -ENOENT && code != -ENOTDIR)
			return exec_failed(error, code, path);
		else if (!dead && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			dead = path;
	}
	if (forbidden)
		return exec_failed(error, -EACCES, forbidden);
	if (dead)
		return exec_failed(error, -ENOENT, dead);
	return exec_failed(error, strchr(object, '/') ? code : -ENOENT, object);
}

static int run_exec(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct exec_args *args = step->args;

	run->shared->at_exec = true;
	if (args->slot == SLOT_NONE)
		return exec_first(args, step->object, error);
	return error_raw(error,
			 sys_execveat(run_fd(run, args->slot), "", (char *const *)args->args,
				      (char *const *)args->env, AT_EMPTY_PATH),
			 "execveat", step->object);
}

/*
 * Would the command be executed? As who will execute it, so after the ids and the capabilities; what
 * only execve(2) itself can tell, as a missing interpreter, is left to it.
 */
static int run_find(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct exec_args *args = step->args;
	const char *forbidden = NULL;

	(void)run;
	for (size_t i = 0; args->paths[i]; i++) {
		struct stat st;

		if (stat(args->paths[i], &st) < 0) {
			if (errno == EACCES && !forbidden)
				forbidden = args->paths[i];
			continue;
		}
		if (S_ISREG(st.st_mode) && faccessat(AT_FDCWD, args->paths[i], X_OK, AT_EACCESS) == 0)
			return 0;
		if (!forbidden)
			forbidden = args->paths[i];
	}
	return forbidden ? exec_failed(error, -EACCES, forbidden) : exec_failed(error, -ENOENT, step->object);
}

static void tell_exec(const struct step *step, struct buf *text)
{
	const struct exec_args *args = step->args;

	for (size_t i = 1; args->args[0] && args->args[i]; i++) {
		buf_puts(text, i > 1 ? " " : "");
		buf_add_quoted(text, args->args[i]);
	}
}

static void advise_exec(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	if (error->kind == INRO_ERROR_NOT_FOUND && !error->why[0] && !strchr(step->object, '/')) {
		error_why(error, "not found in PATH");
		if (plan->spec->mounts.root.mode == ROOT_EMPTY)
			error_hint(error,
				   "the root is empty (--empty): show the container its tools, "
				   "for example with --ro /usr");
	}
}

static void tell_clone(const struct step *step, struct buf *text)
{
	(void)step;
	buf_puts(text, "one clone3 for all of them");
}

static void advise_clone(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	if (error->code == ENOSPC) {
		error_why(
			error,
			"a limit of namespaces is reached (32 levels of PID namespaces, 33 of user "
			"namespaces, or /proc/sys/user/max_*_namespaces)");
	} else if (error->code == EPERM && (plan->settled.ns_new & NS_BIT(NS_USER))) {
		error_why(error, plan->facts->chrooted
					 ? "a user namespace is refused in a chroot"
					 : "this host refuses user namespaces to this user");
		error_hint(error,
			   "see `sysctl user.max_user_namespaces kernel.unprivileged_userns_clone "
			   "kernel.apparmor_restrict_unprivileged_userns`");
	} else if (error->code == EINVAL) {
		ns_explain_absent(error, plan->settled.ns_new);
	} else if (error->code == EPERM) {
		error_why(error, "an ordinary user needs a user namespace for new namespaces");
		error_hint(error, "add user to --ns");
	}
}

static const struct step_kind kind_open_channel = {
	.name = "open-channel",
	.what = "open the channel to the child",
	.calls = "socketpair",
	.run = run_open_channel,
};

static const struct step_kind kind_clone = {
	.name = "clone",
	.what = "create the child in new namespaces:",
	.calls = "clone3",
	.tell = tell_clone,
	.advise = advise_clone,
};

static const struct step_kind kind_release = {
	.name = "release",
	.what = "release the child",
	.calls = "sendmsg",
	.run = run_release,
};

static const struct step_kind kind_await_release = {
	.name = "await-release",
	.what = "wait for the parent",
	.calls = "recvmsg",
	.run = run_await_release,
};

static const struct step_kind kind_exec = {
	.name = "exec",
	.what = "execute",
	.calls = "execve",
	.run = run_exec,
	.tell = tell_exec,
	.advise = advise_exec,
};

static const struct step_kind kind_find = {
	.name = "find-command",
	.what = "look up the command",
	.calls = "stat, faccessat",
	.run = run_find,
	.advise = advise_exec,
};

/* Its arguments are those of the exec step, which stands in the plan already. */
void plan_find_command(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct step step = plan->steps[i];

		if (step.kind != &kind_exec)
			continue;
		plan_add(plan, STAGE_WAIT, &kind_find, step.object,
			 "what is not there fails now, and not when it is started", step.args);
		return;
	}
}

static int settle(struct plan *plan, struct inro_error *error)
{
	static const char *const shell[] = { "/bin/sh", NULL };
	const struct spec_process *process = &plan->spec->process;
	const char **args;
	size_t n = 0;

	plan->settled.args = process->args && process->args[0] ? process->args : shell;
	plan->settled.exec_slot = SLOT_NONE;
	if (!process->argv0)
		return 0;
	while (plan->settled.args[n])
		n++;
	args = arena_copy(&plan->arena, plan->settled.args, (n + 1) * sizeof(*args));
	if (!args)
		return fail_memory(error);
	args[0] = process->argv0;
	plan->settled.argv0_args = args;
	return 0;
}

static const char *path_of(const char *const *env)
{
	for (size_t i = 0; env && env[i]; i++)
		if (strncmp(env[i], "PATH=", 5) == 0)
			return env[i] + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* Every place where the command may be: itself with a slash in it, otherwise along the PATH. */
static int candidates(struct plan *plan, const char *command, const char *const **ret,
		      struct inro_error *error)
{
	const char **paths = NULL;
	char **dirs;
	size_t n;

	if (strchr(command, '/') || !*command) {
		paths = arena_array(&plan->arena, 2, sizeof(*paths));
		if (!paths)
			return fail_memory(error);
		paths[0] = command;
		*ret = paths;
		return 0;
	}
	if (parse_list(&plan->arena, path_of(plan->settled.env), ':', &dirs, &n) < 0)
		return fail_memory(error);
	paths = arena_array(&plan->arena, n + 1, sizeof(*paths));
	for (size_t i = 0; paths && i < n; i++) {
		paths[i] = arena_printf(&plan->arena, "%s/%s", *dirs[i] ? dirs[i] : ".", command);
		if (!paths[i])
			return fail_memory(error);
	}
	if (!paths)
		return fail_memory(error);
	*ret = paths;
	return 0;
}

static int add_exec(struct plan *plan, struct inro_error *error)
{
	struct exec_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const struct settled *settled = &plan->settled;

	if (!args)
		return fail_memory(error);
	args->slot = settled->exec_slot;
	args->env = settled->env;
	args->args = settled->exec_args ? settled->exec_args :
		     settled->argv0_args ? settled->argv0_args : settled->args;
	plan_add(plan, STAGE_EXEC, &kind_exec, settled->args[0],
		 settled->ns_new & NS_BIT(NS_PID) ? "it becomes PID 1 of its PID namespace"
						  : "the command",
		 args);
	return args->slot == SLOT_NONE ? candidates(plan, settled->args[0], &args->paths, error)
				       : 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	struct settled *settled = &plan->settled;
	char text[NS_KINDS_TEXT];
	const char *kinds =
		arena_strdup(&plan->arena, ns_kinds_format(settled->ns_new, text, sizeof(text)));

	if (!kinds)
		return fail_memory(error);
	plan->clone_flags |= ns_kinds_to_flags(settled->ns_new);
	plan_add(plan, STAGE_OPEN, &kind_open_channel, NULL,
		 "its end of file says that the command runs", NULL);
	plan_add(plan, STAGE_CLONE, &kind_clone, kinds, "the child is born in all of them at once",
		 NULL);
	if (settled->wait_release) {
		plan_add(plan, STAGE_RELEASE, &kind_release, NULL, "its ids are mapped", NULL);
		plan_add(plan, STAGE_GUARD, &kind_await_release, NULL,
			 "its ids must be mapped first", NULL);
	}
	return add_exec(plan, error);
}

static int set_argv0(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	spec->process.argv0 = arena_strdup(&spec->arena, value);
	return spec->process.argv0 ? 0 : fail_memory(error);
}

static const struct option_row options[] = {
	{
		.name = "argv0",
		.form = OPTION_VALUE,
		.argument = "NAME",
		.help = "what the command sees as its own name",
		.section = "Process",
		.set = set_argv0,
		.rare = true,
	},
};

const struct feature feature_command = {
	.name = "command",
	FEATURE_OPTIONS(options),
	.settle = settle,
	.resolve = resolve,
};
