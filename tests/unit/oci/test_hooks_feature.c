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

#include "base/fd.h"
#include "engine/engine.h"
#include "ns_child.h"
#include "oci/config.h"
#include "resolve/resolve.h"

extern const struct feature feature_command, feature_host, feature_procfs, feature_namespaces, feature_idmap, feature_user,
	feature_oci_hooks;

/* A container of nothing but namespaces, with hooks that write to files of the test's. */
struct world {
	struct spec *spec;
	struct facts facts;
	struct plan *plan;
	struct run run;
	struct oci_config config;
	struct inro_error error;
	char dir[64];
	char scripts[8][512];
	const char *args[8][4];
	struct oci_hook hooks[8];
	size_t n;
	char text[4096];
};

static int set_up(void **state)
{
	static const struct feature *const features[] = { &feature_command, &feature_host,  &feature_procfs,
							  &feature_namespaces, &feature_idmap, &feature_user,
							  &feature_oci_hooks };
	static const char *const env[] = { "PATH=/usr/bin:/bin", "WHOSE=runtime", NULL };
	static const char *const command[] = { "/bin/sh", "-c", "exec sleep 1000", NULL };
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	strcpy(world->dir, "/tmp/inro-hooks-XXXXXX");
	if (!mkdtemp(world->dir) || spec_new(features, ARRAY_SIZE(features), &world->spec) < 0)
		return -1;
	world->config = (struct oci_config){ .version = "1.2.0", .bundle = world->dir };
	world->spec->oci = &world->config;
	world->spec->name = "box";
	world->spec->ns.list = geteuid() ? "user,pid,mount,uts" : "pid,mount,uts";
	world->spec->process.args = command;
	world->spec->process.host_env = env;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];

	engine_kill(&world->run);
	run_deinit(&world->run);
	plan_free(world->plan);
	facts_deinit(&world->facts);
	spec_free(world->spec);
	snprintf(command, sizeof(command), "rm -r %s", world->dir);
	assert_int_equal(system(command), 0);
	free(world);
	return 0;
}

/* Add a hook that runs SCRIPT, in the test's directory. */
static void hook(struct world *world, struct oci_hook_list *list, const char *script)
{
	size_t i = world->n++;
	const char *const args[] = { "sh", "-c", world->scripts[i], NULL };

	assert_true(i < ARRAY_SIZE(world->hooks));
	snprintf(world->scripts[i], sizeof(world->scripts[i]), "cd %s; %s", world->dir, script);
	memcpy(world->args[i], args, sizeof(args));
	world->hooks[i] = (struct oci_hook){ .path = "/bin/sh", .args = { world->args[i], 3 } };
	/* A list's hooks are added one behind the other. */
	if (!list->n)
		list->list = &world->hooks[i];
	list->n++;
}

