/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CGROUP_SETTINGS_H
#define OCI_CGROUP_SETTINGS_H

/*
 * linux.resources as what has to be written to which file of a cgroup: pure computing, for v2 and v1.
 * Devices are not among it (cgroup_devices.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/cgroup.h"
#include "oci/config.h"

struct arena;
struct inro_error;

struct oci_setting {
	enum oci_controller controller; /* OCI_CONTROLLERS: verbatim, by linux.resources.unified */
	const char *field;              /* what asks for it: "memory.limit" */
	const char *file, *text;
	const char *other_file; /* where this kernel lacks the file; NULL */
	const char *other_text;
	bool optional;    /* no limit, or one that a kernel which lacks it does without */
	bool check_usage; /* refuse a memory limit below what is used */
	bool late;        /* once the container's first process is in it */
};

struct oci_settings {
	struct oci_setting *list;
	size_t n;
	bool failed; /* an allocation failed */
};

/* What RESOURCES ask for. -EINVAL where they contradict themselves or that version cannot do it. */
int oci_settings_v2(const struct oci_resources *resources, struct arena *arena,
		    struct oci_settings *ret, struct inro_error *error);
int oci_settings_v1(const struct oci_resources *resources, struct arena *arena,
		    struct oci_settings *ret, struct inro_error *error);

/*
 * Write one setting. -EOPNOTSUPP and the error filled where its controller is missing; but "no limit"
 * needs none (optional).
 */
int oci_setting_write(const struct oci_cgroup_dirs *dirs, const struct oci_setting *setting,
		      struct inro_error *error);

/*
 * Write all to a cgroup that has settings already: what contradicts an older setting, which a later line
 * of the list changes, is tried again at the end.
 */
int oci_settings_write(const struct oci_cgroup_dirs *dirs, const struct oci_settings *settings,
		       struct inro_error *error);

/* cpu.shares (2 to 262144) as cpu.weight (1 to 10000): least, most and default meet. */
uint64_t oci_weight_of_shares(uint64_t shares);

/* blkio.weight (10 to 1000) as io.weight (1 to 10000). */
uint64_t oci_io_weight(uint64_t weight);

/* For the two versions: add a line. TEXT may be NULL where an allocation failed. */
struct oci_setting *oci_setting_add(struct oci_settings *settings, struct arena *arena,
				    enum oci_controller controller, const char *field,
				    const char *file, const char *text);

/* A number, "max" (v2) or -1 (v1) where it is negative. */
const char *oci_limit_text(struct arena *arena, int64_t value, bool v2);

/* May the word stand in the name of a file, or in a line of one? */
bool oci_word_ok(const char *word);

/* The hugepage sizes, the same on both but for the words. */
int oci_add_hugepages(struct oci_settings *settings, const struct oci_resources *resources, bool v2,
		      struct arena *arena, struct inro_error *error);
int oci_add_rdma(struct oci_settings *settings, const struct oci_resources *resources,
		 struct arena *arena, struct inro_error *error);

#endif
