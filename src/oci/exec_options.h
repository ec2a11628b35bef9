/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_EXEC_OPTIONS_H
#define OCI_EXEC_OPTIONS_H

/* The options of `exec`; they fill a struct oci_exec. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/option.h"
#include "oci/start.h"

struct oci_exec {
	struct oci_start start;
	struct arena arena;
	const char *process_file;
	bool detach, terminal, ignore_paused;
	/* What changes the process that the container's config.json has. */
	const char *workdir, *selinux_label, *apparmor_profile;
	bool user_set, group_set, no_new_privs;
	uint32_t uid, gid;
	uint32_t *groups;
	size_t n_groups;
	const char **env;
	size_t n_env;
	uint64_t caps;
	const char **unknown_caps;
	size_t n_unknown_caps;
};

enum { OCI_EXEC_OPTIONS = 18 };

extern const struct option_row oci_exec_options[OCI_EXEC_OPTIONS];

struct oci_process;

/* Change the container's own process object to the one that was asked for. 0 or -ENOMEM. */
int oci_exec_apply(struct oci_exec *exec, struct oci_process *process);

/* Once applied: those of --cap that the process will not have, since its user is not root. */
uint64_t oci_exec_void_caps(const struct oci_exec *exec, const struct oci_process *process);

#endif
