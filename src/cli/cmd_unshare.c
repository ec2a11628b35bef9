/* SPDX-License-Identifier: Apache-2.0 */

/* inro unshare: new namespaces and nothing else, with the options of util-linux's unshare(1). */

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/parse.h"
#include "base/setters.h"
#include "cli/command_options.h"
#include "cli/finish.h"
#include "cli/users.h"
#include "cli/verb.h"
#include "enter/unshare.h"
#include "idmap/range.h"

extern char **environ;
extern const struct verb verb_unshare;

struct cmd_unshare {
	struct command_options common; /* first */
	struct unshare want;
	const char *monotonic, *boottime; /* as lines of timens_offsets */
	bool clear_env;
	const char *whitelist;
};

#define want_of(object) ((struct cmd_unshare *)(object))->want
flag_setter_at(fork, want_of(object).fork)
flag_setter(cmd_unshare, clear_env)
text_setter_at(root, want_of(object).become.root)
text_setter_at(wd, want_of(object).become.wd)
text_setter(cmd_unshare, whitelist)

static int set_forward(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	(void)error;
	cmd->want.forward = strcmp(value, "true") == 0;
	cmd->want.fork |= cmd->want.forward;
	return 0;
}

static int set_kill_child(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	cmd->want.kill_signal = SIGKILL;
	cmd->want.fork = true;
	if (*value && (parse_signal(value, &cmd->want.kill_signal) < 0 || cmd->want.kill_signal == 0))
		return fail_usage(error, "--kill-child", "'%s' is no signal", value);
	return 0;
}

static int set_mount_proc(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	(void)error;
	cmd->want.kinds |= NS_BIT(NS_MNT);
	cmd->want.become.proc_dir = proc_dir_of(value);
	return 0;
}

static int set_mount_binfmt(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	(void)error;
	cmd->want.kinds |= NS_BIT(NS_MNT) | NS_BIT(NS_USER);
	cmd->want.become.binfmt_dir = *value ? value : "/proc/sys/fs/binfmt_misc";
	return 0;
}

static int set_load_interp(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	cmd->want.become.interpreter = value;
	return cmd->want.become.binfmt_dir ? 0 : set_mount_binfmt(object, "", error);
}

static int set_propagation(void *object, const char *value, struct inro_error *error)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} modes[] = { { "slave", 1 << 19 }, { "private", 1 << 18 }, { "shared", 1 << 20 }, { "unchanged", 0 } };
	struct cmd_unshare *cmd = object;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(value, modes[i].name) == 0) {
			cmd->want.become.propagation = modes[i].flag;
			return 0;
		}
	}
	return fail_usage(error, "--propagation", "'%s' is none of slave, shared, private, unchanged", value);
}

/* Ids. */

static int find_group(const char *name, uint32_t *ret)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *group;
	int r = -ENOENT;

	while (file && r < 0 && (group = fgetgrent(file))) {
		if (strcmp(group->gr_name, name) == 0) {
			*ret = group->gr_gid;
			r = 0;
		}
	}
	if (file)
		fclose(file);
	return r;
}

static void map_own(struct cmd_unshare *cmd, struct unshare_side *side, uint32_t id)
{
	side->own_set = true;
	side->own = id;
	cmd->want.kinds |= NS_BIT(NS_USER);
}

static int set_map_user(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;
	struct users users = { 0 };
	uint32_t id;
	int r = parse_id(value, &id) < 0 ? users_find(&users, value, &id) : 0;

	users_deinit(&users);
	if (r < 0)
		return fail_usage(error, "--map-user", "'%s' is no user of this system, and no id", value);
	map_own(cmd, &cmd->want.users, id);
	return 0;
}

static int set_map_group(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;
	uint32_t id;

	if (parse_id(value, &id) < 0 && find_group(value, &id) < 0)
		return fail_usage(error, "--map-group", "'%s' is no group of this system, and no id", value);
	map_own(cmd, &cmd->want.groups, id);
	return 0;
}

static int set_map_root(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	(void)value, (void)error;
	map_own(cmd, &cmd->want.users, 0);
	map_own(cmd, &cmd->want.groups, 0);
	return 0;
}

static int set_map_current(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	(void)value, (void)error;
	map_own(cmd, &cmd->want.users, geteuid());
	map_own(cmd, &cmd->want.groups, getegid());
	return 0;
}

