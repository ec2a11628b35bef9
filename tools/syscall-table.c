/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Prints the C table behind src/seccomp/names.h: the names of all system calls, and the numbers
 * they have on each architecture. Run once by the build, on the machine that builds, so that inro
 * itself neither links libseccomp nor asks it 400 questions in every start.
 *
 * libseccomp is the source; what is newer than the installed one stands in `newer`, from the
 * kernel's own tables. Where both know a call they agree, so the table is the same whichever
 * version is installed, but for calls newer than both.
 */

#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 1024, MAX_NUMBERS = 1024, N_ARCHES = 6 };

struct arch {
	const char *name;
	uint32_t token, base;
};

/* In the order of enum seccomp_arch. */
static const struct arch arches[N_ARCHES] = {
	{ "x86_64", SCMP_ARCH_X86_64, 0 },   { "x86", SCMP_ARCH_X86, 0 },
	{ "x32", SCMP_ARCH_X32, 0x40000000 }, { "aarch64", SCMP_ARCH_AARCH64, 0 },
	{ "arm", SCMP_ARCH_ARM, 0 },	      { "riscv64", SCMP_ARCH_RISCV64, 0 },
};

/* Ranges in which an architecture has numbers; the second one is Arm's own. */
static const struct {
	uint32_t first, last;
} ranges[] = { { 0, 0xfff }, { 0xf0000, 0xf00ff } };

static const struct {
	const char *name;
	uint32_t number;
	const char *arch; /* NULL = the same on all */
} newer[] = {
	{ "riscv_hwprobe", 258, "riscv64" },
	{ "uretprobe", 335, "x86_64" },
	{ "uprobe", 336, "x86_64" },
	{ "cachestat", 451, NULL },
	{ "fchmodat2", 452, NULL },
	{ "map_shadow_stack", 453, NULL },
	{ "futex_wake", 454, NULL },
	{ "futex_wait", 455, NULL },
	{ "futex_requeue", 456, NULL },
	{ "statmount", 457, NULL },
	{ "listmount", 458, NULL },
	{ "lsm_get_self_attr", 459, NULL },
	{ "lsm_set_self_attr", 460, NULL },
	{ "lsm_list_modules", 461, NULL },
	{ "mseal", 462, NULL },
	{ "setxattrat", 463, NULL },
	{ "getxattrat", 464, NULL },
	{ "listxattrat", 465, NULL },
	{ "removexattrat", 466, NULL },
	{ "open_tree_attr", 467, NULL },
	{ "file_getattr", 468, NULL },
	{ "file_setattr", 469, NULL },
	{ "listns", 470, NULL },
	{ "rseq_slice_yield", 471, NULL },
};

struct number {
	uint32_t number;
	const char *name;
};

static const char *names[MAX_NAMES];
static size_t n_names;
static struct number numbers[N_ARCHES][MAX_NUMBERS];
static size_t n_numbers[N_ARCHES];

static void check(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "syscall-table: %s\n", what);
	exit(1);
}

static void add_name(const char *name)
{
	for (size_t i = 0; i < n_names; i++)
		if (strcmp(names[i], name) == 0)
			return;
	check(n_names < MAX_NAMES, "too many names");
	names[n_names++] = name;
}

/* A number that is known already keeps its name. */
static void add_number(size_t arch, uint32_t number, const char *name)
{
	for (size_t i = 0; i < n_numbers[arch]; i++)
		if (numbers[arch][i].number == number || strcmp(numbers[arch][i].name, name) == 0)
			return;
	check(n_numbers[arch] < MAX_NUMBERS, "too many numbers");
	numbers[arch][n_numbers[arch]++] = (struct number){ number, name };
	add_name(name);
}

static void collect(size_t arch)
{
	for (size_t range = 0; range < sizeof(ranges) / sizeof(ranges[0]); range++)
		for (uint32_t n = ranges[range].first; n <= ranges[range].last; n++) {
			char *name = seccomp_syscall_resolve_num_arch(arches[arch].token,
								      (int)(n + arches[arch].base));

			if (name)
				add_number(arch, n, name);
		}
	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++)
		if (!newer[i].arch || strcmp(newer[i].arch, arches[arch].name) == 0)
			add_number(arch, newer[i].number, newer[i].name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = ((const struct number *)a)->number, y = ((const struct number *)b)->number;

	return (x > y) - (x < y);
}

static size_t name_index(const char *name)
{
	const char *const *found = bsearch(&name, names, n_names, sizeof(names[0]), by_name);

	check(found != NULL, "a name was lost");
	return (size_t)(found - names);
}

static void print_arch(size_t arch)
{
	printf("\nstatic const struct syscall_number numbers_%s[] = {\n", arches[arch].name);
	for (size_t i = 0; i < n_numbers[arch]; i++)
		printf("\t{ %u, %zu }, /* %s */\n", numbers[arch][i].number,
		       name_index(numbers[arch][i].name), numbers[arch][i].name);
	printf("};\n");
}

int main(void)
{
	for (size_t arch = 0; arch < N_ARCHES; arch++)
		collect(arch);
	qsort(names, n_names, sizeof(names[0]), by_name);
	for (size_t arch = 0; arch < N_ARCHES; arch++)
		qsort(numbers[arch], n_numbers[arch], sizeof(struct number), by_number);

	printf("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/syscall-table.c. */\n\n"
	       "#include \"seccomp/names_table.h\"\n\n");
	printf("const char *const syscall_names[] = {\n");
	for (size_t i = 0; i < n_names; i++)
		printf("\t\"%s\",\n", names[i]);
	printf("};\nconst size_t n_syscall_names = %zu;\n", n_names);
	for (size_t arch = 0; arch < N_ARCHES; arch++)
		print_arch(arch);
	printf("\nconst struct syscall_numbers syscall_numbers[] = {\n");
	for (size_t arch = 0; arch < N_ARCHES; arch++)
		printf("\t{ numbers_%s, %zu },\n", arches[arch].name, n_numbers[arch]);
	printf("};\n");
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
