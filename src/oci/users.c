/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/users.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/parse.h"

/* Not getpwuid(3), which a static program had better not call. */
const char *oci_user_name(uint32_t uid, struct arena *arena)
{
	FILE *file = fopen("/etc/passwd", "re");
	const char *found = "";
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		char *rest = line, *name = strsep(&rest, ":"), *number;
		uint32_t parsed;

		strsep(&rest, ":");
		number = strsep(&rest, ":");
		if (number && parse_u32(number, &parsed) == 0 && parsed == uid) {
			found = arena_strdup(arena, name);
			break;
		}
	}
	if (file)
		fclose(file);
	return found ? found : "";
}
