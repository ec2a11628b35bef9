/* SPDX-License-Identifier: Apache-2.0 */

/* Any /proc/self/mountinfo and, behind an empty line, any /proc/self/cgroup: facts that are whole. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena arena = { 0 };
	struct cgroup_facts facts = { 0 };
	char *text = strndup((const char *)data, size), *groups = strstr(text, "\n\n");

	if (groups)
		*++groups = '\0';
	check(cgroup_facts_parse(&facts, &arena, text, groups ? groups + 1 : "") == 0);
	check(facts.layout <= CGROUP_V1);
	check(facts.n_v1 == 0 || facts.v1);
	check(facts.layout != CGROUP_V2 || facts.mount);
	for (size_t i = 0; i < facts.n_v1; i++)
		check(facts.v1[i].controllers && facts.v1[i].mount);
	free(text);
	return 0;
}
