/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a filter costs: a loop of getppid(2) without one, with inro's program for a profile and with
 * libseccomp's for the same; once for a call that the kernel answers from its bitmap of calls that
 * are always allowed, once (personality) for one whose arguments count. And what compiling and installing
 * cost. One line each, in nanoseconds; medians of several rounds, interleaved. The profile is inro's
 * default, or with an argument that of a config.json, whose reading is the time of parsing then.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "oci/config.h"
#include "oci/read.h"
#include "seccomp/filter.h"
#include "seccomp/presets.h"
#include "seccomp/text.h"

enum { ROUNDS = 15, CALLS = 300000 };

struct sample {
	double parse, generate, install, getppid, personality;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void check(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "bench/seccomp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *config_text;
static size_t config_size;

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	check(fd >= 0 && fd_read_to_heap(fd, 64 << 20, &config_text, &config_size) == 0, path);
	close(fd);
}

static struct seccomp_profile parse_config(struct arena *arena)
{
	struct oci_config config = { 0 };

	check(oci_read_config(config_text, config_size, "/", arena, &config, NULL) == 0, "read");
	check(config.linux_.seccomp.set, "linux.seccomp");
	return *config.linux_.seccomp.profile;
}

static struct seccomp_profile parse(struct arena *arena)
{
	const struct seccomp_preset *preset = seccomp_find_preset("default", 7);
	struct seccomp_profile profile;

	if (config_text)
		return parse_config(arena);
	check(seccomp_parse(&profile, arena, preset->text, *preset->size, "default", 0, NULL) == 0, "parse");
	return profile;
}

static struct scmp_arg_cmp compare_for_libseccomp(const struct seccomp_compare *compare)
{
	static const enum scmp_compare ops[] = {
		[SECCOMP_NE] = SCMP_CMP_NE, [SECCOMP_LT] = SCMP_CMP_LT, [SECCOMP_LE] = SCMP_CMP_LE,
		[SECCOMP_GT] = SCMP_CMP_GT, [SECCOMP_GE] = SCMP_CMP_GE,
	};

	if (compare->op == SECCOMP_EQ)
		return (struct scmp_arg_cmp){ compare->argument, SCMP_CMP_MASKED_EQ, compare->mask, compare->value };
	return (struct scmp_arg_cmp){ compare->argument, ops[compare->op], compare->value, 0 };
}

/* The same profile, given to libseccomp: its conditions and its order of rules differ, its calls not. */
static scmp_filter_ctx for_libseccomp(const struct seccomp_profile *profile)
{
	scmp_filter_ctx context = seccomp_init(profile->default_action);

	check(context != NULL, "seccomp_init");
	seccomp_arch_add(context, SCMP_ARCH_X86);
	seccomp_arch_add(context, SCMP_ARCH_X32);
	for (size_t i = 0; i < profile->n_rules; i++)
		for (size_t j = 0; j < profile->rules[i].n_calls; j++) {
			const struct seccomp_rule *rule = &profile->rules[i];
			struct scmp_arg_cmp args[6];
			unsigned n = 0;

			if (rule->action == profile->default_action)
				continue;
			for (; n < rule->n_compares; n++)
				args[n] = compare_for_libseccomp(&rule->compares[n]);
			seccomp_rule_add_array(context, rule->action,
					       seccomp_syscall_resolve_name(syscall_names[rule->calls[j]]), n, args);
		}
	return context;
}

static double loop(long number, long a, long b)
{
	double start = now();

	for (int i = 0; i < CALLS; i++)
		syscall(number, a, b, 0);
	return (now() - start) / CALLS;
}

static void measure(const char *how, struct sample *sample)
{
	struct arena arena = { 0 };
	double start = now();
	struct seccomp_profile profile = parse(&arena);
	struct seccomp_program program = { 0 };

	sample->parse = now() - start;
	start = now();
	if (strcmp(how, "inro") == 0) {
		check(seccomp_generate(&profile, &arena, &program, NULL) == 0, "generate");
	} else if (strncmp(how, "libseccomp", 10) == 0) {
		scmp_filter_ctx context = for_libseccomp(&profile);
		int fd = memfd_create("bpf", MFD_CLOEXEC);

		if (strcmp(how, "libseccomp-tree") == 0)
			check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0, "optimize");
		check(seccomp_export_bpf(context, fd) == 0, "export");
		lseek(fd, 0, SEEK_SET);
		check(seccomp_read_program(fd, how, &arena, &program, NULL) == 0, "read");
	}
	sample->generate = now() - start;
	if (program.n) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		start = now();
		check(seccomp_install(&program, 0) == 0, "install");
		sample->install = now() - start;
	}
	sample->getppid = loop(SYS_getppid, 0, 0);
	sample->personality = loop(SYS_personality, 0xffffffff, 0);
	if (getenv("BENCH_SIZE"))
		fprintf(stderr, "%s: %zu instructions\n", how, program.n);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct sample *samples, size_t offset)
{
	double values[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		values[i] = *(const double *)((const char *)&samples[i] + offset);
	qsort(values, ROUNDS, sizeof(double), by_value);
	return values[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	static const char *const hows[] = { "none", "inro", "libseccomp", "libseccomp-tree" };
	struct sample(*samples)[ROUNDS] = mmap(NULL, sizeof(*samples) * 4, PROT_READ | PROT_WRITE,
					       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(samples != MAP_FAILED, "mmap");
	if (argc > 1)
		read_file(argv[1]);
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < 4; i++) {
			pid_t pid = fork();

			check(pid >= 0, "fork");
			if (pid == 0) {
				measure(hows[i], &samples[i][round]);
				_exit(0);
			}
			check(waitpid(pid, NULL, 0) == pid, "waitpid");
		}
	printf("%-16s %10s %10s %10s %10s %12s   (ns, median of %d)\n", "", "parse", "compile", "install",
	       "getppid", "personality", ROUNDS);
	for (int i = 0; i < 4; i++)
		printf("%-16s %10.0f %10.0f %10.0f %10.1f %12.1f\n", hows[i],
		       median(samples[i], offsetof(struct sample, parse)),
		       median(samples[i], offsetof(struct sample, generate)),
		       median(samples[i], offsetof(struct sample, install)),
		       median(samples[i], offsetof(struct sample, getppid)),
		       median(samples[i], offsetof(struct sample, personality)));
	return 0;
}
