/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FEATURE_CHILD_H
#define TEST_FEATURE_CHILD_H

/*
 * A small start, for testing features by themselves: a spec with the parts of some of them, a plan
 * from it, and a forked child in which the plan's steps really run, lane by lane as the engine
 * would. Then a function of the test looks at what it has become. Include after <cmocka.h>.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/procfs.h"
#include "ns_child.h"
#include "plan/feature.h"
#include "plan/run.h"

enum { TEST_FEATURES = 8 };

struct trial {
	struct spec spec;
	struct spec_part parts[TEST_FEATURES];
	struct facts facts;
	struct plan plan;
	struct run run;
	struct run_shared shared;
	struct inro_error error;
	int slots[32];
	uint8_t state[64];
	uint64_t clone_flags;                 /* namespaces of the child */
	int (*check)(
		struct trial *trial); /* in the child, after its steps: 0, or which check failed */
	int (*prepare)(struct trial *trial);  /* in the child, before its steps */
	void (*between)(
		struct trial *trial); /* in the parent, while the child waits for its release */
};

static inline void trial_init(struct trial *trial, const struct feature *const list[], size_t n)
{
	*trial = (struct trial){ .run.pidfd = -EBADF };
	trial->facts.uid = geteuid();
	trial->facts.gid = getegid();
	trial->facts.home = "/home/test";
	if (geteuid() == 0) {
		struct kernel_caps caps;

		assert_int_equal(sys_capget(&caps), 0);
		trial->facts.caps = caps.effective;
	}
	trial->spec.parts = trial->parts;
	trial->spec.n_parts = n;
	assert_true(n <= TEST_FEATURES);
	for (size_t i = 0; i < n; i++) {
		trial->parts[i].feature = list[i];
		trial->parts[i].data = arena_alloc(&trial->spec.arena, list[i]->spec_size + 1);
		if (list[i]->init)
			list[i]->init(trial->parts[i].data);
	}
	trial->plan.spec = &trial->spec;
	trial->plan.facts = &trial->facts;
	trial->plan.settled.wait_release = true;
	trial->plan.settled.no_new_privs = true;
}

#define TRIAL_INIT(trial, ...)                                                       \
	trial_init(trial, (const struct feature *const[]){ __VA_ARGS__ },            \
		   sizeof((const struct feature *const[]){ __VA_ARGS__ }) / sizeof(void *))

static inline void trial_deinit(struct trial *trial)
{
	for (size_t i = 0; i < ARRAY_SIZE(trial->slots) && trial->run.slots; i++)
		fd_close(trial->slots[i]);
	arena_deinit(&trial->plan.arena);
	arena_deinit(&trial->facts.arena);
	arena_deinit(&trial->spec.arena);
	fd_close(trial->run.pidfd);
}

/* Is NAME one of "a|b|c"? */
static inline bool trial_is_alias(const char *aliases, const char *name)
{
	size_t length = strlen(name);

	while (aliases && *aliases) {
		const char *end = strchrnul(aliases, '|');

		if ((size_t)(end - aliases) == length && memcmp(aliases, name, length) == 0)
			return true;
		aliases = *end ? end + 1 : end;
	}
	return false;
}

/* Say one option, as a command line would. */
static inline int trial_set(struct trial *trial, const char *name, const char *value)
{
	memset(&trial->error, 0, sizeof(trial->error));
	for (size_t i = 0; i < trial->spec.n_parts; i++) {
		const struct feature *feature = trial->parts[i].feature;

		for (size_t j = 0; j < feature->n_options; j++) {
			const struct option_row *row = &feature->options[j];

			if (strcmp(row->name, name) == 0 || trial_is_alias(row->aliases, name))
				return row->set(&trial->spec, value, &trial->error);
		}
	}
	return -ENOENT;
}

/* Gather (where asked), settle, resolve, seal. */
static inline int trial_plan(struct trial *trial, bool gather)
{
	int r = 0;

	memset(&trial->error, 0, sizeof(trial->error));
	for (size_t i = 0; i < trial->spec.n_parts && r >= 0 && gather; i++)
		if (trial->parts[i].feature->gather)
			r = trial->parts[i].feature->gather(&trial->spec, &trial->facts,
							    &trial->error);
	for (size_t i = 0; i < trial->spec.n_parts && r >= 0; i++)
		if (trial->parts[i].feature->settle)
			r = trial->parts[i].feature->settle(&trial->plan, &trial->error);
	for (size_t i = 0; i < trial->spec.n_parts && r >= 0; i++)
		if (trial->parts[i].feature->resolve)
			r = trial->parts[i].feature->resolve(&trial->plan, &trial->error);
	if (r < 0)
		return r;
	assert_int_equal(plan_seal(&trial->plan), 0);
	assert_true(trial->plan.n_steps <= ARRAY_SIZE(trial->state));
	assert_true((size_t)trial->plan.n_slots <= ARRAY_SIZE(trial->slots));
	if (!trial->run.slots) {
		for (size_t i = 0; i < ARRAY_SIZE(trial->slots); i++)
			trial->slots[i] = -EBADF;
		trial->run.slots = trial->slots;
	}
	trial->run.plan = &trial->plan;
	trial->run.state = trial->state;
	trial->run.shared = &trial->shared;
	return 0;
}

