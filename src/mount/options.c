/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The options about the root and its mounts. A value like SRC:DST:opts is split at its colons; a
 * backslash keeps one. Nothing is looked up here: paths become absolute when the plan is made.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/macros.h"
#include "base/parse.h"
#include "base/setters.h"
#include "mount/spec.h"
#include "plan/spec.h"

enum { MAX_FIELDS = 3 };

/* Split at colons into at most MAX fields; "\:" is a colon, "\\" a backslash. -E2BIG for more. */
static int split_fields(struct arena *arena, const char *value, const char *fields[MAX_FIELDS],
			size_t *ret_n)
{
	char *copy = arena_strdup(arena, value), *to = copy;
	size_t n = 0;

	if (!copy)
		return -ENOMEM;
	fields[n++] = copy;
	for (const char *at = value; *at; at++) {
		if (*at == '\\' && (at[1] == ':' || at[1] == '\\')) {
			*to++ = *++at;
		} else if (*at == ':') {
			if (n == MAX_FIELDS)
				return -E2BIG;
			*to++ = '\0';
			fields[n++] = to;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	*ret_n = n;
	return 0;
}

/* What one word behind the second colon does to a mount. */
static int apply_word(struct spec_mount *mount, const char *word, struct arena *arena)
{
	static const struct {
		const char *name;
		size_t offset;
		bool value;
	} words[] = {
#define WORD(text, field, to) { text, offsetof(struct spec_mount, field), to }
		WORD("ro", read_only, true),	     WORD("rw", read_only, false),
		WORD("optional", optional, true),    WORD("nosuid", nosuid, true),
		WORD("suid", suid_set, true),	     WORD("nodev", nodev, true),
		WORD("dev", dev_set, true),	     WORD("noexec", noexec, true),
		WORD("exec", exec_set, true),	     WORD("norec", recursive_off, true),
		WORD("create", create, true),
#undef WORD
	};
	uint64_t size;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].name, word) == 0) {
			*((bool *)mount + words[i].offset) = words[i].value;
			return 0;
		}
	}
	if (strncmp(word, "size=", 5) == 0 && parse_size(word + 5, &size) == 0) {
		mount->size = size;
		return 0;
	}
	if (strncmp(word, "mode=", 5) == 0)
		return parse_mode(word + 5, &mount->mode);
	if (strncmp(word, "subset=", 7) == 0 || strncmp(word, "hidepid=", 8) == 0) {
		mount->options = mount->options ? arena_printf(arena, "%s,%s", mount->options, word)
						: arena_strdup(arena, word);
		return mount->options ? 0 : -ENOMEM;
	}
	return -EINVAL;
}

static int apply_words(struct spec *spec, struct spec_mount *mount, const char *option,
		       const char *words, struct inro_error *error)
{
	char **list;
	size_t n;

	if (parse_list(&spec->arena, words, ',', &list, &n) < 0)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		/* Docker's words that mean nothing here: labels, and what is so anyway. */
		if (strcmp(list[i], "z") == 0 || strcmp(list[i], "Z") == 0 ||
		    strcmp(list[i], "rprivate") == 0)
			continue;
		if (apply_word(mount, list[i], &spec->arena) < 0) {
			fail_usage(error, option, "'%s' is no mount option", list[i]);
			error_hint(
				error,
				"there are ro, rw, optional, create, norec, nosuid, suid, "
				"nodev, dev, noexec, exec, size=, mode=, subset=, hidepid=");
			return -EINVAL;
		}
	}
	return 0;
}

static int add_bind(struct spec *spec, const char *option, const char *value, bool read_only,
		    struct inro_error *error)
{
	const char *fields[MAX_FIELDS];
	struct spec_mount *mount;
	size_t n;
	int r = split_fields(&spec->arena, value, fields, &n);

