/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INRO_RUN_H
#define INRO_RUN_H

/*
 * Running a command as PID 1 of its own namespaces: spec, plan, container.
 *
 *	struct inro_spec *spec = inro_spec_new();
 *	inro_spec_set(spec, "hostname", "box", &error);
 *	inro_spec_set_args(spec, (const char *[]){ "sh", NULL }, &error);
 *	inro_run(spec, &result, &error);
 *	inro_spec_free(spec);
 *
 * Options have the names, forms and meanings that inro-run(1) gives them. The library never prints,
 * exits, or reads the environment; a program that wants the caller's environment and working
 * directory to count hands them over (inro_spec_set_environment()).
 *
 * All functions return 0 or a negative errno, and fill *error (which may be NULL) when they fail.
 * None may be called from two threads at once on the same object. A start changes the calling
 * process for a moment (SIGCHLD, and with a joined PID namespace its children's); start containers
 * from one thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <inro/error.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct inro_spec;
struct inro_plan;
struct inro_container;

/* A spec with nothing said; NULL when out of memory. */
struct inro_spec *inro_spec_new(void);

/* Returns NULL. The plans made from a spec must be freed before it. */
struct inro_spec *inro_spec_free(struct inro_spec *spec);

/*
 * Say one option by its long name, as on the command line without dashes: "hostname", "memory".
 * A flag takes "true" or "false". VALUE is copied.
 */
int inro_spec_set(struct inro_spec *spec, const char *name, const char *value, struct inro_error *error);

/* The command and its arguments, NULL-terminated; copied. Without it, a shell. */
int inro_spec_set_args(struct inro_spec *spec, const char *const args[], struct inro_error *error);

/* The caller's environment, from which the few allowed variables are taken; copied. */
int inro_spec_set_environment(struct inro_spec *spec, const char *const environment[],
			      struct inro_error *error);

/* Read a file that inro_spec_save() or a person wrote (YAML: option names and values). */
int inro_spec_load(struct inro_spec *spec, const char *path, struct inro_error *error);

/* Write the spec as such a file. */
int inro_spec_save(const struct inro_spec *spec, FILE *stream, struct inro_error *error);

/*
 * Make the plan: looks at the host, changes nothing. *ret is the caller's; the spec must outlive it
 * and must not be changed while it lives.
 */
int inro_plan_new(struct inro_spec *spec, struct inro_plan **ret, struct inro_error *error);

/* Returns NULL. */
struct inro_plan *inro_plan_free(struct inro_plan *plan);

/* Tell the plan, step by step, as text or as JSON; nothing is run. */
int inro_plan_explain(const struct inro_plan *plan, bool json, FILE *stream, struct inro_error *error);

/*
 * Print the plan's seccomp filters in the form that `seccomp-dump` asks for: "text" (the default),
 * "bpf", or "raw", where several follow each other. Returns 1, or 0 where it was not asked for and
 * nothing was printed.
 */
int inro_plan_dump_seccomp(const struct inro_plan *plan, FILE *stream, struct inro_error *error);

/* The notes of a plan: what the user should know though nothing is wrong. NULL past the last. */
const char *inro_plan_note(const struct inro_plan *plan, size_t index);

/*
 * What the plan will have in force: *ret_name and *ret_value ("memory", "64M"), valid as long as
 * the plan. Returns false past the last.
 */
bool inro_plan_applied(const struct inro_plan *plan, size_t index, const char **ret_name,
		       const char **ret_value);

/*
 * Run the plan: on success the command runs, and *ret is the caller's, who must wait for it. On
 * failure every step that was done has been undone. The plan must outlive the container; one plan
 * can be started again once the container has been freed.
 *
 * Until the container is freed the calling thread blocks the signals that inro_container_wait()
 * forwards, so that none is lost in between, and SIGCHLD has its default action where it was ignored:
 * wait and free in this thread. Where the thread ends before, the container is killed (with "init":
 * where the process does), unless the spec says no to "die-with-parent".
 */
int inro_plan_start(struct inro_plan *plan, struct inro_container **ret, struct inro_error *error);

/* Its PID 1: as a PID in the caller's namespace, and as a pidfd, which inro_container_free() closes. */
pid_t inro_container_pid(const struct inro_container *container);
int inro_container_pidfd(const struct inro_container *container);

/* How a container ended. */
enum inro_end {
	INRO_END_EXITED,      /* the command exited by itself */
	INRO_END_SIGNALED,    /* a signal killed it */
	INRO_END_INTERRUPTED, /* inro ended it, for a signal that its PID 1 would not have taken */
	INRO_END_TIMED_OUT,   /* --timeout */
	INRO_END_CPU_TIME,    /* --cpu-time */
	INRO_END_MEMORY,      /* the kernel ended it, out of memory within its limit */
	INRO_END_REBOOT,      /* it called reboot(2) to restart */
	INRO_END_HALT,        /* it called reboot(2) to halt or power off */
};

struct inro_result {
	enum inro_end end;
	int status;          /* the exit status for a shell: 0 to 255 (124 timed out, 128 + n a signal) */
	int code;            /* the command's exit code; -1 where it did not exit by itself */
	int signal;          /* the signal that ended it, or 0 */
	uint64_t wall_ns;    /* from start to end */
	uint64_t user_ns, system_ns; /* CPU time of everything that the container ran */
	uint64_t peak_memory_bytes;  /* of the whole container with a cgroup; of its largest process without */
	bool whole;          /* times and memory are the cgroup's, not the largest process's */
	bool by_terminal;    /* an interrupt or quit typed at the terminal ended it: status is 128 + n */
	bool was_init;       /* its process was PID 1 of its PID namespace */
};

/*
 * Say in words how it ended ("exited with status 1", "killed by SIGKILL"), without a newline.
 * At most SIZE - 1 bytes; returns the length that it would take, as snprintf.
 */
size_t inro_result_format(const struct inro_result *result, char *text, size_t size);

/*
 * Wait for the end, once: forwards signals, relays the terminal, enforces limits of time, as the spec
 * says. *ret is set on success alone; on failure the container may still run, until it is freed.
 */
int inro_container_wait(struct inro_container *container, struct inro_result *ret, struct inro_error *error);

/*
 * Write what each step took, as a table, where the spec said "trace"; nothing otherwise. May be
 * called at any time after the start.
 */
int inro_container_trace(const struct inro_container *container, FILE *stream, struct inro_error *error);

/* Send a signal to the container's PID 1, which may drop it (kill(2)). -ESRCH: it has ended, and was waited for. */
int inro_container_kill(struct inro_container *container, int signal, struct inro_error *error);

/* Kill what still runs, undo what the start made on the host (cgroup, record). Returns NULL. */
struct inro_container *inro_container_free(struct inro_container *container);

/* A container that a monitor of its own waits for. */
struct inro_detached {
	char name[72];       /* its record's: the one given, or one that was made up */
	pid_t pid, monitor;  /* its PID 1 and its monitor, in the caller's PID namespace */
};

/*
 * Run a plan whose spec says "detach": a monitor process starts it, keeps its output and how it
 * ended, and outlives the caller. Forks; the plan can be freed afterwards.
 */
int inro_plan_detach(struct inro_plan *plan, struct inro_detached *ret, struct inro_error *error);
bool inro_plan_is_detached(const struct inro_plan *plan);

/* Plan, start, wait and free in one. */
int inro_run(struct inro_spec *spec, struct inro_result *ret, struct inro_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
