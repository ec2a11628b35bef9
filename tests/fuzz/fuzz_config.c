/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any file is either refused with a reason and its place, or a run, which is the same once it was
 * saved and loaded again.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "inro/run.h"
#include "kernel/syscalls.h"
#include "resolve/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static int load(struct inro_spec *journal, const void *data, size_t size, struct inro_error *error)
{
	cleanup_close int fd = sys_memfd_create("config", 1);
	char path[64];

	check(fd_write_all(fd, data, size) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inro_spec_load(journal, path, error);
}

/* What is saved: not what presets said, and of what does not repeat the last value alone. */
static void check_same(const struct inro_spec *a, const struct inro_spec *b)
{
	size_t n_a = 0, n_b = 0;

	for (; a->args && a->args[n_a]; n_a++)
		;
	for (; b->args && b->args[n_b]; n_b++)
		check(n_b < n_a && strcmp(a->args[n_b], b->args[n_b]) == 0);
	check(n_a == n_b);
	for (size_t i = 0; i < b->n_settings; i++) {
		size_t j = 0;

		while (j < a->n_settings &&
		       (strcmp(a->settings[j].name, b->settings[i].name) != 0 ||
			strcmp(a->settings[j].value, b->settings[i].value) != 0))
			j++;
		check(j < a->n_settings);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inro_spec *journal = inro_spec_new(), *again = inro_spec_new();
	struct inro_error error = { 0 };
	char *text = NULL;
	FILE *stream;
	size_t n;

	if (load(journal, data, size, &error) < 0) {
		check(error.kind == INRO_ERROR_USAGE && error.why[0]);
	} else {
		stream = open_memstream(&text, &n);
		check(inro_spec_save(journal, stream, &error) == 0);
		fclose(stream);
		check(load(again, text, n, &error) == 0);
		check_same(journal, again);
	}
	free(text);
	inro_spec_free(journal);
	inro_spec_free(again);
	return 0;
}
