/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Capabilities. The command has none, unless it is given some: --cap-add and --cap-drop change an
 * empty set, in the order in which they were said.
 *
 * Of the kernel's five sets, the bounding set is reduced first, while the child may still do that;
 * what is not in it cannot come back by executing anything, whoever one is. Then the ids change,
 * which for root that turns somebody else would clear the permitted set, so it is told to keep it
 * where it is still needed. The rest goes last:
 *
 *   permitted, effective  the command's capabilities
 *   inheritable           empty for root. It is never filled implicitly: what is in it goes to
 *                         programs that carry file capabilities, whoever executes them
 *   ambient               for anybody but root, the command's capabilities, since execve(2) would
 *                         drop them otherwise; they must then be inheritable, too
 *
 * Root needs no ambient set: for it execve(2) fills permitted up from the bounding set, which by
 * then holds the command's capabilities and nothing else. Where the bounding set cannot be reduced
 * (no user namespace, no CAP_SETPCAP), no_new_privs does the same service, and is required.
 *
 * In a new user namespace, or one that is joined, the child starts with all of them, valid for what
 * that namespace owns. Without one it has those of inro, and cannot be given others.
 *
 * After a change of ids the effective set is empty, though the filter that goes in without
 * no_new_privs needs CAP_SYS_ADMIN in it: raise-caps fills it again for that while.
 */

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>

#include "base/buf.h"
#include "base/parse.h"
#include "caps/names.h"
#include "caps/steps.h"
#include "kernel/syscalls.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_caps;

/* One word of --cap-add or --cap-drop. */
struct cap_change {
	bool add, all;
	uint64_t set;
};

struct caps_spec {
	struct cap_change *changes;
	size_t n;
	/* Gathered: what this kernel knows, and what the caller's bounding set leaves. */
	unsigned last;
	uint64_t bounding;
	/* Settled. */
	uint64_t owned;
};

struct caps_args {
	uint64_t set;
	unsigned last;
	uint64_t drop; /* from the bounding set */
	bool ambient;
};

