/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/error.h"
#include "oci/features_text.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_features;

static int features(struct oci_call *call, int argc, char **argv)
{
	const struct oci_words words = { .n_operands = 0 };
	cleanup_arena struct arena arena = { 0 };
	cleanup_buf struct buf text = { 0 };
	struct inro_error error = { 0 };
	int first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0 && oci_features_text(&arena, &text) < 0)
		r = fail_memory(&error);
	if (r < 0)
		return oci_fail(call, &error, 1);
	printf("%s\n", buf_text(&text));
	return 0;
}

const struct oci_verb oci_verb_features = {
	.name = "features",
	.usage = "",
	.help = "print what this runtime knows, as JSON",
	.run = features,
};
