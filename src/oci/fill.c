/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From config.json to the parts of the spec that the features shared with `inro run` read: which
 * namespaces, whose ids, the names. The spec is bare, so that nothing is implied which config.json
 * does not say.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "ns/kind.h"
#include "oci/start.h"
#include "plan/feature.h"
#include "plan/spec.h"

int oci_fill_option(struct spec *spec, const char *name, const char *value, struct inro_error *error)
{
	for (size_t i = 0; i < spec->n_parts; i++) {
		const struct feature *feature = spec->parts[i].feature;
		const struct option_row *row = option_find(feature->options, feature->n_options, name);

		if (row)
			return row->set(spec, value, error);
	}
	return fail_usage(error, name, "is no option of a feature here");
}

static int fill_namespaces(struct spec *spec, const struct oci_linux *linux_, struct inro_error *error)
{
	cleanup_buf struct buf list = { 0 };

	for (size_t i = 0; i < linux_->n_namespaces; i++) {
		const struct oci_namespace *namespace = &linux_->namespaces[i];
		struct spec_join *join;

		if (!namespace->path) {
			buf_printf(&list, "%s%s", list.used ? "," : "", ns_kind_name(namespace->kind));
			continue;
		}
		join = arena_grow(&spec->arena, &spec->ns.joins, &spec->ns.n_joins, sizeof(*join));
		if (!join)
			return fail_memory(error);
		*join = (struct spec_join){
			.kind = namespace->kind,
			.target = namespace->path,
			.fd = -EBADF,
			.field = arena_printf(&spec->arena, "linux.namespaces[%zu].path", i),
		};
		if (!join->field)
			return fail_memory(error);
	}
	return oci_fill_option(spec, "ns", list.used ? buf_text(&list) : "none", error);
}

static int fill_offset(struct spec *spec, const char *clock, const struct oci_time_offset *offset,
		       struct inro_error *error)
{
	long long seconds = offset->seconds, nano = offset->nanoseconds;
	char text[64];

	if (!offset->set)
		return 0;
	/* The document's nanoseconds count forward, as the kernel's do; a span has one sign for both. */
	if (seconds < 0 && nano > 0) {
		seconds++;
		nano = 1000000000 - nano;
		snprintf(text, sizeof(text), "-%llds%lldns", -seconds, nano);
	} else {
		snprintf(text, sizeof(text), "%llds%lldns", seconds, nano);
	}
	return oci_fill_option(spec, clock, text, error);
}

/*
 * The offsets of a time namespace are fixed once somebody is in it. So beside one that is joined they
 * have no effect, as with runc, whose callers write the same configuration for both.
 */
static int fill_offsets(struct spec *spec, const struct oci_config *config, struct inro_error *error)
{
	const struct oci_linux *linux_ = &config->linux_;
	const char *joined = NULL;
	int r;

	if (!linux_->boottime.set && !linux_->monotonic.set)
		return 0;
	if (oci_has_ns(config, NS_TIME, &joined) && joined) {
		oci_warn(config->start->call, "linux.timeOffsets are left out: the time namespace is joined, and "
			 "has its own");
		return 0;
	}
	r = fill_offset(spec, "boottime", &linux_->boottime, error);
	return r < 0 ? r : fill_offset(spec, "monotonic", &linux_->monotonic, error);
}

static void fill_maps(struct spec *spec, const struct oci_config *config)
{
	const struct oci_linux *linux_ = &config->linux_;
	struct spec_ids *ids = &spec->ids;

	ids->mode = linux_->uids.n ? MAP_RANGES : MAP_DEFAULT;
	ids->uids = linux_->uids.list;
	ids->n_uids = linux_->uids.n;
	ids->gids = linux_->gids.list;
	ids->n_gids = linux_->gids.n;
}

int oci_fill(struct spec *spec, const struct oci_config *config, struct inro_error *error)
{
	const struct oci_linux *linux_ = &config->linux_;
	int r;

	spec->oci = config;
	spec->bare = true;
	spec->tty = TTY_NONE;
	spec->name = config->start->id;
	spec->process.host_env = (const char *const *)environ;
	r = fill_namespaces(spec, linux_, error);
	fill_maps(spec, config);
	if (r == 0)
		r = fill_offsets(spec, config, error);
	if (r == 0 && config->hostname)
		r = oci_fill_option(spec, "hostname", config->hostname, error);
	if (r == 0 && config->domainname)
		r = oci_fill_option(spec, "domainname", config->domainname, error);
	return r < 0 ? r : oci_fill_process(spec, config, error);
}
