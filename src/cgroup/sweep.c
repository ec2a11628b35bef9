/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/sweep.h"

#include "base/fd.h"
#include "cgroup/detect.h"
#include "cgroup/dir.h"
#include "cgroup/layout.h"

/* What cannot be opened or does not exist holds nothing of ours. */
static int sweep_below(int mount_fd, const char *path, bool v2)
{
	cleanup_close int fd = path ? cgroup_open_below(mount_fd, path) : -ENOENT;
	int n = fd < 0 ? 0 : cgroup_sweep(fd, v2);

	return n < 0 ? 0 : n;
}

static int sweep_v2(const struct cgroup_facts *facts, struct arena *arena)
{
	static const enum cgroup_place places[] = { CGROUP_PLACE_TOP, CGROUP_PLACE_ABOVE, CGROUP_PLACE_BELOW };
	cleanup_close int mount_fd = cgroup_open_mount(facts->mount, true);
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places) && mount_fd >= 0 && facts->own_path; i++)
		n += sweep_below(mount_fd, cgroup_place_parent(facts, places[i], arena), true);
	return n;
}

int cgroup_sweep_all(void)
{
	cleanup_arena struct arena arena = { 0 };
	struct cgroup_facts facts = { 0 };
	int n, r;

	r = cgroup_facts_gather(&facts, &arena, NULL);
	if (r < 0)
		return r;
	n = facts.mount ? sweep_v2(&facts, &arena) : 0;
	for (size_t i = 0; i < facts.n_v1; i++) {
		cleanup_close int mount_fd = cgroup_open_mount(facts.v1[i].mount, false);

		if (mount_fd >= 0)
			n += sweep_below(mount_fd, facts.v1[i].own_path, false);
	}
	return n;
}
