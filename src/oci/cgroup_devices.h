/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CGROUP_DEVICES_H
#define OCI_CGROUP_DEVICES_H

/*
 * Which devices a container may use: rules in their order, on v2 as a BPF program of the cgroup, on v1
 * as lines for devices.allow and devices.deny.
 */

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "oci/config.h"

struct arena;

/*
 * The whole list: nothing is allowed, then what RESOURCES say, then what every container may have. What
 * stands before the last rule about everything is left away, since that overrules it. NULL = -ENOMEM.
 */
const struct oci_device_rule *oci_device_rules(const struct oci_resources *resources,
					       struct arena *arena, size_t *ret_n);

/* The program for them. NULL = -ENOMEM. */
struct bpf_insn *oci_device_program(const struct oci_device_rule *rules, size_t n,
				    struct arena *arena, size_t *ret_n);

/* Is the rule about every device and every access? */
bool oci_device_rule_is_all(const struct oci_device_rule *rule);

/* "c 1:3 rwm", as v1 wants it. */
const char *oci_device_rule_text(const struct oci_device_rule *rule, char text[static 64]);

/*
 * Load the program and attach it to the v2 group. Programs that are attached to the same group already
 * are replaced where REPLACE. 0 or a negative errno.
 */
int oci_device_attach(int cgroup_fd, const struct bpf_insn *program, size_t n, bool replace);

/* Write the rules to a group of v1's devices hierarchy. *ret_failed: which rule it was. */
int oci_device_write_v1(int dir_fd, const struct oci_device_rule *rules, size_t n,
			size_t *ret_failed);

#endif
