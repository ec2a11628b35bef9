/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/exec_options.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/parse.h"
#include "base/setters.h"
#include "caps/names.h"
#include "oci/config.h"

/* ---- setters ---- */

word_setter_at(process, ((struct oci_exec *)object)->process_file)
word_setter_at(console_socket, ((struct oci_exec *)object)->start.console_socket)
word_setter_at(pidfd_socket, ((struct oci_exec *)object)->start.pidfd_socket)
word_setter_at(pid_file, ((struct oci_exec *)object)->start.pid_file)

static int set_preserve_fds(void *object, const char *value, struct inro_error *error)
{
	struct oci_exec *exec = object;

	if (parse_u32(value, &exec->start.preserve_fds) < 0)
		return fail_usage(error, "--preserve-fds", "'%s' is no number", value);
	return 0;
}

flag_setter(oci_exec, detach)
flag_setter_at(tty, ((struct oci_exec *)object)->terminal)
flag_setter(oci_exec, ignore_paused)
flag_setter(oci_exec, no_new_privs)

/* PATH, or CONTROLLER,…:PATH as runc has it for v1, where it counts for all here. */
static int set_cgroup(void *object, const char *value, struct inro_error *error)
{
	const char *colon = strrchr(value, ':');

	(void)error;
	((struct oci_exec *)object)->start.sub_cgroup = colon ? colon + 1 : value;
	return 0;
}

word_setter_at(cwd, ((struct oci_exec *)object)->workdir)
text_setter_at(label, ((struct oci_exec *)object)->selinux_label)
text_setter_at(apparmor, ((struct oci_exec *)object)->apparmor_profile)

static int set_user(void *object, const char *value, struct inro_error *error)
{
	struct oci_exec *exec = object;
	const char *colon = strchrnul(value, ':');
	char *uid = arena_strndup(&exec->arena, value, (size_t)(colon - value));

	if (!uid)
		return fail_memory(error);
	if (parse_u32(uid, &exec->uid) < 0 || exec->uid == UINT32_MAX)
		return fail_usage(error, "--user", "'%s' is no user id", uid);
	exec->user_set = true;
	if (!*colon)
		return 0;
	if (parse_u32(colon + 1, &exec->gid) < 0 || exec->gid == UINT32_MAX)
		return fail_usage(error, "--user", "'%s' is no group id", colon + 1);
	exec->group_set = true;
	return 0;
}

static int set_group(void *object, const char *value, struct inro_error *error)
{
	struct oci_exec *exec = object;
	char **words;
	size_t n;

	if (parse_list(&exec->arena, value, ',', &words, &n) < 0)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		uint32_t gid, *added;

		if (parse_u32(words[i], &gid) < 0 || gid == UINT32_MAX)
			return fail_usage(error, "--additional-gids", "'%s' is no group id", words[i]);
		added = arena_grow(&exec->arena, &exec->groups, &exec->n_groups, sizeof(*added));
		if (!added)
			return fail_memory(error);
		*added = gid;
	}
	return 0;
}

static int set_env(void *object, const char *value, struct inro_error *error)
{
	struct oci_exec *exec = object;
	const char **added;

	if (!*value || *value == '=')
		return fail_usage(error, "--env", "'%s' has no name", value);
	added = arena_grow(&exec->arena, &exec->env, &exec->n_env, sizeof(*added));
	if (!added)
		return fail_memory(error);
	*added = value;
	return 0;
}

static int set_cap(void *object, const char *value, struct inro_error *error)
{
	struct oci_exec *exec = object;
	char **words;
	size_t n;

	if (parse_list(&exec->arena, value, ',', &words, &n) < 0)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		int number = caps_find(words[i], strlen(words[i]));
		const char **added;

		if (number >= 0) {
			exec->caps |= CAPS_BIT(number);
			continue;
		}
		added = arena_grow(&exec->arena, &exec->unknown_caps, &exec->n_unknown_caps, sizeof(*added));
		if (!added)
			return fail_memory(error);
		*added = words[i];
	}
	return 0;
}

static int set_ignored(void *object, const char *value, struct inro_error *error)
{
	(void)object, (void)value, (void)error;
	return 0;
}

