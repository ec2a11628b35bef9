/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/cgroup_settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "cgroup/dir.h"

/*
 * The curve through (2, 1), (1024, 100) and (262144, 10000), with the logarithm of the weight a
 * quadratic of that of the shares: what engines that set shares expect to come out.
 */
uint64_t oci_weight_of_shares(uint64_t shares)
{
	double l;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));
}

uint64_t oci_io_weight(uint64_t weight)
{
	if (weight <= 10)
		return 1;
	return weight >= 1000 ? 10000 : 1 + (weight - 10) * 9999 / 990;
}

struct oci_setting *oci_setting_add(struct oci_settings *settings, struct arena *arena,
				    enum oci_controller controller, const char *field,
				    const char *file, const char *text)
{
	static struct oci_setting lost;
	struct oci_setting *row = arena_grow(arena, &settings->list, &settings->n, sizeof(*row));

	settings->failed |= !row || !file || !text;
	if (!row)
		return &lost;
	*row = (struct oci_setting){
		.controller = controller,
		.field = field,
		.file = file,
		.text = text,
	};
	return row;
}

const char *oci_limit_text(struct arena *arena, int64_t value, bool v2)
{
	if (value < 0)
		return v2 ? "max" : "-1";
	return arena_printf(arena, "%lld", (long long)value);
}

bool oci_word_ok(const char *word)
{
	return *word && !strpbrk(word, "/ \t\n") && strcmp(word, ".") != 0 &&
	       strcmp(word, "..") != 0;
}

int oci_add_hugepages(struct oci_settings *settings, const struct oci_resources *resources, bool v2,
		      struct arena *arena, struct inro_error *error)
{
	for (size_t i = 0; i < resources->n_hugepages; i++) {
		const struct oci_hugepage *page = &resources->hugepages[i];
		const char *text = arena_printf(arena, "%llu", (unsigned long long)page->limit);
		const char *word = v2 ? "max" : "limit_in_bytes";

		if (!oci_word_ok(page->page_size))
			return fail_usage(error, "linux.resources.hugepageLimits",
					  "'%s' is no page size", page->page_size);
		oci_setting_add(settings, arena, OCI_HUGETLB, "hugepageLimits",
				arena_printf(arena, "hugetlb.%s.%s", page->page_size, word), text);
		/* What is reserved by mmap counts here: without it SIGBUS comes later. */
		oci_setting_add(settings, arena, OCI_HUGETLB, "hugepageLimits",
				arena_printf(arena, "hugetlb.%s.rsvd.%s", page->page_size, word),
				text)
			->optional = true;
	}
	return 0;
}

static const char *rdma_part(struct arena *arena, const char *name, const struct oci_u64 *value)
{
	return value->set ? arena_printf(arena, " %s=%llu", name, (unsigned long long)value->value)
			  : "";
}

int oci_add_rdma(struct oci_settings *settings, const struct oci_resources *resources,
		 struct arena *arena, struct inro_error *error)
{
	for (size_t i = 0; i < resources->n_rdma; i++) {
		const struct oci_rdma *rdma = &resources->rdma[i];

		if (!oci_word_ok(rdma->device))
			return fail_usage(error, "linux.resources.rdma", "'%s' is no device",
					  rdma->device);
		oci_setting_add(settings, arena, OCI_RDMA, "rdma", "rdma.max",
				arena_printf(arena, "%s%s%s", rdma->device,
					     rdma_part(arena, "hca_handle", &rdma->handles),
					     rdma_part(arena, "hca_object", &rdma->objects)));
	}
	return 0;
}

/* ---- writing ---- */

/* The word before the first dot of a file is its controller's name: of a verbatim setting, too. */
static int name_length(const struct oci_setting *setting)
{
	return (int)strcspn(setting->file, ".");
}

static bool lists_controller(const char *list, const char *name, int length)
{
	for (const char *at = list; *at;) {
		int n = (int)strcspn(at, " \n");

		if (n == length && memcmp(at, name, (size_t)n) == 0)
			return true;
		at += n + (at[n] != '\0');
	}
	return false;
}

