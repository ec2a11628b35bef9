/* SPDX-License-Identifier: Apache-2.0 */

/* inro enter: a command in namespaces that there are, with the options of util-linux's nsenter(1). */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/parse.h"
#include "base/setters.h"
#include "cli/command_options.h"
#include "cli/finish.h"
#include "cli/names.h"
#include "cli/verb.h"
#include "enter/enter.h"

extern char **environ;
extern const struct verb verb_enter;

struct cmd_enter {
	struct command_options common; /* first */
	struct enter want;
};

#define want_of(object) ((struct cmd_enter *)(object))->want
flag_setter_at(all, want_of(object).all)
flag_setter_at(user_parent, want_of(object).user_parent)
flag_setter_at(preserve, want_of(object).preserve)
flag_setter_at(no_fork, want_of(object).no_fork)
flag_setter_at(nnp, want_of(object).become.no_new_privs)

#define FOLLOW_SETTER(name, bits)                                                        \
	static int set_##name(void *object, const char *value, struct inro_error *error) \
	{                                                                                \
		struct cmd_enter *cmd = object;                                          \
		(void)error;                                                             \
		if (strcmp(value, "true") == 0)                                          \
			cmd->want.follow |= (bits);                                      \
		return 0;                                                                \
	}
FOLLOW_SETTER(env, FOLLOW_ENV)
FOLLOW_SETTER(join_cgroup, FOLLOW_CGROUP)
FOLLOW_SETTER(follow_context, FOLLOW_LABEL)

/* "net,uts=web" where what stands before the sign is a list of kinds; any other "=" is the target's. */
static int set_target(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;
	const char *equals = strchr(value, '=');
	struct enter_source *source;
	char list[64];
	unsigned kinds = 0;

	if (equals && equals > value && (size_t)(equals - value) < sizeof(list)) {
		memcpy(list, value, (size_t)(equals - value));
		list[equals - value] = '\0';
		if (ns_kinds_parse_list(list, 0, "--target", &kinds, NULL) < 0)
			kinds = 0;
	}
	source = arena_grow(&cmd->want.arena, &cmd->want.sources, &cmd->want.n_sources, sizeof(*source));
	if (!source)
		return fail_memory(error);
	source->text = kinds ? equals + 1 : value;
	source->kinds = kinds;
	return 0;
}

static int set_net_socket(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;
	uint32_t fd;

	if (parse_u32(value, &fd) < 0 || fd > INT32_MAX)
		return fail_usage(error, "--net-socket", "'%s' is no descriptor", value);
	cmd->want.net_socket = (int)fd;
	return 0;
}

static int set_setuid(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;

	if (strcmp(value, "follow") == 0) {
		cmd->want.follow |= FOLLOW_UID;
		return 0;
	}
	if (set_command_uid(object, value, NULL) < 0)
		return fail_usage(error, "--setuid", "'%s' is neither a user id nor follow", value);
	return 0;
}

static int set_setgid(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;

	if (strcmp(value, "follow") == 0) {
		cmd->want.follow |= FOLLOW_GID;
		return 0;
	}
	if (set_command_gid(object, value, NULL) < 0)
		return fail_usage(error, "--setgid", "'%s' is neither a group id nor follow", value);
	return 0;
}

static int set_root(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;

	(void)error;
	if (*value)
		cmd->want.root = value;
	else
		cmd->want.follow |= FOLLOW_ROOT;
	return 0;
}

static int set_wd(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;

	if (cmd->want.become.wd)
		return fail_usage(error, "--wd", "--wd and --wdns exclude each other");
	if (*value)
		cmd->want.wd = value;
	else
		cmd->want.follow |= FOLLOW_WD;
	return 0;
}

static int set_wdns(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;

	if (cmd->want.wd || cmd->want.follow & FOLLOW_WD)
		return fail_usage(error, "--wdns", "--wd and --wdns exclude each other");
	cmd->want.become.wd = *value ? value : get_current_dir_name();
	return cmd->want.become.wd ? 0 : fail_call(error, -errno, "--wdns", "getcwd", NULL);
}

static int set_mount_proc(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;

	(void)error;
	cmd->want.become.proc_dir = proc_dir_of(value);
	cmd->want.become.set_propagation = true;
	cmd->want.become.propagation = 1 << 18; /* MS_PRIVATE */
	return 0;
}

static int set_tty(void *object, const char *value, struct inro_error *error)
{
	struct cmd_enter *cmd = object;

	if (!*value || strcmp(value, "new") == 0)
		cmd->want.tty = ENTER_TTY_NEW;
	else if (strcmp(value, "auto") == 0)
		cmd->want.tty = ENTER_TTY_AUTO;
	else if (strcmp(value, "share") == 0)
		cmd->want.tty = ENTER_TTY_SHARE;
	else
		return fail_usage(error, "--tty", "'%s' is none of auto, new, share", value);
	return 0;
}

