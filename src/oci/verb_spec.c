/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/setters.h"
#include "oci/spec_text.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_spec;

struct spec_words {
	bool rootless;
	const char *bundle, *file;
};

flag_setter(spec_words, rootless)
text_setter(spec_words, bundle)
text_setter(spec_words, file)

static const struct option_row options[] = {
	{ .name = "bundle", .letter = 'b', .form = OPTION_VALUE, .argument = "DIR", .set = set_bundle,
	  .help = "write it there, not here" },
	{ .name = "config", .letter = 'f', .form = OPTION_VALUE, .argument = "FILE", .set = set_file,
	  .help = "its name, not config.json" },
	{ .name = "rootless", .form = OPTION_FLAG, .set = set_rootless,
	  .help = "for an ordinary user: with a user namespace" },
};

/* One that is there is somebody's work. */
static int write_spec(const struct spec_words *spec, struct inro_error *error)
{
	cleanup_close int dir_fd = open(spec->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int fd = -EBADF;
	cleanup_buf struct buf text = { 0 };
	int r;

	if (dir_fd < 0)
		return fail_call(error, -errno, "write the config", "open", spec->bundle);
	oci_spec_text(spec->rootless, geteuid(), getegid(), &text);
	if (text.failed)
		return fail_memory(error);
	fd = openat(dir_fd, spec->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		r = fail_call(error, -errno, "write the config", "open", spec->file);
		if (r == -EEXIST)
			error_hint(error, "remove it first, it is not overwritten");
		return r;
	}
	r = fd_write_all(fd, text.data, text.used);
	if (r < 0) {
		unlinkat(dir_fd, spec->file, 0);
		return fail_call(error, r, "write the config", "write", spec->file);
	}
	return 0;
}

static int spec(struct oci_call *call, int argc, char **argv)
{
	struct spec_words spec = { .bundle = ".", .file = "config.json" };
	const struct oci_words words = { options, ARRAY_SIZE(options), &spec, 0, false };
	struct inro_error error = { 0 };
	int first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r == 0)
		r = write_spec(&spec, &error);
	return r < 0 ? oci_fail(call, &error, 1) : 0;
}

const struct oci_verb oci_verb_spec = {
	.name = "spec",
	.usage = "[OPTIONS]",
	.help = "write a config.json to start from",
	.run = spec,
	VERB_OPTIONS(options),
};