	if (r == -E2BIG)
		return fail_usage(error, option,
				  "'%s' has more than SRC:DST:options (write \\: for a colon)",
				  value);
	if (r < 0)
		return fail_memory(error);
	if (!fields[0][0])
		return fail_usage(error, option, "the source is empty");
	/* "SRC:ro" is read-only SRC, since a destination begins with / or ~. */
	if (n == 2 && fields[1][0] != '/' && fields[1][0] != '~' && fields[1][0] != '.') {
		fields[2] = fields[1];
		fields[1] = "";
		n = 3;
	}
	mount = spec_add_mount(spec, MOUNT_BIND, n > 1 && fields[1][0] ? fields[1] : fields[0]);
	if (!mount)
		return fail_memory(error);
	mount->source = fields[0];
	mount->read_only = read_only;
	return n > 2 ? apply_words(spec, mount, option, fields[2], error) : 0;
}

static int set_volume(void *object, const char *value, struct inro_error *error)
{
	return add_bind(object, "--volume", value, false, error);
}

static int set_ro(void *object, const char *value, struct inro_error *error)
{
	return add_bind(object, "--ro", value, true, error);
}

static int set_rw(void *object, const char *value, struct inro_error *error)
{
	return add_bind(object, "--rw", value, false, error);
}

/* DST or DST:options, for file systems made here; "none" takes the implied one away. */
static int add_at(struct spec *spec, enum mount_type type, const char *option, const char *value,
		  struct inro_error *error)
{
	const char *fields[MAX_FIELDS];
	struct spec_mount *mount;
	size_t n;

	if (split_fields(&spec->arena, value, fields, &n) < 0 || n > 2)
		return fail_usage(error, option, "'%s' is not of the form DIR[:options]", value);
	if (!*fields[0])
		return fail_usage(error, option, "the directory is empty");
	mount = spec_add_mount(spec, type, fields[0]);
	if (!mount)
		return fail_memory(error);
	return n > 1 ? apply_words(spec, mount, option, fields[1], error) : 0;
}

#define SET_AT(function, type, option)                                                           \
	static int function(void *object, const char *value, struct inro_error *error)           \
	{                                                                                        \
		return add_at(object, type, option, value, error);                               \
	}

SET_AT(set_tmpfs, MOUNT_TMPFS, "--tmpfs")
SET_AT(set_dir, MOUNT_DIR, "--dir")
SET_AT(set_hide, MOUNT_HIDE, "--hide")
SET_AT(set_proc, MOUNT_PROC, "--proc")
SET_AT(set_sys, MOUNT_SYSFS, "--sys")
SET_AT(set_dev, MOUNT_DEV, "--dev")
SET_AT(set_mqueue, MOUNT_MQUEUE, "--mqueue")
SET_AT(set_cgroupfs, MOUNT_CGROUP, "--cgroupfs")

/* DST=WORD: links and files. */
static int add_made(struct spec *spec, enum mount_type type, const char *option, const char *value,
		    struct spec_mount **ret, struct inro_error *error)
{
	const char *equals = strchr(value, '=');
	struct spec_mount *mount;
	char *target;

	if (!equals || equals == value)
		return fail_usage(error, option, "'%s' is not of the form PATH=%s", value,
				  type == MOUNT_FILE ? "TEXT, or PATH=@FD" : "TARGET");
	target = arena_strndup(&spec->arena, value, (size_t)(equals - value));
	mount = target ? spec_add_mount(spec, type, target) : NULL;
	if (!mount)
		return fail_memory(error);
	mount->source = arena_strdup(&spec->arena, equals + 1);
	*ret = mount;
	return mount->source ? 0 : fail_memory(error);
}

static int set_symlink(void *object, const char *value, struct inro_error *error)
{
	struct spec_mount *mount;

	return add_made(object, MOUNT_SYMLINK, "--symlink", value, &mount, error);
}

