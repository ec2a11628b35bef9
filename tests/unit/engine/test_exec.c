/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "small_plan.h"

/* Real directories along a PATH, with files of every kind. */
static char top[] = "/tmp/inro-test-exec.XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int make_files(void **state)
{
	char path[64];

	(void)state;
	if (!mkdtemp(top) || chmod(top, 0755) < 0)
		return -1;
	for (char dir = 'a'; dir <= 'c'; dir++) {
		snprintf(path, sizeof(path), "%s/%c", top, dir);
		if (mkdir(path, 0755) < 0)
			return -1;
	}
	put("a/dead", "#!/nonexistent/interpreter\n", 0755);
	put("a/plain", "#!/bin/sh\nexit 7\n", 0644);
	put("b/plain", "#!/bin/sh\nexit 8\n", 0755);
	put("a/forbidden", "#!/bin/sh\nexit 7\n", 0644);
	put("a/text", "exit 9\n", 0755);
	put("b/text", "#!/bin/sh\nexit 8\n", 0755);
	put("b/late", "#!/bin/sh\nexit 5\n", 0755);
	put("c/late", "#!/bin/sh\nexit 6\n", 0755);
	put("b/dead", "#!/bin/sh\nexit 4\n", 0755);
	put("a/name", "#!/bin/sh\nexit $#\n", 0755);
	snprintf(path, sizeof(path), "%s/a/dir", top);
	return mkdir(path, 0755);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int remove_files(void **state)
{
	(void)state;
	return nftw(top, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

struct row {
	const char *path;    /* directories below the top, separated by ":" */
	const char *command; /* with a slash: below the top */
	int exits;           /* it runs and exits so, or: */
	int code;
	int status;
	const char *object, *why;
};

/* The status of the command, or the error. */
static int try(const struct row *row, struct inro_error *error)
{
	char variable[1024] = "PATH=", command[256];
	const char *args[] = { row->command, "one", "two", NULL }, *env[] = { variable, NULL };
	struct small small;
	siginfo_t info;
	int r;

	for (const char *at = row->path; *at; at += strcspn(at, ":"), at += *at == ':') {
		size_t used = strlen(variable);

		snprintf(variable + used, sizeof(variable) - used, "%s%s/%.*s", used > 5 ? ":" : "",
			 top, (int)strcspn(at, ":"), at);
	}
	if (strchr(row->command, '/')) {
		snprintf(command, sizeof(command), "%s/%s", top, row->command);
		args[0] = command;
	}
	small_init(&small, args);
	small.plan.settled.env = env;
	small_seal(&small);
	r = engine_start(&small.run, &small.error);
	if (r == 0) {
		assert_int_equal(waitid(P_PID, (id_t)small.run.pid, &info, WEXITED), 0);
		r = info.si_code == CLD_EXITED ? info.si_status : -1;
		engine_kill(&small.run);
	}
	*error = small.error;
	small_deinit(&small);
	return r;
}

static void looking_up(void **state)
{
	static const struct row rows[] = {
		{ "a:b:c", "late", .exits = 5 },
		{ "c:b:a", "late", .exits = 6 },
		{ "a:b", "name", .exits = 2 },
		{ "none:b", "late", .exits = 5 },
		/* A file on the way is no directory. */
		{ "a/plain:b", "late", .exits = 5 },
		/* What may not be executed is passed over for one that may. */
		{ "a:b", "plain", .exits = 8 },
		{ "a:b", "dir", .code = -EACCES, .status = 126, .object = "a/dir",
		  .why = "it is no executable file, or a mount there is noexec" },
		/* And remembered where there is none. */
		{ "a:b", "forbidden", .code = -EACCES, .status = 126, .object = "a/forbidden",
		  .why = "it is no executable file, or a mount there is noexec" },
		{ "b:a:c", "forbidden", .code = -EACCES, .status = 126, .object = "a/forbidden",
		  .why = "it is no executable file, or a mount there is noexec" },
		{ "a:b", "absent", .code = -ENOENT, .status = 127, .object = "absent",
		  .why = "not found in PATH" },
		/* No PATH is no place to look. */
		{ "", "late", .code = -ENOENT, .status = 127, .object = "late",
		  .why = "not found in PATH" },
		{ "none", "absent", .code = -ENOENT, .status = 127, .why = "not found in PATH" },
		/* The first text that is no program ends the search: not the shell, not the next. */
		{ "a:b", "text", .code = -ENOEXEC, .status = 126, .object = "a/text",
		  .why = "neither a binary nor a script with #!" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inro_error error;
		int r = try(&rows[i], &error);

		if (r != (rows[i].code ? rows[i].code : rows[i].exits))
			print_message("%s in %s\n", rows[i].command, rows[i].path);
		assert_int_equal(r, rows[i].code ? rows[i].code : rows[i].exits);
		assert_int_equal(inro_error_status(&error), rows[i].status);
		assert_string_equal(error.why, rows[i].why ? rows[i].why : "");
		if (rows[i].object && strchr(rows[i].object, '/'))
			assert_string_equal(error.object + strlen(top) + 1, rows[i].object);
		else if (rows[i].object)
			assert_string_equal(error.object, rows[i].object);
	}
	expect_no_child();
}

static void by_path(void **state)
{
	static const struct row rows[] = {
		{ "c", "b/late", .exits = 5 },
		{ "c", "a/forbidden", .code = -EACCES, .status = 126,
		  .why = "it is no executable file, or a mount there is noexec" },
		{ "c", "a/dir", .code = -EACCES, .status = 126,
		  .why = "it is no executable file, or a mount there is noexec" },
		{ "c", "a/absent", .code = -ENOENT, .status = 127, .why = "" },
		{ "c", "a/plain/x", .code = -ENOTDIR, .status = 127, .why = "" },
		{ "c", "a/text", .code = -ENOEXEC, .status = 126,
		  .why = "neither a binary nor a script with #!" },
		{ "c", "a/dead", .code = -ENOENT, .status = 127,
		  .why = "it exists, but the interpreter that it names does not, inside" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inro_error error;

		assert_int_equal(try(&rows[i], &error),
				 rows[i].code ? rows[i].code : rows[i].exits);
		assert_int_equal(inro_error_status(&error), rows[i].status);
		assert_string_equal(error.why, rows[i].why ? rows[i].why : "");
		if (rows[i].code)
			assert_string_equal(error.object + strlen(top) + 1, rows[i].command);
	}
}

/* A program whose interpreter is missing is told as such, at every place of the PATH. */
static void dead_in_path(void **state)
{
	static const struct row rows[] = {
		{ "a", "dead", .code = -ENOENT, .status = 127, .object = "a/dead" },
		{ "c:a", "dead", .code = -ENOENT, .status = 127, .object = "a/dead" },
		{ "a:c", "dead", .code = -ENOENT, .status = 127, .object = "a/dead" },
		{ "a:b", "dead", .exits = 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inro_error error;

		assert_int_equal(try(&rows[i], &error),
				 rows[i].code ? rows[i].code : rows[i].exits);
		assert_int_equal(inro_error_status(&error), rows[i].status);
		if (!rows[i].code)
			continue;
		assert_string_equal(
			error.why, "it exists, but the interpreter that it names does not, inside");
		assert_string_equal(error.object + strlen(top) + 1, rows[i].object);
	}
}

/* A shell where nothing is given, argv0 beside the command, the frame of steps. */
static void settling(void **state)
{
	static const char *const args[] = { "sh", "-c", "exit", NULL }, *const none[] = { NULL };
	struct small small;

	(void)state;
	small_init(&small, NULL);
	assert_string_equal(small.plan.settled.args[0], "/bin/sh");
	small_deinit(&small);
	small_init(&small, none);
	assert_string_equal(small.plan.settled.args[0], "/bin/sh");
	assert_null(small.plan.settled.args[1]);
	small_deinit(&small);
	small_init(&small, args);
	small.spec.process.argv0 = "-sh";
	assert_int_equal(feature_command.settle(&small.plan, NULL), 0);
	assert_string_equal(small.plan.settled.args[0], "sh");
	assert_string_equal(small.plan.settled.argv0_args[0], "-sh");
	assert_string_equal(small.plan.settled.argv0_args[2], "exit");
	assert_null(small.plan.settled.argv0_args[3]);
	small_seal(&small);
	assert_int_equal(small.plan.n_steps, 3);
	assert_string_equal(small.plan.steps[2].object, "sh");
	small_deinit(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looking_up),
		cmocka_unit_test(by_path),
		cmocka_unit_test(dead_in_path),
		cmocka_unit_test(settling),
	};

	return cmocka_run_group_tests_name("engine/exec", tests, make_files, remove_files);
}
