/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/parse.h"
#include "kernel/constants.h"

enum { STATUS_TIMED_OUT = 124, STATUS_SIGNAL = 128 };

#define KERNEL_PIDFD_INFO_EXIT (1ULL << 3) /* 6.15 */

static uint64_t time_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_usec * 1000;
}

/* The end of one that inro did not end. */
static void fill_own_end(struct inro_result *result)
{
	result->status = result->code >= 0 ? result->code : STATUS_SIGNAL + result->signal;
	if (result->code >= 0) {
		result->end = INRO_END_EXITED;
		return;
	}
	result->end = INRO_END_SIGNALED;
	/* No other way leads an init to these two: see supervise.c. */
	if (result->was_init && result->signal == SIGHUP)
		result->end = INRO_END_REBOOT;
	else if (result->was_init && result->signal == SIGINT)
		result->end = INRO_END_HALT;
}

void result_fill(struct inro_result *result, const siginfo_t *info, const struct rusage *usage, int end_number,
		 int typed)
{
	bool exited = info->si_code == CLD_EXITED;

	result->code = exited ? info->si_status : -1;
	result->signal = exited ? 0 : info->si_status;
	result->user_ns = time_ns(usage->ru_utime);
	result->system_ns = time_ns(usage->ru_stime);
	result->peak_memory_bytes = (uint64_t)usage->ru_maxrss * 1024;
	switch (result->end) {
	case INRO_END_TIMED_OUT:
	case INRO_END_CPU_TIME:
		result->status = STATUS_TIMED_OUT;
		break;
	case INRO_END_INTERRUPTED:
		/* It had a moment to end by itself, and did. */
		if (exited) {
			fill_own_end(result);
			break;
		}
		result->signal = end_number;
		result->status = STATUS_SIGNAL + end_number;
		break;
	case INRO_END_MEMORY:
		result->status = exited ? info->si_status : STATUS_SIGNAL + info->si_status;
		break;
	default:
		fill_own_end(result);
		break;
	}
	result->by_terminal = typed && result->status == STATUS_SIGNAL + typed;
}

int result_of_stolen(int pidfd, siginfo_t *ret)
{
	struct kernel_pidfd_info info = { .mask = KERNEL_PIDFD_INFO_EXIT };

	if (ioctl(pidfd, KERNEL_PIDFD_GET_INFO, &info) < 0 || !(info.mask & KERNEL_PIDFD_INFO_EXIT))
		return -ECHILD;
	memset(ret, 0, sizeof(*ret));
	ret->si_pid = -1;
	ret->si_code = WIFEXITED(info.exit_code) ? CLD_EXITED : CLD_KILLED;
	ret->si_status = WIFEXITED(info.exit_code) ? WEXITSTATUS(info.exit_code) : WTERMSIG(info.exit_code);
	return 0;
}

static size_t format_signal(const struct inro_result *result, char *text, size_t size)
{
	char name[16];
	const char *remark = "";

	/* abort() raises SIGABRT, which an init drops, and then executes an illegal instruction. */
	if (result->was_init && (result->signal == SIGSEGV || result->signal == SIGILL))
		remark = " (as PID 1, an abort() ends like this, too)";
	return (size_t)snprintf(text, size, "killed by %s%s", signal_name(result->signal, name), remark);
}

size_t inro_result_format(const struct inro_result *result, char *text, size_t size)
{
	char name[16];

	switch (result->end) {
	case INRO_END_SIGNALED:
		return format_signal(result, text, size);
	case INRO_END_INTERRUPTED:
		return (size_t)snprintf(text, size, "ended by inro for %s, which its PID 1 would have dropped",
					signal_name(result->signal, name));
	case INRO_END_TIMED_OUT:
		return (size_t)snprintf(text, size, "ended by inro: its time was over");
	case INRO_END_CPU_TIME:
		return (size_t)snprintf(text, size, "ended by inro: its CPU time was used up");
	case INRO_END_MEMORY:
		return (size_t)snprintf(text, size, "killed by the kernel: its memory limit was reached");
	case INRO_END_REBOOT:
		return (size_t)snprintf(text, size, "restarted itself by reboot(2)");
	case INRO_END_HALT:
		return (size_t)snprintf(text, size, "halted itself by reboot(2)");
	case INRO_END_EXITED:
		break;
	}
	return (size_t)snprintf(text, size, "exited with status %d", result->code);
}