/* The file is not there: is it the controller, or the kernel? */
static int fail_missing(int dir_fd, const struct oci_setting *setting, struct inro_error *error)
{
	char list[512] = "";
	int n = name_length(setting);

	cgroup_read(dir_fd, "cgroup.controllers", list, sizeof(list));
	fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP, setting->field,
		  lists_controller(list, setting->file, n) ||
				  strncmp(setting->file, "cgroup.", 7) == 0
			  ? "%s cannot be set: this kernel has no such file (the controller %.*s "
			    "is there)"
			  : "%s cannot be set: the controller %.*s is not available in this cgroup",
		  setting->file, n, setting->file);
	if (!lists_controller(list, setting->file, n))
		error_hint(error,
			   "the cgroups above must hand it on (cgroup.subtree_control), which "
			   "none can that hold processes; they have:%s%.*s",
			   *list ? " " : " none", (int)strcspn(list, "\n"), list);
	return -EOPNOTSUPP;
}

static int fail_busy(int dir_fd, const struct oci_setting *setting, struct inro_error *error)
{
	uint64_t usage = 0, peak = 0;

	if (cgroup_read_u64(dir_fd, "memory.usage_in_bytes", &usage) < 0)
		cgroup_read_u64(dir_fd, "memory.current", &usage);
	if (cgroup_read_u64(dir_fd, "memory.max_usage_in_bytes", &peak) < 0)
		cgroup_read_u64(dir_fd, "memory.peak", &peak);
	return fail_host(error, INRO_ERROR_HOST, -EBUSY, setting->field,
			 "unable to set memory limit to %s (current usage: %llu, peak usage: %llu)",
			 setting->text, (unsigned long long)usage, (unsigned long long)peak);
}

static int fail_write(int dir_fd, const struct oci_setting *setting, int code,
		      struct inro_error *error)
{
	if (code == -ENOENT)
		return fail_missing(dir_fd, setting, error);
	if (code == -EBUSY && setting->controller == OCI_MEMORY)
		return fail_busy(dir_fd, setting, error);
	fail_call(error, code, "set", "write", setting->file);
	if (code == -EINVAL || code == -ERANGE)
		error_why(error,
			  "the kernel does not take %s from %s: it is out of range, or more than a "
			  "cgroup "
			  "above allows",
			  setting->text, setting->field);
	return code;
}

static bool is_used(int dir_fd, const char *limit)
{
	uint64_t usage;

	return strcmp(limit, "max") != 0 &&
	       cgroup_read_u64(dir_fd, "memory.current", &usage) == 0 &&
	       usage > strtoull(limit, NULL, 10);
}

static int write_to(int dir_fd, const struct oci_setting *setting)
{
	int r = cgroup_write(dir_fd, setting->file, setting->text);

	if (r == -ENOENT && setting->other_file)
		r = cgroup_write(dir_fd, setting->other_file, setting->other_text);
	return r == -ENOENT && setting->optional ? 0 : r;
}

int oci_setting_write(const struct oci_cgroup_dirs *dirs, const struct oci_setting *setting,
		      struct inro_error *error)
{
	bool verbatim = setting->controller == OCI_CONTROLLERS;
	int dir_fd = verbatim ? dirs->v2 : oci_cgroup_dir(dirs, setting->controller);
	int r;

	if (dir_fd < 0 && setting->optional)
		return 0;
	if (dir_fd < 0)
		return fail_host(error, INRO_ERROR_HOST, -EOPNOTSUPP, setting->field,
				 "%s cannot be set: there is no cgroup with the controller %.*s",
				 setting->file, name_length(setting), setting->file);
	if (setting->check_usage && is_used(dir_fd, setting->text))
		return fail_busy(dir_fd, setting, error);
	r = write_to(dir_fd, setting);
	return r < 0 ? fail_write(dir_fd, setting, r, error) : 0;
}

int oci_settings_write(const struct oci_cgroup_dirs *dirs, const struct oci_settings *settings,
		       struct inro_error *error)
{
	/* The list ends where the next round begins, which has what this one put off. */
	bool again[256] = { 0 };
	int r;

	for (size_t i = 0; i < settings->n; i++) {
		struct inro_error first = { 0 };

		r = oci_setting_write(dirs, &settings->list[i], &first);
		if (r == -EINVAL && i < ARRAY_SIZE(again)) {
			again[i] = true;
		} else if (r < 0) {
			*error = first;
			return r;
		}
	}
	for (size_t i = 0; i < settings->n && i < ARRAY_SIZE(again); i++) {
		r = again[i] ? oci_setting_write(dirs, &settings->list[i], error) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}
