/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Nothing is claimed here by itself. Words come from the tables that config.json is read with, the
 * options of mounts from theirs, and a subject is there where features.def has the feature that does
 * it. Only the filter flags are asked of the kernel, as the spec has it.
 */
#include "oci/features_text.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "caps/names.h"
#include "kernel/syscalls.h"
#include "oci/cgroup_systemd.h"
#include "oci/json_out.h"
#include "oci/mount_options.h"
#include "oci/read_parts.h"

#define FEATURE(name) #name,
static const char *const features[] = {
#include "oci/features.def"
};
#undef FEATURE

static bool has(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (strcmp(features[i], name) == 0)
			return true;
	return false;
}

static void open_object(struct buf *text, const char *key)
{
	json_out_key(text, key);
	buf_puts(text, "{");
}

static void close_object(struct buf *text)
{
	buf_puts(text, "}");
}

static void add_enabled(struct buf *text, const char *key, const char *feature)
{
	open_object(text, key);
	json_out_bool(text, "enabled", has(feature));
	close_object(text);
}

static void add_words(struct buf *text, const char *key, const struct words *words)
{
	bool first = true;

	json_out_key(text, key);
	buf_puts(text, "[");
	for (size_t i = 0; i < words->n; i++) {
		buf_puts(text, first ? "" : ",");
		first = false;
		json_out_string(text, words->list[i].word);
	}
	buf_puts(text, "]");
}

static void add_capabilities(struct buf *text)
{
	json_out_key(text, "capabilities");
	buf_puts(text, "[");
	for (unsigned i = 0; caps_name(i); i++) {
		buf_puts(text, i ? "," : "");
		json_out_string(text, caps_name(i));
	}
	buf_puts(text, "]");
}

static void add_cgroup(struct buf *text)
{
	const bool cgroups = has("oci_cgroup");

	open_object(text, "cgroup");
	json_out_bool(text, "v1", cgroups);
	json_out_bool(text, "v2", cgroups);
	json_out_bool(text, "systemd", cgroups && oci_systemd_installed());
	json_out_bool(text, "systemdUser", cgroups && oci_systemd_installed());
	json_out_bool(text, "rdma", cgroups);
	close_object(text);
}

/*
 * A flag that the kernel does not know is EINVAL, before it looks at the program, which is not there:
 * EFAULT. One of them goes with a listener only.
 */
static bool kernel_has_flag(uint32_t flag)
{
	uint32_t more = flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;

	return sys_seccomp(SECCOMP_SET_MODE_FILTER, flag | more, NULL) == -EFAULT;
}

static void add_supported_flags(struct buf *text)
{
	bool first = true;

	json_out_key(text, "supportedFlags");
	buf_puts(text, "[");
	for (size_t i = 0; i < oci_seccomp_flags.n; i++) {
		if (!kernel_has_flag((uint32_t)oci_seccomp_flags.list[i].value))
			continue;
		buf_puts(text, first ? "" : ",");
		first = false;
		json_out_string(text, oci_seccomp_flags.list[i].word);
	}
	buf_puts(text, "]");
}

static void add_seccomp(struct buf *text)
{
	open_object(text, "seccomp");
	json_out_bool(text, "enabled", has("oci_seccomp"));
	add_words(text, "actions", &oci_seccomp_actions);
	add_words(text, "operators", &oci_seccomp_operators);
	add_words(text, "archs", &oci_seccomp_arches);
	add_words(text, "knownFlags", &oci_seccomp_flags);
	add_supported_flags(text);
	close_object(text);
}

static void add_rdt(struct buf *text)
{
	const bool rdt = has("oci_rdt");

	open_object(text, "intelRdt");
	json_out_bool(text, "enabled", rdt);
	json_out_bool(text, "schemata", rdt);
	json_out_bool(text, "monitoring", rdt);
	close_object(text);
}

static void add_memory_policy(struct buf *text)
{
	if (!has("oci_memory_policy"))
		return;
	open_object(text, "memoryPolicy");
	add_words(text, "modes", &oci_memory_modes);
	add_words(text, "flags", &oci_memory_flags);
	close_object(text);
}

static void add_linux(struct buf *text)
{
	open_object(text, "linux");
	add_words(text, "namespaces", &oci_ns_words);
	add_capabilities(text);
	add_cgroup(text);
	add_seccomp(text);
	add_enabled(text, "apparmor", "oci_lsm");
	add_enabled(text, "selinux", "oci_lsm");
	add_rdt(text);
	add_memory_policy(text);
	open_object(text, "mountExtensions");
	add_enabled(text, "idmap", "oci_root");
	close_object(text);
	add_enabled(text, "netDevices", "oci_net_devices");
	close_object(text);
}

int oci_features_text(struct arena *arena, struct buf *text)
{
	static const char *const hooks[] = {
		"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
	};
	static const struct oci_annotation annotations[] = { { "org.inro.version", INRO_VERSION } };
	/* With a dot at the end it is all that begin so. */
	static const char *const unsafe[] = { "org.systemd.property." };
	const struct oci_strings unsafe_words = { unsafe, ARRAY_SIZE(unsafe) };
	const struct oci_strings hook_words = { hooks, has("oci_hooks") ? ARRAY_SIZE(hooks) : 0 };
	struct oci_strings options;
	int r = oci_mount_option_words(arena, &options);

	if (r < 0)
		return r;
	buf_puts(text, "{");
	json_out_text(text, "ociVersionMin", "1.0.0");
	json_out_text(text, "ociVersionMax", "1.3.0");
	json_out_strings(text, "hooks", &hook_words);
	json_out_strings(text, "mountOptions", &options);
	add_linux(text);
	json_out_annotations(text, annotations, ARRAY_SIZE(annotations));
	json_out_strings(text, "potentiallyUnsafeConfigAnnotations", &unsafe_words);
	buf_puts(text, "}");
	return text->failed ? -ENOMEM : 0;
}