const struct option_row oci_exec_options[OCI_EXEC_OPTIONS] = {
	{ .name = "process", .letter = 'p', .form = OPTION_VALUE, .argument = "FILE", .set = set_process,
	  .help = "the process object, as JSON" },
	{ .name = "tty", .letter = 't', .form = OPTION_FLAG, .set = set_tty, .help = "give it a terminal" },
	{ .name = "detach", .letter = 'd', .form = OPTION_FLAG, .set = set_detach, .help = "do not wait for its end" },
	{ .name = "pid-file", .form = OPTION_VALUE, .argument = "FILE", .set = set_pid_file,
	  .help = "write its PID to FILE" },
	{ .name = "console-socket", .form = OPTION_VALUE, .argument = "SOCKET", .set = set_console_socket,
	  .help = "send the master of its terminal there" },
	{ .name = "pidfd-socket", .form = OPTION_VALUE, .argument = "SOCKET", .set = set_pidfd_socket,
	  .help = "send its pidfd there" },
	{ .name = "preserve-fds", .form = OPTION_VALUE, .argument = "N", .set = set_preserve_fds,
	  .help = "pass N descriptors on, from 3 on" },
	{ .name = "cgroup", .form = OPTION_VALUE, .argument = "PATH", .set = set_cgroup,
	  .help = "in a cgroup below the container's" },
	{ .name = "cwd", .form = OPTION_VALUE, .argument = "DIR", .set = set_cwd, .help = "its working directory" },
	{ .name = "env", .letter = 'e', .form = OPTION_VALUE, .argument = "NAME=VALUE", .set = set_env,
	  .help = "set a variable", .repeats = true },
	{ .name = "user", .letter = 'u', .form = OPTION_VALUE, .argument = "UID[:GID]", .set = set_user,
	  .help = "its ids, inside" },
	{ .name = "additional-gids", .letter = 'g', .form = OPTION_VALUE, .argument = "GID", .set = set_group,
	  .help = "one more group", .repeats = true },
	{ .name = "cap", .letter = 'c', .form = OPTION_VALUE, .argument = "CAP", .set = set_cap,
	  .help = "one more capability", .repeats = true },
	{ .name = "no-new-privs", .form = OPTION_FLAG, .set = set_no_new_privs,
	  .help = "nothing that it executes gains privileges" },
	{ .name = "process-label", .form = OPTION_VALUE, .argument = "LABEL", .set = set_label,
	  .help = "its SELinux label" },
	{ .name = "apparmor", .form = OPTION_VALUE, .argument = "PROFILE", .set = set_apparmor,
	  .help = "its AppArmor profile" },
	{ .name = "ignore-paused", .form = OPTION_FLAG, .set = set_ignore_paused,
	  .help = "also in a container that is paused" },
	{ .name = "no-subreaper", .form = OPTION_FLAG, .set = set_ignored, .help = "taken, and without effect" },
};

/* ---- what they come to ---- */

static int add_env(struct oci_exec *exec, struct oci_process *process)
{
	size_t n = process->env.n + exec->n_env;
	const char **list = arena_array(&exec->arena, n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	if (process->env.n)
		memcpy(list, process->env.list, process->env.n * sizeof(*list));
	if (exec->n_env)
		memcpy(list + process->env.n, exec->env, exec->n_env * sizeof(*list));
	process->env = (struct oci_strings){ list, n };
	return 0;
}

static int add_groups(struct oci_exec *exec, struct oci_process *process)
{
	size_t n = process->n_groups + exec->n_groups;
	uint32_t *list = arena_array(&exec->arena, n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	if (process->n_groups)
		memcpy(list, process->groups, process->n_groups * sizeof(*list));
	if (exec->n_groups)
		memcpy(list + process->n_groups, exec->groups, exec->n_groups * sizeof(*list));
	process->groups = list;
	process->n_groups = n;
	return 0;
}

/*
 * Inheritable is never filled for their sake, as in runc and crun: so a user other than root has them
 * only where config.json has made them inheritable, and they can be ambient, too.
 */
static void add_caps(struct oci_exec *exec, struct oci_process *process)
{
	struct oci_caps *caps = &process->caps;

	if (!exec->caps && !exec->n_unknown_caps)
		return;
	caps->set = true;
	caps->bounding |= exec->caps;
	caps->permitted |= exec->caps;
	caps->effective |= exec->caps;
	caps->ambient |= exec->caps & caps->inheritable;
	if (exec->n_unknown_caps)
		caps->unknown = (struct oci_strings){ exec->unknown_caps, exec->n_unknown_caps };
}

uint64_t oci_exec_void_caps(const struct oci_exec *exec, const struct oci_process *process)
{
	return process->uid == 0 ? 0 : exec->caps & ~process->caps.ambient;
}

int oci_exec_apply(struct oci_exec *exec, struct oci_process *process)
{
	if (exec->terminal)
		process->terminal = true;
	if (exec->workdir)
		process->cwd = exec->workdir;
	if (exec->selinux_label)
		process->selinux_label = exec->selinux_label;
	if (exec->apparmor_profile)
		process->apparmor_profile = exec->apparmor_profile;
	if (exec->no_new_privs)
		process->no_new_privs = true;
	if (exec->user_set)
		process->uid = exec->uid;
	if (exec->group_set)
		process->gid = exec->gid;
	add_caps(exec, process);
	if (exec->n_env && add_env(exec, process) < 0)
		return -ENOMEM;
	return exec->n_groups ? add_groups(exec, process) : 0;
}
