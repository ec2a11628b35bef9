/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/presets.h"

#include <string.h>

#include "base/macros.h"

/* Made by tools/embed-text.c. */
extern const char preset_sets[], preset_default[], preset_nestable[], preset_strict[], preset_none[];
extern const size_t preset_sets_size, preset_default_size, preset_nestable_size, preset_strict_size,
	preset_none_size;

const struct seccomp_preset seccomp_presets[] = {
	{ "default", "what programs use, without what they should not need in a container", preset_default,
	  &preset_default_size },
	{ "nestable", "the default, and what a container inside needs: namespaces and mounts",
	  preset_nestable, &preset_nestable_size },
	{ "strict", "files, memory, processes and time; no sockets, no tracing, nothing for administrators",
	  preset_strict, &preset_strict_size },
	{ "none", "everything; the filter stands for nothing", preset_none, &preset_none_size },
};

const size_t n_seccomp_presets = ARRAY_SIZE(seccomp_presets);

const struct seccomp_preset seccomp_sets = { "sets", "", preset_sets, &preset_sets_size };

const struct seccomp_preset *seccomp_find_preset(const char *name, size_t length)
{
	if (length == 10 && memcmp(name, "unconfined", 10) == 0)
		return seccomp_find_preset("none", 4);
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_presets); i++)
		if (strncmp(seccomp_presets[i].name, name, length) == 0 && !seccomp_presets[i].name[length])
			return &seccomp_presets[i];
	return NULL;
}
