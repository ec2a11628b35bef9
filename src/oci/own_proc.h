/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_OWN_PROC_H
#define OCI_OWN_PROC_H

#include <stddef.h>

struct run;

/*
 * The child: open a file of its own directory in the procfs that the parent verified before anything
 * was entered, so that nothing that the container mounted on its /proc is looked at. NAME is below
 * /proc/PID ("attr/exec"). Child-safe. A descriptor or a negative errno.
 */
int oci_own_proc_open(const struct run *run, const char *name, int flags);

/* The same, one write(2) of a text and closed. */
int oci_own_proc_write(const struct run *run, const char *name, const char *text, size_t size);

#endif
