/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/unseen.h"

#include <unistd.h>

#include "cli/verb.h"

void unseen_note(const char *verb, size_t n_denied, struct procfs_sight sight)
{
	if (n_denied && geteuid() == 0)
		verb_note(verb, "could not look at %zu process%s with capabilities that inro lacks here", n_denied,
			  n_denied == 1 ? "" : "es");
	else if (n_denied)
		verb_note(verb, "could not look at %zu process%s of others; as root it can", n_denied,
			  n_denied == 1 ? "" : "es");
	if (sight.hidden)
		verb_note(verb, "/proc is mounted with hidepid: processes of others are hidden%s",
			  geteuid() == 0 ? " from who lacks capabilities that they have" : "; as root they are seen");
	if (sight.foreign)
		verb_note(verb, "/proc was mounted for another PID namespace than inro's own: its PIDs are shown");
	else if (sight.aside)
		verb_note(verb, "/proc was mounted for another PID namespace than inro's own: shown is what there is "
			  "in its own");
}
