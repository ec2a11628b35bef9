/* SPDX-License-Identifier: Apache-2.0 */

/*
 * linux.resources speaks of cgroup v1. What has another meaning on v2:
 *   - memory.swap is memory and swap together there; v2 limits swap by itself.
 *   - weights have other ranges (see oci_weight_of_shares()).
 *   - swappiness, the OOM killer, kernel memory, network classes and real time are not to be had. The
 *     first four have never been more than hints and are left out, as engines expect; real time that
 *     is not given would be missed, so it is refused.
 */

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

static const char *number(struct adding *adding, uint64_t value)
{
	return arena_printf(adding->arena, "%llu", (unsigned long long)value);
}

static int add_cpu(struct adding *adding, const struct oci_resources *resources)
{
	bool idle = resources->cpu_idle.set && resources->cpu_idle.value == 1;
	bool quota = resources->cpu_quota.set && resources->cpu_quota.value != 0;
	bool period = resources->cpu_period.set && resources->cpu_period.value != 0;

	if ((resources->cpu_realtime_period.set && resources->cpu_realtime_period.value) ||
	    (resources->cpu_realtime_runtime.set && resources->cpu_realtime_runtime.value))
		return fail_usage(adding->error, "linux.resources.cpu",
				  "realtime limits are not to be had on cgroup v2");
	if (resources->cpu_idle.set)
		add(adding, OCI_CPU, "cpu.idle", "cpu.idle", idle ? "1" : "0")->optional = !idle;
	/* What is idle has the least weight, and no other. */
	if (resources->cpu_shares.set && resources->cpu_shares.value && !idle)
		add(adding, OCI_CPU, "cpu.shares", "cpu.weight",
		    number(adding, oci_weight_of_shares(resources->cpu_shares.value)));
	if (quota || period) {
		const char *text =
			quota ? oci_limit_text(adding->arena, resources->cpu_quota.value, true)
			      : "max";

		/* Without a period the kernel's stays. */
		if (period)
			text = arena_printf(adding->arena, "%s %llu", text ? text : "",
					    (unsigned long long)resources->cpu_period.value);
		add(adding, OCI_CPU, "cpu.quota", "cpu.max", text)->optional =
			!quota || resources->cpu_quota.value < 0;
	}
	if (resources->cpu_burst.set)
		add(adding, OCI_CPU, "cpu.burst", "cpu.max.burst",
		    number(adding, resources->cpu_burst.value))
			->optional = resources->cpu_burst.value == 0;
	return 0;
}

static int add_swap(struct adding *adding, const struct oci_resources *resources)
{
	int64_t memory = resources->memory_limit.set ? resources->memory_limit.value : 0;
	int64_t swap = resources->memory_swap.set ? resources->memory_swap.value : 0;
	struct oci_setting *setting;

	/* "No limit of memory" has always meant both. */
	if (memory < 0 && swap == 0)
		swap = -1;
	if (swap == 0)
		return 0;
	if (swap > 0 && memory <= 0)
		return fail_usage(adding->error, "linux.resources.memory.swap",
				  "is memory and swap together, and needs memory.limit");
	if (swap > 0 && swap < memory)
		return fail_usage(adding->error, "linux.resources.memory.swap",
				  "memory+swap limit should be >= memory limit (%lld < %lld)",
				  (long long)swap, (long long)memory);
	setting = add(adding, OCI_MEMORY, "memory.swap", "memory.swap.max",
		      oci_limit_text(adding->arena, swap < 0 ? -1 : swap - memory, true));
	/* Without swap in the kernel nothing swaps. */
	setting->optional = swap < 0 || swap == memory;
	return 0;
}

static int add_memory(struct adding *adding, const struct oci_resources *resources)
{
	struct oci_setting *setting;
	int r = add_swap(adding, resources);

	if (r == 0 && resources->memory_limit.set && resources->memory_limit.value) {
		setting = add(adding, OCI_MEMORY, "memory.limit", "memory.max",
			      oci_limit_text(adding->arena, resources->memory_limit.value, true));
		setting->check_usage = resources->memory_check_before_update;
		setting->optional = resources->memory_limit.value < 0;
	}
	if (r == 0 && resources->memory_reservation.set && resources->memory_reservation.value)
		add(adding, OCI_MEMORY, "memory.reservation", "memory.low",
		    oci_limit_text(adding->arena, resources->memory_reservation.value, true))
			->optional = resources->memory_reservation.value < 0;
	return r;
}

