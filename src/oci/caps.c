/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The five capability sets of process.capabilities, as they are given; without the object there is
 * nothing in any of them.
 *
 * What cannot be given is left out with a warning and no failure, as the runtime-spec has it: a name
 * that this kernel does not know, one that the caller itself lacks (a user namespace of the
 * container's own has them all), and what the kernel's rules between the sets exclude:
 *
 *   effective    within permitted
 *   inheritable  within bounding
 *   ambient      within permitted and inheritable. Inheritable is never filled for its sake
 *
 * The order is that of caps/caps.c: the bounding set is reduced first, the capabilities are kept over
 * the change of ids, and the rest goes last. Without no_new_privs the filter needs CAP_SYS_ADMIN in
 * the effective set, which a change of ids has emptied: it is filled again for that while.
 */

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "base/buf.h"
#include "base/error.h"
#include "caps/names.h"
#include "caps/steps.h"
#include "kernel/syscalls.h"
#include "oci/config.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_caps;

struct caps_part {
	/* Gathered: the last one of this kernel, and those of a caller who has to give of its own. */
	unsigned last;
	uint64_t bounding, permitted;
	/* Settled: what the container gets. */
	struct oci_caps sets;
};

static int run_bound(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct caps_part *args = step->args;

	(void)run;
	for (unsigned i = 0; i <= args->last; i++)
		if (!(args->sets.bounding & CAPS_BIT(i)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return error_raw(error, -errno, "prctl(PR_CAPBSET_DROP)", caps_name(i));
	return 0;
}

static void tell_bound(const struct step *step, struct buf *text)
{
	const struct caps_part *args = step->args;

	caps_tell(args->sets.bounding, args->last, text);
}

static void advise_bound(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EPERM)
		error_why(error, "the runtime has no CAP_SETPCAP, and the container no user namespace");
}

static const struct step_kind kind_bound = {
	.name = "bound-caps",
	.what = "reduce the capability bounding set",
	.calls = "prctl(PR_CAPBSET_DROP)",
	.run = run_bound,
	.tell = tell_bound,
	.advise = advise_bound,
};

static int run_set(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct caps_part *args = step->args;
	const struct oci_caps *sets = &args->sets;
	const struct kernel_caps caps = {
		.effective = sets->effective,
		.permitted = sets->permitted,
		.inheritable = sets->inheritable,
	};
	int r = sys_capset(&caps);

	(void)run;
	if (r < 0)
		return error_raw(error, r, "capset", NULL);
	/* Those of the caller that are not permitted and inheritable any more went with that. */
	if (sets->inheritable & sets->permitted & ~sets->ambient &&
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl(PR_CAP_AMBIENT)", NULL);
	for (unsigned i = 0; i <= args->last; i++)
		if (sets->ambient & CAPS_BIT(i) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return error_raw(error, -errno, "prctl(PR_CAP_AMBIENT)", caps_name(i));
	return 0;
}

static void tell_set(const struct step *step, struct buf *text)
{
	const struct caps_part *args = step->args;

	buf_puts(text, "effective: ");
	caps_tell(args->sets.effective, args->last, text);
	buf_puts(text, "; ambient: ");
	caps_tell(args->sets.ambient, args->last, text);
}

static void advise_set(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EPERM)
		error_why(error, "the securebits that the runtime was started with forbid it");
}

static const struct step_kind kind_set = {
	.name = "set-caps",
	.what = "set the capabilities",
	.calls = "capset, prctl(PR_CAP_AMBIENT)",
	.run = run_set,
	.tell = tell_set,
	.advise = advise_set,
};

/* The number of the last capability of this kernel: mostly the one that this was built with. */
static unsigned last_of_kernel(void)
{
	unsigned last = CAP_LAST_CAP;

	while (last < 63 && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	while (last > 0 && prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	return last;
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct caps_part *part = spec_part(spec, &feature_oci_caps);
	const struct oci_caps *wanted = &spec->oci->process.caps;
	struct kernel_caps own;
	int r;

	(void)facts;
	part->last = last_of_kernel();
	if (oci_has_ns(spec->oci, NS_USER, NULL))
		return 0;
	r = sys_capget(&own);
	if (r < 0)
		return fail_call(error, r, "look at the caller's capabilities", "capget", NULL);
	part->permitted = own.permitted;
	for (unsigned i = 0; i <= part->last; i++)
		if ((wanted->bounding | wanted->inheritable) & CAPS_BIT(i) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) > 0)
			part->bounding |= CAPS_BIT(i);
	return 0;
}

static uint64_t every(const struct caps_part *part)
{
	return part->last < 63 ? CAPS_BIT(part->last + 1) - 1 : CAPS_EVERY;
}

/* Reduce *SET to LIMIT, and say what that took away. */
static void reduce(struct plan *plan, uint64_t *set, uint64_t limit, const char *name, const char *why)
{
	cleanup_buf struct buf text = { 0 };

	if (*set & ~limit) {
		caps_tell(*set & ~limit, 63, &text);
		plan_note(plan, "process.capabilities.%s: %s is left out: %s", name, buf_text(&text), why);
	}
	*set &= limit;
}

static void note_unknown(struct plan *plan, const struct oci_strings *names)
{
	cleanup_buf struct buf text = { 0 };

	for (size_t i = 0; i < names->n; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", names->list[i]);
	if (names->n)
		plan_note(plan, "process.capabilities: ignoring unknown or unavailable capabilities: %s",
			  buf_text(&text));
}

static int settle(struct plan *plan, struct inro_error *error)
{
	static const char lacking[] = "the runtime itself does not have it";
	struct caps_part *part = spec_part(plan->spec, &feature_oci_caps);
	bool own_user = (plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_USER);
	struct oci_caps *sets = &part->sets;

	(void)error;
	*sets = plan->spec->oci->process.caps;
	note_unknown(plan, &sets->unknown);
	reduce(plan, &sets->bounding, own_user ? every(part) : part->bounding, "bounding", lacking);
	reduce(plan, &sets->permitted, own_user ? every(part) : part->permitted, "permitted", lacking);
	reduce(plan, &sets->effective, sets->permitted, "effective", "it is not permitted");
	reduce(plan, &sets->inheritable, sets->bounding, "inheritable", "it is not in the bounding set");
	reduce(plan, &sets->ambient, sets->permitted & sets->inheritable, "ambient",
	       "it is not permitted and inheritable");
	plan->settled.caps = sets->permitted | sets->bounding;
	return 0;
}

/* Nothing is to be kept for an ordinary caller, who has nothing. */
static bool must_keep(const struct plan *plan, const struct caps_part *part)
{
	const struct oci_caps *sets = &part->sets;

	return plan->settled.uid != 0 && (sets->permitted | sets->inheritable || !plan->settled.no_new_privs);
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct caps_part *part = spec_part(plan->spec, &feature_oci_caps);
	const struct caps_part *args = arena_copy(&plan->arena, part, sizeof(*part));
	bool own_user = (plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_USER);

	if (!args)
		return fail_memory(error);
	/* Without the right to reduce it no_new_privs does the same service. */
	if ((every(part) & ~part->sets.bounding) &&
	    (own_user || part->permitted & CAPS_BIT(CAP_SETPCAP) || !plan->settled.no_new_privs))
		plan_add(plan, STAGE_BOUND, &kind_bound, NULL, "what is not in it can never be gained again", args);
	if (must_keep(plan, part))
		plan_add(plan, STAGE_BOUND, &kind_keep_caps, NULL, "root that turns somebody else loses them", NULL);
	if (plan->settled.uid != 0 && !plan->settled.no_new_privs)
		plan_add(plan, STAGE_DEATH, &kind_raise_caps, NULL,
			 "without no_new_privs the seccomp filter needs CAP_SYS_ADMIN", NULL);
	plan_add(plan, STAGE_CAPS, &kind_set, NULL, "as process.capabilities has them", args);
	return 0;
}

const struct feature feature_oci_caps = {
	.name = "oci_caps",
	.spec_size = sizeof(struct caps_part),
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
