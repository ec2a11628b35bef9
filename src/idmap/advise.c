/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/procfs.h"
#include "idmap/range.h"
#include "idmap/write.h"

/* A switch of the host, as a file of procfs: is it there and not 0? */
static bool is_on(const char *path)
{
	cleanup_close int proc_fd = procfs_open();
	char text[16];

	return proc_fd >= 0 && procfs_read_at(proc_fd, path, text, sizeof(text)) > 0 && text[0] != '0';
}

static void advise_denied(const struct plan *plan, struct inro_error *error)
{
	const struct facts *facts = plan->facts;
	const struct settled *settled = &plan->settled;

	if (is_on("sys/kernel/apparmor_restrict_unprivileged_userns") &&
	    !facts_has_cap(facts, CAP_SYS_ADMIN)) {
		error_why(error,
			  "AppArmor takes the capabilities away from the user namespaces of programs "
			  "without a profile (kernel.apparmor_restrict_unprivileged_userns)");
		error_hint(error, "give inro an AppArmor profile that allows userns, or as root: "
				  "sysctl kernel.apparmor_restrict_unprivileged_userns=0");
	} else if (ranges_have_outer(settled->uids, settled->n_uids, 0) &&
		   !facts_has_cap(facts, CAP_SETFCAP)) {
		error_why(error, "id 0 of this user namespace may only be mapped with CAP_SETFCAP");
		error_hint(error, "leave id 0 out of --map, or give inro that capability");
	} else {
		error_why(error, "a security module or a system call filter forbids it");
		error_hint(error, "the kernel's log says which (dmesg), where it logs denials; in a "
				  "container, start that one with --nestable, or the like of its engine");
	}
}

void maps_advise(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	/* What a helper said is better than what can be guessed. */
	if (error->why[0])
		return;
	if (error->code == EPERM || error->code == EACCES)
		advise_denied(plan, error);
	else if (error->code == EINVAL)
		error_why(error,
			  "the kernel found the map invalid: an id of it does not exist outside, or two "
			  "ranges overlap");
	else if (error->code == ESRCH)
		error_why(error, "the child is gone already: something killed it");
	else if (error->code == EROFS)
		error_why(error, "/proc is mounted read-only here");
}
