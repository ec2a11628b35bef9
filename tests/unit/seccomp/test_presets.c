/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seccomp/compiled.h"
#include "seccomp/filter.h"
#include "seccomp/machine.h"
#include "seccomp/profile_of.h"

static uint32_t ask_arch(const char *preset, enum seccomp_arch arch, const char *call, uint64_t arg0, uint64_t caps)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_profile profile =
		profile_of_size(&arena, seccomp_find_preset(preset, strlen(preset))->text,
				*seccomp_find_preset(preset, strlen(preset))->size, caps);
	struct seccomp_data data = { .arch = seccomp_arch_info[arch].audit, .args = { arg0 } };
	struct seccomp_program program;
	uint32_t number;

	profile.arches = (1 << SECCOMP_ARCHES) - 1;
	program = program_of_profile(&arena, &profile);
	assert_int_equal(seccomp_find_number(arch, (unsigned)seccomp_find_name(call, strlen(call)), &number), 0);
	data.nr = (int)(number + seccomp_arch_info[arch].first);
	return machine_run(program.code, program.n, &data).action;
}

static uint32_t ask(const char *preset, const char *call, uint64_t arg0)
{
	return ask_arch(preset, SECCOMP_X86_64, call, arg0, 0);
}

#define ALLOW SECCOMP_RET_ALLOW
#define DENIED (SECCOMP_RET_ERRNO | EPERM)
#define ABSENT (SECCOMP_RET_ERRNO | ENOSYS)
#define NO_FAMILY (SECCOMP_RET_ERRNO | EAFNOSUPPORT)

/* Calls that a program in a container has no business with, whatever the architecture. */
static void all_deny_the_host(void **state)
{
	static const char *const presets[] = { "default", "nestable", "strict" };
	static const char *const calls[] = {
		"kexec_load", "init_module", "finit_module", "delete_module", "bpf", "perf_event_open", "userfaultfd",
		"add_key", "request_key", "reboot", "swapon", "swapoff", "settimeofday", "clock_settime", "acct",
		"open_by_handle_at", "io_uring_setup", "io_uring_enter", "quotactl", "lookup_dcookie", "nfsservctl",
		"vhangup", "syslog", "fanotify_init", "migrate_pages", "move_pages",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < sizeof(calls) / sizeof(calls[0]); j++)
			for (enum seccomp_arch arch = 0; arch < SECCOMP_ARCHES; arch++) {
				uint32_t number;

				if (seccomp_find_number(arch,
							(unsigned)seccomp_find_name(calls[j], strlen(calls[j])),
							&number) < 0)
					continue;
				if (ask_arch(presets[i], arch, calls[j], 0, 0) != DENIED)
					fail_msg("%s lets %s through on %s", presets[i], calls[j],
						 seccomp_arch_info[arch].name);
			}
}

static void namespaces(void **state)
{
	static const char *const closed[] = { "default", "strict" };
	static const uint64_t kinds[] = { CLONE_NEWNS,	 CLONE_NEWUTS, CLONE_NEWIPC,	CLONE_NEWUSER,
					  CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWTIME };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
			assert_int_equal(ask(closed[i], "clone", kinds[j] | SIGCHLD), DENIED);
			assert_int_equal(ask(closed[i], "unshare", kinds[j]), DENIED);
		}
		assert_int_equal(ask(closed[i], "clone", 0x3d0f00), ALLOW); /* a thread */
		assert_int_equal(ask(closed[i], "clone", SIGCHLD), ALLOW);
		assert_int_equal(ask(closed[i], "clone3", 0), ABSENT);
		assert_int_equal(ask(closed[i], "setns", 0), DENIED);
		assert_int_equal(ask(closed[i], "mount", 0), DENIED);
		assert_int_equal(ask(closed[i], "fsopen", 0), DENIED);
		assert_int_equal(ask(closed[i], "pivot_root", 0), DENIED);
	}
	for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++)
		assert_int_equal(ask("nestable", "unshare", kinds[j]), ALLOW);
	assert_int_equal(ask("nestable", "clone3", 0), ALLOW);
	assert_int_equal(ask("nestable", "open_tree_attr", 0), ALLOW);
	assert_int_equal(ask("nestable", "keyctl", 1), ALLOW);
	assert_int_equal(ask("nestable", "keyctl", 11), DENIED);
}

