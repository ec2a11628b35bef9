/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

/*
 * Freestanding start and system calls for the programs of bench/.
 *
 * The floor must not pay for a C library that the container does not need: starting a static
 * glibc program costs some 15 page faults and a dozen system calls more than these few lines do.
 * Nothing here knows errno; a call returns what the kernel returned, a negative errno on failure.
 */

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)

static inline long raw6(long n, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define RAW_START(entry)                                                                           \
	__asm__(".text\n.globl _start\n.type _start,@function\n_start:\n"                          \
		"\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall " #entry "\n\thlt\n")

#elif defined(__aarch64__)

static inline long raw6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

#define RAW_START(entry)                                                                           \
	__asm__(".text\n.globl _start\n.type _start,%function\n_start:\n"                          \
		"\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tbl " #entry "\n\tbrk #0\n")

#else
#error "bench/: add raw6() and RAW_START() for this architecture"
#endif

#define RAW_PICK(_1, _2, _3, _4, _5, _6, _7, name, ...) name
#define raw(...)                                                                                   \
	RAW_PICK(__VA_ARGS__, raw_6, raw_5, raw_4, raw_3, raw_2, raw_1, raw_0, )(__VA_ARGS__)
#define raw_0(n) raw6(n, 0, 0, 0, 0, 0, 0)
#define raw_1(n, a) raw6(n, (long)(a), 0, 0, 0, 0, 0)
#define raw_2(n, a, b) raw6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define raw_3(n, a, b, c) raw6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define raw_4(n, a, b, c, d) raw6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define raw_5(n, a, b, c, d, e)                                                                    \
	raw6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define raw_6(n, a, b, c, d, e, f)                                                                 \
	raw6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline _Noreturn void raw_exit(int code)
{
	for (;;)
		raw(__NR_exit_group, code);
}

#endif
