/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INRO_ERROR_H
#define INRO_ERROR_H

/*
 * One error, as a value: of fixed size, owned by the caller, without a pointer in it, since it must
 * come back from a cloned child. Functions that take one fill it exactly when they fail, and return
 * a negative errno beside it. Every such argument may be NULL.
 */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What kind of failure it was; decides the exit status that a command should end with. */
enum inro_error_kind {
	INRO_ERROR_NONE,
	INRO_ERROR_USAGE,          /* what was asked for makes no sense */
	INRO_ERROR_HOST,           /* this host cannot do it: kernel, configuration, resources */
	INRO_ERROR_DENIED,         /* the kernel or a setting forbids it to this user */
	INRO_ERROR_STEP,           /* a step of the plan failed */
	INRO_ERROR_NOT_FOUND,      /* the command was not found (status 127) */
	INRO_ERROR_NOT_EXECUTABLE, /* the command was found but could not be executed (status 126) */
};

struct inro_error {
	enum inro_error_kind kind;
	int code;          /* an errno value, positive; 0 where none says it */
	int step, n_steps; /* which step of the plan failed, from 1; 0 outside of a plan */
	char what[96];     /* what was being done: "mount proc", or the option: "--memory" */
	char call[32];     /* the system call that failed, or "" */
	char object[256];  /* what it was done to: a path, a name; cut at the front where too long */
	char why[256];     /* the cause in words, where more is known than the errno says */
	char hint[320];    /* what to do about it, or "" */
};

/*
 * Write the error as one line of text without a newline: which step, what, on what, by which call,
 * why, and what to do. At most SIZE - 1 bytes; returns the length that it would take, as snprintf.
 */
size_t inro_error_format(const struct inro_error *error, char *text, size_t size);

/* The exit status that belongs to the error: 125, 126 or 127; 0 for no error. */
int inro_error_status(const struct inro_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
