/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SKIP_H
#define TEST_SKIP_H

/* A skip tells its reason, by which tests/expected-skips knows it. Include after <cmocka.h>. */

#define skip_because(reason)                            \
	do {                                            \
		print_message("skipped: %s\n", reason); \
		skip();                                 \
	} while (0)

#endif
