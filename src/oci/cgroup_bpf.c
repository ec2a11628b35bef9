/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Device programs of a v2 group, by bpf(2).
 *
 * A program is attached beside those that others have put there (BPF_F_ALLOW_MULTI), and the access is
 * denied where any denies it: systemd's own, too. A new one takes the place of ours in one step
 * (BPF_F_REPLACE), so that there is no moment without one. The buffer of attributes is larger than the
 * kernel knows it: some kernels write behind their own idea of its end.
 */

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>

#include "base/fd.h"
#include "base/macros.h"
#include "kernel/syscalls.h"
#include "oci/cgroup_devices.h"

enum { MAX_PROGRAMS = 64 };

union attributes {
	union bpf_attr known;
	char room[256 > sizeof(union bpf_attr) ? 256 : sizeof(union bpf_attr)];
};

static int load(const struct bpf_insn *program, size_t n)
{
	static const char license[] = "Apache-2.0";
	union attributes attr;

	memset(&attr, 0, sizeof(attr));
	attr.known.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.known.insns = (uintptr_t)program;
	attr.known.insn_cnt = (uint32_t)n;
	attr.known.license = (uintptr_t)license;
	memcpy(attr.known.prog_name, "inro_devices", 13);
	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* The ids of the programs right at the group; the kernel writes them there. */
// NOLINTNEXTLINE(readability-non-const-parameter)
static int query(int cgroup_fd, uint32_t ids[static MAX_PROGRAMS])
{
	union attributes attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.known.query.target_fd = (uint32_t)cgroup_fd;
	attr.known.query.attach_type = BPF_CGROUP_DEVICE;
	attr.known.query.prog_cnt = MAX_PROGRAMS;
	attr.known.query.prog_ids = (uintptr_t)ids;
	r = sys_bpf(BPF_PROG_QUERY, &attr, sizeof(attr));
	return r < 0 ? r : (int)attr.known.query.prog_cnt;
}

static int open_program(uint32_t id)
{
	union attributes attr;

	memset(&attr, 0, sizeof(attr));
	attr.known.prog_id = id;
	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
}

static bool is_ours(int program_fd)
{
	struct bpf_prog_info info;
	union attributes attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.known.info.bpf_fd = (uint32_t)program_fd;
	attr.known.info.info_len = sizeof(info);
	attr.known.info.info = (uintptr_t)&info;
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) == 0 &&
	       strcmp(info.name, "inro_devices") == 0;
}

static int attach(int cgroup_fd, int program_fd, int old_fd)
{
	union attributes attr;

	memset(&attr, 0, sizeof(attr));
	attr.known.target_fd = (uint32_t)cgroup_fd;
	attr.known.attach_bpf_fd = (uint32_t)program_fd;
	attr.known.attach_type = BPF_CGROUP_DEVICE;
	attr.known.attach_flags = BPF_F_ALLOW_MULTI;
	if (old_fd >= 0) {
		attr.known.attach_flags |= BPF_F_REPLACE;
		attr.known.replace_bpf_fd = (uint32_t)old_fd;
	}
	return sys_bpf(BPF_PROG_ATTACH, &attr, sizeof(attr));
}

int oci_device_attach(int cgroup_fd, const struct bpf_insn *program, size_t n, bool replace)
{
	cleanup_close int new_fd = load(program, n), old_fd = -EBADF;
	uint32_t ids[MAX_PROGRAMS] = { 0 };
	int n_old = new_fd >= 0 && replace ? query(cgroup_fd, ids) : 0;

	if (new_fd < 0)
		return new_fd;
	if (n_old < 0)
		return n_old;
	for (int i = 0; i < n_old && i < MAX_PROGRAMS; i++) {
		int fd = open_program(ids[i]);

		if (fd >= 0 && old_fd < 0 && is_ours(fd))
			old_fd = fd;
		else
			fd_close(fd);
	}
	return attach(cgroup_fd, new_fd, old_fd);
}
