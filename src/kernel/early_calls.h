/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_EARLY_CALLS_H
#define KERNEL_EARLY_CALLS_H

/*
 * System calls, and the entry of a program, before its C library has started: no errno, no thread
 * storage, no function of the library (some are chosen as it starts). Only for machines where
 * KERNEL_EARLY is defined, and for static programs that are not relocated: in others the C library's
 * start comes first in any case.
 */

#if defined(__x86_64__)
#define KERNEL_EARLY 1

#include <fcntl.h>
#include <linux/mount.h>
#include <stddef.h>
#include <sys/syscall.h>

/* Returns what the kernel does: a negative errno on failure. */
static inline long early_call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long r = number;

	__asm__ volatile("syscall"
			 : "+a"(r)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory", "cc");
	return r;
}

/* access(2) with the real ids. */
static inline int early_access(const char *path, int mode)
{
	return (int)early_call(SYS_access, (long)path, mode, 0, 0, 0);
}

/* open_tree(2), 5.2; relative to the working directory. */
static inline int early_open_tree(const char *path, unsigned flags)
{
	return (int)early_call(428, -100, (long)path, flags, 0, 0);
}

/* mount_setattr(2) of what FD refers to, 5.12. */
static inline int early_mount_setattr(int fd, struct mount_attr *attr, size_t size)
{
	return (int)early_call(442, fd, (long)"", 0x1000, (long)attr, (long)size);
}

/* execveat(2) of FD, 3.19. */
static inline int early_execve_fd(int fd, char **argv, char **env)
{
	return (int)early_call(SYS_execveat, fd, (long)"", (long)argv, (long)env, 0x1000);
}

/* close(2). */
static inline void early_close(int fd)
{
	early_call(SYS_close, fd, 0, 0, 0, 0);
}

/*
 * NAME is where the program begins: it calls void FUNCTION(long *stack) with the stack as the kernel
 * has made it (argc, the words, NULL, the environment, NULL, …), and goes on to the C library's start
 * with all as it was.
 */
#define KERNEL_ENTRY(name, function)                                                            \
	__asm__(".text\n.globl " #name "\n.type " #name ",@function\n" #name ":\n"              \
		"\txor %ebp, %ebp\n\tmov %rdx, %r12\n\tmov %rsp, %rdi\n\tcall " #function "\n"  \
		"\tmov %r12, %rdx\n\tjmp _start\n")

#endif

#endif