static int set_follow(void *object, const char *value, struct inro_error *error)
{
	static const struct {
		const char *word;
		unsigned bits;
	} words[] = {
		{ "all", FOLLOW_ALL }, { "root", FOLLOW_ROOT }, { "wd", FOLLOW_WD }, { "env", FOLLOW_ENV },
		{ "ids", FOLLOW_UID | FOLLOW_GID }, { "caps", FOLLOW_CAPS }, { "cgroup", FOLLOW_CGROUP },
		{ "label", FOLLOW_LABEL }, { "nnp", FOLLOW_NNP },
	};
	struct cmd_enter *cmd = object;
	char **list;
	size_t n;

	if (!*value)
		value = "all";
	if (parse_list(&cmd->want.arena, value, ',', &list, &n) < 0)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		unsigned bits = 0;

		for (size_t j = 0; j < ARRAY_SIZE(words); j++)
			if (strcmp(list[i], words[j].word) == 0)
				bits = words[j].bits;
		if (!bits)
			return fail_usage(error, "--follow", "'%s' is none of root, wd, env, ids, caps, cgroup, "
					  "label, nnp", list[i]);
		cmd->want.follow |= bits;
	}
	return 0;
}

#define FROM "Target"
#define TAKE "Taken on of the target"
#define COMMAND "Command"
static const struct option_row options[] = {
	{ .name = "target", .letter = 't', .form = OPTION_VALUE, .argument = "[KINDS=]TARGET", .section = FROM,
	  .set = set_target, .repeats = true, .choices = "@target",
	  .help = "PID, name, NAME:PID, file, number; may repeat" },
	{ .name = "all", .letter = 'a', .form = OPTION_FLAG, .section = "Namespaces", .set = set_all,
	  .help = "all that it has: the default" },
	KIND_ROWS("TARGET", "@target", false, "with =TARGET: that one's", "; the command is a child then"),
	{ .name = "net-socket", .letter = 'N', .form = OPTION_VALUE, .argument = "FD", .section = "Namespaces",
	  .set = set_net_socket, .help = "the network of the target's socket FD" },
	{ .name = "user-parent", .form = OPTION_FLAG, .section = "Namespaces", .set = set_user_parent,
	  .help = "the user namespace that owns what is entered" },
	{ .name = "mount-proc", .form = OPTION_MAYBE, .argument = "DIR", .section = "Namespaces",
	  .set = set_mount_proc, .help = "a procfs on /proc, seen by the command alone", .choices = "@dir" },
	{ .name = "follow", .form = OPTION_MAYBE, .argument = "LIST", .section = TAKE, .set = set_follow,
	  .help = "all, or root,wd,env,ids,caps,cgroup,label,nnp",
	  .choices = "all|root|wd|env|ids|caps|cgroup|label|nnp" },
	{ .name = "root", .letter = 'r', .form = OPTION_MAYBE, .argument = "DIR", .section = TAKE,
	  .set = set_root, .help = "root directory, or DIR (opened before)", .choices = "@dir" },
	{ .name = "wd", .letter = 'w', .form = OPTION_MAYBE, .argument = "DIR", .section = TAKE, .set = set_wd,
	  .help = "working directory, or DIR (opened before)", .choices = "@dir" },
	{ .name = "wdns", .letter = 'W', .form = OPTION_MAYBE, .argument = "DIR", .section = TAKE,
	  .set = set_wdns, .help = "DIR as it is called in there (the caller's)" },
	{ .name = "env", .letter = 'e', .form = OPTION_FLAG, .section = TAKE, .set = set_env,
	  .help = "environment" },
	{ .name = "join-cgroup", .letter = 'c', .form = OPTION_FLAG, .section = TAKE, .set = set_join_cgroup,
	  .help = "cgroups, of both versions" },
	{ .name = "follow-context", .letter = 'Z', .form = OPTION_FLAG, .section = TAKE,
	  .set = set_follow_context, .help = "SELinux or AppArmor label" },
	{ .name = "setuid", .letter = 'S', .form = OPTION_VALUE, .argument = "UID", .section = COMMAND,
	  .set = set_setuid, .help = "become this user; follow: the target's" },
	{ .name = "setgid", .letter = 'G', .form = OPTION_VALUE, .argument = "GID", .section = COMMAND,
	  .set = set_setgid, .help = "become this group, without others" },
	{ .name = "preserve-credentials", .form = OPTION_FLAG, .section = COMMAND, .set = set_preserve,
	  .help = "keep the ids, in a user namespace too (else 0)" },
	KEEP_CAPS_ROW(COMMAND),
	{ .name = "no-new-privs", .form = OPTION_FLAG, .section = COMMAND, .set = set_nnp,
	  .help = "no setuid program gives it more" },
	{ .name = "no-fork", .letter = 'F', .form = OPTION_FLAG, .section = COMMAND, .set = set_no_fork,
	  .help = "its children are in the PID namespace, not it" },
	{ .name = "tty", .form = OPTION_MAYBE, .argument = "MODE", .section = COMMAND, .set = set_tty,
	  .help = "auto, new, share: a terminal of its own", .choices = "auto|new|share" },
	HELP_ROW(COMMAND),
};

