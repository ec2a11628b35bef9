/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/make_options.h"

#include <string.h>

#include "base/error.h"
#include "base/parse.h"

static int set_bundle(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct oci_make *)object)->start.bundle = value;
	return 0;
}

static int set_console_socket(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct oci_make *)object)->start.console_socket = *value ? value : NULL;
	return 0;
}

static int set_pidfd_socket(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct oci_make *)object)->start.pidfd_socket = *value ? value : NULL;
	return 0;
}

static int set_pid_file(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct oci_make *)object)->start.pid_file = *value ? value : NULL;
	return 0;
}

static int set_preserve_fds(void *object, const char *value, struct inro_error *error)
{
	struct oci_make *make = object;

	if (parse_u32(value, &make->start.preserve_fds) < 0)
		return fail_usage(error, "--preserve-fds", "'%s' is no number", value);
	return 0;
}

static int set_no_pivot(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct oci_make *)object)->start.no_pivot = strcmp(value, "true") == 0;
	return 0;
}

static int set_no_new_keyring(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct oci_make *)object)->start.no_new_keyring = strcmp(value, "true") == 0;
	return 0;
}

static int set_detach(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct oci_make *)object)->detach = strcmp(value, "true") == 0;
	return 0;
}

static int set_keep(void *object, const char *value, struct inro_error *error)
{
	(void)error;
	((struct oci_make *)object)->keep = strcmp(value, "true") == 0;
	return 0;
}

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