static void sockets(void **state)
{
	(void)state;
	assert_int_equal(ask("default", "socket", AF_INET6), ALLOW);
	assert_int_equal(ask("default", "socket", AF_VSOCK), NO_FAMILY);
	assert_int_equal(ask("default", "socket", AF_ALG), NO_FAMILY);
	assert_int_equal(ask("default", "socket", 0x100000000 | AF_ALG), NO_FAMILY);
	assert_int_equal(ask("default", "socketpair", AF_UNIX), ALLOW);
	assert_int_equal(ask("default", "socketpair", AF_TIPC), NO_FAMILY);
	/* The second door of 32-bit x86. */
	assert_int_equal(ask_arch("default", SECCOMP_X86, "socketcall", 1, 0), NO_FAMILY);
	assert_int_equal(ask_arch("default", SECCOMP_X86, "socketcall", 3, 0), ALLOW);
	assert_int_equal(ask("strict", "socket", AF_UNIX), DENIED);
	assert_int_equal(ask("strict", "connect", 0), DENIED);
	assert_int_equal(ask("strict", "ptrace", 0), DENIED);
	assert_int_equal(ask("default", "ptrace", 0), ALLOW);
}

static void capabilities_open(void **state)
{
	(void)state;
	assert_int_equal(ask_arch("default", SECCOMP_X86_64, "settimeofday", 0, UINT64_C(1) << CAP_SYS_TIME), ALLOW);
	assert_int_equal(ask_arch("default", SECCOMP_X86_64, "mount", 0, UINT64_C(1) << CAP_SYS_TIME), DENIED);
	assert_int_equal(ask_arch("default", SECCOMP_X86_64, "mount", 0, UINT64_C(1) << CAP_SYS_ADMIN), ALLOW);
	assert_int_equal(ask_arch("default", SECCOMP_X86_64, "clone3", 0, UINT64_C(1) << CAP_SYS_ADMIN), ALLOW);
	assert_int_equal(ask_arch("strict", SECCOMP_X86_64, "mount", 0, UINT64_MAX), DENIED);
}

/* What the build compiled is what would be compiled now. */
static void compiled(void **state)
{
	(void)state;
	assert_int_equal(n_seccomp_compiled, seccomp_native_arch() < 0 ? 0 : n_seccomp_presets);
	for (size_t i = 0; i < n_seccomp_compiled; i++) {
		cleanup_arena struct arena arena = { 0 };
		struct seccomp_program program = program_of_preset(&arena, seccomp_compiled[i].preset, 0);

		assert_int_equal(program.n, seccomp_compiled[i].n);
		assert_int_equal(program.flags, seccomp_compiled[i].flags);
		assert_memory_equal(program.code, seccomp_compiled[i].code, program.n * sizeof(*program.code));
	}
}

/* Programs run under a preset: the exit status of sh -c SCRIPT. */
static int run_script(const char *preset, const char *script)
{
	cleanup_arena struct arena arena = { 0 };
	struct seccomp_program program = program_of_preset(&arena, preset, 0);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

		signal(SIGSYS, SIG_DFL);
		dup2(null_fd, 1);
		dup2(null_fd, 2);
		unsetenv("LD_PRELOAD");
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(&program, 0) < 0)
			_exit(99);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void programs_run(void **state)
{
	static const char *const presets[] = { "default", "nestable", "strict" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(run_script(presets[i], "exit 7"), 7);
		assert_int_equal(run_script(presets[i], "ls -lR /usr/share/doc/libc6 | sort | wc -l"), 0);
		assert_int_equal(run_script(presets[i], "x=$(date; id; uname -a; sleep 0.01) && test -n \"$x\""), 0);
		if (access("/usr/bin/python3", X_OK) == 0)
			assert_int_equal(run_script(presets[i], "exec python3 -c 'import threading, subprocess\n"
								"t = threading.Thread(target=print); t.start(); t.join()\n"
								"raise SystemExit(subprocess.call([\"true\"]) + 5)'"),
					 5);
	}
	if (access("/usr/bin/unshare", X_OK) == 0) {
		assert_int_equal(run_script("default", "unshare --user true"), 1);
		assert_int_equal(run_script("strict", "unshare --user true"), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_deny_the_host), cmocka_unit_test(namespaces),
		cmocka_unit_test(sockets),	     cmocka_unit_test(capabilities_open),
		cmocka_unit_test(compiled),	     cmocka_unit_test(programs_run),
	};

	return cmocka_run_group_tests_name("seccomp/presets", tests, NULL, NULL);
}