static int set_file(void *object, const char *value, struct inro_error *error)
{
	struct spec_mount *mount;
	uint32_t fd;
	int r = add_made(object, MOUNT_FILE, "--file", value, &mount, error);

	if (r < 0 || mount->source[0] != '@')
		return r;
	if (parse_u32(mount->source + 1, &fd) < 0 || fd > INT32_MAX)
		return fail_usage(error, "--file", "'%s' is no descriptor", mount->source);
	mount->source_fd = (int)fd;
	return 0;
}

static int set_ro_file(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	int r = set_file(object, value, error);

	if (r == 0)
		spec->mounts.list[spec->mounts.n_list - 1].read_only = true;
	return r;
}

static int set_rootfs(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	if (!*value)
		return fail_usage(error, "--rootfs", "the directory is empty");
	spec->mounts.root.mode = ROOT_DIR;
	spec->mounts.root.dir = arena_strdup(&spec->arena, value);
	return spec->mounts.root.dir ? 0 : fail_memory(error);
}

static int set_empty(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	(void)error;
	spec->mounts.root.mode = strcmp(value, "true") == 0 ? ROOT_EMPTY : ROOT_HOST;
	return 0;
}

static int set_overlay(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	spec->mounts.root.overlay = strcmp(value, "off") != 0;
	spec->mounts.root.overlay_dir = *value ? arena_strdup(&spec->arena, value) : NULL;
	return *value && !spec->mounts.root.overlay_dir ? fail_memory(error) : 0;
}

spec_flag_setter(read_only, mounts.root.read_only)
spec_text_setter(workdir, process.workdir)

static int set_cwd(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;

	(void)error;
	spec->mounts.no_cwd = strcmp(value, "true") != 0;
	return 0;
}

spec_flag_setter(toolchain, mounts.toolchain)
spec_flag_setter(bare, bare)
spec_flag_setter(nestable, nestable)

