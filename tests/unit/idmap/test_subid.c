/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "idmap/subid.h"

static const char lines[] = "alice:100000:65536\n"
			    "# bob:1:1\n"
			    "bob:165536:65536\n"
			    "alice:300000:10\n"
			    "\n"
			    "alice\n"
			    "alice:5\n"
			    "alice:x:5\n"
			    "alice:5:0\n"
			    "alice:4294967290:10\n"
			    "alicea:7:7\n"
			    "1234:231072:100\n"
			    "alice:165530:6\n"
			    "alice:90000:10000"; /* no newline at the end */

static void by_name_and_number(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	FILE *stream = fmemopen((void *)lines, strlen(lines), "r");
	struct id_range *list = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(subid_read(stream, "alice", 1234, &arena, &list, &n), 0);
	fclose(stream);
	assert_int_equal(n, 3);
	/* 90000 follows into 100000, and 165530 lies within that. */
	assert_int_equal(list[0].outer, 90000);
	assert_int_equal(list[0].count, 75536);
	assert_int_equal(list[1].outer, 231072);
	assert_int_equal(list[1].count, 100);
	assert_int_equal(list[2].outer, 300000);
}

static void by_number_alone(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	FILE *stream = fmemopen((void *)lines, strlen(lines), "r");
	struct id_range *list = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(subid_read(stream, NULL, 1234, &arena, &list, &n), 0);
	fclose(stream);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].count, 100);
}

static void user_names(void **state)
{
	static const char passwd[] = "root:x:0:0::/root:/bin/sh\nalice:x:1234:100::/home/alice:/bin/sh\n";
	cleanup_arena struct arena arena = { 0 };
	FILE *stream = fmemopen((void *)passwd, strlen(passwd), "r");
	const char *name = "?";

	(void)state;
	assert_int_equal(subid_user_name(stream, 1234, &arena, &name), 0);
	assert_string_equal(name, "alice");
	rewind(stream);
	assert_int_equal(subid_user_name(stream, 77, &arena, &name), 0);
	assert_null(name);
	fclose(stream);
}

static void free_blocks(void **state)
{
	const struct id_range last = { 0, 0x6fff0005, 1 }, before = { 0, 0x6ffeffff, 1 },
			      all = { 0, 1, UINT32_MAX - 1 };

	(void)state;
	assert_int_equal(subid_free_block(NULL, 0, NULL, 0), 0x6fff0000);
	assert_int_equal(subid_free_block(&last, 1, NULL, 0), 0x6ffe0000);
	assert_int_equal(subid_free_block(&last, 1, &before, 1), 0x6ffd0000);
	assert_int_equal(subid_free_block(&all, 1, NULL, 0), 0);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	stream = fopen(path, "we");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static void drop(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void gathering(void **state)
{
	struct facts alice = { .uid = 1234, .gid = 100, .initial_userns = true };
	struct facts root = { .initial_userns = true };
	char dir[] = "/tmp/inro-test-XXXXXX";
	int dir_fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	put(dir, "passwd", "alice:x:1234:100::/:/bin/sh\n");
	put(dir, "subuid", "alice:100000:65536\nbob:1878982656:65536\n");
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir_fd >= 0);
	assert_int_equal(subid_gather(dir_fd, &alice), 0);
	assert_true(alice.subids.looked_up);
	assert_int_equal(alice.subids.n_uids, 1);
	assert_int_equal(alice.subids.uids[0].outer, 100000);
	assert_int_equal(alice.subids.n_gids, 0); /* there is no such file */
	/* Root has no line: a block that nobody has; the highest is bob's. */
	assert_int_equal(subid_gather(dir_fd, &root), 0);
	assert_int_equal(root.subids.n_uids, 1);
	assert_int_equal(root.subids.uids[0].outer, 0x6ffe0000);
	assert_int_equal(root.subids.gids[0].outer, 0x6ffe0000);
	close(dir_fd);
	drop(dir, "passwd");
	drop(dir, "subuid");
	rmdir(dir);
	arena_deinit(&alice.arena);
	arena_deinit(&root.arena);
}

static void helpers(void **state)
{
	const char *path = subid_find_helper("newuidmap");

	(void)state;
	assert_null(subid_find_helper("true"));
	if (access("/usr/bin/newuidmap", X_OK) == 0)
		assert_string_equal(path, "/usr/bin/newuidmap");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name_and_number), cmocka_unit_test(by_number_alone),
		cmocka_unit_test(user_names),	      cmocka_unit_test(free_blocks),
		cmocka_unit_test(gathering),	      cmocka_unit_test(helpers),
	};

	return cmocka_run_group_tests_name("idmap/subid", tests, NULL, NULL);
}
