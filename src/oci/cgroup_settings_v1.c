/* SPDX-License-Identifier: Apache-2.0 */

/* linux.resources on the v1 hierarchies, whose words it uses. */

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "oci/cgroup_settings.h"

struct adding {
	struct oci_settings *settings;
	struct arena *arena;
	struct inro_error *error;
};

static struct oci_setting *add(struct adding *adding, enum oci_controller controller,
			       const char *field, const char *file, const char *text)
{
	return oci_setting_add(adding->settings, adding->arena, controller, field, file, text);
}

static void add_u64(struct adding *adding, enum oci_controller controller, const char *field,
		    const char *file, const struct oci_u64 *value)
{
	if (value->set && value->value)
		add(adding, controller, field, file,
		    arena_printf(adding->arena, "%llu", (unsigned long long)value->value));
}

static void add_i64(struct adding *adding, enum oci_controller controller, const char *field,
		    const char *file, const struct oci_i64 *value)
{
	if (value->set && value->value)
		add(adding, controller, field, file,
		    oci_limit_text(adding->arena, value->value, false))
			->optional = value->value < 0;
}

static void add_cpu(struct adding *adding, const struct oci_resources *resources)
{
	if (resources->cpu_idle.set)
		add(adding, OCI_CPU, "cpu.idle", "cpu.idle",
		    resources->cpu_idle.value == 1 ? "1" : "0")
			->optional = resources->cpu_idle.value != 1;
	if (!resources->cpu_idle.set || resources->cpu_idle.value != 1)
		add_u64(adding, OCI_CPU, "cpu.shares", "cpu.shares", &resources->cpu_shares);
	add_u64(adding, OCI_CPU, "cpu.period", "cpu.cfs_period_us", &resources->cpu_period);
	add_i64(adding, OCI_CPU, "cpu.quota", "cpu.cfs_quota_us", &resources->cpu_quota);
	if (resources->cpu_burst.set)
		add(adding, OCI_CPU, "cpu.burst", "cpu.cfs_burst_us",
		    arena_printf(adding->arena, "%llu",
				 (unsigned long long)resources->cpu_burst.value))
			->optional = resources->cpu_burst.value == 0;
	/* Before a process is in it: the kernel takes no other order. */
	add_u64(adding, OCI_CPU, "cpu.realtimePeriod", "cpu.rt_period_us",
		&resources->cpu_realtime_period);
	add_i64(adding, OCI_CPU, "cpu.realtimeRuntime", "cpu.rt_runtime_us",
		&resources->cpu_realtime_runtime);
	if (resources->cpu_cpus && *resources->cpu_cpus)
		add(adding, OCI_CPUSET, "cpu.cpus", "cpuset.cpus", resources->cpu_cpus);
	if (resources->cpu_mems && *resources->cpu_mems)
		add(adding, OCI_CPUSET, "cpu.mems", "cpuset.mems", resources->cpu_mems);
}

static int add_memory(struct adding *adding, const struct oci_resources *resources)
{
	int64_t memory = resources->memory_limit.set ? resources->memory_limit.value : 0;
	struct oci_i64 swap = resources->memory_swap;
	struct oci_setting *setting;

	if (memory < 0 && (!swap.set || swap.value == 0))
		swap = (struct oci_i64){ .set = true, .value = -1 };
	if (swap.set && swap.value > 0 && memory > 0 && swap.value < memory)
		return fail_usage(adding->error, "linux.resources.memory.swap",
				  "memory+swap limit should be >= memory limit (%lld < %lld)",
				  (long long)swap.value, (long long)memory);
	add_i64(adding, OCI_MEMORY, "memory.limit", "memory.limit_in_bytes",
		&resources->memory_limit);
	if (swap.set && swap.value) {
		setting = add(adding, OCI_MEMORY, "memory.swap", "memory.memsw.limit_in_bytes",
			      oci_limit_text(adding->arena, swap.value, false));
		setting->optional = swap.value < 0;
	}
	add_i64(adding, OCI_MEMORY, "memory.reservation", "memory.soft_limit_in_bytes",
		&resources->memory_reservation);
	if (resources->memory_disable_oom_killer)
		add(adding, OCI_MEMORY, "memory.disableOOMKiller", "memory.oom_control", "1");
	if (!resources->memory_swappiness.set)
		return 0;
	if (resources->memory_swappiness.value > 100)
		return fail_usage(adding->error, "linux.resources.memory.swappiness",
				  "must be 0 to 100");
	add(adding, OCI_MEMORY, "memory.swappiness", "memory.swappiness",
	    arena_printf(adding->arena, "%llu",
			 (unsigned long long)resources->memory_swappiness.value));
	return 0;
}

