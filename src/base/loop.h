/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

/*
 * A small event loop on epoll(7): descriptors and timers with callbacks, for the parent while a
 * container runs. Callbacks return 0 to go on, 1 to end the loop, or a negative errno that ends it.
 */

#include <stdint.h>

struct loop;
struct loop_source;

typedef int (*loop_callback)(struct loop *loop, struct loop_source *source, uint32_t events, void *data);

/* *ret is the caller's. -ENOMEM, -EMFILE. */
int loop_new(struct loop **ret);

/* Returns NULL; frees every source, closes none of their descriptors. */
struct loop *loop_free(struct loop *loop);

/*
 * Call CALLBACK when EVENTS (EPOLLIN, EPOLLOUT, ...) are there on FD, which stays the caller's and
 * must outlive the source. *ret (may be NULL) belongs to the loop. A regular file, which epoll
 * refuses (EPERM), is always ready.
 */
int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_callback callback, void *data,
		struct loop_source **ret);

/* Call CALLBACK once, IN_NS nanoseconds from now (CLOCK_BOOTTIME: suspended time counts). */
int loop_add_timer(struct loop *loop, uint64_t in_ns, loop_callback callback, void *data,
		   struct loop_source **ret);

/*
 * Other events of interest; 0 = none for now, not even EPOLLHUP and EPOLLERR. Another time for a
 * timer, which may have fired.
 */
int loop_source_events(struct loop_source *source, uint32_t events);
int loop_source_again(struct loop_source *source, uint64_t in_ns);

/*
 * Returns NULL. May be called from its own callback; remove a source before its descriptor is
 * closed, as the kernel keeps watching an open file that other descriptors still name.
 */
struct loop_source *loop_source_remove(struct loop_source *source);

/* Run until a callback ends it: 0, or its negative errno. Can be run again. */
int loop_run(struct loop *loop);

#endif