#define FILES "Files"
const struct option_row mount_options[] = {
	{ .name = "volume",
	  .letter = 'v',
	  .form = OPTION_VALUE,
	  .argument = "SRC[:DST][:OPTS]",
	  .section = FILES,
	  .help = "a host path, writable; OPTS: ro,optional,…",
	  .set = set_volume,
	  .aliases = "bind-mount",
	  .choices = "@file",
	  .repeats = true,
	  .detail = "A colon or backslash in a path is written \\: or \\\\. OPTS are ro, rw, "
		    "optional (a "
		    "missing source is no error), create (make a missing source directory), norec "
		    "(without "
		    "the mounts below it), nosuid, suid, nodev, dev, noexec, exec. nosuid "
		    "and nodev "
		    "are the default; all of them hold for the mounts below, too." },
	{ .name = "ro",
	  .form = OPTION_VALUE,
	  .argument = "SRC[:DST]",
	  .section = FILES,
	  .help = "the same, read-only",
	  .set = set_ro,
	  .choices = "@file",
	  .repeats = true },
	{ .name = "rw",
	  .form = OPTION_VALUE,
	  .argument = "SRC[:DST]",
	  .section = FILES,
	  .help = "the same, writable",
	  .set = set_rw,
	  .choices = "@file",
	  .repeats = true,
	  .rare = true },
	{ .name = "rootfs",
	  .form = OPTION_VALUE,
	  .argument = "DIR",
	  .section = FILES,
	  .help = "another directory as the root",
	  .set = set_rootfs,
	  .choices = "@dir" },
	{ .name = "empty",
	  .form = OPTION_FLAG,
	  .section = FILES,
	  .help = "an empty root, with nothing of the host",
	  .set = set_empty },
	{ .name = "overlay",
	  .form = OPTION_MAYBE,
	  .argument = "DIR",
	  .section = FILES,
	  .help = "a writable layer, thrown away or kept in DIR",
	  .set = set_overlay,
	  .choices = "@dir" },
	{ .name = "read-only",
	  .form = OPTION_FLAG,
	  .section = FILES,
	  .help = "make the root of --rootfs read-only",
	  .set = set_read_only,
	  .rare = true },
	{ .name = "tmpfs",
	  .form = OPTION_VALUE,
	  .argument = "DIR[:size=N,…]",
	  .section = FILES,
	  .help = "an empty directory in memory",
	  .set = set_tmpfs,
	  .repeats = true },
	{ .name = "file",
	  .form = OPTION_VALUE,
	  .argument = "PATH=TEXT|@FD",
	  .section = FILES,
	  .help = "a file with this content",
	  .set = set_file,
	  .repeats = true,
	  .rare = true },
	{ .name = "ro-file",
	  .form = OPTION_VALUE,
	  .argument = "PATH=TEXT|@FD",
	  .section = FILES,
	  .help = "the same, read-only",
	  .set = set_ro_file,
	  .repeats = true,
	  .rare = true },
	{ .name = "symlink",
	  .form = OPTION_VALUE,
	  .argument = "PATH=TARGET",
	  .section = FILES,
	  .help = "a symbolic link",
	  .set = set_symlink,
	  .repeats = true,
	  .rare = true },
	{ .name = "dir",
	  .form = OPTION_VALUE,
	  .argument = "DIR[:mode=M]",
	  .section = FILES,
	  .help = "an empty directory",
	  .set = set_dir,
	  .repeats = true,
	  .rare = true },
	{ .name = "hide",
	  .form = OPTION_VALUE,
	  .argument = "PATH",
	  .section = FILES,
	  .help = "put something empty over a path",
	  .set = set_hide,
	  .aliases = "mask",
	  .repeats = true },
	{ .name = "proc",
	  .form = OPTION_VALUE,
	  .argument = "DIR[:OPTS]|none",
	  .section = FILES,
	  .help = "procfs (/proc); OPTS: subset=pid,hidepid=…",
	  .set = set_proc,
	  .rare = true },
	{ .name = "dev",
	  .form = OPTION_VALUE,
	  .argument = "DIR|none",
	  .section = FILES,
	  .help = "devices (/dev)",
	  .set = set_dev,
	  .rare = true },
	{ .name = "sys",
	  .form = OPTION_VALUE,
	  .argument = "DIR|none",
	  .section = FILES,
	  .help = "sysfs, read-only (/sys)",
	  .set = set_sys,
	  .rare = true },
	{ .name = "mqueue",
	  .form = OPTION_VALUE,
	  .argument = "DIR",
	  .section = FILES,
	  .help = "POSIX message queues (/dev/mqueue)",
	  .set = set_mqueue,
	  .rare = true },
	{ .name = "cgroupfs",
	  .form = OPTION_VALUE,
	  .argument = "DIR",
	  .section = FILES,
	  .help = "the container's own cgroup2 hierarchy",
	  .set = set_cgroupfs,
	  .rare = true },
	{ .name = "workdir",
	  .letter = 'w',
	  .form = OPTION_VALUE,
	  .argument = "DIR",
	  .section = FILES,
	  .help = "where the command starts",
	  .set = set_workdir,
	  .aliases = "chdir|cwd" },
	{ .name = "toolchain",
	  .form = OPTION_FLAG,
	  .section = FILES,
	  .help = "with --empty: the host's /usr, read-only",
	  .set = set_toolchain,
	  .rare = true },
	{ .name = "share-cwd",
	  .form = OPTION_FLAG,
	  .section = FILES,
	  .help = "show the current directory, writable (on)",
	  .set = set_cwd,
	  .rare = true },
	{ .name = "nestable",
	  .form = OPTION_FLAG,
	  .section = "Namespaces",
	  .help = "let containers be started inside",
	  .set = set_nestable },
	{ .name = "bare",
	  .form = OPTION_FLAG,
	  .section = FILES,
	  .help = "imply nothing: what the preset none means",
	  .set = set_bare,
	  .rare = true },
};
static_assert(ARRAY_SIZE(mount_options) == N_MOUNT_OPTIONS, "mount/spec.h counts otherwise");
