/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROCESS_PROC_CHILD_H
#define PROCESS_PROC_CHILD_H

struct run;

/*
 * The parent, after clone: open the directory of the child in the verified /proc, or in the one
 * that is mounted where the plan has none. -EXDEV where that shows the numbers of another PID
 * namespace, under which the child's would be somebody else's. The caller closes it.
 */
int proc_child_open(const struct run *run);

#endif
