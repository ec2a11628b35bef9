/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/setters.h"
#include "oci/destroy.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_delete;

struct delete {
	bool force;
};

flag_setter(delete, force)

static const struct option_row options[] = {
	{ .name = "force", .letter = 'f', .form = OPTION_FLAG, .set = set_force, .help = "kill it where it runs" },
};

static int refuse(const char *id, enum oci_status status, struct inro_error *error)
{
	return fail_host(error, INRO_ERROR_HOST, -EBUSY, "delete", "cannot delete container %s that is not stopped: %s",
			 id, oci_status_name(status));
}

/*
 * Who holds the container may be waiting for what runs in it: `start` does, for a hook that is a program of
 * the image's. So what is deleted by force is killed before it is waited for; what then fails, fails again.
 */
static int kill_first(int root_fd, const char *id, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_close int state_fd = oci_state_open(root_fd, id, false, NULL);
	struct oci_state state;

	if (state_fd < 0 || oci_state_read(state_fd, &arena, &state, NULL) < 0)
		return 0;
	return oci_kill_init(&state, error);
}

static int destroy(struct oci_call *call, const char *id, bool force, struct inro_error *error)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_close int root_fd = oci_state_root(call->root, false, error), state_fd = -EBADF;
	struct oci_state state = { 0 };
	int r = root_fd >= 0 && force ? kill_first(root_fd, id, error) : 0;

	if (r < 0)
		return r;
	state_fd = root_fd < 0 ? root_fd : oci_state_open(root_fd, id, true, error);
	if (state_fd < 0)
		return state_fd;
	r = oci_state_read(state_fd, &arena, &state, error);
	/* Its creator was killed before there was a process: we have the lock, so nobody is at it. */
	if (r == -ENOENT) {
		state = (struct oci_state){ .id = id };
		if (oci_state_read_place(state_fd, &arena, &state.cgroup) == -ENOMEM)
			return fail_memory(error);
	} else if (r < 0) {
		return r;
	}
	if (r == 0) {
		enum oci_status status = oci_state_status(state_fd, &state);

		/* A created one has not run anything: runc and crun kill it without being forced. */
		if (status != OCI_STOPPED && status != OCI_CREATED && !force)
			return refuse(id, status, error);
	}
	return oci_destroy(call, root_fd, state_fd, id, &state, error);
}

static int delete(struct oci_call *call, int argc, char **argv)
{
	struct delete want = { 0 };
	const struct oci_words words = { options, ARRAY_SIZE(options), &want, 1, false };
	struct inro_error error = { 0 };
	int first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0)
		r = destroy(call, argv[first], want.force, &error);
	/* What is not there need not be deleted by force. */
	if (r == -ENOENT && want.force)
		return 0;
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

const struct oci_verb oci_verb_delete = {
	.name = "delete",
	.usage = "[--force] ID",
	.help = "remove a container that has ended, and all that it used",
	.run = delete,
	VERB_OPTIONS(options),
};
