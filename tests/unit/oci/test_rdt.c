/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "inro/error.h"
#include "oci/rdt.h"

/* Few machines have resctrl: a directory in its shape, in which files keep what was written last. */
struct world {
	struct arena arena;
	struct oci_intel_rdt rdt;
	struct oci_rdt_made made;
	struct inro_error error;
	char dir[64], text[1024];
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	world->rdt.set = true;
	strcpy(world->dir, "/tmp/inro-rdt-XXXXXX");
	return mkdtemp(world->dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", world->dir);
	assert_int_equal(system(command), 0);
	arena_deinit(&world->arena);
	free(world);
	return 0;
}

/* A class as the kernel makes one: its files are there. */
static void make_class(struct world *world, const char *name, const char *schemata)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p %s/%s/mon_groups && cd %s/%s && printf '%s' > schemata && : > tasks",
		 world->dir, name, world->dir, name, schemata);
	assert_int_equal(system(command), 0);
}

static int apply(struct world *world)
{
	memset(&world->error, 0, sizeof(world->error));
	world->made.remove = NULL;
	return oci_rdt_apply(world->dir, &world->rdt, "box", 4711, &world->arena, &world->made, &world->error);
}

static const char *file(struct world *world, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", world->dir, name);
	if (fd_read_file_at(AT_FDCWD, path, world->text, sizeof(world->text)) < 0)
		return "(nothing)";
	return world->text;
}

static const char *said(struct world *world)
{
	inro_error_format(&world->error, world->text, sizeof(world->text));
	return world->text;
}

/* One that is there and agrees is joined, and stays. */
static void shared_class(void **state)
{
	struct world *world = *state;

	make_class(world, "gold", "    L3:0=00ff;1=f\\n    MB:0= 50;1=100\\n");
	world->rdt.clos_id = "gold";
	assert_int_equal(apply(world), 0);
	assert_string_equal(file(world, "gold/tasks"), "4711");
	assert_null(world->made.remove);
	world->rdt.l3_schema = "L3:0=FF;1=0f";
	assert_int_equal(apply(world), 0);
	/* Agreeing, it is not written. */
	assert_string_equal(file(world, "gold/schemata"), "    L3:0=00ff;1=f\n    MB:0= 50;1=100\n");
	world->rdt.l3_schema = "L3:1=7";
	assert_int_equal(apply(world), -EEXIST);
	assert_non_null(strstr(said(world), "/gold is there already, with other schemata"));
	world->rdt.l3_schema = "L2:0=1";
	assert_int_equal(apply(world), -EEXIST);
	world->rdt.l3_schema = "L3:2=1";
	assert_int_equal(apply(world), -EEXIST);
	world->rdt.l3_schema = NULL;
	world->rdt.mem_bw_schema = "MB:1=100";
	assert_int_equal(apply(world), 0);
	world->rdt.mem_bw_schema = "MB:1=10";
	assert_int_equal(apply(world), -EEXIST);
}

/* What is not there, and is not described, is no class; nor is one made that then fails. */
static void missing_class(void **state)
{
	struct world *world = *state;
	char path[128];

	world->rdt.clos_id = "none";
	assert_int_equal(apply(world), -ENOENT);
	assert_non_null(strstr(said(world), "there is no class"));
	/* Here no files appear in a new directory, so that writing fails: the directory goes again. */
	world->rdt.l3_schema = "L3:0=f";
	assert_int_equal(apply(world), -ENOENT);
	assert_non_null(strstr(said(world), "write"));
	snprintf(path, sizeof(path), "%s/none", world->dir);
	assert_int_equal(access(path, F_OK), -1);
}

/* The default class is the top directory. schemata come last. */
static void top_class(void **state)
{
	static const char *const lines[] = { "L3:0=1", "L2:0=2", NULL };
	struct world *world = *state;

	make_class(world, ".", "L3:0=f\\n");
	world->rdt.clos_id = "/";
	world->rdt.schemata = (struct oci_strings){ lines, 2 };
	assert_int_equal(apply(world), 0);
	assert_string_equal(file(world, "tasks"), "4711");
	assert_string_equal(file(world, "schemata"), "L3:0=1\nL2:0=2\n");
	assert_null(world->made.remove);
}

/* Without a name it is called as the container. What is there under it must agree as well. */
static void own_class(void **state)
{
	struct world *world = *state;

	make_class(world, "box", "L3:0=f\\nMB:0=20\\n");
	world->rdt.l3_schema = "L3:0=f\nMB:0=70\n";
	world->rdt.mem_bw_schema = "MB:0=20";
	/* The MB of the first gives way to the second. */
	assert_int_equal(apply(world), 0);
	assert_string_equal(file(world, "box/tasks"), "4711");
}

/* A group for counting: of a class that was there, it is all that goes with the container. */
static void monitoring(void **state)
{
	struct world *world = *state;
	char path[128];

	make_class(world, "gold", "");
	world->rdt.clos_id = "gold";
	world->rdt.enable_monitoring = true;
	snprintf(path, sizeof(path), "%s/gold/mon_groups/box", world->dir);
	/* A new group has no tasks file here: it fails, and is gone. */
	assert_int_equal(apply(world), -ENOENT);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(apply(world), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
}

/* A class is changed while its processes run, by one write; a shared one, and the one for all, too. */
static void update(void **state)
{
	struct world *world = *state;
	char class_dir[80];

	make_class(world, "gold", "");
	world->rdt.clos_id = "gold";
	assert_int_equal(apply(world), 0);
	snprintf(class_dir, sizeof(class_dir), "%s/gold", world->dir);
	assert_string_equal(world->made.class_dir, class_dir);
	assert_int_equal(oci_rdt_update(class_dir, "L3:0=3", NULL, &world->error), 0);
	assert_string_equal(file(world, "gold/schemata"), "L3:0=3\n");
	assert_int_equal(oci_rdt_update(class_dir, "L3:0=7\nMB:0=90", "MB:0=50", &world->error), 0);
	assert_string_equal(file(world, "gold/schemata"), "L3:0=7\nMB:0=50\n");
	assert_int_equal(oci_rdt_update(class_dir, NULL, NULL, &world->error), 0);
	assert_string_equal(file(world, "gold/schemata"), "L3:0=7\nMB:0=50\n");
	strcat(class_dir, "en");
	assert_int_equal(oci_rdt_update(class_dir, "L3:0=3", NULL, &world->error), -ENOENT);
	assert_non_null(strstr(said(world), "golden"));
}

static void not_mounted(void **state)
{
	struct world *world = *state;
	const char *dir = NULL;
	int r = oci_rdt_find(&world->arena, &dir, &world->error);

	/* Where it is, the class of all processes is there. */
	if (r == 0) {
		assert_int_equal(dir[0], '/');
		return;
	}
	assert_int_equal(r, -EOPNOTSUPP);
	assert_string_equal(said(world),
			    "linux.intelRdt: Operation not supported: not supported: "
			    "no resctrl file system is mounted here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shared_class, set_up, tear_down),
		cmocka_unit_test_setup_teardown(missing_class, set_up, tear_down),
		cmocka_unit_test_setup_teardown(top_class, set_up, tear_down),
		cmocka_unit_test_setup_teardown(own_class, set_up, tear_down),
		cmocka_unit_test_setup_teardown(monitoring, set_up, tear_down),
		cmocka_unit_test_setup_teardown(update, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_mounted, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("oci/rdt", tests, NULL, NULL);
}
