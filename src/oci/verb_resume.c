/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/freeze.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_resume;

static int resume(struct oci_call *call, int argc, char **argv)
{
	return oci_freeze_verb(call, false, argc, argv);
}

const struct oci_verb oci_verb_resume = {
	.name = "resume",
	.usage = "ID",
	.help = "let a paused container go on",
	.run = resume,
};