static int run_bound(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct caps_args *args = step->args;

	(void)run;
	for (unsigned i = 0; i <= args->last; i++)
		if (args->drop & CAPS_BIT(i) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return error_raw(error, -errno, "prctl(PR_CAPBSET_DROP)", caps_name(i));
	return 0;
}

static void tell_set(const struct step *step, struct buf *text)
{
	const struct caps_args *args = step->args;

	caps_tell(args->set, args->last, text);
}

static const struct step_kind kind_bound = {
	.name = "bound-caps",
	.what = "reduce the capability bounding set",
	.calls = "prctl(PR_CAPBSET_DROP)",
	.run = run_bound,
	.tell = tell_set,
};

static int run_keep(struct run *run, const struct step *step, struct inro_error *error)
{
	(void)run;
	(void)step;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_raw(error, -errno, "prctl(PR_SET_KEEPCAPS)", NULL);
	return 0;
}

const struct step_kind kind_keep_caps = {
	.name = "keep-caps",
	.what = "keep capabilities over the change of ids",
	.calls = "prctl(PR_SET_KEEPCAPS)",
	.run = run_keep,
};

static int run_raise(struct run *run, const struct step *step, struct inro_error *error)
{
	struct kernel_caps caps;
	int r = sys_capget(&caps);

	(void)run;
	(void)step;
	if (r < 0)
		return error_raw(error, r, "capget", NULL);
	caps.effective = caps.permitted;
	r = sys_capset(&caps);
	return r < 0 ? error_raw(error, r, "capset", NULL) : 0;
}

const struct step_kind kind_raise_caps = {
	.name = "raise-caps",
	.what = "make the kept capabilities effective again",
	.calls = "capget, capset",
	.run = run_raise,
};

static int run_drop(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct caps_args *args = step->args;
	const struct kernel_caps caps = {
		.effective = args->set,
		.permitted = args->set,
		.inheritable = args->ambient ? args->set : 0,
	};
	int r = sys_capset(&caps);

	(void)run;
	if (r < 0)
		return error_raw(error, r, "capset", NULL);
	/* Ambient capabilities that are not both permitted and inheritable are gone already. */
	for (unsigned i = 0; i <= args->last && args->ambient; i++)
		if (args->set & CAPS_BIT(i) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return error_raw(error, -errno, "prctl(PR_CAP_AMBIENT)", caps_name(i));
	return 0;
}

static void tell_drop(const struct step *step, struct buf *text)
{
	const struct caps_args *args = step->args;

	tell_set(step, text);
	if (args->ambient)
		buf_puts(text, "; ambient, since its user is not root");
}

static void advise_drop(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code != EPERM)
		return;
	if (strstr(error->call, "AMBIENT"))
		error_why(error,
			  "the securebits that inro was started with forbid ambient capabilities");
	else
		error_why(error, "inro's own permitted or bounding set lacks one of them");
	error_hint(
		error,
		"see CapPrm and CapBnd in /proc/self/status, and capsh --print for the securebits");
}

static const struct step_kind kind_drop = {
	.name = "set-caps",
	.what = "set the command's capabilities",
	.calls = "capset, prctl(PR_CAP_AMBIENT)",
	.run = run_drop,
	.tell = tell_drop,
	.advise = advise_drop,
};

static void init(void *part)
{
	struct caps_spec *spec = part;

	spec->last = CAP_LAST_CAP;
	spec->bounding = CAPS_EVERY;
}

static int unknown(const char *option, const char *word, struct inro_error *error)
{
	const char *nearest = caps_nearest(word);

	fail_usage(error, option, "there is no capability '%s'", word);
	if (nearest)
		error_hint(error, "did you mean %s?", nearest);
	else
		error_hint(error, "capabilities(7) lists them; ALL stands for all of them");
	return -EINVAL;
}

static int change(struct spec *spec, const char *option, bool add, const char *value,
		  struct inro_error *error)
{
	struct caps_spec *part = spec_part(spec, &feature_caps);
	struct cap_change parsed = { .add = add }, *added;
	char **words;
	size_t n;

	if (parse_list(&spec->arena, value, ',', &words, &n) < 0)
		return fail_memory(error);
	if (n == 0)
		return fail_usage(error, option, "names no capability");
	for (size_t i = 0; i < n; i++) {
		int number = caps_find(words[i], strlen(words[i]));

		if (strcasecmp(words[i], "ALL") == 0)
			parsed.all = true;
		else if (number < 0)
			return unknown(option, words[i], error);
		else
			parsed.set |= CAPS_BIT(number);
	}
	added = arena_grow(&spec->arena, &part->changes, &part->n, sizeof(*added));
	if (!added)
		return fail_memory(error);
	*added = parsed;
	return 0;
}

static int set_cap_add(void *object, const char *value, struct inro_error *error)
{
	return change(object, "--cap-add", true, value, error);
}

static int set_cap_drop(void *object, const char *value, struct inro_error *error)
{
	return change(object, "--cap-drop", false, value, error);
}

static const struct option_row options[] = {
	{
		.name = "cap-add",
		.form = OPTION_VALUE,
		.argument = "LIST",
		.help = "give capabilities: NET_RAW,CHOWN,… or ALL",
		.section = "Security",
		.set = set_cap_add,
		.detail =
			"It has none otherwise. In a user namespace of its own they count for "
			"what that namespace owns, not for the host. Names in any case, with or "
			"without CAP_; --cap-add and --cap-drop count in the order in which they "
			"are given.",
		.repeats = true,
	},
	{
		.name = "cap-drop",
		.form = OPTION_VALUE,
		.argument = "LIST",
		.help = "take capabilities away again",
		.section = "Security",
		.set = set_cap_drop,
		.repeats = true,
	},
};

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct caps_spec *part = spec_part(spec, &feature_caps);
	uint64_t bounding = 0;
	unsigned i;

	(void)facts;
	(void)error;
	for (i = 0; i < 64; i++) {
		int r = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		if (r < 0)
			break;
		if (r > 0)
			bounding |= CAPS_BIT(i);
	}
	part->last = i ? i - 1 : 0;
	part->bounding = bounding;
	return 0;
}

static bool in_user_namespace(const struct plan *plan)
{
	return (plan->settled.ns_new | plan->settled.ns_join) & NS_BIT(NS_USER);
}

static uint64_t known(const struct caps_spec *part)
{
	return part->last < 63 ? CAPS_BIT(part->last + 1) - 1 : CAPS_EVERY;
}

static int refuse(const struct plan *plan, const struct caps_spec *part, uint64_t missing,
		  struct inro_error *error)
{
	cleanup_buf struct buf text = { 0 };

