/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CONFIG_H
#define OCI_CONFIG_H

/*
 * config.json as data: the Linux part of the runtime-spec, 1.3. What the document leaves out is NULL,
 * 0 or the value that the field's comment names; a has_ flag stands where an absent number differs
 * from every number. Strings and lists belong to the arena that it was read into.
 *
 * read_config.c fills it, and refuses what is of a wrong type or out of range with the path in the
 * document. Every feature of features.def reads from here what it needs, by spec->oci.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/ns_kind.h"
#include "plan/spec.h"

struct oci_start;
struct seccomp_profile;

/* Numbers that may be absent. */
struct oci_u64 {
	bool set;
	uint64_t value;
};
struct oci_i64 {
	bool set;
	int64_t value;
};

/* A list of strings: n of them, and a NULL behind. */
struct oci_strings {
	const char *const *list;
	size_t n;
};

struct oci_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

/* Bit masks by capability number; names that this kernel does not know are left out, with a note. */
struct oci_caps {
	bool set; /* the object is there */
	uint64_t bounding, effective, inheritable, permitted, ambient;
	struct oci_strings unknown; /* names that mean nothing here, for a warning */
};

struct oci_scheduler {
	bool set;
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	uint32_t priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period; /* ns */
};

struct oci_io_priority {
	bool set;
	int ioclass; /* IOPRIO_CLASS_* */
	int priority; /* 0 to 7 */
};

struct oci_process {
	bool terminal;
	uint16_t rows, columns; /* consoleSize; 0 = the caller's */
	uint32_t uid, gid;
	bool umask_set;
	uint32_t umask;
	uint32_t *groups; /* additionalGids */
	size_t n_groups;
	struct oci_strings args, env;
	const char *cwd;
	struct oci_caps caps;
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privs;
	const char *apparmor_profile, *selinux_label;
	struct oci_i64 oom_score_adj;
	struct oci_scheduler scheduler;
	struct oci_io_priority io_priority;
	const char *cpu_affinity_initial, *cpu_affinity_final; /* execCPUAffinity: lists as written */
};

struct oci_id_maps {
	struct id_range *list; /* .inner containerID, .outer hostID, .count size */
	size_t n;
};

struct oci_mount {
	const char *destination; /* absolute and clean: a relative one is relative to "/" */
	const char *type;        /* NULL where absent */
	const char *source;      /* absolute where it is a bind mount (relative ones: to the bundle) */
	struct oci_strings options;
	struct oci_id_maps uids, gids;
};

struct oci_namespace {
	enum ns_kind kind;
	const char *path; /* NULL = a new one */
};

struct oci_device {
	const char *path;
	char type; /* 'c', 'u', 'b', 'p' */
	int64_t major, minor;
	bool mode_set;
	uint32_t mode;
	struct oci_u64 uid, gid;
};

struct oci_device_rule {
	bool allow;
	char type;            /* 'a', 'c', 'b' */
	int64_t major, minor; /* -1 = any */
	bool read, write, mknod;
};

struct oci_device_throttle {
	int64_t major, minor;
	uint64_t rate;
};

struct oci_device_weight {
	int64_t major, minor;
	struct oci_u64 weight, leaf_weight;
};

struct oci_hugepage {
	const char *page_size;
	uint64_t limit;
};

struct oci_rdma {
	const char *device;
	struct oci_u64 handles, objects;
};

struct oci_unified {
	const char *file, *value;
};

struct oci_net_prio {
	const char *interface;
	uint32_t priority;
};

/* linux.resources; also what `update` is given. */
struct oci_resources {
	bool set; /* the object is there */

	struct oci_device_rule *devices;
	size_t n_devices;
	bool devices_set;

	struct oci_i64 memory_limit, memory_reservation, memory_swap, memory_kernel, memory_kernel_tcp;
	struct oci_u64 memory_swappiness;
	bool memory_disable_oom_killer, memory_use_hierarchy, memory_check_before_update;

	struct oci_u64 cpu_shares, cpu_burst, cpu_period, cpu_realtime_period;
	struct oci_i64 cpu_quota, cpu_realtime_runtime, cpu_idle;
	const char *cpu_cpus, *cpu_mems;