static void add_pids(struct adding *adding, const struct oci_i64 *limit)
{
	struct oci_setting *setting = add(adding, OCI_PIDS, "pids.limit", "pids.max",
					  oci_limit_text(adding->arena, limit->value, true));

	setting->late = limit->value == 0;
	setting->optional = limit->value < 0;
}

static void add_throttles(struct adding *adding, const char *field, const char *key,
			  const struct oci_device_throttle *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *rate = list[i].rate ? number(adding, list[i].rate) : "max";

		add(adding, OCI_IO, field, "io.max",
		    arena_printf(adding->arena, "%lld:%lld %s=%s", (long long)list[i].major,
				 (long long)list[i].minor, key, rate ? rate : ""))
			->optional = list[i].rate == 0;
	}
}

/* BFQ has its own file, with the range of v1; where it is not built, io.weight is what there is. */
static void add_io(struct adding *adding, const struct oci_resources *resources)
{
	if (resources->blkio_weight.set && resources->blkio_weight.value) {
		struct oci_setting *setting = add(adding, OCI_IO, "blockIO.weight", "io.bfq.weight",
						  number(adding, resources->blkio_weight.value));

		setting->other_file = "io.weight";
		setting->other_text = number(adding, oci_io_weight(resources->blkio_weight.value));
		adding->settings->failed |= !setting->other_text;
	}
	for (size_t i = 0; i < resources->n_blkio_weights; i++) {
		const struct oci_device_weight *weight = &resources->blkio_weights[i];

		if (weight->weight.set && weight->weight.value)
			add(adding, OCI_IO, "blockIO.weightDevice", "io.bfq.weight",
			    arena_printf(adding->arena, "%lld:%lld %llu", (long long)weight->major,
					 (long long)weight->minor,
					 (unsigned long long)weight->weight.value));
	}
	add_throttles(adding, "blockIO.throttleReadBpsDevice", "rbps", resources->read_bps,
		      resources->n_read_bps);
	add_throttles(adding, "blockIO.throttleWriteBpsDevice", "wbps", resources->write_bps,
		      resources->n_write_bps);
	add_throttles(adding, "blockIO.throttleReadIOPSDevice", "riops", resources->read_iops,
		      resources->n_read_iops);
	add_throttles(adding, "blockIO.throttleWriteIOPSDevice", "wiops", resources->write_iops,
		      resources->n_write_iops);
}

/* Last, so that what is written verbatim has the last word. */
static int add_unified(struct adding *adding, const struct oci_resources *resources)
{
	for (size_t i = 0; i < resources->n_unified; i++) {
		const struct oci_unified *unified = &resources->unified[i];

		if (!oci_word_ok(unified->file))
			return fail_usage(adding->error, "linux.resources.unified",
					  "'%s' must be the name of a file, without any slash",
					  unified->file);
		add(adding, OCI_CONTROLLERS, "unified", unified->file, unified->value);
	}
	return 0;
}

int oci_settings_v2(const struct oci_resources *resources, struct arena *arena,
		    struct oci_settings *ret, struct inro_error *error)
{
	struct adding adding = { ret, arena, error };
	int r;

	*ret = (struct oci_settings){ 0 };
	r = add_cpu(&adding, resources);
	if (r == 0 && resources->cpu_cpus && *resources->cpu_cpus)
		add(&adding, OCI_CPUSET, "cpu.cpus", "cpuset.cpus", resources->cpu_cpus);
	if (r == 0 && resources->cpu_mems && *resources->cpu_mems)
		add(&adding, OCI_CPUSET, "cpu.mems", "cpuset.mems", resources->cpu_mems);
	if (r == 0)
		r = add_memory(&adding, resources);
	if (r == 0 && resources->pids_limit.set)
		add_pids(&adding, &resources->pids_limit);
	if (r == 0)
		add_io(&adding, resources);
	if (r == 0)
		r = oci_add_hugepages(ret, resources, true, arena, error);
	if (r == 0)
		r = oci_add_rdma(ret, resources, arena, error);
	if (r == 0)
		r = add_unified(&adding, resources);
	return r == 0 && ret->failed ? fail_memory(error) : r;
}