static int start(struct world *world)
{
	assert_int_equal(facts_gather(world->spec, &world->facts, &world->error), 0);
	if (resolve_plan(world->spec, &world->facts, &world->plan, &world->error) < 0)
		return -EINVAL;
	assert_int_equal(run_init(&world->run, world->plan), 0);
	return engine_start(&world->run, &world->error);
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

/* All in order, each with the right words and number, on the right side. */
static void moments(void **state)
{
	struct world *world = *state;
	struct oci_hooks *hooks = &world->config.hooks;
	char expected[512], ours[64] = "";
	const char *names[] = { "0", "1", "2", "3" };

	hook(world, &hooks->prestart, "cat > 0; readlink /proc/self/ns/pid >> 0; echo $WHOSE >> 0");
	hook(world, &hooks->create_runtime, "cat > 1; readlink /proc/self/ns/pid >> 1; test -e 0 && echo $WHOSE >> 1");
	hook(world, &hooks->create_container, "cat > 2; readlink /proc/self/ns/pid >> 2; test -e 1 && echo $WHOSE >> 2");
	hook(world, &hooks->start_container, "cat > 3; readlink /proc/self/ns/pid >> 3; test -e 2 && echo .$WHOSE >> 3");
	assert_int_equal(start(world), 0);
	assert_true(readlink("/proc/self/ns/pid", ours, sizeof(ours) - 1) > 0);
	for (int i = 0; i < 4; i++) {
		/* The last counts for itself, and has the command's environment, which is none here. */
		snprintf(expected, sizeof(expected),
			 "{\"ociVersion\":\"1.2.0\",\"id\":\"box\",\"status\":\"%s\",\"pid\":%d,\"bundle\":\"%s\"}",
			 i < 3 ? "creating" : "created", i < 3 ? world->run.pid : 1, world->dir);
		assert_memory_equal(file(world, names[i]), expected, strlen(expected));
		assert_non_null(strstr(world->text, i < 3 ? "runtime\n" : ".\n"));
		assert_int_equal(strstr(world->text, ours) != NULL, i < 2);
	}
	/* The memory of a start with hooks is not shared: they take their time. */
	assert_true(kill(world->run.pid, 0) == 0);
}

/* A mask of the runtime's, though its child has none. */
static void masks(void **state)
{
	struct world *world = *state;
	mode_t old = umask(037);

	hook(world, &world->config.hooks.create_container, "umask > mask");
	assert_int_equal(start(world), 0);
	umask(old);
	assert_string_equal(file(world, "mask"), "0037\n");
}

/* Whichever fails, nothing runs, and the words are those of a step. */
static void failures(void **state)
{
	static const char *const names[] = { "prestart", "createRuntime", "createContainer", "startContainer" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct world *world;
		struct oci_hook_list *lists[4];
		char expected[128];

		assert_int_equal(set_up((void **)&world), 0);
		lists[0] = &world->config.hooks.prestart;
		lists[1] = &world->config.hooks.create_runtime;
		lists[2] = &world->config.hooks.create_container;
		lists[3] = &world->config.hooks.start_container;
		hook(world, lists[i], "exit 0");
		hook(world, lists[i], "exit 3");
		for (int later = i + 1; later < 4; later++)
			hook(world, lists[later], "echo > later");
		assert_true(start(world) < 0);
		snprintf(expected, sizeof(expected), ", run hook #2 (%s) /bin/sh: exited with status 3", names[i]);
		assert_non_null(strstr(said(world), expected));
		assert_string_equal(file(world, "later"), "(nothing)");
		assert_int_equal(world->run.pid, 0);
		tear_down((void **)&world);
	}
}

/* A hook inside that takes too long is ended, and so is the start. */
static void timeout_inside(void **state)
{
	struct world *world = *state;

	hook(world, &world->config.hooks.create_container, "sleep 1000");
	world->hooks[0].timeout_s = (struct oci_u64){ true, 1 };
	assert_true(start(world) < 0);
	assert_non_null(strstr(said(world), "took longer than its timeout of 1 s"));
}

/* Without hooks there are no steps, and nobody waits for anybody. */
static void none(void **state)
{
	struct world *world = *state;

	assert_int_equal(facts_gather(world->spec, &world->facts, &world->error), 0);
	assert_int_equal(resolve_plan(world->spec, &world->facts, &world->plan, &world->error), 0);
	for (size_t i = 0; i < world->plan->n_steps; i++) {
		assert_true(world->plan->steps[i].stage != STAGE_CALL);
		assert_true(world->plan->steps[i].stage != STAGE_CALLED);
	}
}

static void relative_path(void **state)
{
	struct world *world = *state;

	hook(world, &world->config.hooks.start_container, "exit 0");
	world->hooks[0].path = "sh";
	assert_int_equal(start(world), -EINVAL);
	assert_string_equal(said(world), "hooks.startContainer[0].path: 'sh' is not absolute");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(moments, set_up, tear_down),
		cmocka_unit_test_setup_teardown(masks, set_up, tear_down),
		cmocka_unit_test(failures),
		cmocka_unit_test_setup_teardown(timeout_inside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(relative_path, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("oci/hooks_feature", tests, NULL, NULL);
}
