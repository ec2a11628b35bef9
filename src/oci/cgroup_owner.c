/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whose the container's cgroup is. Who sees it alone (in a new cgroup namespace), may write to it and
 * runs on v2, where handing on is safe, gets it: the directory, and of its files those by which groups
 * below are made and filled, never one that limits the container itself. An init like systemd needs
 * that, and engines in a container. The rules are those of the specification ("Cgroup ownership").
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/cgroup_steps.h"
#include "plan/plan.h"
#include "plan/run.h"

#define DELEGATE "/sys/kernel/cgroup/delegate"

struct owner_args {
	int slot;
	uint32_t uid; /* as the host numbers it */
};

bool oci_cgroup_owner(const struct oci_config *config, uint32_t *ret)
{
	uint32_t uid = config->process_set ? config->process.uid : 0;
	const struct oci_id_maps *maps = &config->linux_.uids;
	const char *path;
	bool writable = false;

	if (!oci_has_ns(config, NS_CGROUP, &path) || path)
		return false;
	for (size_t i = 0; i < config->n_mounts && !writable; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		writable = mount->source && strcmp(mount->source, "cgroup") == 0 &&
			   strcmp(mount->destination, "/sys/fs/cgroup") == 0;
		for (size_t k = 0; k < mount->options.n; k++)
			writable &= strcmp(mount->options.list[k], "ro") != 0 &&
				    strcmp(mount->options.list[k], "rro") != 0;
	}
	if (!writable)
		return false;
	if (!oci_has_ns(config, NS_USER, NULL)) {
		*ret = uid;
		return true;
	}
	for (size_t i = 0; i < maps->n; i++) {
		const struct id_range *range = &maps->list[i];

		if (uid >= range->inner && uid - range->inner < range->count) {
			*ret = range->outer + (uid - range->inner);
			return true;
		}
	}
	/* An id that nobody has, or of a namespace whose maps are not told. */
	return false;
}

static int give(int dir_fd, const char *file, uint32_t uid)
{
	if (fchownat(dir_fd, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	/* Of what the kernel can hand on, each group has what its controllers bring. */
	return errno == ENOENT ? 0 : -errno;
}

static int run_owner(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct owner_args *args = step->args;
	char files[4096] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n", *save;
	char told[sizeof(files)];
	int dir_fd = run_fd(run, args->slot), r;

	if (fd_read_file_at(AT_FDCWD, DELEGATE, told, sizeof(told)) > 0)
		memcpy(files, told, sizeof(files));
	r = fchown(dir_fd, args->uid, (gid_t)-1) < 0 ? -errno : 0;
	if (r < 0)
		return error_raw(error, r, "fchown", "the cgroup");
	for (char *file = strtok_r(files, "\n", &save); file; file = strtok_r(NULL, "\n", &save)) {
		r = strchr(file, '/') ? 0 : give(dir_fd, file, args->uid);
		if (r < 0)
			return error_raw(error, r, "fchownat", file);
	}
	return 0;
}

static const struct step_kind kind_owner = {
	.name = "own-cgroup",
	.what = "give the cgroup to the container's user",
	.calls = "fchown, fchownat",
	.run = run_owner,
};

int oci_cgroup_owner_add(struct plan *plan, enum stage stage, int slot)
{
	struct owner_args *args;
	uint32_t uid;

	if (slot == SLOT_NONE || plan->facts->cgroup.layout != CGROUP_V2 ||
	    !oci_cgroup_owner(plan->spec->oci, &uid))
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return -ENOMEM;
	*args = (struct owner_args){ .slot = slot, .uid = uid };
	/* Who may not give it away is its owner, and what is inside can use it if that is the same. */
	plan_add(plan, stage, &kind_owner, arena_printf(&plan->arena, "uid %u", uid),
		 "a cgroup that is mounted writable is there to be written to", args)
		->optional = !(plan->facts->uid == 0 && plan->facts->initial_userns);
	return 0;
}
