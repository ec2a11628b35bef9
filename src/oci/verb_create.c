/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "oci/make_options.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_create;

static int create(struct oci_call *call, int argc, char **argv)
{
	struct oci_make make = { .start = { .call = call, .waits = true } };
	const struct oci_words words = { oci_make_options, OCI_MAKE_OPTIONS, &make, 1, false };
	struct inro_error error = { 0 };
	int first, status, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0) {
		make.start.id = argv[first];
		r = oci_start_make(&make.start, &status, &error);
	}
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

const struct oci_verb oci_verb_create = {
	.name = "create",
	.usage = "[OPTIONS] ID",
	.help = "make a container of a bundle, and let its init wait to be started",
	.run = create,
	.options = oci_make_options,
	.n_options = OCI_MAKE_OPTIONS,
};
