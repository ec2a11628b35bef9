/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The words are those of cgroup v1, since callers have known them for longest: "swap" is memory and swap
 * together, "cache" is the page cache, times are in nanoseconds. What cannot be read is left out.
 */

#include "oci/cgroup_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macros.h"
#include "cgroup/dir.h"
#include "oci/json_out.h"

enum { TEXT_SIZE = 64 << 10 };

static void add_number(struct buf *buf, const char *key, uint64_t number)
{
	json_out_key(buf, key);
	buf_printf(buf, "%llu", (unsigned long long)number);
}

static void open_object(struct buf *buf, const char *key)
{
	json_out_key(buf, key);
	buf_puts(buf, "{");
}

/* A file of one number; 0 where it cannot be read. */
static uint64_t read_number(int dir_fd, const char *file)
{
	uint64_t number = 0;

	return cgroup_read_u64(dir_fd, file, &number) < 0 ? 0 : number;
}

static uint64_t find(const char *text, const char *key)
{
	uint64_t number = 0;

	return cgroup_find_key(text, key, &number) < 0 ? 0 : number;
}

static void read_text(int dir_fd, const char *file, char *text, size_t size)
{
	if (cgroup_read(dir_fd, file, text, size) < 0)
		text[0] = '\0';
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void add_pressure(struct buf *buf, int dir_fd, const char *file)
{
	char text[512];
	bool first = true;

	read_text(dir_fd, file, text, sizeof(text));
	if (!*text)
		return;
	open_object(buf, "psi");
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		double avg10, avg60, avg300;
		unsigned long long total;
		char kind[8];

		if (sscanf(at, "%7s avg10=%lf avg60=%lf avg300=%lf total=%llu", kind, &avg10,
			   &avg60, &avg300, &total) != 5)
			continue;
		buf_printf(
			buf,
			"%s\"%s\":{\"avg10\":%.2f,\"avg60\":%.2f,\"avg300\":%.2f,\"total\":%llu}",
			first ? "" : ",", kind, avg10, avg60, avg300, total);
		first = false;
	}
	buf_puts(buf, "}");
}

/* ---- CPU ---- */

static void add_cpu_v2(struct buf *buf, int dir_fd)
{
	char text[4096];

	read_text(dir_fd, "cpu.stat", text, sizeof(text));
	open_object(buf, "usage");
	add_number(buf, "total", find(text, "usage_usec") * 1000);
	add_number(buf, "kernel", find(text, "system_usec") * 1000);
	add_number(buf, "user", find(text, "user_usec") * 1000);
	buf_puts(buf, "}");
	open_object(buf, "throttling");
	add_number(buf, "periods", find(text, "nr_periods"));
	add_number(buf, "throttledPeriods", find(text, "nr_throttled"));
	add_number(buf, "throttledTime", find(text, "throttled_usec") * 1000);
	buf_puts(buf, "}");
	add_pressure(buf, dir_fd, "cpu.pressure");
}

/* "12 34 56" */
static void add_numbers(struct buf *buf, const char *key, int dir_fd, const char *file)
{
	char text[16 << 10];
	const char *separator = "";

	read_text(dir_fd, file, text, sizeof(text));
	json_out_key(buf, key);
	buf_puts(buf, "[");
	for (char *at = text; *at && *at != '\n';) {
		size_t n = strcspn(at, " \n");

		buf_printf(buf, "%s%.*s", separator, (int)n, at);
		separator = ",";
		at += n + strspn(at + n, " ");
	}
	buf_puts(buf, "]");
}

static void add_cpu_v1(struct buf *buf, int acct_fd, int cpu_fd)
{
	char text[512];

	open_object(buf, "usage");
	add_number(buf, "total", read_number(acct_fd, "cpuacct.usage"));
	add_numbers(buf, "percpu", acct_fd, "cpuacct.usage_percpu");
	add_number(buf, "kernel", read_number(acct_fd, "cpuacct.usage_sys"));
	add_number(buf, "user", read_number(acct_fd, "cpuacct.usage_user"));
	buf_puts(buf, "}");
	read_text(cpu_fd, "cpu.stat", text, sizeof(text));
	open_object(buf, "throttling");
	add_number(buf, "periods", find(text, "nr_periods"));
	add_number(buf, "throttledPeriods", find(text, "nr_throttled"));
	add_number(buf, "throttledTime", find(text, "throttled_time"));
	buf_puts(buf, "}");
}