static const struct option_row *tables(size_t index, size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return index == 0 ? options : NULL;
}

static bool names_no_kind(const struct enter *want)
{
	bool some = want->all || want->kinds || want->net_socket >= 0 || want->user_parent;

	for (size_t i = 0; i < want->n_sources; i++)
		some |= want->sources[i].kinds != 0;
	return !some;
}

/* Is the first operand the target? Not where --target was given, or every namespace names its own. */
static bool wants_target(const struct enter *want)
{
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		if (want->files[kind])
			return false;
	return want->n_sources == 0;
}

/*
 * A first operand is the target, unless --target was given, or every namespace names its own. What it
 * has is all entered where nothing else is said; with nsenter's own -t and something that is taken on
 * of the target alone, nothing is, as there.
 */
static int settle_target(struct cmd_enter *cmd, char ***words, struct inro_error *error)
{
	struct enter *want = &cmd->want;
	bool with_option = want->n_sources > 0, some;
	int r;

	if (wants_target(want) && **words) {
		r = set_target(cmd, **words, error);
		if (r < 0)
			return r;
		(*words)++;
	}
	some = want->follow && with_option;
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		some |= want->files[kind] != NULL;
	if (want->n_sources && names_no_kind(want) && !some)
		want->all = true;
	return 0;
}

static int act(struct cmd_enter *cmd, struct names *names, char **words, int *ret_status,
	       struct inro_error *error)
{
	int r = settle_target(cmd, &words, error);

	if (r == 0)
		r = names_open(names, error);
	if (r < 0)
		return r;
	cmd->want.names = &names->targets;
	cmd->want.words = words;
	cmd->want.env = environ;
	return enter_run(&cmd->want, ret_status, error);
}

static int cmd_enter(const struct verb *verb, int argc, char **argv)
{
	struct cmd_enter cmd = { .want = { .become = BECOME_NULL, .net_socket = -1 } };
	const struct option_table table = { .rows = options, .n_rows = ARRAY_SIZE(options), .object = &cmd };
	const struct option_parser parser = { .tables = &table, .n_tables = 1 };
	cleanup_names struct names names = { 0 };
	struct inro_error error = { 0 };
	int operand, status = 0, r;

	cmd.common = (struct command_options){ &cmd.want.kinds, cmd.want.files, &cmd.want.become, false, false };
	r = options_parse(&parser, argv, argc, &operand, &error);
	/* inro enter TARGET [OPTIONS] [COMMAND]: options may follow the target, too. */
	if (r == 0 && !cmd.common.help && wants_target(&cmd.want) && operand + 1 < argc && argv[operand + 1][0] == '-') {
		char *target = argv[operand];
		int more;

		r = options_parse(&parser, argv + operand + 1, argc - operand - 1, &more, &error);
		if (r == 0) {
			argv[operand + more] = target;
			operand += more;
		}
	}
	if (r == 0 && cmd.common.help) {
		verb_help(verb, cmd.common.help_all);
		arena_deinit(&cmd.want.arena);
		return 0;
	}
	if (r == 0)
		r = act(&cmd, &names, argv + operand, &status, &error);
	arena_deinit(&cmd.want.arena);
	return r < 0 ? verb_fail(verb->name, &error) : finish_like(status);
}

const struct verb verb_enter = {
	.name = "enter",
	.usage = "TARGET [OPTIONS] [--] [COMMAND [ARG…]]\n       inro enter [OPTIONS] -t TARGET… [--] [COMMAND [ARG…]]",
	.help = "run a command in namespaces that there are",
	.about = "Run COMMAND (a shell without one) in the namespaces of TARGET: a process, a container,\n"
		 "a kept name, or a namespace by its file or number.",
	.run = cmd_enter,
	.tables = tables,
	.operands = "@target",
};
