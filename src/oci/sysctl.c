/* SPDX-License-Identifier: Apache-2.0 */

/*
 * linux.sysctl: settings of namespaces that are the container's own. Everything else below /proc/sys
 * is the host's, and is refused: a container must not change it for all.
 *
 * Whose setting a file there is follows from the namespaces of who opens it, not from the procfs
 * that it is in. So the child opens it in the one that the parent verified before anything was entered,
 * by its full path and through nothing that was mounted over it. Names go by their system call.
 *
 * A key may be written with dots, or with slashes where a component has dots in it
 * ("net/ipv4/conf/eth0.1/forwarding", or the other way round "net.ipv4.conf.eth0/1.forwarding"): the
 * separator that comes first is the separator.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "ns/kind.h"
#include "oci/config.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_sysctl;

struct sysctl_part {
	unsigned host; /* gathered: kinds that the container "joins", though they are the caller's */
};

struct sysctl_args {
	const char *path; /* below /proc: "sys/net/ipv4/ip_forward"; NULL for the domain name */
	const char *value;
	size_t size;
};

static const struct {
	const char *key;
	enum ns_kind kind;
} allowed[] = {
	{ "kernel/msgmax", NS_IPC }, { "kernel/msgmnb", NS_IPC }, { "kernel/msgmni", NS_IPC },
	{ "kernel/sem", NS_IPC },    { "kernel/shmall", NS_IPC }, { "kernel/shmmax", NS_IPC },
	{ "kernel/shmmni", NS_IPC }, { "kernel/shm_rmid_forced", NS_IPC },
	{ "kernel/msg_next_id", NS_IPC }, { "kernel/sem_next_id", NS_IPC }, { "kernel/shm_next_id", NS_IPC },
	{ "kernel/auto_msgmni", NS_IPC },
	{ "fs/mqueue/", NS_IPC },    { "net/", NS_NET },	  { "user/", NS_USER },
	{ "kernel/domainname", NS_UTS },
};

static int run_set(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct sysctl_args *args = step->args;
	cleanup_close int fd = -EBADF;

	if (!args->path)
		return setdomainname(args->value, args->size) < 0 ? error_raw(error, -errno, "setdomainname", NULL) : 0;
	fd = procfs_open_at(run_fd(run, SLOT_HOST_PROC), args->path, O_WRONLY);
	if (fd < 0)
		return error_raw(error, fd, "openat2", NULL);
	return write(fd, args->value, args->size) < 0 ? error_raw(error, -errno, "write", NULL) : 0;
}

static void advise_set(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	switch (error->code) {
	case ENOENT:
		error_why(error, "this kernel does not have that setting");
		break;
	case EXDEV:
	case EROFS:
		error_why(error, "/proc/sys is read-only or masked where the runtime is, as inside of most containers");
		break;
	case EINVAL:
		error_why(error, "the kernel does not take that value");
		break;
	case EACCES:
	case EPERM:
		error_why(error, "the kernel does not let the container's namespaces set it");
		break;
	default:
		break;
	}
}

static const struct step_kind kind_set = {
	.name = "sysctl",
	.what = "set",
	.calls = "openat2, write",
	.run = run_set,
	.advise = advise_set,
};

/* The key as a path; NULL where it is none. */
static char *path_of(struct arena *arena, const char *key)
{
	size_t first = strcspn(key, "./");
	char *path = arena_strdup(arena, key);
	bool dotted = key[first] == '.';

	if (!path)
		return NULL;
	for (char *at = path; *at && dotted; at++)
		*at = *at == '.' ? '/' : *at == '/' ? '.' : *at;
	return path;
}

/* No empty component, and none that leads elsewhere. */
static bool is_clean(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

/* Of which kind's namespaces it is; -ENOENT where of none. */
static int kind_of(const char *path, enum ns_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		size_t n = strlen(allowed[i].key);
		bool prefix = allowed[i].key[n - 1] == '/';

		if (prefix ? strncmp(path, allowed[i].key, n) != 0 || !path[n] : strcmp(path, allowed[i].key) != 0)
			continue;
		*ret = allowed[i].kind;
		return 0;
	}
	return -ENOENT;
}

static int refuse(struct inro_error *error, const char *key, const char *why)
{
	return fail_usage(error, "linux.sysctl", "sysctl \"%s\" %s", key, why);
}

/* Is that namespace the caller's own? */
static bool is_callers(enum ns_kind kind, const char *path)
{
	struct stat there, here;
	char own[32] = "/proc/self/ns/";

	strcat(own, ns_kind_name(kind));
	return stat(path, &there) == 0 && stat(own, &here) == 0 && there.st_dev == here.st_dev &&
	       there.st_ino == here.st_ino;
}

static int gather(const struct spec *spec, struct facts *facts, struct inro_error *error)
{
	struct sysctl_part *part = spec_part(spec, &feature_oci_sysctl);
	const struct oci_linux *linux_ = &spec->oci->linux_;

	(void)facts;
	(void)error;
	part->host = 0;
	for (size_t i = 0; i < linux_->n_namespaces && linux_->n_sysctls; i++) {
		const struct oci_namespace *namespace = &linux_->namespaces[i];

		if (namespace->path && is_callers(namespace->kind, namespace->path))
			part->host |= NS_BIT(namespace->kind);
	}
	return 0;
}

static int check(const struct plan *plan, const char *key, const char *path, struct inro_error *error)
{
	const struct sysctl_part *part = spec_part(plan->spec, &feature_oci_sysctl);
	enum ns_kind kind;

	if (!is_clean(path))
		return refuse(error, key, "is no name of a setting");
	if (strcmp(path, "kernel/hostname") == 0)
		return refuse(error, key, "is not allowed as it conflicts with the OCI \"hostname\" field");
	if (kind_of(path, &kind) < 0)
		return refuse(error, key, "is not in a separate kernel namespace");
	if (!oci_has_ns(plan->spec->oci, kind, NULL))
		return fail_usage(error, "linux.sysctl",
				  "sysctl \"%s\" is not allowed in the hosts %s namespace", key, ns_kind_name(kind));
	if (part->host & NS_BIT(kind))
		return fail_usage(error, "linux.sysctl", "sysctl \"%s\" is not allowed: the %s namespace is the host's",
				  key, ns_kind_name(kind));
	return 0;
}

static int add(struct plan *plan, const struct oci_sysctl *sysctl, struct inro_error *error)
{
	struct sysctl_args *args = arena_alloc(&plan->arena, sizeof(*args));
	char *path = path_of(&plan->arena, sysctl->key);
	const char *below = path ? arena_printf(&plan->arena, "sys/%s", path) : NULL;
	int r;

	if (!args || !below)
		return fail_memory(error);
	r = check(plan, sysctl->key, path, error);
	if (r < 0)
		return r;
	args->path = strcmp(path, "kernel/domainname") == 0 ? NULL : below;
	args->value = sysctl->value;
	args->size = strlen(sysctl->value);
	plan_add(plan, STAGE_SYSTEM, &kind_set, sysctl->key, sysctl->value, args);
	return 0;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	const struct oci_linux *linux_ = &plan->spec->oci->linux_;
	int r = 0;

	for (size_t i = 0; i < linux_->n_sysctls && r == 0; i++)
		r = add(plan, &linux_->sysctls[i], error);
	return r;
}

const struct feature feature_oci_sysctl = {
	.name = "oci_sysctl",
	.spec_size = sizeof(struct sysctl_part),
	.gather = gather,
	.resolve = resolve,
};
