/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

/*
 * Telling programs and people how a run goes: JSON lines on --status-fd, and the summary of
 * --report on standard error.
 */

#include "inro/run.h"

/* One line each: {"event":"started",…}, {"event":"ended",…}, {"event":"failed",…}. FD < 0: nothing. */
void report_started(int fd, const struct inro_plan *plan, const struct inro_container *container);
void report_ended(int fd, const struct inro_result *result);
void report_failed(int fd, const struct inro_error *error);

/* The summary for people. */
void report_summary(const struct inro_result *result);

#endif
