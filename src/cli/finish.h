/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FINISH_H
#define CLI_FINISH_H

/* End as a command did: with its exit status, or by the same signal. STATUS is as of waitpid(2). */
int finish_like(int status);

#endif
