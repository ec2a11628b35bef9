/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_NS_KIND_H
#define PLAN_NS_KIND_H

/* The kinds of namespaces, in the alphabetical order of their names under /proc/PID/ns. */
enum ns_kind {
	NS_CGROUP,
	NS_IPC,
	NS_MNT,
	NS_NET,
	NS_PID,
	NS_TIME,
	NS_USER,
	NS_UTS,
	NS_KINDS, /* how many there are */
};

/* A set of kinds is a bit mask. */
#define NS_BIT(kind) (1U << (kind))
#define NS_ALL (NS_BIT(NS_KINDS) - 1)

#endif
