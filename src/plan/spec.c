/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/spec.h"

#include <assert.h>
#include <errno.h>

void *spec_part(const struct spec *spec, const struct feature *feature)
{
	for (size_t i = 0; i < spec->n_parts; i++)
		if (spec->parts[i].feature == feature)
			return spec->parts[i].data;
	assert(!"a feature that is not in the table");
	return NULL;
}

struct spec_mount *spec_add_mount(struct spec *spec, enum mount_type type, const char *target)
{
	struct spec_mounts *mounts = &spec->mounts;
	struct spec_mount *mount = arena_grow(&spec->arena, &mounts->list, &mounts->n_list, sizeof(*mount));

	if (!mount)
		return NULL;
	mount->type = type;
	mount->source_fd = -EBADF;
	mount->origin = spec->applying;
	mount->target = arena_strdup(&spec->arena, target);
	return mount->target ? mount : NULL;
}
