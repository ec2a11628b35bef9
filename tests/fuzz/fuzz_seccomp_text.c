/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any text is either refused with a reason, or a profile that compiles (or is too large), prints,
 * and reads back to the same program.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "seccomp/generate.h"
#include "seccomp/print.h"
#include "seccomp/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_buf struct buf text = { 0 };
	struct inro_error error = { 0 };
	struct seccomp_profile profile, again;
	struct seccomp_program program, other;
	uint64_t caps = 0;

	if (size < 1)
		return 0;
	caps = data[0] & 1 ? UINT64_MAX : 0;
	if (seccomp_parse(&profile, &arena, (const char *)data + 1, size - 1, "fuzz", caps, &error) < 0) {
		check(error.kind != INRO_ERROR_NONE && error.why[0]);
		return 0;
	}
	if (seccomp_generate(&profile, &arena, &program, &error) < 0) {
		check(error.kind == INRO_ERROR_USAGE);
		return 0;
	}
	check(program.n > 0 && program.n <= BPF_MAXINSNS);
	seccomp_print(&profile, &text);
	check(seccomp_parse(&again, &arena, buf_text(&text), text.used, "printed", caps, &error) == 0);
	check(seccomp_generate(&again, &arena, &other, &error) == 0);
	check(program.n == other.n && memcmp(program.code, other.code, program.n * sizeof(*program.code)) == 0);
	buf_clear(&text);
	seccomp_disassemble(program.code, program.n, &text);
	return 0;
}