/* INNER:OUTER:COUNT, or OUTER,INNER,COUNT as it was before util-linux 2.39. */
static int parse_range(struct arena *arena, const char *value, struct id_range *ret)
{
	bool old = strchr(value, ',');
	uint32_t numbers[3];
	char **words;
	size_t n;

	if (parse_list(arena, value, old ? ',' : ':', &words, &n) < 0 || n != 3)
		return -EINVAL;
	for (size_t i = 0; i < 3; i++)
		if (parse_u32(words[i], &numbers[i]) < 0)
			return -EINVAL;
	if (numbers[2] == 0)
		return -EINVAL;
	*ret = (struct id_range){ numbers[old ? 1 : 0], numbers[old ? 0 : 1], numbers[2] };
	return 0;
}

static int map_side(struct cmd_unshare *cmd, struct unshare_side *side, const char *option, const char *value,
		    struct inro_error *error)
{
	struct id_range range, *slot;

	cmd->want.kinds |= NS_BIT(NS_USER);
	if (strcmp(value, "auto") == 0) {
		side->auto_set = true;
	} else if (strcmp(value, "subids") == 0) {
		side->subids = true;
	} else if (strcmp(value, "all") == 0) {
		side->all = true;
	} else {
		if (parse_range(&cmd->want.arena, value, &range) < 0)
			return fail_usage(error, option, "'%s' is neither INNER:OUTER:COUNT nor one of auto, subids, "
					  "all", value);
		slot = arena_grow(&cmd->want.arena, &side->ranges, &side->n_ranges, sizeof(*slot));
		if (!slot)
			return fail_memory(error);
		*slot = range;
	}
	return 0;
}

static int set_map_users(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	return map_side(cmd, &cmd->want.users, "--map-users", value, error);
}

static int set_map_groups(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	return map_side(cmd, &cmd->want.groups, "--map-groups", value, error);
}

static int set_map_auto(void *object, const char *value, struct inro_error *error)
{
	(void)value;
	set_map_users(object, "auto", error);
	return set_map_groups(object, "auto", error);
}

static int set_map_subids(void *object, const char *value, struct inro_error *error)
{
	(void)value;
	set_map_users(object, "subids", error);
	return set_map_groups(object, "subids", error);
}

static int set_owner(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;
	char **words;
	size_t n;

	cmd->want.kinds |= NS_BIT(NS_USER);
	cmd->want.owner_set = true;
	if (parse_list(&cmd->want.arena, value, ':', &words, &n) < 0 || n != 2 ||
	    parse_id(words[0], &cmd->want.owner_uid) < 0 || parse_id(words[1], &cmd->want.owner_gid) < 0)
		return fail_usage(error, "--owner", "'%s' is not UID:GID", value);
	return 0;
}

static int set_setgroups(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	if (strcmp(value, "allow") == 0)
		cmd->want.setgroups = SETGROUPS_ALLOW;
	else if (strcmp(value, "deny") == 0)
		cmd->want.setgroups = SETGROUPS_DENY;
	else
		return fail_usage(error, "--setgroups", "'%s' is neither allow nor deny", value);
	return 0;
}

/* Clocks: seconds, as a signed number, or a time span. */
static int clock_line(struct cmd_unshare *cmd, const char *clock, const char *value, const char **ret,
		      struct inro_error *error)
{
	bool negative = value[0] == '-';
	uint64_t ns;
	int64_t seconds, rest;

	if (parse_duration(value + (negative || value[0] == '+'), &ns) < 0 || ns > INT64_MAX)
		return fail_usage(error, clock, "'%s' is no time span (90, -3600, 7d12h)", value);
	seconds = (int64_t)(ns / 1000000000);
	rest = (int64_t)(ns % 1000000000);
	/* The kernel wants the nanoseconds positive. */
	if (negative) {
		seconds = -seconds - (rest > 0);
		rest = rest > 0 ? 1000000000 - rest : 0;
	}
	*ret = arena_printf(&cmd->want.arena, "%s %lld %lld\n", clock + 2, (long long)seconds, (long long)rest);
	return *ret ? 0 : fail_memory(error);
}

static int set_monotonic(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	return clock_line(cmd, "--monotonic", value, &cmd->monotonic, error);
}

static int set_boottime(void *object, const char *value, struct inro_error *error)
{
	struct cmd_unshare *cmd = object;

	return clock_line(cmd, "--boottime", value, &cmd->boottime, error);
}

