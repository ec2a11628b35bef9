/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_NUMBER_SET_H
#define OCI_NUMBER_SET_H

/* Lists of CPUs and of memory nodes, as the kernel writes them: "0-3,8". */

#include <stddef.h>

enum { NUMBER_SET_MAX = 8192 }; /* the most CPUs that a kernel can be built for on x86 and Arm */

struct number_set {
	unsigned long mask[NUMBER_SET_MAX / (8 * sizeof(long))];
	size_t bytes; /* of the mask up to the last number in it, in whole words; 0 = an empty set */
};

/* White space may stand around the numbers; an empty text is an empty set. 0 or -EINVAL. */
int number_set_parse(const char *text, struct number_set *ret);

#endif
