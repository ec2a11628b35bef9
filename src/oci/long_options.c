/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/long_options.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fd.h"
#include "kernel/syscalls.h"
#include "mount/steps.h"

enum { VALUE_MAX = 255, PAGE_MAX = 4095 };

static bool is_long(const char *value)
{
	return value && strlen(value) > VALUE_MAX;
}

bool oci_options_are_long(const struct oci_mount_options *options)
{
	for (size_t i = 0; i < options->n_config; i++)
		if (is_long(options->config[2 * i + 1]))
			return true;
	return false;
}

/*
 * The layers of "a:b::c", of which those behind two colons hold data alone; with a backslash before
 * it a character stands for itself. 1 if they can be given one at a time, 0 if not, -ENOMEM.
 */
static int add_layers(struct arena *arena, struct oci_mount_options *to, const char *value)
{
	const char *key = "lowerdir+";
	char layer[VALUE_MAX + 1];
	size_t n = 0;

	for (const char *at = value;; at++) {
		bool ends = *at == ':' || *at == '\0';

		if (!ends) {
			at += *at == '\\' && at[1];
			if (n == VALUE_MAX)
				return 0;
			layer[n++] = *at;
			continue;
		}
		if (n == 0)
			return 0;
		layer[n] = '\0';
		n = 0;
		if (oci_mount_config_add(arena, to, key, arena_strdup(arena, layer)) < 0)
			return -ENOMEM;
		if (*at == '\0')
			return 1;
		if (at[1] == ':') {
			key = "datadir+";
			at++;
		}
	}
}

/* All pairs, with an overlay's layers one at a time. */
static int split(struct arena *arena, const char *type, const struct oci_mount_options *options,
		 struct long_options *ret)
{
	struct oci_mount_options to = { 0 };

	for (size_t i = 0; i < options->n_config; i++) {
		const char *key = options->config[2 * i], *value = options->config[2 * i + 1];
		int r;

		if (!is_long(value))
			r = oci_mount_config_add(arena, &to, key, value) < 0 ? -ENOMEM : 1;
		else if (strcmp(type, "overlay") == 0 && strcmp(key, "lowerdir") == 0)
			r = add_layers(arena, &to, value);
		else
			r = 0;
		if (r <= 0)
			return r;
	}
	ret->config = to.config;
	return 0;
}

/* What mount(2) takes apart from the page. */
static bool take_flag(struct long_options *to, const char *key, const char *value)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} flags[] = {
		{ "ro", MS_RDONLY },	 { "sync", MS_SYNCHRONOUS },   { "dirsync", MS_DIRSYNC },
		{ "mand", MS_MANDLOCK }, { "lazytime", MS_LAZYTIME },
	};

	if (value && strcmp(key, "source") == 0) {
		to->source = value;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (value || strcmp(flags[i].name, key) != 0)
			continue;
		to->flags |= flags[i].flag;
		return true;
	}
	return false;
}

static int make_page(struct arena *arena, const struct oci_mount_options *options, struct long_options *ret)
{
	cleanup_buf struct buf page = { 0 };

	for (size_t i = 0; i < options->n_config; i++) {
		const char *key = options->config[2 * i], *value = options->config[2 * i + 1];

		if (!take_flag(ret, key, value))
			buf_printf(&page, "%s%s%s%s", page.used ? "," : "", key, value ? "=" : "",
				   value ? value : "");
	}
	if (page.failed)
		return -ENOMEM;
	if (page.used > PAGE_MAX)
		return 0;
	ret->page = arena_strdup(arena, buf_text(&page));
	return ret->page ? 0 : -ENOMEM;
}

int oci_long_options(struct arena *arena, const char *type, const struct oci_mount_options *options,
		     struct long_options *ret)
{
	struct long_options made = { .source = "none" };
	int r = split(arena, type, options, &made);

	if (r == 0)
		r = make_page(arena, options, &made);
	if (r == 0)
		*ret = made;
	return r;
}

int oci_mount_page(int scratch_fd, const char *type, const struct long_options *options, unsigned attributes,
		   const char **ret_call)
{
	struct mount_attr attr = { .attr_set = attributes, .propagation = PROPAGATION_PRIVATE };
	cleanup_close int place_fd = openat(scratch_fd, SCRATCH_EMPTY_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int fd = -EBADF;
	int r;

	*ret_call = "fchdir";
	if (place_fd < 0 || fchdir(place_fd) < 0)
		return -errno;
	*ret_call = "mount";
	r = sys_mount(options->source, ".", type, options->flags, options->page);
	if (r < 0)
		return r;
	/* The name leads to what is mounted on it; the working directory is still what lies below. */
	*ret_call = "open_tree";
	fd = sys_open_tree(scratch_fd, SCRATCH_EMPTY_DIR, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return fd;
	*ret_call = "umount2";
	if (fchdir(scratch_fd) < 0)
		return -errno;
	r = sys_umount2(SCRATCH_EMPTY_DIR, MNT_DETACH);
	if (r < 0)
		return r;
	*ret_call = "mount_setattr";
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	return r < 0 ? r : take_fd(&fd);
}