static inline int trial_walk(struct trial *trial, enum stage first, enum stage last)
{
	for (size_t i = 0; i < trial->plan.n_steps; i++) {
		const struct step *step = &trial->plan.steps[i];
		int r;

		if (step->stage < first || step->stage > last)
			continue;
		r = step->kind->run(&trial->run, step, &trial->error);
		if (r < 0 && !step->optional) {
			trial->error.step = step->number;
			if (step->kind->advise)
				step->kind->advise(step, &trial->plan, &trial->error);
			return r;
		}
		trial->state[i] = trial->state[i] == STEP_PENDING ? STEP_DONE : trial->state[i];
	}
	return 0;
}

static inline void trial_undo(struct trial *trial)
{
	for (size_t i = trial->plan.n_steps; i-- > 0;) {
		const struct step *step = &trial->plan.steps[i];

		if (step->kind->undo && trial->state[i] != STEP_PENDING)
			step->kind->undo(&trial->run, step);
	}
}

static inline void trial_child(struct trial *trial)
{
	char text[1400], byte;
	int r;

	fd_close(trial->slots[SLOT_CHANNEL]);
	trial->slots[SLOT_CHANNEL] = trial->slots[SLOT_CHILD_CHANNEL];
	trial->slots[SLOT_CHILD_CHANNEL] = -EBADF;
	trial->run.child = true;
	if (read(trial->slots[SLOT_CHANNEL], &byte, 1) != 1)
		_exit(120);
	r = trial->prepare ? trial->prepare(trial) : 0;
	if (r == 0)
		r = trial_walk(trial, STAGE_GUARD, STAGE_EXEC);
	if (r < 0) {
		inro_error_format(&trial->error, text, sizeof(text));
		fprintf(stderr, "in the child: %s\n", text);
		_exit(121);
	}
	_exit(r ? r : trial->check ? trial->check(trial) : 0);
}

/*
 * Run it all. Returns the exit status of the child: 0, what prepare() or check() said, 121 where a
 * step failed in the child; or the negative errno of a parent's step that failed.
 */
static inline int trial_run(struct trial *trial)
{
	struct clone_args args = { .flags = trial->clone_flags, .exit_signal = SIGCHLD };
	int pair[2], r = trial_walk(trial, STAGE_OPEN, STAGE_CLONE);
	pid_t pid;

	if (r < 0)
		return r;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	trial->slots[SLOT_CHANNEL] = pair[0];
	trial->slots[SLOT_CHILD_CHANNEL] = pair[1];
	trial->run.parent_pid = getpid();
	fflush(NULL);
	pid = sys_clone3(&args, sizeof(args));
	assert_true(pid >= 0);
	if (pid == 0)
		trial_child(trial);
	trial->slots[SLOT_CHILD_CHANNEL] = fd_close(trial->slots[SLOT_CHILD_CHANNEL]);
	trial->run.pid = pid;
	r = trial_walk(trial, STAGE_MAP, STAGE_RELEASE);
	if (r < 0) {
		child_end(pid);
		return r;
	}
	if (trial->between)
		trial->between(trial);
	assert_int_equal(write(trial->slots[SLOT_CHANNEL], "", 1), 1);
	r = child_result(pid);
	if (r == 0)
		r = trial_walk(trial, STAGE_STARTED, STAGE_STARTED);
	return r;
}

/* One line of /proc/self/status, behind its tab; "" where it is missing. */
static inline void self_status(const char *name, char *buffer, size_t size)
{
	cleanup_close int proc_fd = procfs_open();
	char text[8192];
	const char *at;
	size_t length = strlen(name);

	buffer[0] = '\0';
	if (procfs_read_start_at(proc_fd, "thread-self/status", text, sizeof(text)) < 0 &&
	    fd_read_file_at(AT_FDCWD, "/proc/self/status", text, sizeof(text)) < 0)
		return;
	for (at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		if (strncmp(at, name, length) == 0 && at[length] == ':') {
			at += length + 1;
			at += strspn(at, "\t ");
			snprintf(buffer, size, "%.*s", (int)strcspn(at, "\n"), at);
			return;
		}
	}
}

/* Map the caller's ids to INNER of the child in its new user namespace; from between(). */
static inline void trial_write_maps(struct trial *trial, unsigned inner, unsigned count)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", trial->run.pid);
	fd_write_file_at(AT_FDCWD, path, "deny");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", trial->run.pid);
	snprintf(text, sizeof(text), "%u %u %u", inner, geteuid(), count);
	assert_int_equal(fd_write_file_at(AT_FDCWD, path, text), 0);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", trial->run.pid);
	snprintf(text, sizeof(text), "%u %u %u", inner, getegid(), count);
	assert_int_equal(fd_write_file_at(AT_FDCWD, path, text), 0);
}

#endif
