/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_CHANNEL_H
#define ENGINE_CHANNEL_H

/* Sending and receiving the messages of plan/channel.h. All child-safe; 0 or a negative errno. */

#include <stdbool.h>

#include "plan/channel.h"

/* One message, with descriptor FD beside it where that is not negative. */
int channel_send(int channel_fd, const struct channel_message *message, int fd);

/*
 * Receive one message: 1 = there is one, and *ret_fd is its descriptor (the caller's) or -EBADF;
 * 0 = end of file. Blocks.
 */
int channel_receive(int channel_fd, struct channel_message *ret, int *ret_fd);

#endif