static void add_cpu(struct buf *buf, const struct oci_cgroup_dirs *dirs)
{
	int acct_fd = oci_cgroup_dir(dirs, OCI_CPUACCT);

	open_object(buf, "cpu");
	if (acct_fd == dirs->v2)
		add_cpu_v2(buf, dirs->v2);
	else
		add_cpu_v1(buf, acct_fd, oci_cgroup_dir(dirs, OCI_CPU));
	buf_puts(buf, "}");
}

/* ---- memory ---- */

static void add_entry(struct buf *buf, const char *key, uint64_t limit, uint64_t usage,
		      uint64_t max, uint64_t failures)
{
	open_object(buf, key);
	add_number(buf, "limit", limit);
	add_number(buf, "usage", usage);
	add_number(buf, "max", max);
	add_number(buf, "failcnt", failures);
	buf_puts(buf, "}");
}

/* Every line of memory.stat. */
static void add_raw(struct buf *buf, const char *text)
{
	open_object(buf, "raw");
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		unsigned long long number;
		char key[64];

		if (sscanf(at, "%63[a-zA-Z0-9_] %llu", key, &number) == 2)
			add_number(buf, key, number);
	}
	buf_puts(buf, "}");
}

static uint64_t add_limits(uint64_t a, uint64_t b)
{
	return a == UINT64_MAX || b == UINT64_MAX ? UINT64_MAX : a + b;
}

static void add_memory_v2(struct buf *buf, int dir_fd, const char *stat)
{
	uint64_t usage = read_number(dir_fd, "memory.current"),
		 limit = read_number(dir_fd, "memory.max");
	uint64_t swap = read_number(dir_fd, "memory.swap.current");
	uint64_t swap_limit = read_number(dir_fd, "memory.swap.max"), failures = 0;

	cgroup_read_key(dir_fd, "memory.events", "max", &failures);
	add_number(buf, "cache", find(stat, "file"));
	add_entry(buf, "usage", limit, usage, read_number(dir_fd, "memory.peak"), failures);
	add_entry(buf, "swap", add_limits(limit, swap_limit), usage + swap, 0, 0);
	add_pressure(buf, dir_fd, "memory.pressure");
}

static void add_entry_v1(struct buf *buf, int dir_fd, const char *key, const char *prefix)
{
	static const char *const names[] = { "limit_in_bytes", "usage_in_bytes",
					     "max_usage_in_bytes", "failcnt" };
	uint64_t values[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char file[64];

		snprintf(file, sizeof(file), "memory.%s%s", prefix, names[i]);
		if (cgroup_read_u64(dir_fd, file, &values[i]) < 0)
			return;
	}
	add_entry(buf, key, values[0], values[1], values[2], values[3]);
}

static void add_memory(struct buf *buf, const struct oci_cgroup_dirs *dirs)
{
	int dir_fd = oci_cgroup_dir(dirs, OCI_MEMORY);
	cleanup_free char *stat = malloc(TEXT_SIZE);

	if (dir_fd < 0 || !stat)
		return;
	read_text(dir_fd, "memory.stat", stat, TEXT_SIZE);
	open_object(buf, "memory");
	if (dir_fd == dirs->v2) {
		add_memory_v2(buf, dir_fd, stat);
	} else {
		add_number(buf, "cache", find(stat, "cache"));
		add_entry_v1(buf, dir_fd, "usage", "");
		add_entry_v1(buf, dir_fd, "swap", "memsw.");
		add_entry_v1(buf, dir_fd, "kernel", "kmem.");
		add_entry_v1(buf, dir_fd, "kernelTCP", "kmem.tcp.");
	}
	add_raw(buf, stat);
	buf_puts(buf, "}");
}

/* ---- processes, input and output, huge pages ---- */

static void add_pids(struct buf *buf, const struct oci_cgroup_dirs *dirs)
{
	int dir_fd = oci_cgroup_dir(dirs, OCI_PIDS);
	uint64_t limit = read_number(dir_fd, "pids.max");

	open_object(buf, "pids");
	add_number(buf, "current", read_number(dir_fd, "pids.current"));
	/* As runc tells it: 0 is "no limit". */
	add_number(buf, "limit", limit == UINT64_MAX ? 0 : limit);
	buf_puts(buf, "}");
}

