/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_KIND_H
#define NS_KIND_H

/*
 * The kinds of namespaces and all their names: one table, both ways.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/ns_kind.h"

struct inro_error;

struct ns_kind_info {
	const char *name;          /* under /proc/PID/ns: "mnt" */
	const char *long_name;     /* as people and util-linux write it: "mount" */
	const char *children_name; /* "pid_for_children"; NULL where there is none */
	const char *proc_path;     /* "ns/mnt", below /proc/PID */
	uint32_t clone_flag;       /* CLONE_NEWNS */
	unsigned pidfd_request;    /* PIDFD_GET_MNT_NAMESPACE, 6.11 */
	unsigned children_request; /* the same for children; 0 where there is none */
	char letter;               /* util-linux's option: 'm' */
};

extern const struct ns_kind_info ns_kind_table[NS_KINDS];

static inline const char *ns_kind_name(enum ns_kind kind)
{
	return ns_kind_table[kind].name;
}

/* The kind of one CLONE_NEW flag, as NS_GET_NSTYPE answers it; -EINVAL for any other number. */
int ns_kind_from_flag(uint32_t clone_flag, enum ns_kind *ret);

/*
 * A kind by any of its names, or by util-linux's letter. The first N bytes of TEXT count.
 * -EINVAL where it is none.
 */
int ns_kind_parse(const char *text, size_t n, enum ns_kind *ret);

/*
 * A list of kinds to a bit mask: "pid,uts", "all", "all,-time", "none", util-linux's letters
 * ("Uimp"). A list that starts with a sign starts from DEFAULTS: "-net" is the defaults without
 * net. Returns 0, or -EINVAL with the error filled; OPTION names what was being parsed.
 */
int ns_kinds_parse_list(const char *text, unsigned defaults, const char *option, unsigned *ret,
			struct inro_error *error);

/*
 * Write a mask as "mnt,pid" ("all", "none"); at most SIZE - 1 bytes; returns TEXT. NS_KINDS_TEXT
 * bytes are always enough.
 */
#define NS_KINDS_TEXT 48
const char *ns_kinds_format(unsigned mask, char *text, size_t size);

/* A mask to the CLONE_NEW flags of clone, unshare and setns, and back (other flags are ignored). */
uint32_t ns_kinds_to_flags(unsigned mask);
unsigned ns_kinds_from_flags(uint64_t flags);

#endif
