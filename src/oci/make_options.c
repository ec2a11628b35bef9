/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/make_options.h"

#include <string.h>

#include "base/error.h"
#include "base/parse.h"
#include "base/setters.h"

text_setter_at(bundle, ((struct oci_make *)object)->start.bundle)
word_setter_at(console_socket, ((struct oci_make *)object)->start.console_socket)
word_setter_at(pidfd_socket, ((struct oci_make *)object)->start.pidfd_socket)
word_setter_at(pid_file, ((struct oci_make *)object)->start.pid_file)

static int set_preserve_fds(void *object, const char *value, struct inro_error *error)
{
	struct oci_make *make = object;

	if (parse_u32(value, &make->start.preserve_fds) < 0)
		return fail_usage(error, "--preserve-fds", "'%s' is no number", value);
	return 0;
}

flag_setter_at(no_pivot, ((struct oci_make *)object)->start.no_pivot)
flag_setter_at(no_new_keyring, ((struct oci_make *)object)->start.no_new_keyring)
flag_setter(oci_make, detach)
flag_setter(oci_make, keep)

static int set_ignored(void *object, const char *value, struct inro_error *error)
{
	(void)object, (void)value, (void)error;
	return 0;
}

const struct option_row oci_make_options[OCI_RUN_OPTIONS] = {
	{ .name = "bundle", .letter = 'b', .form = OPTION_VALUE, .argument = "DIR", .set = set_bundle,
	  .help = "the bundle's directory (the current one)" },
	{ .name = "console-socket", .form = OPTION_VALUE, .argument = "PATH", .set = set_console_socket,
	  .help = "a socket that takes the console's master" },
	{ .name = "pidfd-socket", .form = OPTION_VALUE, .argument = "PATH", .set = set_pidfd_socket,
	  .help = "a socket that takes a pidfd of its init" },
	{ .name = "pid-file", .form = OPTION_VALUE, .argument = "FILE", .set = set_pid_file,
	  .help = "where to write the PID of its init" },
	{ .name = "preserve-fds", .form = OPTION_VALUE, .argument = "N", .set = set_preserve_fds,
	  .help = "pass N descriptors on, from 3 upwards" },
	{ .name = "no-pivot", .form = OPTION_FLAG, .set = set_no_pivot,
	  .help = "move the root instead of pivot_root (initramfs)" },
	{ .name = "no-new-keyring", .form = OPTION_FLAG, .set = set_no_new_keyring,
	  .help = "keep the caller's session keyring" },
	{ .name = "no-mount-fallback", .form = OPTION_FLAG, .set = set_ignored, .help = "accepted" },
	{ .name = "detach", .letter = 'd', .form = OPTION_FLAG, .set = set_detach, .help = "do not stay with it" },
	{ .name = "keep", .form = OPTION_FLAG, .set = set_keep, .help = "do not delete it when it has ended" },
	{ .name = "no-subreaper", .form = OPTION_FLAG, .set = set_ignored, .help = "accepted" },
};
