/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The label of the command: process.apparmorProfile and process.selinuxLabel. The kernel takes it in
 * files of the process itself and applies it at its next exec. Keys that it makes have the SELinux
 * label, too, its session keyring first of all.
 *
 * The files are those of the procfs that the parent opened before anything of the container could be
 * seen; nothing on the container's own /proc leads there.
 *
 * A label that the host cannot apply ends the start: a container that somebody wanted confined must
 * not run unconfined. "unconfined" confines nothing, and so needs no AppArmor.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/config.h"
#include "oci/own_proc.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_lsm;

#ifndef SELINUX_MAGIC
#define SELINUX_MAGIC 0xf97cff8c
#endif

struct lsm_part {
	bool has_apparmor, has_selinux; /* gathered where they are asked for */
};

struct lsm_args {
	const char *text; /* as the file takes it */
	size_t size;
};

/* Podman knows the failure by the path, and that by the marks around it. */
#define MARKED(name) "`/proc/thread-self/" name "`"

static int run_apparmor(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct lsm_args *args = step->args;
	int r = oci_own_proc_write(run, "attr/apparmor/exec", args->text, args->size);

	/* Without a file of its own it is the one that the major module has. */
	if (r != -ENOENT)
		return r < 0 ? error_raw(error, r, "write", MARKED("attr/apparmor/exec")) : 0;
	r = oci_own_proc_write(run, "attr/exec", args->text, args->size);
	return r < 0 ? error_raw(error, r, "write", MARKED("attr/exec")) : 0;
}

static void advise_apparmor(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	if (error->code == ENOENT)
		error_why(error, "apparmor profile %s is not loaded", plan->spec->oci->process.apparmor_profile);
	else if (error->code == EACCES || error->code == EPERM)
		error_why(error, "the profile that the runtime itself has does not let it change to this one");
}

static const struct step_kind kind_apparmor = {
	.name = "apparmor",
	.what = "apply the apparmor profile",
	.calls = "readlinkat, openat2, write",
	.run = run_apparmor,
	.advise = advise_apparmor,
};

static void advise_selinux(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	if (error->code == EINVAL)
		error_why(error, "the policy does not have that label");
	else if (error->code == EACCES || error->code == EPERM)
		error_why(error, "the policy does not let the runtime use that label");
}

static int run_selinux_keys(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct lsm_args *args = step->args;
	int r = oci_own_proc_write(run, "attr/keycreate", args->text, args->size);

	return r < 0 ? error_raw(error, r, "write", MARKED("attr/keycreate")) : 0;
}

static const struct step_kind kind_selinux_keys = {
	.name = "selinux-keys",
	.what = "label the keys that it makes",
	.calls = "readlinkat, openat2, write",
	.run = run_selinux_keys,
	.advise = advise_selinux,
};

static int run_selinux(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct lsm_args *args = step->args;
	int r = oci_own_proc_write(run, "attr/exec", args->text, args->size);

	return r < 0 ? error_raw(error, r, "write", MARKED("attr/exec")) : 0;
}

static const struct step_kind kind_selinux = {
	.name = "selinux",
	.what = "apply the selinux label",
	.calls = "readlinkat, openat2, write",
	.run = run_selinux,
	.advise = advise_selinux,
};

/* ---- the plan ---- */

static bool confines(const char *profile)
{
	return profile && *profile && strcmp(profile, "unconfined") != 0;
}

static bool wants_label(const struct oci_process *process)
{
	return process->selinux_label && *process->selinux_label;
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct lsm_part *part = spec_part(spec, &feature_oci_lsm);
	const struct oci_process *process = &spec->oci->process;
	struct statfs fs;
	char text[8];

	(void)facts;
	(void)error;
	if (confines(process->apparmor_profile))
		part->has_apparmor = fd_read_file_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text,
						     sizeof(text)) > 0 &&
				     text[0] == 'Y';
	if (wants_label(process))
		part->has_selinux = statfs("/sys/fs/selinux", &fs) == 0 && (unsigned)fs.f_type == SELINUX_MAGIC;
	return 0;
}

static struct lsm_args *text_of(struct plan *plan, const char *prefix, const char *label, size_t more)
{
	struct lsm_args *args = arena_alloc(&plan->arena, sizeof(*args));
	const char *text = arena_printf(&plan->arena, "%s%s", prefix, label);

	if (!args || !text)
		return NULL;
	args->text = text;
	args->size = strlen(text) + more;
	return args;
}

static int add_apparmor(struct plan *plan, const char *profile, struct inro_error *error)
{
	const struct lsm_part *part = spec_part(plan->spec, &feature_oci_lsm);
	struct lsm_args *args = text_of(plan, "exec ", profile, 0);

	if (!args)
		return fail_memory(error);
	if (!part->has_apparmor)
		return fail_host(error, INRO_ERROR_HOST, -ENOTSUP, "process.apparmorProfile",
				 "apparmor: config provided but apparmor not supported");
	plan_add(plan, STAGE_SYSTEM, &kind_apparmor, profile, "process.apparmorProfile", args);
	return 0;
}

static int add_selinux(struct plan *plan, const char *label, struct inro_error *error)
{
	const struct lsm_part *part = spec_part(plan->spec, &feature_oci_lsm);
	struct lsm_args *args = text_of(plan, "", label, 1);

	if (!args)
		return fail_memory(error);
	if (!part->has_selinux)
		return fail_host(error, INRO_ERROR_HOST, -ENOTSUP, "process.selinuxLabel",
				 "selinux label is specified, but selinux is disabled or not supported");
	plan_add(plan, STAGE_SYSTEM, &kind_selinux_keys, label, "process.selinuxLabel", args);
	plan_add(plan, STAGE_SYSTEM, &kind_selinux, label, "process.selinuxLabel", args);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_process *process = &plan->spec->oci->process;
	int r = 0;

	if (confines(process->apparmor_profile))
		r = add_apparmor(plan, process->apparmor_profile, error);
	if (r == 0 && wants_label(process))
		r = add_selinux(plan, process->selinux_label, error);
	return r;
}

const struct feature feature_oci_lsm = {
	.name = "oci_lsm",
	.spec_size = sizeof(struct lsm_part),
	.gather = gather,
	.resolve = resolve,
};
