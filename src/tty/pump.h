/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TTY_PUMP_H
#define TTY_PUMP_H

/*
 * A pump: bytes from one descriptor to another, in the loop, with a bounded buffer. What the output
 * does not take is not read from the input, so a stopped terminal stops the writer behind it.
 *
 * Standard descriptors of the caller are open files that other processes share; to make them
 * non-blocking would make them so for the shell, too. A terminal or a pipe is therefore opened
 * again, which makes an open file of our own; where that is refused, the pump polls before each
 * read and write and moves little at a time.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct loop;
struct pump;

struct pump_end {
	int fd;
	bool shared; /* may not be made non-blocking */
};

/*
 * An end of our own for FD, a descriptor of the caller that stays the caller's. FLAGS: O_RDONLY or
 * O_WRONLY. PROC_FD is a verified /proc or negative. *ret is the caller's until a pump takes it.
 */
int pump_end_open(int proc_fd, int fd, int flags, struct pump_end *ret);

/* FD, which is ours alone, as an end: makes it non-blocking and takes it over. */
struct pump_end pump_end_own(int fd);

enum pump_outcome {
	PUMP_EOF,    /* the input ended, and everything was written */
	PUMP_BROKEN, /* the output is gone: what was read is lost */
};

struct pump_hooks {
	/* Bytes that were just read and will be written next. May be NULL. */
	void (*seen)(void *data, const char *bytes, size_t size);
	/* The input ended after the byte LAST (0: there was none): what to write behind it. May be NULL. */
	size_t (*trailer)(void *data, char last, char ret_bytes[static 4]);
	/* The input answered EIO: true = not the end, pause (the terminal is another job's). May be NULL. */
	bool (*away)(void *data, int fd);
	/* Takes the bytes in place of an output descriptor (the end's fd is negative). May be NULL. */
	void (*sink)(void *data, const char *bytes, size_t size);
	/* It is over; both descriptors are closed. The result goes to the loop. May be NULL. */
	int (*done)(void *data, enum pump_outcome outcome);
};

/*
 * Start pumping in LOOP, which must outlive the pump. Takes both ends over, also on failure.
 * HOOKS and DATA are borrowed. -ENOMEM, -EMFILE.
 */
int pump_new(struct loop *loop, struct pump_end in, struct pump_end out, const struct pump_hooks *hooks,
	     void *data, struct pump **ret);

/* Closes what is still open; calls no hook. Returns NULL. */
struct pump *pump_free(struct pump *pump);

define_cleanup(struct pump *, pump_free);

/* Leave the input alone for now, or go on with it. */
int pump_pause(struct pump *pump, bool paused);

/*
 * Nobody will write to the input any more: move what there is, then be done, even though another
 * descriptor of the input may still be open. Returns what done() returned if that was at once.
 */
int pump_drain(struct pump *pump);

bool pump_is_done(const struct pump *pump);

#endif
