/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/spec.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "plan/feature.h"

static int init_parts(struct spec *spec, const struct feature *const features[], size_t n)
{
	spec->parts = arena_array(&spec->arena, n, sizeof(*spec->parts));
	if (!spec->parts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct spec_part *part = &spec->parts[spec->n_parts++];

		part->feature = features[i];
		part->data = arena_alloc(&spec->arena, features[i]->spec_size + 1);
		if (!part->data)
			return -ENOMEM;
		if (features[i]->init)
			features[i]->init(part->data);
	}
	return 0;
}

struct spec *spec_free(struct spec *spec)
{
	if (spec) {
		arena_deinit(&spec->arena);
		free(spec);
	}
	return NULL;
}

int spec_new(const struct feature *const features[], size_t n_features, struct spec **ret)
{
	struct spec *spec = calloc(1, sizeof(*spec));
	int r = spec ? init_parts(spec, features, n_features) : -ENOMEM;

	if (r < 0) {
		spec_free(spec);
		return r;
	}
	*ret = spec;
	return 0;
}

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
