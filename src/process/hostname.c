/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The host name and the NIS domain name of a UTS namespace that is new or joined. Without --hostname
 * a new one has the host's, of which it is a copy, and a joined one keeps its own. With it the name
 * changes for all who are in it, so it must not be the caller's own.
 *
 * The child sets them. But where it has a user namespace of its own, it has no right over a UTS
 * namespace that is joined: then the parent does it, which is in there for the clone anyway.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_hostname;

enum { NAME_MAX_LENGTH = 64 }; /* __NEW_UTS_LEN of the kernel */

struct hostname_spec {
	const char *host, *domain;
};

struct hostname_args {
	const char *name;
	size_t length;
};

static int run_sethostname(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct hostname_args *args = step->args;

	(void)run;
	if (sethostname(args->name, args->length) < 0)
		return error_raw(error, -errno, "sethostname", args->name);
	return 0;
}

static int run_setdomainname(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct hostname_args *args = step->args;

	(void)run;
	if (setdomainname(args->name, args->length) < 0)
		return error_raw(error, -errno, "setdomainname", args->name);
	return 0;
}

static void advise_name(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	if (error->code == EPERM && plan->settled.ns_join & NS_BIT(NS_UTS))
		error_why(error, "it takes CAP_SYS_ADMIN in the user namespace that owns the joined UTS namespace");
}

static const struct step_kind kind_sethostname = {
	.name = "set-hostname",
	.what = "set the host name to",
	.calls = "sethostname",
	.run = run_sethostname,
	.advise = advise_name,
};

static const struct step_kind kind_setdomainname = {
	.name = "set-domainname",
	.what = "set the NIS domain name to",
	.calls = "setdomainname",
	.run = run_setdomainname,
	.advise = advise_name,
};

static int set_name(struct spec *spec, const char *option, const char *value, const char **ret,
		    struct inro_error *error)
{
	if (strlen(value) > NAME_MAX_LENGTH)
		return fail_usage(error, option, "'%s' is longer than the kernel's %d bytes", value,
				  NAME_MAX_LENGTH);
	*ret = arena_strdup(&spec->arena, value);
	return *ret ? 0 : fail_memory(error);
}

static int set_hostname(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct hostname_spec *part = spec_part(spec, &feature_hostname);

	return set_name(spec, "--hostname", value, &part->host, error);
}

static int set_domainname(void *object, const char *value, struct inro_error *error)
{
	struct spec *spec = object;
	struct hostname_spec *part = spec_part(spec, &feature_hostname);

	return set_name(spec, "--domainname", value, &part->domain, error);
}

static const struct option_row options[] = {
	{
		.name = "hostname",
		.form = OPTION_VALUE,
		.argument = "NAME",
		.help = "host name inside",
		.section = "Namespaces",
		.set = set_hostname,
		.aliases = "uts-name",
		.detail = "With --join uts=TARGET the name of that namespace changes, for all who are in it.",
	},
	{
		.name = "domainname",
		.form = OPTION_VALUE,
		.argument = "NAME",
		.help = "NIS domain name inside",
		.section = "Namespaces",
		.set = set_domainname,
		.rare = true,
	},
};

/* As who asked for it wrote it: config.json has a field of the same name. */
static const char *word(const struct plan *plan, const char *option)
{
	return plan->spec->oci ? option + 2 : option;
}

static int add_name(struct plan *plan, const struct step_kind *kind, const char *option,
		    const char *name, struct inro_error *error)
{
	const bool joined = plan->settled.ns_join & NS_BIT(NS_UTS);
	const bool by_parent = joined && plan->settled.ns_new & NS_BIT(NS_USER);
	struct hostname_args *args;

	if (!name)
		return 0;
	if (!joined && !(plan->settled.ns_new & NS_BIT(NS_UTS)))
		return fail_usage(error, word(plan, option), "takes a UTS namespace, new (--ns with uts) or joined");
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->name = name;
	args->length = strlen(name);
	plan_add(plan, by_parent ? STAGE_ENTER : STAGE_SYSTEM, kind, name,
		 joined ? "asked for, of the UTS namespace that is joined" : "asked for", args);
	return 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct hostname_spec *part = spec_part(plan->spec, &feature_hostname);

	(void)error;
	if (part->host || part->domain)
		plan->settled.changed[NS_UTS] = word(plan, part->host ? "--hostname" : "--domainname");
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct hostname_spec *part = spec_part(plan->spec, &feature_hostname);
	int r = add_name(plan, &kind_sethostname, "--hostname", part->host, error);

	return r < 0 ? r : add_name(plan, &kind_setdomainname, "--domainname", part->domain, error);
}

const struct feature feature_hostname = {
	.name = "hostname",
	FEATURE_OPTIONS(options),
	.spec_size = sizeof(struct hostname_spec),
	.settle = settle,
	.resolve = resolve,
};
