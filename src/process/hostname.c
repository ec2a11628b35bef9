/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The host name and the NIS domain name of a new UTS namespace. Without --hostname the name stays
 * that of the host, as a new UTS namespace copies it.
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

static const struct step_kind kind_sethostname = {
	.name = "set-hostname",
	.what = "set the host name to",
	.calls = "sethostname",
	.run = run_sethostname,
};

static const struct step_kind kind_setdomainname = {
	.name = "set-domainname",
	.what = "set the NIS domain name to",
	.calls = "setdomainname",
	.run = run_setdomainname,
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

static int add_name(struct plan *plan, const struct step_kind *kind, const char *option,
		    const char *name, struct inro_error *error)
{
	struct hostname_args *args;

	if (!name)
		return 0;
	if (!(plan->settled.ns_new & NS_BIT(NS_UTS)))
		return fail_usage(error, option, "needs a new UTS namespace (--ns with uts)");
	args = arena_alloc(&plan->arena, sizeof(*args));
	if (!args)
		return fail_memory(error);
	args->name = name;
	args->length = strlen(name);
	plan_add(plan, STAGE_SYSTEM, kind, name, "asked for", args);
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
	.resolve = resolve,
};