	caps_tell(missing, 63, &text);
	if (missing & ~known(part))
		return fail_usage(error, "--cap-add", "this kernel's last capability is number %u",
				  part->last);
	fail_host(error, INRO_ERROR_DENIED, -EPERM, "--cap-add",
		  "inro itself does not have %s, and without a user namespace it cannot give it",
		  buf_text(&text));
	error_hint(error, "%s",
		   plan->facts->uid == 0 ?
			   "start inro with it, or with a user namespace (--ns with user)" :
			   "let the container have a user namespace (--ns with user)");
	return -EPERM;
}

/* Whether a set was asked for at all; with nothing implied, it is left alone otherwise. */
static bool untouched(const struct plan *plan, const struct caps_spec *part)
{
	return plan->spec->bare && part->n == 0;
}

/*
 * A container inside needs no capability of the one around it but one: id 0 may be mapped, be it to
 * itself alone, only by somebody with CAP_SETFCAP.
 */
static uint64_t implied_caps(const struct plan *plan)
{
	return plan->spec->nestable && in_user_namespace(plan) && plan->settled.uid == 0 ?
		       CAPS_BIT(CAP_SETFCAP) : 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	struct caps_spec *part = spec_part(plan->spec, &feature_caps);
	bool implied = !plan->spec->bare;
	uint64_t set;

	part->owned = in_user_namespace(plan) ? known(part) : plan->facts->caps & part->bounding;
	set = implied ? implied_caps(plan) : part->owned;
	for (size_t i = 0; i < part->n; i++) {
		const struct cap_change *one = &part->changes[i];

		if (one->add)
			set |= one->set | (one->all ? part->owned : 0);
		else
			set = one->all ? 0 : set & ~one->set;
	}
	if (set & ~part->owned)
		return refuse(plan, part, set & ~part->owned, error);
	plan->settled.caps = set;
	return 0;
}

/* The bounding set, or why it need not be touched. */
static int add_bound(struct plan *plan, const struct caps_spec *part, struct caps_args *args,
		     struct inro_error *error)
{
	bool may = in_user_namespace(plan) || facts_has_cap(plan->facts, CAP_SETPCAP);
	uint64_t before = in_user_namespace(plan) ? known(part) : part->bounding & known(part);

	args->drop = before & ~args->set;
	if (!args->drop)
		return 0;
	if (may) {
		plan_add(plan, STAGE_BOUND, &kind_bound, NULL,
			 "what is not in it can never be gained again", args);
		return 0;
	}
	if (plan->settled.no_new_privs)
		return 0;
	fail_host(error, INRO_ERROR_DENIED, -EPERM, "--new-privs",
		  "without CAP_SETPCAP and without a user namespace the bounding set stays as it "
		  "is, and the command could gain capabilities again");
	error_hint(
		error,
		"leave --new-privs out, or let the container have a user namespace (--ns with "
		"user)");
	return -EPERM;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct caps_spec *part = spec_part(plan->spec, &feature_caps);
	const struct settled *settled = &plan->settled;
	cleanup_buf struct buf text = { 0 };
	struct caps_args *args;
	int r;

	if (untouched(plan, part))
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->set = settled->caps;
	args->last = part->last;
	args->ambient = settled->uid != 0 && settled->caps != 0;
	r = add_bound(plan, part, args, error);
	if (r < 0)
		return r;
	if (settled->uid != 0 && (settled->caps || !settled->no_new_privs))
		plan_add(plan, STAGE_BOUND, &kind_keep_caps, NULL,
			 "root that turns somebody else loses them", NULL);
	if (settled->uid != 0 && !settled->no_new_privs)
		plan_add(plan, STAGE_DEATH, &kind_raise_caps, NULL,
			 "without no_new_privs the seccomp filter needs CAP_SYS_ADMIN", NULL);
	plan_add(plan, STAGE_CAPS, &kind_drop, NULL,
		 part->n && settled->caps ? "asked for" :
		 settled->caps		  ? "what a container inside needs" :
					    "a command has none that it was not given",
		 args);
	caps_tell(settled->caps, part->last, &text);
	plan_applied(plan, "capabilities", "%s", buf_text(&text));
	return 0;
}

const struct feature feature_caps = {
	.name = "caps",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct caps_spec),
	.init = init,
	.gather = gather,
	.settle = settle,
	.resolve = resolve,
};
