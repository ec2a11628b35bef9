/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The program's own file kept from the container (see self.c), as the first thing that is done.
 *
 * What protects the file is a second start from a mount that cannot be written to. The C library's
 * start is the dear part of any start of a small program (on a virtual machine it leaves the guest some
 * forty times, for CPUID), so the first time goes without: this runs before it. Nothing may be used here
 * that the library prepares. Where anything fails the program goes on as it is, and self.c, which looks
 * again, tries the other way or refuses.
 */

#include "kernel/early_calls.h"

#include <stdbool.h>
#include <stdint.h>

void oci_early(const uintptr_t *stack);

KERNEL_ENTRY(oci_entry, oci_early);

static bool is_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* One of the verbs that execute something in a container? An id of that name does no harm. */
static bool is_executing(char **words)
{
	for (char **word = words; *word; word++)
		if (is_same(*word, "create") || is_same(*word, "run") || is_same(*word, "exec"))
			return true;
	return false;
}

void oci_early(const uintptr_t *stack)
{
	static const char self[] = "/proc/self/exe";
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	char **argv = (char **)(stack + 1), **env = argv + stack[0] + 1;
	int fd;

	if (stack[0] < 2 || !is_executing(argv + 1) || early_access(self, 2) < 0)
		return;
	fd = early_open_tree(self, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return;
	if (early_mount_setattr(fd, &attr, sizeof(attr)) == 0)
		early_execve_fd(fd, argv, env);
	early_close(fd);
}