static void add_io_row(struct buf *buf, const char **separator, unsigned major, unsigned minor,
		       const char *op, unsigned long long value)
{
	buf_printf(buf, "%s{\"major\":%u,\"minor\":%u,\"op\":\"%s\",\"value\":%llu}", *separator,
		   major, minor, op, value);
	*separator = ",";
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6": the fields of one kind. */
static void add_io_v2(struct buf *buf, const char *key, const char *text, const char *unit)
{
	static const struct {
		char letter;
		const char *op;
	} ops[] = { { 'r', "Read" }, { 'w', "Write" }, { 'd', "Discard" } };
	const char *separator = "";

	json_out_key(buf, key);
	buf_puts(buf, "[");
	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		unsigned major, minor;

		for (size_t i = 0;
		     i < ARRAY_SIZE(ops) && sscanf(line, "%u:%u", &major, &minor) == 2; i++) {
			char word[24];
			const char *at;

			snprintf(word, sizeof(word), " %c%s=", ops[i].letter, unit);
			at = memmem(line, (size_t)(end - line), word, strlen(word));
			if (at)
				add_io_row(buf, &separator, major, minor, ops[i].op,
					   strtoull(at + strlen(word), NULL, 10));
		}
		line = *end ? end + 1 : end;
	}
	buf_puts(buf, "]");
}

/* "8:0 Read 4096" */
static void add_io_v1(struct buf *buf, const char *key, int dir_fd, const char *file, char *text)
{
	const char *separator = "";

	read_text(dir_fd, file, text, TEXT_SIZE);
	json_out_key(buf, key);
	buf_puts(buf, "[");
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		unsigned long long value;
		unsigned major, minor;
		char op[16];

		if (sscanf(line, "%u:%u %15[A-Za-z] %llu", &major, &minor, op, &value) == 4)
			add_io_row(buf, &separator, major, minor, op, value);
	}
	buf_puts(buf, "]");
}

static void add_io(struct buf *buf, const struct oci_cgroup_dirs *dirs)
{
	int dir_fd = oci_cgroup_dir(dirs, OCI_IO);
	cleanup_free char *text = malloc(TEXT_SIZE);

	if (dir_fd < 0 || !text)
		return;
	open_object(buf, "blkio");
	if (dir_fd == dirs->v2) {
		read_text(dir_fd, "io.stat", text, TEXT_SIZE);
		add_io_v2(buf, "ioServiceBytesRecursive", text, "bytes");
		add_io_v2(buf, "ioServicedRecursive", text, "ios");
		add_pressure(buf, dir_fd, "io.pressure");
	} else {
		add_io_v1(buf, "ioServiceBytesRecursive", dir_fd,
			  "blkio.throttle.io_service_bytes_recursive", text);
		add_io_v1(buf, "ioServicedRecursive", dir_fd,
			  "blkio.throttle.io_serviced_recursive", text);
	}
	buf_puts(buf, "}");
}

static const char *const page_sizes[] = { "64KB", "2MB", "32MB", "512MB", "1GB", "16GB" };

static void add_hugetlb(struct buf *buf, const struct oci_cgroup_dirs *dirs)
{
	int dir_fd = oci_cgroup_dir(dirs, OCI_HUGETLB);
	bool v2 = dir_fd == dirs->v2;

	open_object(buf, "hugetlb");
	for (size_t i = 0; i < ARRAY_SIZE(page_sizes) && dir_fd >= 0; i++) {
		uint64_t usage, failures = 0;
		char file[64];

		snprintf(file, sizeof(file), "hugetlb.%s.%s", page_sizes[i],
			 v2 ? "current" : "usage_in_bytes");
		if (cgroup_read_u64(dir_fd, file, &usage) < 0)
			continue;
		snprintf(file, sizeof(file), "hugetlb.%s.%s", page_sizes[i],
			 v2 ? "events" : "failcnt");
		if (v2)
			cgroup_read_key(dir_fd, file, "max", &failures);
		else
			failures = read_number(dir_fd, file);
		open_object(buf, page_sizes[i]);
		add_number(buf, "usage", usage);
		snprintf(file, sizeof(file), "hugetlb.%s.max_usage_in_bytes", page_sizes[i]);
		if (!v2)
			add_number(buf, "max", read_number(dir_fd, file));
		add_number(buf, "failcnt", failures);
		buf_puts(buf, "}");
	}
	buf_puts(buf, "}");
}

void oci_cgroup_stats(const struct oci_cgroup_dirs *dirs, struct buf *ret)
{
	buf_puts(ret, "{");
	add_cpu(ret, dirs);
	add_memory(ret, dirs);
	add_pids(ret, dirs);
	add_io(ret, dirs);
	add_hugetlb(ret, dirs);
	buf_puts(ret, ",\"intel_rdt\":{},\"network_interfaces\":null}");
}
