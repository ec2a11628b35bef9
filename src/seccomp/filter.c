/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/filter.h"

#include <errno.h>
#include <linux/seccomp.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/syscalls.h"

int seccomp_read_program(int fd, const char *what, struct arena *arena, struct seccomp_program *ret,
			 struct inro_error *error)
{
	const size_t max = BPF_MAXINSNS * sizeof(struct sock_filter);
	cleanup_free char *data = NULL;
	struct sock_filter *code;
	size_t size;
	int r;

	r = fd_read_to_heap(fd, max, &data, &size);
	if (r == -E2BIG)
		return fail_usage(error, what, "descriptor %d: more than %d instructions, which the kernel does "
				  "not take", fd, BPF_MAXINSNS);
	if (r < 0)
		return fail_call(error, r, what, "read", "the filter's descriptor");
	if (size == 0 || size % sizeof(struct sock_filter) != 0)
		return fail_usage(error, what, "descriptor %d: %zu bytes are no array of struct sock_filter", fd,
				  size);
	code = arena_copy(arena, data, size);
	if (!code)
		return fail_memory(error);
	*ret = (struct seccomp_program){ .code = code, .n = size / sizeof(*code) };
	return 0;
}

int seccomp_install(const struct seccomp_program *program, unsigned more_flags)
{
	struct sock_fprog prog = { .len = (unsigned short)program->n, .filter = program->code };

	return sys_seccomp(SECCOMP_SET_MODE_FILTER, program->flags | more_flags, &prog);
}

void seccomp_explain(struct inro_error *error)
{
	switch (error->code) {
	case ENOSYS:
		error_why(error, "this kernel was built without seccomp filters");
		break;
	case EPERM:
		error_why(error, "a filter that was installed before, or one around this program, forbids seccomp(2)");
		break;
	case ENOMEM:
		error_why(error, "all filters of a process together may have 32768 instructions");
		break;
	default:
		break;
	}
}

bool seccomp_is_void(const struct seccomp_program *program)
{
	return program->n == 1 && program->code[0].code == (BPF_RET | BPF_K) &&
	       program->code[0].k == SECCOMP_RET_ALLOW;
}
