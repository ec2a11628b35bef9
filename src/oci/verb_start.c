/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/start.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_start;

static int go(struct oci_call *call, const char *id, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_state state;
	cleanup_close int state_fd = oci_state_find(call->root, id, true, &arena, &state, error);

	return state_fd < 0 ? state_fd : oci_start_go(call, state_fd, &state, error);
}

static int start(struct oci_call *call, int argc, char **argv)
{
	const struct oci_words words = { .n_operands = 1 };
	struct inro_error error = { 0 };
	int first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0)
		r = go(call, argv[first], &error);
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

const struct oci_verb oci_verb_start = {
	.name = "start",
	.usage = "ID",
	.help = "run the command of a created container",
	.run = start,
};
