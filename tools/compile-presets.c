/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Prints the presets as programs (src/seccomp/compiled.h): compile-presets ARCH, the architecture
 * for which inro is being built. An architecture without a table gets an empty list.
 */

#include <stdio.h>
#include <string.h>

#include "seccomp/generate.h"
#include "seccomp/presets.h"
#include "seccomp/text.h"

struct compiled {
	struct seccomp_program program;
	struct seccomp_profile profile;
};

static int compile(const struct seccomp_preset *preset, uint32_t arches, struct arena *arena, struct compiled *ret)
{
	struct inro_error error = { 0 };
	char text[1024];
	int r = seccomp_parse(&ret->profile, arena, preset->text, *preset->size, preset->name, 0, &error);

	ret->profile.arches = arches;
	if (r == 0)
		r = seccomp_generate(&ret->profile, arena, &ret->program, &error);
	if (r < 0) {
		inro_error_format(&error, text, sizeof(text));
		fprintf(stderr, "compile-presets: %s\n", text);
	}
	return r;
}

static void print_code(const struct seccomp_preset *preset, const struct seccomp_program *program)
{
	printf("\nstatic const struct sock_filter %s_code[] = {\n", preset->name);
	for (size_t i = 0; i < program->n; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", program->code[i].code, program->code[i].jt,
		       program->code[i].jf, program->code[i].k);
	printf("};\n");
}

int main(int argc, char **argv)
{
	const int arch = argc == 2 ? seccomp_find_arch(argv[1], strlen(argv[1])) : -1;
	const uint32_t arches = arch < 0 ? 0 : seccomp_arch_info[arch].runs;
	cleanup_arena struct arena arena = { 0 };
	struct compiled compiled[16];

	printf("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/compile-presets.c. */\n\n"
	       "#include \"seccomp/compiled.h\"\n");
	if (!arches) {
		printf("\nconst struct seccomp_compiled seccomp_compiled[] = { { 0 } };\n"
		       "const size_t n_seccomp_compiled = 0;\n");
		return 0;
	}
	for (size_t i = 0; i < n_seccomp_presets; i++) {
		if (compile(&seccomp_presets[i], arches, &arena, &compiled[i]) < 0)
			return 1;
		print_code(&seccomp_presets[i], &compiled[i].program);
	}
	printf("\nconst struct seccomp_compiled seccomp_compiled[] = {\n");
	for (size_t i = 0; i < n_seccomp_presets; i++)
		printf("\t{ \"%s\", %s_code, %zu, %u, 0x%08x },\n", seccomp_presets[i].name,
		       seccomp_presets[i].name, compiled[i].program.n, compiled[i].program.flags,
		       compiled[i].profile.default_action);
	printf("};\nconst size_t n_seccomp_compiled = %zu;\n", n_seccomp_presets);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
