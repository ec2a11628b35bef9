/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_OLD_KERNEL_H
#define TEST_OLD_KERNEL_H

/*
 * Makes the calling process see the kernel as Linux 6.1 is: a seccomp filter answers what came
 * later with the errors of that time. For a child of a test; there is no way back.
 */

#include <asm/unistd.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "kernel/syscalls.h"

static inline void old_kernel(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_pidfd_open, 0, 2),
		/* pidfd_open with PIDFD_THREAD, 6.9 */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PIDFD_THREAD, 8, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		/* any ioctl of a pidfd, 6.11; of a namespace from number 5 on, 6.11 */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0xff00, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0xb800, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0xb705, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		_exit(99);
}

#endif
