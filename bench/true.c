/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a start: the smallest program that exits with 0, so that what is measured is the
 * start and not the command.
 */
#include "raw.h"

void true_main(void);

RAW_START(true_main);

void true_main(void)
{
	raw_exit(0);
}
