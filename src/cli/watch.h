/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

/*
 * inro watch: what is known of processes and namespaces, what becomes of it by news from the kernel
 * and by scans, and the lines that tell of it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/hash.h"
#include "base/procfs.h"
#include "cli/names.h"
#include "ns/kind.h"

struct watch_ns {
	enum ns_kind kind;
	ino_t ino;
	uint32_t n_processes;
	uint32_t life; /* which namespace of that number it is: numbers are used again */
	char name[STATE_NAME_SIZE]; /* "" none, or not known yet */
	struct watch_ns *next;
};

struct watch_process {
	pid_t pid;
	bool alive;
	bool own; /* in the PID namespace of inro itself */
	uint32_t seen; /* the scan that saw it last */
	int n_levels;
	pid_t pids[PROCFS_LEVELS];
	struct watch_ns *ns[NS_KINDS];
	char command[256];
	struct watch_process *next;
};

enum watch_what { WATCH_NS_NEW, WATCH_NS_EMPTY, WATCH_START, WATCH_MOVE, WATCH_END };

/* Something that happened, and is told a little later: by then the names are known. */
struct watch_event {
	enum watch_what what;
	uint64_t time_ns; /* CLOCK_REALTIME */
	struct watch_ns *ns; /* and what it was then: */
	enum ns_kind kind;
	ino_t ino;
	uint32_t life;
	char name[STATE_NAME_SIZE];
	unsigned kinds; /* WATCH_MOVE: which changed */
	pid_t pid;      /* of the process, or of the first one in the namespace */
	int n_levels;
	pid_t pids[PROCFS_LEVELS];
	char command[256];
};

struct watch {
	/* What is asked for. */
	unsigned kinds;
	bool all, processes, json, colour;
	uint64_t left; /* how many events are still to be told; UINT64_MAX: all */

	int proc_fd;
	struct names *names;
	struct hash by_pid, by_ino;
	struct watch_process *process_list; /* all that ever were; their entries are used again */
	struct watch_ns *ns_list;
	struct watch_ns *own_pidns;
	uint32_t scan;
	bool silent; /* the first look: what is there already is no news */

	struct watch_event *events;
	size_t n_events, size_events;
};

void watch_deinit(struct watch *watch);

/* News of one process: it was born, has executed something, or has ended. -ENOMEM. */
int watch_look(struct watch *watch, pid_t pid);
int watch_end(struct watch *watch, pid_t pid);

/* Compare everything with what is known. */
int watch_scan(struct watch *watch, struct inro_error *error);

/* Tell what happened since; 1 when enough has been told. */
int watch_tell(struct watch *watch);

/* The kernel's process events (root in the first namespaces): a descriptor, or a negative errno. */
int watch_open_events(void);

/* Take what is there. -ENOBUFS where some were lost. */
int watch_read_events(struct watch *watch, int fd);

#endif
