/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a container that stays alive: says on standard output that it runs (one byte),
 * then sleeps until standard input ends. So the driver learns when the container really runs, and
 * ends a thousand of them by closing one pipe, whatever program started them.
 */
#include "raw.h"

void pause_main(void);

RAW_START(pause_main);

void pause_main(void)
{
	static char byte = '.';

	if (raw(__NR_write, 1, &byte, 1) != 1)
		raw_exit(1);
	while (raw(__NR_read, 0, &byte, 1) > 0)
		;
	raw_exit(0);
}
