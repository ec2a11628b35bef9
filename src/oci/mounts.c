/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The mounts of config.json, in the order in which they stand there: which kind each is. A mount is
 * a bind mount by its options alone; what stands as its type is of no meaning then.
 */

#include <string.h>

#include "base/error.h"
#include "oci/root.h"

int oci_root_base(const struct oci_root *root, const char *path, const char **ret_path)
{
	const struct {
		const char *place;
		int slot;
	} places[] = {
		{ "/proc", root->proc_slot },
		{ "/sys", root->sys_slot },
		{ "/dev", root->dev_slot },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t length = strlen(places[i].place);

		if (places[i].slot == SLOT_NONE || strncmp(path, places[i].place, length) != 0 ||
		    path[length] != '/')
			continue;
		*ret_path = path + length + 1;
		return places[i].slot;
	}
	*ret_path = path[0] == '/' && path[1] == '\0' ? "." : path;
	return SLOT_ROOT;
}

int oci_root_keep_slot(struct oci_root *root, const char *path)
{
	int *slot = strcmp(path, "/proc") == 0  ? &root->proc_slot
		    : strcmp(path, "/sys") == 0 ? &root->sys_slot
		    : strcmp(path, "/dev") == 0 ? &root->dev_slot
						: NULL;

	if (!slot)
		return strcmp(path, "/") == 0 ? SLOT_ROOT : SLOT_NONE;
	if (*slot == SLOT_NONE)
		*slot = plan_slot(root->plan);
	return *slot;
}

static int add_mount(struct oci_root *root, const struct oci_mount *mount, struct inro_error *error)
{
	struct oci_mount_options options;

	if (oci_mount_options(&root->plan->arena, &mount->options, &options) < 0)
		return fail_memory(error);
	if (options.remount)
		return oci_remount_add(root, mount, &options, error);
	if (options.copy_up && (options.bind || !mount->type || strcmp(mount->type, "tmpfs") != 0))
		return fail_usage(error, mount->destination, "tmpcopyup is for a tmpfs");
	if (strcmp(mount->destination, "/dev") == 0)
		root->dev_is_bind = options.bind;
	if (options.bind)
		return oci_bind_add(root, mount, &options, error);
	if (mount->type &&
	    (strcmp(mount->type, "cgroup") == 0 || strcmp(mount->type, "cgroup2") == 0))
		return oci_cgroup_mount_add(root, mount, &options, error);
	return oci_new_fs_add(root, mount, &options, error);
}

int oci_mounts_add(struct oci_root *root, struct inro_error *error)
{
	for (size_t i = 0; i < root->config->n_mounts; i++) {
		int r = add_mount(root, &root->config->mounts[i], error);

		if (r < 0)
			return r;
	}
	return 0;
}
