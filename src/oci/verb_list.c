/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/setters.h"
#include "oci/report.h"
#include "oci/users.h"
#include "oci/verb.h"

extern const struct oci_verb oci_verb_list;

struct list {
	bool json, quiet;
};

static int set_format(void *object, const char *value, struct inro_error *error)
{
	struct list *list = object;

	list->json = strcmp(value, "json") == 0;
	if (!list->json && strcmp(value, "table") != 0)
		return fail_usage(error, "--format", "'%s' is neither table nor json", value);
	return 0;
}

flag_setter(list, quiet)

static const struct option_row options[] = {
	{ .name = "format", .letter = 'f', .form = OPTION_VALUE, .argument = "FORMAT", .set = set_format,
	  .help = "table or json" },
	{ .name = "quiet", .letter = 'q', .form = OPTION_FLAG, .set = set_quiet, .help = "ids alone" },
};

static void tell_row(int state_fd, const char *id)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_state state = { 0 };
	enum oci_status status = OCI_CREATING;
	char created[48];

	if (oci_state_read(state_fd, &arena, &state, NULL) == 0)
		status = oci_state_status(state_fd, &state);
	oci_report_time(state.created_ns, created);
	printf("%-24s %-10d %-10s %-40s %-32s %s\n", id, status == OCI_STOPPED ? 0 : state.pid,
	       oci_status_name(status), state.bundle ? state.bundle : "", created,
	       oci_user_name(state.owner, &arena));
}

static void tell_one(const struct list *list, int root_fd, const char *id, struct buf *json)
{
	cleanup_arena struct arena arena = { 0 };
	cleanup_close int state_fd = oci_state_open(root_fd, id, false, NULL);
	struct inro_error ignored = { 0 };
	cleanup_buf struct buf report = { 0 };

	if (state_fd < 0)
		return;
	if (list->quiet) {
		printf("%s\n", id);
	} else if (list->json) {
		/* One that goes away just now, or whose state is damaged, is left out. */
		if (oci_report(state_fd, id, &arena, &report, &ignored) < 0)
			return;
		buf_printf(json, "%s%s", json->used > 1 ? "," : "", buf_text(&report));
	} else {
		tell_row(state_fd, id);
	}
}

static int tell_all(const struct list *list, int root_fd)
{
	cleanup_buf struct buf json = { 0 };
	DIR *dir = root_fd < 0 ? NULL : fdopendir(dup(root_fd));
	struct dirent *entry;

	if (!list->quiet && !list->json)
		printf("%-24s %-10s %-10s %-40s %-32s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
	buf_puts(&json, "[");
	while (dir && (entry = readdir(dir)))
		if (oci_id_ok(entry->d_name))
			tell_one(list, root_fd, entry->d_name, &json);
	if (dir)
		closedir(dir);
	if (list->json && !list->quiet)
		printf("%s]\n", buf_text(&json));
	return 0;
}

static int list_verb(struct oci_call *call, int argc, char **argv)
{
	struct list want = { 0 };
	const struct oci_words words = { options, ARRAY_SIZE(options), &want, 0, false };
	cleanup_close int root_fd = -EBADF;
	struct inro_error error = { 0 };
	int first, r = oci_words_parse(call, &words, argc, argv, &first, &error);

	if (r > 0)
		return 0;
	if (r < 0)
		return oci_fail(call, &error, 1);
	root_fd = oci_state_root(call->root, false, &error);
	if (root_fd < 0 && error.code != ENOENT)
		return oci_fail(call, &error, 1);
	return tell_all(&want, root_fd);
}

const struct oci_verb oci_verb_list = {
	.name = "list",
	.usage = "[OPTIONS]",
	.help = "list the containers",
	.run = list_verb,
	VERB_OPTIONS(options),
};
