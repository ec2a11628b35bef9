/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_FILTER_H
#define SECCOMP_FILTER_H

/* Finished programs: reading them from descriptors, and installing them. */

#include "base/arena.h"
#include "inro/error.h"
#include "seccomp/generate.h"

/*
 * Read a program from a descriptor to its end: an array of struct sock_filter, as bubblewrap's
 * --seccomp and libseccomp's seccomp_export_bpf() have it. WHAT is the option for errors. The
 * descriptor stays open. -EINVAL where it is empty, too long or not whole; or read(2)'s error.
 */
int seccomp_read_program(int fd, const char *what, struct arena *arena, struct seccomp_program *ret,
			 struct inro_error *error);

/*
 * Install a program in the calling thread; with SECCOMP_FILTER_FLAG_NEW_LISTENER among the flags
 * (5.0) the result is the listener, otherwise 0. Child-safe. -EACCES without no_new_privs and
 * CAP_SYS_ADMIN, -EINVAL for a program or flag that the kernel does not take.
 */
int seccomp_install(const struct seccomp_program *program, unsigned more_flags);

/*
 * Why it was refused, where that is the same whoever asked for it: the words of an error of
 * seccomp_install(). Not child-safe.
 */
void seccomp_explain(struct inro_error *error);

/* Does the program allow everything, so that it need not be installed? */
bool seccomp_is_void(const struct seccomp_program *program);

#endif