#define COMMAND "Command"
#define FILES "Files"
#define USERS "Users and groups"
static const struct option_row options[] = {
	KIND_ROWS("FILE", "@file", true, "FILE, with any of them: hold it there", " of the children; see --fork"),
	{ .name = "fork", .letter = 'f', .form = OPTION_FLAG, .section = COMMAND, .set = set_fork,
	  .help = "run the command as a child: PID 1 with --pid" },
	{ .name = "kill-child", .form = OPTION_MAYBE, .argument = "SIGNAL", .section = COMMAND,
	  .set = set_kill_child, .help = "if inro ends, so does the child (KILL; forks)" },
	{ .name = "forward-signals", .form = OPTION_FLAG, .section = COMMAND, .set = set_forward,
	  .help = "pass TERM and INT on to the child (forks)" },
	KEEP_CAPS_ROW(COMMAND),
	{ .name = "clear-env", .form = OPTION_FLAG, .section = COMMAND, .set = set_clear_env,
	  .help = "an empty environment" },
	{ .name = "whitelist-env", .form = OPTION_VALUE, .argument = "LIST", .section = COMMAND,
	  .set = set_whitelist, .help = "of the environment these variables alone" },
	{ .name = "mount-proc", .form = OPTION_MAYBE, .argument = "DIR", .section = FILES,
	  .set = set_mount_proc, .help = "a procfs of its own on /proc (--mount)", .choices = "@dir" },
	{ .name = "root", .letter = 'R', .form = OPTION_VALUE, .argument = "DIR", .section = FILES,
	  .set = set_root, .help = "change the root directory", .choices = "@dir" },
	{ .name = "wd", .letter = 'w', .form = OPTION_VALUE, .argument = "DIR", .section = FILES, .set = set_wd,
	  .help = "the working directory, in that root", .choices = "@dir" },
	{ .name = "propagation", .form = OPTION_VALUE, .argument = "MODE", .section = FILES,
	  .set = set_propagation, .help = "slave, shared, private (default), unchanged",
	  .choices = "slave|shared|private|unchanged" },
	{ .name = "mount-binfmt", .form = OPTION_MAYBE, .argument = "DIR", .section = FILES,
	  .set = set_mount_binfmt, .help = "a binfmt_misc of its own (--mount --user)", .choices = "@dir" },
	{ .name = "load-interp", .letter = 'l', .form = OPTION_VALUE, .argument = "LINE", .section = FILES,
	  .set = set_load_interp, .help = "register this line of binfmt_misc there" },
	{ .name = "map-root-user", .letter = 'r', .form = OPTION_FLAG, .section = USERS, .set = set_map_root,
	  .help = "be root in a new user namespace" },
	{ .name = "map-current-user", .letter = 'c', .form = OPTION_FLAG, .section = USERS,
	  .set = set_map_current, .help = "be oneself in a new user namespace" },
	{ .name = "map-user", .form = OPTION_VALUE, .argument = "USER", .section = USERS, .set = set_map_user,
	  .help = "be this user there" },
	{ .name = "map-group", .form = OPTION_VALUE, .argument = "GROUP", .section = USERS,
	  .set = set_map_group, .help = "and this group" },
	{ .name = "map-auto", .form = OPTION_FLAG, .section = USERS, .set = set_map_auto,
	  .help = "map one's subordinate ids, from 0 upwards" },
	{ .name = "map-subids", .form = OPTION_FLAG, .section = USERS, .set = set_map_subids,
	  .help = "map one's subordinate ids as themselves" },
	{ .name = "map-users", .form = OPTION_VALUE, .argument = "RANGE", .section = USERS,
	  .set = set_map_users, .repeats = true, .help = "INNER:OUTER:COUNT, auto, subids or all" },
	{ .name = "map-groups", .form = OPTION_VALUE, .argument = "RANGE", .section = USERS,
	  .set = set_map_groups, .repeats = true, .help = "the same for groups" },
	{ .name = "setgroups", .form = OPTION_VALUE, .argument = "WORD", .section = USERS,
	  .set = set_setgroups, .help = "allow or deny setgroups(2)", .choices = "allow|deny" },
	{ .name = "owner", .form = OPTION_VALUE, .argument = "UID:GID", .section = USERS, .set = set_owner,
	  .help = "whose the user namespace shall be (root)" },
	{ .name = "setuid", .letter = 'S', .form = OPTION_VALUE, .argument = "UID", .section = USERS,
	  .set = set_command_uid, .help = "become this user inside" },
	{ .name = "setgid", .letter = 'G', .form = OPTION_VALUE, .argument = "GID", .section = USERS,
	  .set = set_command_gid, .help = "become this group inside, without others" },
	{ .name = "boottime", .form = OPTION_VALUE, .argument = "SPAN", .section = "Clocks",
	  .set = set_boottime, .help = "offset of the clock since boot: 90, -1h, 7d" },
	{ .name = "monotonic", .form = OPTION_VALUE, .argument = "SPAN", .section = "Clocks",
	  .set = set_monotonic, .help = "offset of the monotonic clock" },
	HELP_ROW("Clocks"),
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

/* Is NAME (up to its "=") in the list? */
static bool is_listed(const char *list, const char *variable)
{
	size_t length = strcspn(variable, "=");

	for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == length && strncmp(at, variable, length) == 0)
			return true;
	return false;
}

