/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The container dies with inro. PR_SET_PDEATHSIG asks the kernel for a SIGKILL at the parent's
 * death, which PID 1 cannot ignore since it comes from outside of its namespace.
 *
 * Two traps. A change of ids or of capabilities clears the setting without a word: so it is made
 * twice, first thing in the child and again once the ids are those of the command. And a parent
 * that died before the call sends nothing any more; getppid(2) cannot tell, for it is 0 in a new
 * PID namespace in any case. So after each the child looks at its end of the channel: it is hung up
 * exactly when the parent's end is gone, which nobody else holds.
 *
 * inro's own init is left out of it: it watches the channel itself, and gives what runs in it a
 * moment to end before the kernel kills the rest. For it the setting is taken back.
 *
 * The signal comes when the *thread* dies that cloned the child, which is why containers are to be
 * started from a thread that stays.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/parse.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_death;

struct death_spec {
	bool off;
};

static int run_die_with_parent(struct run *run, const struct step *step, struct inro_error *error)
{
	struct pollfd channel = { .fd = run_fd(run, SLOT_CHANNEL), .events = POLLRDHUP };
	int n;

	(void)step;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl", NULL);
	do
		n = poll(&channel, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_raw(error, -errno, "poll", NULL);
	if (channel.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL))
		return error_raw(error, -ECHILD, NULL, NULL);
	return 0;
}

/* A parent that dies from here on is seen by init, which has the channel. */
static int run_leave_to_init(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run;
	(void)step;
	return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0 ? error_raw(error, -errno, "prctl", NULL) : 0;
}

static void advise_die_with_parent(const struct step *step, const struct plan *plan,
				   struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == ECHILD)
		error_why(error, "inro itself has ended meanwhile");
}

static const struct step_kind kind_die_with_parent = {
	.name = "die-with-parent",
	.what = "tie its life to inro's",
	.calls = "prctl(PR_SET_PDEATHSIG), poll",
	.run = run_die_with_parent,
	.advise = advise_die_with_parent,
};

static const struct step_kind kind_leave_to_init = {
	.name = "leave-to-init",
	.what = "leave it to inro's init to end with inro",
	.calls = "prctl(PR_SET_PDEATHSIG)",
	.run = run_leave_to_init,
};

static int set_die_with_parent(void *object, const char *value, struct inro_error *error)
{
	struct death_spec *part = spec_part(object, &feature_death);
	bool on;

	if (parse_bool(value, &on) < 0)
		return fail_usage(error, "--die-with-parent", "'%s' is neither yes nor no", value);
	part->off = !on;
	return 0;
}

static const struct option_row options[] = {
	{
		.name = "die-with-parent",
		.form = OPTION_FLAG,
		.help = "the container ends when inro does (on)",
		.section = "Life",
		.set = set_die_with_parent,
		.detail = "With --no-die-with-parent a container whose inro was killed runs on, and nobody "
			  "enforces its limits of time or takes its exit status.",
		.rare = true,
	},
};

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct death_spec *part = spec_part(plan->spec, &feature_death);

	(void)error;
	if (part->off)
		return 0;
	plan_add(plan, STAGE_GUARD, &kind_die_with_parent, NULL, "no container outlives its inro", NULL);
	if (plan->spec->process.init)
		plan_add(plan, STAGE_DEATH, &kind_leave_to_init, NULL, "it sees inro go, and drains first", NULL);
	else
		plan_add(plan, STAGE_DEATH, &kind_die_with_parent, NULL, "the change of ids has cleared it", NULL);
	return 0;
}

const struct feature feature_death = {
	.name = "death",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct death_spec),
	.resolve = resolve,
};
