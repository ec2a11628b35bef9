/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/cgroup.h"
#include "oci/freeze.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_pause;

int oci_freeze(struct oci_call *call, const char *id, bool frozen, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_state state;
	cleanup_close int state_fd = oci_state_find(call->root, id, true, &arena, &state, error);
	enum oci_status status;
	int r = state_fd;

	if (r < 0)
		return r;
	status = oci_state_status(state_fd, &state);
	if (frozen && status != OCI_RUNNING && status != OCI_CREATED)
		return fail_host(error, INRO_ERROR_HOST, -EBUSY, call->verb,
				 "container not running or created: %s", oci_status_name(status));
	if (!frozen && status != OCI_PAUSED)
		return fail_host(error, INRO_ERROR_HOST, -EBUSY, call->verb,
				 "container not paused: %s", oci_status_name(status));
	r = oci_cgroup_freeze(&state.cgroup, frozen);
	if (r == -ENOENT || r == -ENOTSUP)
		return fail_host(error, INRO_ERROR_HOST, r, call->verb,
				 "container %s has no cgroup that can be frozen", id);
	if (r == -ETIME)
		return fail_host(error, INRO_ERROR_HOST, r, call->verb,
				 "a process of it did not stop in time; it was thawed again");
	return r < 0 ? fail_call(error, r, call->verb, "write", "the freezer") : 0;
}

int oci_freeze_verb(struct oci_call *call, bool frozen, int argc, char **argv)
{
	const struct oci_words words = { .n_operands = 1 };
	struct inro_error error = { 0 };
	int first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0)
		r = oci_freeze(call, argv[first], frozen, &error);
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

static int pause_verb(struct oci_call *call, int argc, char **argv)
{
	return oci_freeze_verb(call, true, argc, argv);
}

const struct oci_verb oci_verb_pause = {
	.name = "pause",
	.usage = "ID",
	.help = "stop all processes of a container, until resume",
	.run = pause_verb,
};
