/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMAND_OPTIONS_H
#define CLI_COMMAND_OPTIONS_H

/*
 * What inro unshare and inro enter are asked alike: kinds of namespaces, each with a file or a
 * target, and who the command is. The struct comes first in either verb's own, so that the setters
 * find it where the option table points.
 */

#include <stdbool.h>

#include "base/option.h"
#include "enter/become.h"
#include "ns/kind.h"

struct command_options {
	unsigned *kinds;
	const char **files; /* by kind */
	struct become *become;
	bool help, help_all;
};

int set_kind_mount(void *object, const char *value, struct inro_error *error);
int set_kind_uts(void *object, const char *value, struct inro_error *error);
int set_kind_ipc(void *object, const char *value, struct inro_error *error);
int set_kind_net(void *object, const char *value, struct inro_error *error);
int set_kind_pid(void *object, const char *value, struct inro_error *error);
int set_kind_user(void *object, const char *value, struct inro_error *error);
int set_kind_cgroup(void *object, const char *value, struct inro_error *error);
int set_kind_time(void *object, const char *value, struct inro_error *error);

int set_command_keep_caps(void *object, const char *value, struct inro_error *error);
int set_command_uid(void *object, const char *value, struct inro_error *error);
int set_command_gid(void *object, const char *value, struct inro_error *error);
int set_command_help(void *object, const char *value, struct inro_error *error);

/* The rows of the kinds. ALONE: a letter takes no value (-mu is -m -u). */
#define KIND_ROW(word, letter_, value, complete, alone, what)                               \
	{ .name = #word, .letter = letter_, .form = OPTION_MAYBE, .argument = value,        \
	  .section = "Namespaces", .set = set_kind_##word, .help = what, .choices = complete, \
	  .letter_alone = alone }
#define KIND_ROWS(value, complete, alone, of_mount, of_pid)                                            \
	KIND_ROW(mount, 'm', value, complete, alone, "mounts; " of_mount),                             \
	KIND_ROW(uts, 'u', value, complete, alone, "host name"),                                       \
	KIND_ROW(ipc, 'i', value, complete, alone, "System V IPC, message queues"),                    \
	KIND_ROW(net, 'n', value, complete, alone, "network"),                                         \
	KIND_ROW(pid, 'p', value, complete, alone, "PIDs" of_pid),                                     \
	KIND_ROW(user, 'U', value, complete, alone, "user and group ids, capabilities"),               \
	KIND_ROW(cgroup, 'C', value, complete, alone, "root of the cgroups"),                          \
	KIND_ROW(time, 'T', value, complete, alone, "clocks since boot")

#define KEEP_CAPS_ROW(heading)                                                                \
	{ .name = "keep-caps", .form = OPTION_FLAG, .section = heading, .set = set_command_keep_caps, \
	  .help = "let the command keep the capabilities" }
#define HELP_ROW(heading)                                                                     \
	{ .name = "help", .letter = 'h', .form = OPTION_MAYBE, .argument = "all", .section = heading, \
	  .set = set_command_help, .help = "this text", .letter_alone = true }

/* --mount-proc: where the procfs goes. */
static inline const char *proc_dir_of(const char *value)
{
	return *value ? value : "/proc";
}

#endif
