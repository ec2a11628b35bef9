/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

/*
 * The names that targets can have: the caller's containers and kept namespaces. Listings show kept
 * ones and those of ip netns by the mounts that hold them.
 */

#include "cli/containers.h"
#include "ns/names.h"

struct named {
	const char *name;
	pid_t pid;     /* its PID 1, here */
	pid_t monitor; /* who waits for it, outside */
};

struct names {
	struct containers containers;
	struct registry registry;
	struct target_names targets; /* for ns_target_open() */
	struct named *list;          /* by PID; after names_load() */
	size_t n;
};

#define cleanup_names cleanup(names_close)

/* Reads nothing yet: a name is looked up when it is asked for. */
int names_open(struct names *names, struct inro_error *error);

/* A zeroed struct is closed. */
void names_close(struct names *names);

/* Read them all, for listings. What cannot be read is left away. -ENOMEM. */
int names_load(struct names *names, struct inro_error *error);

/* The container whose PID 1 this is, or NULL. */
const struct named *names_of_pid(const struct names *names, pid_t pid);

/* Open a target by the grammar of all verbs. */
int names_target(struct names *names, const char *text, struct ns_target *ret, struct inro_error *error);

#endif
