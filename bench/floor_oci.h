/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_FLOOR_OCI_H
#define BENCH_FLOOR_OCI_H

/*
 * What a container of config.json cannot do without beside its namespaces and mounts: a control group
 * with a program that says which devices it may use, and a program of the runtime that the container's
 * root cannot write to, so a second start of it from a read-only mount.
 */

#include "raw.h"

#include <linux/bpf.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>

/* The devices of every container, by their numbers as dev_t has them: one comparison each. */
#define FLOOR_DEVICE(major, minor)                                                       \
	{                                                                                \
		.code = BPF_JMP32 | BPF_JEQ | BPF_K, .dst_reg = 2, .off = 100,           \
		.imm = (major) << 20 | (minor)                                           \
	}

static struct bpf_insn floor_devices[] = {
	{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1, .off = 4 },
	{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 3, .src_reg = 1, .off = 8 },
	{ .code = BPF_JMP32 | BPF_JEQ | BPF_K, .dst_reg = 2, .off = 100, .imm = 136 },
	{ .code = BPF_ALU | BPF_LSH | BPF_K, .dst_reg = 2, .imm = 20 },
	{ .code = BPF_ALU | BPF_OR | BPF_X, .dst_reg = 2, .src_reg = 3 },
	FLOOR_DEVICE(1, 3),
	FLOOR_DEVICE(1, 5),
	FLOOR_DEVICE(1, 7),
	FLOOR_DEVICE(1, 8),
	FLOOR_DEVICE(1, 9),
	FLOOR_DEVICE(5, 0),
	FLOOR_DEVICE(5, 2),
	FLOOR_DEVICE(10, 200),
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
	{ .code = BPF_JMP | BPF_EXIT },
};

enum { FLOOR_INSNS = sizeof(floor_devices) / sizeof(*floor_devices), FLOOR_ALLOW = FLOOR_INSNS - 2 };

static long floor_bpf(int command, union bpf_attr *attr)
{
	return raw(__NR_bpf, command, attr, sizeof(*attr));
}

/* Make the v2 group DIR, with the devices it may use; a descriptor of it. */
static inline long floor_group(const char *dir)
{
	static union bpf_attr load, attach;
	long made = raw(__NR_mkdirat, AT_FDCWD, dir, 0755), fd, program;

	if (made < 0)
		return made;
	fd = raw(__NR_openat, AT_FDCWD, dir, 0200000 | 02000000, 0); /* O_DIRECTORY | O_CLOEXEC */
	if (fd < 0)
		return fd;
	for (int i = 0; i < FLOOR_INSNS; i++)
		if (floor_devices[i].off == 100)
			floor_devices[i].off = (int16_t)(FLOOR_ALLOW - i - 1);
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uintptr_t)floor_devices;
	load.insn_cnt = FLOOR_INSNS;
	load.license = (uintptr_t)"Apache-2.0";
	program = floor_bpf(BPF_PROG_LOAD, &load);
	if (program < 0)
		return program;
	attach.target_fd = (uint32_t)fd;
	attach.attach_bpf_fd = (uint32_t)program;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	made = floor_bpf(BPF_PROG_ATTACH, &attach);
	raw(__NR_close, program);
	return made < 0 ? made : fd;
}

/* Start again from a mount that is read-only; returns where it is one already, or on failure. */
static inline long floor_again(char **argv, char **envp)
{
	static const char self[] = "/proc/self/exe";
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	long fd;

	if (raw(__NR_faccessat, AT_FDCWD, self, 2) < 0)
		return 0;
	fd = raw(__NR_open_tree, AT_FDCWD, self, OPEN_TREE_CLONE | 02000000);
	if (fd >= 0 && raw(__NR_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0)
		return raw(__NR_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	return fd < 0 ? fd : -1;
}

#endif