static char **environment(struct cmd_unshare *cmd)
{
	size_t n = 0, used = 0;
	char **env;

	if (!cmd->clear_env && !cmd->whitelist)
		return environ;
	while (environ[n])
		n++;
	env = arena_array(&cmd->want.arena, n + 1, sizeof(*env));
	for (size_t i = 0; env && i < n; i++)
		if (is_listed(cmd->whitelist, environ[i]))
			env[used++] = environ[i];
	return env;
}

static int check(struct cmd_unshare *cmd, struct inro_error *error)
{
	struct unshare *want = &cmd->want;

	if ((cmd->monotonic || cmd->boottime) && !(want->kinds & NS_BIT(NS_TIME))) {
		fail_usage(error, cmd->monotonic ? "--monotonic" : "--boottime",
			   "the clocks of this time namespace cannot be set");
		error_hint(error, "add --time (-T)");
		return -EINVAL;
	}
	if (want->setgroups == SETGROUPS_ALLOW && want->groups.own_set && want->groups.n_ranges == 0 &&
	    !want->groups.auto_set && !want->groups.subids && !want->groups.all && geteuid() != 0)
		return fail_usage(error, "--setgroups", "allow cannot be had together with --map-group, "
				  "--map-root-user or --map-current-user by an ordinary user");
	if (cmd->monotonic || cmd->boottime) {
		want->clocks = arena_printf(&want->arena, "%s%s", cmd->monotonic ? cmd->monotonic : "",
					    cmd->boottime ? cmd->boottime : "");
		if (!want->clocks)
			return fail_memory(error);
	}
	want->become.set_propagation = want->kinds & NS_BIT(NS_MNT) && want->become.propagation;
	return 0;
}

/*
 * The classic trap: the first child of a command that was not forked becomes PID 1, and when it ends
 * the shell cannot fork any more. Said to people only: scripts know what they do.
 */
static void warn_of_trap(const struct cmd_unshare *cmd, bool shell)
{
	if (shell && cmd->want.kinds & NS_BIT(NS_PID) && !cmd->want.fork && isatty(2))
		verb_note("unshare", "this shell stays outside of the new PID namespace: the first command that "
			  "it starts becomes PID 1, and once that has ended no other can be started (\"Cannot "
			  "fork\"). With --fork (-f) the shell itself is PID 1.");
}

static int act(struct cmd_unshare *cmd, char **words, int *ret_status, struct inro_error *error)
{
	char **env;
	int r = check(cmd, error);

	if (r < 0)
		return r;
	env = environment(cmd);
	if (!env)
		return fail_memory(error);
	r = program_prepare(&cmd->want.arena, words, env, &cmd->want.become.program, error);
	if (r < 0)
		return r;
	warn_of_trap(cmd, !words[0]);
	return unshare_run(&cmd->want, ret_status, error);
}

static int cmd_unshare(const struct verb *verb, int argc, char **argv)
{
	struct cmd_unshare cmd = { .want = { .become = BECOME_NULL } };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1 };
	struct inro_error error = { 0 };
	int operand, status = 0, r;

	cmd.common = (struct command_options){ &cmd.want.kinds, cmd.want.files, &cmd.want.become, false, false };
	cmd.want.become.propagation = 1 << 18; /* MS_PRIVATE */
	r = options_parse(&parser, argv, argc, &operand, &error);
	if (r == 0 && cmd.common.help) {
		verb_help(verb, cmd.common.help_all);
		arena_deinit(&cmd.want.arena);
		return 0;
	}
	if (r == 0)
		r = act(&cmd, argv + operand, &status, &error);
	arena_deinit(&cmd.want.arena);
	return r < 0 ? verb_fail(verb->name, &error) : finish_like(status);
}

const struct verb verb_unshare = {
	.name = "unshare",
	.usage = "[OPTIONS] [--] [COMMAND [ARG…]]",
	.help = "run a command in new namespaces, and change nothing else",
	.about = "Run COMMAND (a shell without one) in new namespaces of the kinds that are named.\n"
		 "It takes the place of inro itself, unless it is to be a child (--fork).",
	.run = cmd_unshare,
	.tables = tables,
	.operands = "@command",
};
