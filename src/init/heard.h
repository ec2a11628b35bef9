/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INIT_HEARD_H
#define INIT_HEARD_H

#include <signal.h>
#include <stdbool.h>

/*
 * How the command under inro-init ended. *INFO is how init itself did, which cannot end by a signal
 * and so exits with 128 + n; where it said over the channel that this was a signal, *INFO becomes
 * the command's own end. Reads what is left in the channel, without waiting. Returns whether init
 * said anything; a word that does not fit init's exit status is not believed.
 */
bool init_heard_end(int channel_fd, siginfo_t *info);

#endif
