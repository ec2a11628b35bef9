/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command_options.h"

#include <string.h>

#include "base/error.h"
#include "base/parse.h"

/* There is no "--no-net"; the empty value is the plain option. */
static int set_kind(struct command_options *options, enum ns_kind kind, const char *value)
{
	*options->kinds |= NS_BIT(kind);
	if (*value)
		options->files[kind] = value;
	return 0;
}

#define KIND_SETTER(name, kind)                                                         \
	int set_kind_##name(void *object, const char *value, struct inro_error *error)  \
	{                                                                               \
		(void)error;                                                            \
		return set_kind(object, kind, value);                                   \
	}
KIND_SETTER(mount, NS_MNT)
KIND_SETTER(uts, NS_UTS)
KIND_SETTER(ipc, NS_IPC)
KIND_SETTER(net, NS_NET)
KIND_SETTER(pid, NS_PID)
KIND_SETTER(user, NS_USER)
KIND_SETTER(cgroup, NS_CGROUP)
KIND_SETTER(time, NS_TIME)

int set_command_keep_caps(void *object, const char *value, struct inro_error *error)
{
	struct command_options *options = object;

	(void)error;
	options->become->keep_caps = strcmp(value, "true") == 0;
	return 0;
}

int set_command_uid(void *object, const char *value, struct inro_error *error)
{
	struct command_options *options = object;

	options->become->set_uid = true;
	if (parse_id(value, &options->become->uid) < 0)
		return fail_usage(error, "--setuid", "'%s' is no user id", value);
	return 0;
}

int set_command_gid(void *object, const char *value, struct inro_error *error)
{
	struct command_options *options = object;

	options->become->set_gid = options->become->drop_groups = true;
	if (parse_id(value, &options->become->gid) < 0)
		return fail_usage(error, "--setgid", "'%s' is no group id", value);
	return 0;
}

int set_command_help(void *object, const char *value, struct inro_error *error)
{
	struct command_options *options = object;

	(void)error;
	options->help = true;
	options->help_all = strcmp(value, "all") == 0;
	return 0;
}
