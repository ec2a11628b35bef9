/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SMALL_PLAN_H
#define TEST_SMALL_PLAN_H

/*
 * Plans made by hand, of the engine's own frame (channel, clone, exec) and of steps that note that
 * they ran: for failing each of them in turn. Include after <cmocka.h>.
 */

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "engine/engine.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_command;

/* What the steps did, in memory that the child shares: their letters, in order. */
struct noted {
	char done[64];
	unsigned n;
};
static struct noted *noted;

static inline void note(char letter)
{
	noted->done[noted->n++] = letter;
}

/* A step notes its letter, and fails where its letter is a small one. */
static int run_letter(struct run *run, const struct step *step, struct inro_error *error)
{
	const char *letter = step->args;

	(void)run;
	note(*letter);
	if (*letter >= 'a' && *letter <= 'z')
		return error_raw(error, -ENOSPC, "frobnicate", "/obj");
	return 0;
}

static void undo_letter(struct run *run, const struct step *step)
{
	const char *letter = step->args;

	(void)run;
	note('-');
	note(*letter);
}

static void advise_letter(const struct step *step, const struct plan *plan,
			  struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == ENOSPC)
		error_hint(error, "make room");
}

static const struct step_kind kind_letter = {
	.name = "letter",
	.what = "note the letter",
	.run = run_letter,
	.undo = undo_letter,
	.advise = advise_letter,
};

/* Fails without a word. */
static int run_mute(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run, (void)step, (void)error;
	return -EIO;
}

static const struct step_kind kind_mute = { .name = "mute",
					    .what = "fail without a word",
					    .run = run_mute };

static int run_suicide(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run, (void)step, (void)error;
	kill(getpid(), SIGKILL);
	return 0;
}

static const struct step_kind kind_suicide = { .name = "suicide",
					       .what = "be killed",
					       .run = run_suicide };

static int run_exit(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run, (void)step, (void)error;
	_exit(3);
}

static const struct step_kind kind_exit = { .name = "exit", .what = "exit", .run = run_exit };

struct small {
	struct spec spec;
	struct facts facts;
	struct plan plan;
	struct run run;
	struct inro_error error;
};

static inline void small_init(struct small *small, const char *const args[])
{
	if (!noted)
		noted = mmap(NULL, sizeof(*noted), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(noted, MAP_FAILED);
	memset(noted, 0, sizeof(*noted));
	*small = (struct small){ .spec.process.args = args, .run.pidfd = -EBADF };
	small->plan.spec = &small->spec;
	small->plan.facts = &small->facts;
	assert_int_equal(feature_command.settle(&small->plan, &small->error), 0);
}

static inline struct step *small_add(struct small *small, enum stage stage, const char *letter)
{
	return plan_add(&small->plan, stage, &kind_letter, NULL, "a test", letter);
}

static inline void small_seal(struct small *small)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };

	if (!small->plan.settled.env)
		small->plan.settled.env = env;
	assert_int_equal(feature_command.resolve(&small->plan, &small->error), 0);
	assert_int_equal(plan_seal(&small->plan), 0);
	assert_int_equal(run_init(&small->run, &small->plan), 0);
}

static inline void small_deinit(struct small *small)
{
	run_deinit(&small->run);
	arena_deinit(&small->plan.arena);
	arena_deinit(&small->spec.arena);
}

static inline int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* No child is left, not even a zombie. */
static inline void expect_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#endif
