/* SPDX-License-Identifier: Apache-2.0 */

/*
 * inro-oci: an OCI runtime with runc's command line. Options before the verb come here, everything
 * else is the verb's.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/setters.h"
#include "oci/self.h"
#include "oci/verb.h"

void oci_verbs_print(void);

text_setter(oci_call, root)
text_setter(oci_call, log)

static int set_log_format(void *object, const char *value, struct inro_error *error)
{
	struct oci_call *call = object;

	if (strcmp(value, "json") == 0)
		call->log_format = OCI_LOG_JSON;
	else if (strcmp(value, "text") == 0)
		call->log_format = OCI_LOG_TEXT;
	else
		return fail_usage(error, "--log-format", "'%s' is neither text nor json", value);
	return 0;
}

flag_setter(oci_call, debug)
flag_setter(oci_call, systemd_cgroup)

/* As crun has it. */
static int set_cgroup_manager(void *object, const char *value, struct inro_error *error)
{
	struct oci_call *call = object;

	call->systemd_cgroup = strcmp(value, "systemd") == 0;
	call->cgroup_disabled = strcmp(value, "disabled") == 0;
	if (!call->systemd_cgroup && !call->cgroup_disabled && strcmp(value, "cgroupfs") != 0)
		return fail_usage(error, "--cgroup-manager", "'%s' is none of cgroupfs, systemd, disabled", value);
	return 0;
}

/* As crun has it: one of its words for all that there is to be said. */
static int set_log_level(void *object, const char *value, struct inro_error *error)
{
	struct oci_call *call = object;

	call->debug = strcmp(value, "debug") == 0;
	if (!call->debug && strcmp(value, "warning") != 0 && strcmp(value, "error") != 0)
		return fail_usage(error, "--log-level", "'%s' is none of debug, warning, error", value);
	return 0;
}

flag_setter(oci_call, version)
flag_setter(oci_call, help)

/* What runc asks for and we find out. */
static int set_ignored(void *object, const char *value, struct inro_error *error)
{
	(void)object;
	(void)value;
	(void)error;
	return 0;
}

static const struct option_row options[] = {
	{ .name = "root", .form = OPTION_VALUE, .argument = "DIR", .set = set_root,
	  .help = "where the states of containers are kept" },
	{ .name = "log", .form = OPTION_VALUE, .argument = "FILE", .set = set_log, .help = "where to log" },
	{ .name = "log-format", .form = OPTION_VALUE, .argument = "FORMAT", .set = set_log_format,
	  .help = "text or json" },
	{ .name = "debug", .form = OPTION_FLAG, .set = set_debug, .help = "log more" },
	{ .name = "log-level", .form = OPTION_VALUE, .argument = "LEVEL", .set = set_log_level,
	  .help = "debug; warning and error are as without" },
	{ .name = "systemd-cgroup", .form = OPTION_FLAG, .set = set_systemd_cgroup,
	  .help = "let systemd make the cgroups" },
	{ .name = "cgroup-manager", .form = OPTION_VALUE, .argument = "MANAGER", .set = set_cgroup_manager,
	  .help = "cgroupfs, systemd or disabled" },
	{ .name = "rootless", .form = OPTION_VALUE, .argument = "true|false|auto", .set = set_ignored,
	  .help = "accepted; it is found out" },
	{ .name = "criu", .form = OPTION_VALUE, .argument = "PATH", .set = set_ignored, .help = "accepted" },
	{ .name = "version", .letter = 'v', .form = OPTION_FLAG, .set = set_version,
	  .help = "print the version, and that of the specification" },
	{ .name = "help", .letter = 'h', .form = OPTION_FLAG, .set = set_help, .help = "print this" },
};

static int print_usage(int status)
{
	printf("Usage: inro-oci [GLOBAL OPTIONS] VERB …\nAn OCI runtime, for container engines.\n\n");
	oci_verbs_print();
	printf("\nGlobal options:\n");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		oci_option_print(&options[i]);
	return status;
}

/* The first line is what engines parse. */
static int print_version(void)
{
	printf("inro-oci version %s\nspec: 1.3.0\n", INRO_VERSION);
	return 0;
}

static int open_log(struct oci_call *call, struct inro_error *error)
{
	if (!call->log || !*call->log)
		return 0;
	call->log_fd = open(call->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return call->log_fd < 0 ? fail_call(error, -errno, "open the log", "open", call->log) : 0;
}

#if defined(__SANITIZE_ADDRESS__)
/*
 * LeakSanitizer traces the process, which namespaces do not allow; and without /proc, or set-user-ID,
 * it does not even see the environment that would turn it off.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* The words as they came: parsing moves them about. */
static void keep_words(int argc, char **argv)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));

	for (int i = 0; i < argc && words; i++)
		words[i] = argv[i];
	oci_self_argv = words;
}

/* An answer that did not come to its reader is no success. */
static int end_output(struct oci_call *call, int status)
{
	struct inro_error error = { 0 };

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fail_call(&error, errno ? -errno : -EIO, "print to", "write", "standard output");
	return oci_fail(call, &error, status ? status : 1);
}

int main(int argc, char **argv)
{
	struct oci_call call = { .log_fd = -EBADF };
	const struct option_table table = { options, ARRAY_SIZE(options), &call, NULL };
	const struct option_parser parser = { .tables = &table, .n_tables = 1 };
	const struct oci_verb *verb;
	struct inro_error error = { 0 };
	int first = 0;

	if (fd_fill_standard() < 0)
		return 1;
	if (geteuid() != getuid() || getegid() != getgid()) {
		fprintf(stderr, "inro-oci: refuses to run setuid: it needs no privilege of its own\n");
		return 1;
	}
	keep_words(argc, argv);
	if (options_parse(&parser, argv + 1, argc - 1, &first, &error) < 0)
		return oci_fail(&call, &error, 1);
	if (call.version)
		return end_output(&call, print_version());
	if (call.help || (1 + first < argc && strcmp(argv[1 + first], "help") == 0))
		return end_output(&call, print_usage(0));
	if (1 + first >= argc)
		return end_output(&call, print_usage(1));
	verb = oci_verb_find(argv[1 + first]);
	if (!verb) {
		fail_usage(&error, argv[1 + first], "there is no such verb; inro-oci --help lists them");
		return oci_fail(&call, &error, 1);
	}
	call.verb = verb->name;
	if (open_log(&call, &error) < 0)
		return oci_fail(&call, &error, 1);
	return end_output(&call, verb->run(&call, argc - first - 2, argv + first + 2));
}
