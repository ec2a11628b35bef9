/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/destroy.h"
#include "oci/make_options.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_run;

/* The other half of run --detach. */
static int go(struct oci_call *call, const char *id, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_close int root_fd = oci_state_root(call->root, false, error);
	cleanup_close int state_fd = root_fd < 0 ? root_fd : oci_state_open(root_fd, id, true, error);
	struct oci_state state = { 0 };
	int r = state_fd < 0 ? state_fd : oci_state_read(state_fd, &arena, &state, error);

	if (r == 0)
		r = oci_start_go(call, state_fd, &state, error);
	/* Without a process it is not ours, but one that is being made after ours was deleted. */
	if (r < 0 && state.pid)
		oci_destroy(call, root_fd, state_fd, id, &state, NULL);
	return r;
}

static int run(struct oci_call *call, int argc, char **argv)
{
	struct oci_make make = { .start = { .call = call } };
	const struct oci_words words = { oci_make_options, OCI_RUN_OPTIONS, &make, 1, false };
	struct inro_error error = { 0 };
	int first, status = 0, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0) {
		make.start.id = argv[first];
		make.start.waits = make.detach;
		make.start.keep = make.keep;
		r = oci_start_make(&make.start, &status, &error);
	}
	if (r == 0 && make.detach)
		r = go(call, argv[first], &error);
	return r < 0 ? oci_fail(call, &error, 1) : status;
}

const struct oci_verb oci_verb_run = {
	.name = "run",
	.usage = "[OPTIONS] ID",
	.help = "create a container, start it, wait for its end and delete it",
	.run = run,
	.options = oci_make_options,
	.n_options = OCI_RUN_OPTIONS,
};