	struct oci_i64 pids_limit;

	struct oci_u64 blkio_weight, blkio_leaf_weight;
	struct oci_device_weight *blkio_weights;
	size_t n_blkio_weights;
	struct oci_device_throttle *read_bps, *write_bps, *read_iops, *write_iops;
	size_t n_read_bps, n_write_bps, n_read_iops, n_write_iops;

	struct oci_hugepage *hugepages;
	size_t n_hugepages;

	struct oci_u64 net_class_id;
	struct oci_net_prio *net_priorities;
	size_t n_net_priorities;

	struct oci_rdma *rdma;
	size_t n_rdma;

	struct oci_unified *unified;
	size_t n_unified;
};

struct oci_hook {
	const char *path;
	struct oci_strings args, env;
	bool env_set; /* an empty list differs from none */
	struct oci_u64 timeout_s;
};

struct oci_hook_list {
	struct oci_hook *list;
	size_t n;
};

struct oci_hooks {
	struct oci_hook_list prestart, create_runtime, create_container, start_container, poststart, poststop;
};

struct oci_seccomp {
	bool set;
	struct seccomp_profile *profile; /* of src/seccomp: rules, architectures, default action, flags */
	const char *listener_path, *listener_metadata;
};

struct oci_intel_rdt {
	bool set;
	const char *clos_id, *l3_schema, *mem_bw_schema;
	struct oci_strings schemata;
	bool enable_monitoring;
};

struct oci_memory_policy {
	bool set;
	int mode; /* MPOL_* */
	const char *nodes;
	unsigned flags; /* MPOL_F_* */
};

struct oci_net_device {
	const char *host_name, *name; /* name: inside; NULL = the same */
};

struct oci_sysctl {
	const char *key, *value; /* the key with dots or slashes, as written */
};

struct oci_annotation {
	const char *key, *value;
};

struct oci_time_offset {
	bool set;
	int64_t seconds;
	uint32_t nanoseconds;
};

struct oci_linux {
	struct oci_namespace *namespaces; /* each kind at most once */
	size_t n_namespaces;
	struct oci_id_maps uids, gids;
	struct oci_time_offset boottime, monotonic;
	struct oci_device *devices;
	size_t n_devices;
	struct oci_net_device *net_devices;
	size_t n_net_devices;
	const char *cgroups_path; /* NULL: chosen by the runtime */
	struct oci_resources resources;
	struct oci_intel_rdt rdt;
	struct oci_memory_policy memory_policy;
	struct oci_sysctl *sysctls;
	size_t n_sysctls;
	struct oci_seccomp seccomp;
	const char *rootfs_propagation; /* "shared", "slave", "private", "unbindable", also with r; NULL */
	struct oci_strings masked_paths, readonly_paths;
	const char *mount_label;
	bool personality_set;
	unsigned long personality; /* PER_* */
};

struct oci_config {
	const char *version; /* ociVersion */
	const char *bundle;  /* its directory, absolute; not in the document */
	struct {
		const char *path; /* absolute; NULL where there is no root */
		bool read_only;
	} root;
	const char *hostname, *domainname;
	struct oci_mount *mounts;
	size_t n_mounts;
	bool process_set; /* it may be absent at create, and is required at start */
	struct oci_process process;
	struct oci_hooks hooks;
	struct oci_linux linux_; /* with the underscore since some compilers define the word */
	struct oci_annotation *annotations;
	size_t n_annotations;

	/* The parts that are kept for later verbs, as JSON text of their own; NULL where they are absent. */
	const char *process_json, *hooks_json, *resources_json;

	const struct oci_start *start; /* what the verb said (oci/start.h); not in the document */
};

/* Is there an own (new or joined) namespace of that kind? *ret_path (may be NULL): NULL where it is new. */
static inline bool oci_has_ns(const struct oci_config *config, enum ns_kind kind, const char **ret_path)
{
	for (size_t i = 0; i < config->linux_.n_namespaces; i++) {
		if (config->linux_.namespaces[i].kind != kind)
			continue;
		if (ret_path)
			*ret_path = config->linux_.namespaces[i].path;
		return true;
	}
	return false;
}

#endif
