/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PID_H
#define CLI_PID_H

/* inro pid: translating and showing, apart from its options. */

#include "cli/names.h"

struct pid_list {
	pid_t *pids;
	size_t n, size;
};

void pid_list_deinit(struct pid_list *list);

/* Add a number; -EINVAL with the error filled for what is none. */
int pid_list_add(struct pid_list *list, const char *text, struct inro_error *error);

enum pid_what { PID_ITSELF, PID_GROUP, PID_SESSION };

struct pid_translation {
	int from_fd, to_fd; /* PID namespaces; negative: here */
	enum pid_what what; /* of the process that a number stands for */
	bool json;
	int proc_fd;
};

/* Print what becomes of each number, one a line. 1 where some have none, otherwise 0 or an error. */
int pid_translate_all(const struct pid_translation *translation, const struct pid_list *list,
		      struct inro_error *error);

/* Print the numbers of a process at each level; ONE_LINE: just these, apart by blanks. */
int pid_show_levels(const struct names *names, pid_t pid, bool json, bool one_line, struct inro_error *error);

#endif