static void add_throttles(struct adding *adding, const char *field, const char *file,
			  const struct oci_device_throttle *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(adding, OCI_IO, field, file,
		    arena_printf(adding->arena, "%lld:%lld %llu", (long long)list[i].major,
				 (long long)list[i].minor, (unsigned long long)list[i].rate));
}

static void add_device_weight(struct adding *adding, const struct oci_device_weight *device,
			      const char *file, const char *other, const struct oci_u64 *weight)
{
	struct oci_setting *setting;

	if (!weight->set || !weight->value)
		return;
	setting = add(adding, OCI_IO, "blockIO.weightDevice", file,
		      arena_printf(adding->arena, "%lld:%lld %llu", (long long)device->major,
				   (long long)device->minor, (unsigned long long)weight->value));
	setting->other_file = other;
	setting->other_text = setting->text;
}

/* The plain names were those of CFQ, which is gone; BFQ has its own. */
static void add_io(struct adding *adding, const struct oci_resources *resources)
{
	if (resources->blkio_weight.set && resources->blkio_weight.value) {
		struct oci_setting *setting;

		add_u64(adding, OCI_IO, "blockIO.weight", "blkio.weight", &resources->blkio_weight);
		setting = adding->settings->n ? &adding->settings->list[adding->settings->n - 1]
					      : NULL;
		if (setting) {
			setting->other_file = "blkio.bfq.weight";
			setting->other_text = setting->text;
		}
	}
	add_u64(adding, OCI_IO, "blockIO.leafWeight", "blkio.leaf_weight",
		&resources->blkio_leaf_weight);
	for (size_t i = 0; i < resources->n_blkio_weights; i++) {
		const struct oci_device_weight *device = &resources->blkio_weights[i];

		add_device_weight(adding, device, "blkio.weight_device", "blkio.bfq.weight_device",
				  &device->weight);
		add_device_weight(adding, device, "blkio.leaf_weight_device", NULL,
				  &device->leaf_weight);
	}
	add_throttles(adding, "blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device",
		      resources->read_bps, resources->n_read_bps);
	add_throttles(adding, "blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
		      resources->write_bps, resources->n_write_bps);
	add_throttles(adding, "blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
		      resources->read_iops, resources->n_read_iops);
	add_throttles(adding, "blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
		      resources->write_iops, resources->n_write_iops);
}

static int add_network(struct adding *adding, const struct oci_resources *resources)
{
	add_u64(adding, OCI_NET_CLS, "network.classID", "net_cls.classid",
		&resources->net_class_id);
	for (size_t i = 0; i < resources->n_net_priorities; i++) {
		const struct oci_net_prio *prio = &resources->net_priorities[i];

		if (!oci_word_ok(prio->interface))
			return fail_usage(adding->error, "linux.resources.network.priorities",
					  "'%s' is no interface", prio->interface);
		add(adding, OCI_NET_PRIO, "network.priorities", "net_prio.ifpriomap",
		    arena_printf(adding->arena, "%s %u", prio->interface, prio->priority));
	}
	return 0;
}

int oci_settings_v1(const struct oci_resources *resources, struct arena *arena,
		    struct oci_settings *ret, struct inro_error *error)
{
	struct adding adding = { ret, arena, error };
	int r;

	*ret = (struct oci_settings){ 0 };
	if (resources->n_unified)
		return fail_usage(error, "linux.resources.unified",
				  "is of cgroup v2, and this host has its controllers on v1");
	add_cpu(&adding, resources);
	r = add_memory(&adding, resources);
	if (r == 0 && resources->pids_limit.set)
		add(&adding, OCI_PIDS, "pids.limit", "pids.max",
		    oci_limit_text(arena, resources->pids_limit.value, true))
			->optional = resources->pids_limit.value < 0;
	if (r == 0)
		add_io(&adding, resources);
	if (r == 0)
		r = oci_add_hugepages(ret, resources, false, arena, error);
	if (r == 0)
		r = oci_add_rdma(ret, resources, arena, error);
	if (r == 0)
		r = add_network(&adding, resources);
	return r == 0 && ret->failed ? fail_memory(error) : r;
}
