/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "hosts.h"
#include "mount/spec.h"

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void make(struct resolved *ret, enum host host, const char *const options[])
{
	int r = resolved_make(ret, host, options, OPTIONS("true"));
	char text[1200];

	inro_error_format(&ret->error, text, sizeof(text));
	if (r < 0)
		print_message("host %d: %s\n", host, text);
	assert_int_equal(r, 0);
}

/* The number of a step by its name and object (NULL: any), 0 where there is none. */
static int find(const struct plan *plan, const char *name, const char *object)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (strcmp(plan->steps[i].kind->name, name) == 0 &&
		    (!object ||
		     (plan->steps[i].object && strcmp(plan->steps[i].object, object) == 0)))
			return plan->steps[i].number;
	return 0;
}

static int count(const struct plan *plan, const char *name)
{
	int n = 0;

	for (size_t i = 0; i < plan->n_steps; i++)
		n += strcmp(plan->steps[i].kind->name, name) == 0;
	return n;
}

static bool has_note(const struct plan *plan, const char *part)
{
	for (size_t i = 0; i < plan->n_notes; i++)
		if (strstr(plan->notes[i], part))
			return true;
	return false;
}

/* What a step tells of itself. */
static const char *detail(const struct plan *plan, const char *name, const char *object)
{
	static char kept[512];
	cleanup_buf struct buf text = { 0 };
	int number = find(plan, name, object);

	assert_true(number > 0);
	if (plan->steps[number - 1].kind->tell)
		plan->steps[number - 1].kind->tell(&plan->steps[number - 1], &text);
	snprintf(kept, sizeof(kept), "%s", buf_text(&text));
	return kept;
}

/* What holds for every plan whatsoever. */
static void check_frame(const struct plan *plan)
{
	const struct step *previous = NULL;

	assert_int_equal(count(plan, "clone"), 1);
	assert_int_equal(count(plan, "exec"), 1);
	assert_string_equal(plan->steps[0].kind->name, "open-channel");
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];

		assert_int_equal(step->number, i + 1);
		assert_true(!previous || previous->stage <= step->stage);
		assert_non_null(step->kind->what);
		assert_non_null(step->why);
		/* A parent must be mounted before what lies on it. */
		for (size_t j = 0; j < i && step->stage == STAGE_MOUNT && step->object; j++)
			if (plan->steps[j].stage == STAGE_MOUNT && plan->steps[j].object &&
			    strcmp(step->object, plan->steps[j].object) != 0)
				assert_false(mount_is_below(plan->steps[j].object, step->object));
		previous = step;
	}
	if (find(plan, "pivot", NULL) && find(plan, "seal-root", NULL)) {
		assert_true(find(plan, "root-tmpfs", NULL) < find(plan, "seal-root", NULL));
		assert_true(find(plan, "seal-root", NULL) < find(plan, "pivot", NULL));
	}
	/* Nothing of the child comes behind the command; the filter is the last before it. */
	for (size_t i = (size_t)find(plan, "exec", NULL); i < plan->n_steps; i++)
		assert_int_equal(plan->steps[i].stage, STAGE_STARTED);
	if (find(plan, "seccomp", NULL) && plan->settled.no_new_privs)
		assert_int_equal(find(plan, "seccomp", NULL) + 1, find(plan, "exec", NULL));
}

/* The default of inro run, on every host: a closed box. */
static void every_host(void **state)
{
	static const char *const box[] = {
		"undumpable", "die-with-parent", "private-mounts", "root-tmpfs",
		"seal-root",  "pivot",           "loopback",       "join-keyring",
		"bound-caps", "chdir",           "no-new-privs",   "place-fds",
		"set-caps",   "seccomp",         "reset-signals",  "exec",
	};

	(void)state;
	for (enum host host = 0; host < N_HOSTS; host++) {
		struct resolved resolved;
		const struct plan *plan;

		make(&resolved, host, NULL);
		plan = resolved.plan;
		check_frame(plan);
		for (size_t i = 0; i < ARRAY_SIZE(box); i++)
			assert_true(find(plan, box[i], NULL));
		assert_int_equal(plan->settled.ns_new, NS_ALL & ~NS_BIT(NS_TIME));
		assert_true(plan->settled.no_new_privs);
		assert_true(plan->settled.caps == 0);
		assert_true(find(plan, "mount-proc", "/proc"));
		assert_true(find(plan, "mount-tmpfs", "/tmp"));
		assert_true(find(plan, "mount-tmpfs", "/dev") <
			    find(plan, "place-devices", "/dev"));
		assert_string_equal(plan->steps[find(plan, "exec", NULL) - 1].object, "true");
		assert_int_equal(count(plan, "open-pty"), host == HOST_TTY);
		resolved_free(&resolved);
	}
}

/* The same spec and the same facts give the same plan. */
static void again(void **state)
{
	struct resolved resolved;
	struct plan *second;

	(void)state;
	make(&resolved, HOST_SUBIDS, OPTIONS("map", "auto", "preset", "build", "hostname", "box"));
	assert_int_equal(resolve_plan(resolved.spec, &resolved.facts, &second, &resolved.error), 0);
	assert_int_equal(second->n_steps, resolved.plan->n_steps);
	assert_int_equal(second->n_slots, resolved.plan->n_slots);
	for (size_t i = 0; i < second->n_steps; i++) {
		const struct step *a = &resolved.plan->steps[i], *b = &second->steps[i];

		assert_ptr_equal(a->kind, b->kind);
		assert_string_equal(a->object ? a->object : "", b->object ? b->object : "");
	}
	plan_free(second);
	resolved_free(&resolved);
}

static void root_is_guarded(void **state)
{
	struct resolved resolved;
	const struct plan *plan;

	(void)state;
	make(&resolved, HOST_ROOT, NULL);
	plan = resolved.plan;
	assert_true(plan->settled.host_root);
	assert_true(find(plan, "nobody", NULL));
	assert_true(find(plan, "hide", "/proc/kcore"));
	assert_true(find(plan, "read-only", "/proc/sys"));
	assert_true(find(plan, "hide", "/proc/kcore") < find(plan, "pivot", NULL));
	assert_string_equal(detail(plan, "write-id-maps", NULL), "users and groups 0:0:65536");
	assert_true(find(plan, "write-id-maps", NULL) < find(plan, "release", NULL));
	assert_true(find(plan, "release", NULL) < find(plan, "await-release", NULL));
	/* The trees are root's to clone where it is: before the child. */
	assert_true(find(plan, "open-tree", "/usr") < find(plan, "clone", NULL));
	resolved_free(&resolved);
}

static void a_user_is_not(void **state)
{
	struct resolved resolved;
	const struct plan *plan;

	(void)state;
	make(&resolved, HOST_USER, NULL);
	plan = resolved.plan;
	assert_false(plan->settled.host_root);
	assert_false(find(plan, "nobody", NULL));
	assert_false(find(plan, "hide", NULL));
	assert_int_equal(plan->settled.uid, 1000);
	assert_string_equal(detail(plan, "own-id-maps", NULL),
			    "users and groups 1000:1000:1; setgroups denied");
	/* Opened before there is a child, cloned in it. */
	assert_true(find(plan, "open-source", "/usr") < find(plan, "clone", NULL));
	assert_true(find(plan, "take-tree", "/usr") > find(plan, "private-mounts", NULL));
	assert_false(find(plan, "release", NULL));
	resolved_free(&resolved);
}

static void links_and_directories(void **state)
{
	struct resolved resolved;

	(void)state;
	make(&resolved, HOST_USER, NULL);
	assert_true(find(resolved.plan, "make-symlink", "/bin → usr/bin"));
	assert_false(find(resolved.plan, "place", "/bin"));
	resolved_free(&resolved);
	make(&resolved, HOST_OLD, NULL);
	assert_true(find(resolved.plan, "place", "/bin"));
	assert_true(find(resolved.plan, "place", "/lib64"));
	assert_int_equal(count(resolved.plan, "make-symlink"), 2); /* /var/tmp, /var/run */
	resolved_free(&resolved);
	make(&resolved, HOST_NIX, NULL);
	assert_true(find(resolved.plan, "place", "/nix"));
	assert_false(find(resolved.plan, "place", "/lib64"));
	assert_false(find(resolved.plan, "place", "/opt"));
	resolved_free(&resolved);
	make(&resolved, HOST_ODD, NULL);
	assert_int_equal(count(resolved.plan, "place"),
			 2); /* the current directory and a resolv.conf */
	resolved_free(&resolved);
}

/* Writable, and the command starts in it; unless it is not the caller's to open. */
static void current_directory(void **state)
{
	static const struct {
		enum host host;
		const char *cwd, *workdir, *shown, *note;
		bool read_only;
	} rows[] = {
		{ HOST_USER, "/srv/work", "/srv/work", "/srv/work", NULL, false },
		{ HOST_HOME, "/home/ann", "/home/ann", "/home/ann",
		  "is a home directory and stays read-only", true },
		{ HOST_SYSTEM, "/usr/src", "/usr/src", "/usr/src",
		  "is a system directory and stays read-only", true },
		{ HOST_SLASH, "/", "/", NULL, "the current directory is /", false },
		{ HOST_PRIVATE, "/tmp", "/home/ann", NULL, "/tmp is private inside", false },
		{ HOST_NO_CWD, NULL, "/home/ann", NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct resolved resolved;
		const struct plan *plan;

		make(&resolved, rows[i].host, NULL);
		plan = resolved.plan;
		assert_string_equal(plan->settled.workdir, rows[i].workdir);
		assert_true(find(plan, "chdir", rows[i].workdir));
		if (rows[i].shown) {
			assert_true(find(plan, "place", rows[i].shown));
			assert_int_equal(
				!!strstr(detail(plan, "take-tree", rows[i].shown), "read-only"),
				rows[i].read_only);
		} else if (rows[i].cwd) {
			assert_false(find(plan, "place", rows[i].cwd));
		}
		if (rows[i].note)
			assert_true(has_note(plan, rows[i].note));
		else
			assert_int_equal(plan->n_notes, 0);
		resolved_free(&resolved);
		/* --no-share-cwd shows it in no case. */
		make(&resolved, rows[i].host, OPTIONS("share-cwd", "no"));
		assert_int_equal(resolved.plan->n_notes, 0);
		assert_false(rows[i].shown && find(resolved.plan, "place", rows[i].shown));
		resolved_free(&resolved);
	}
}

/* Directories before what is in them, whatever the order in which they were said. */
static void nested_mounts(void **state)
{
	struct resolved resolved;
	const struct plan *plan;

	(void)state;
	make(&resolved, HOST_USER,
	     OPTIONS("volume", "/srv/a:/data/x/y", "volume", "/srv/b:/data/x", "tmpfs", "/data",
		     "volume", "/srv/c:/data/x-y", "volume", "/srv/d:/data/x/y/z", "dir",
		     "/data/x/y/z/deep"));
	plan = resolved.plan;
	check_frame(plan);
	assert_true(find(plan, "mount-tmpfs", "/data") < find(plan, "place", "/data/x"));
	assert_true(find(plan, "place", "/data/x") < find(plan, "place", "/data/x/y"));
	assert_true(find(plan, "place", "/data/x/y") < find(plan, "place", "/data/x/y/z"));
	assert_true(find(plan, "place", "/data/x/y/z") <
		    find(plan, "make-dir", "/data/x/y/z/deep"));
	assert_true(find(plan, "place", "/data/x-y"));
	assert_true(find(plan, "place", "/data/x/y/z") < find(plan, "seal-root", NULL));
	resolved_free(&resolved);
}

/* One place has one mount: the last word, and the user's before what is implied. */
static void last_word(void **state)
{
	struct resolved resolved;

	(void)state;
	make(&resolved, HOST_USER,
	     OPTIONS("volume", "/srv/a:/data", "tmpfs", "/data", "ro", "/srv/b:/data/", "volume",
		     "/srv/t:/tmp"));
	assert_int_equal(count(resolved.plan, "mount-tmpfs"),
			 3); /* /dev, /run, the home: neither /data nor /tmp */
	assert_true(find(resolved.plan, "place", "/tmp"));
	assert_true(find(resolved.plan, "take-tree", "/srv/b"));
	assert_false(find(resolved.plan, "take-tree", "/srv/a"));
	resolved_free(&resolved);
	make(&resolved, HOST_USER, OPTIONS("proc", "none", "dev", "none", "sys", "/sys2"));
	assert_false(find(resolved.plan, "mount-proc", NULL));
	assert_false(find(resolved.plan, "place-devices", NULL));
	assert_false(find(resolved.plan, "mount-sysfs", "/sys"));
	assert_true(find(resolved.plan, "mount-sysfs", "/sys2"));
	resolved_free(&resolved);
}

static void roots(void **state)
{
	struct resolved resolved;

	(void)state;
	make(&resolved, HOST_USER, OPTIONS("rootfs", "image"));
	assert_true(find(resolved.plan, "take-tree", "/srv/work/image"));
	assert_true(find(resolved.plan, "root-tree", NULL));
	assert_true(find(resolved.plan, "pivot", NULL));
	assert_false(find(resolved.plan, "seal-root", NULL));
	assert_false(find(resolved.plan, "place", "/usr"));
	assert_string_equal(resolved.plan->settled.workdir, "/");
	resolved_free(&resolved);

	make(&resolved, HOST_USER, OPTIONS("rootfs", "/image", "read-only", "true"));
	assert_true(find(resolved.plan, "seal-root", NULL));
	resolved_free(&resolved);

	make(&resolved, HOST_USER, OPTIONS("empty", "true"));
	assert_true(find(resolved.plan, "root-tmpfs", NULL));
	assert_int_equal(count(resolved.plan, "place"), 0);
	resolved_free(&resolved);

	make(&resolved, HOST_USER, OPTIONS("empty", "true", "toolchain", "true"));
	assert_true(find(resolved.plan, "place", "/usr"));
	assert_true(find(resolved.plan, "make-symlink", "/lib → usr/lib"));
	assert_false(find(resolved.plan, "place", "/etc"));
	resolved_free(&resolved);

	make(&resolved, HOST_ROOT, OPTIONS("preset", "none", "ns", "mnt,pid"));
	assert_true(find(resolved.plan, "keep-root", "/"));
	assert_false(find(resolved.plan, "pivot", NULL));
	assert_false(find(resolved.plan, "mount-proc", NULL));
	resolved_free(&resolved);
}

static void terminals(void **state)
{
	struct resolved resolved;

	(void)state;
	make(&resolved, HOST_TTY, NULL);
	assert_int_equal(resolved.plan->settled.tty, TTY_NEW);
	assert_true(find(resolved.plan, "open-pty", NULL) >
		    find(resolved.plan, "mount-devpts", NULL));
	resolved_free(&resolved);
	make(&resolved, HOST_TTY, OPTIONS("tty", "share"));
	assert_int_equal(resolved.plan->settled.tty, TTY_SHARE);
	assert_true(resolved.plan->settled.filter_tty_input);
	resolved_free(&resolved);
	make(&resolved, HOST_TTY, OPTIONS("tty", "none"));
	assert_int_equal(count(resolved.plan, "open-pty"), 0);
	resolved_free(&resolved);
	make(&resolved, HOST_USER, OPTIONS("tty", "new"));
	assert_int_equal(count(resolved.plan, "open-pty"), 1);
	resolved_free(&resolved);
}

static void ids(void **state)
{
	struct resolved resolved;

	(void)state;
	make(&resolved, HOST_SUBIDS, OPTIONS("map", "auto"));
	assert_string_equal(detail(resolved.plan, "helper-id-maps", NULL),
			    "users and groups 0:1000:1, 1:100000:65536");
	assert_true(find(resolved.plan, "await-release", NULL));
	resolved_free(&resolved);
	make(&resolved, HOST_USER, OPTIONS("map-root", "true"));
	assert_int_equal(resolved.plan->settled.uid, 0);
	assert_false(resolved.plan->settled.host_root);
	resolved_free(&resolved);
	make(&resolved, HOST_NESTED, NULL);
	assert_string_equal(detail(resolved.plan, "own-id-maps", NULL),
			    "users and groups 0:0:1; setgroups denied");
	assert_false(resolved.plan->settled.host_root);
	resolved_free(&resolved);
}

static void networks(void **state)
{
	struct resolved resolved;

	(void)state;
	make(&resolved, HOST_USER, OPTIONS("net", "host"));
	assert_false(resolved.plan->settled.ns_new & NS_BIT(NS_NET));
	assert_false(find(resolved.plan, "loopback", NULL));
	resolved_free(&resolved);
	/* Where the host keeps it in /run: on the tmpfs there, not below it. */
	make(&resolved, HOST_ODD, OPTIONS("net", "host"));
	assert_true(find(resolved.plan, "mount-tmpfs", "/run") <
		    find(resolved.plan, "place", "/run/x/resolv.conf"));
	resolved_free(&resolved);
	make(&resolved, HOST_USER, OPTIONS("net", "host", "net", "none"));
	assert_true(find(resolved.plan, "loopback", NULL));
	resolved_free(&resolved);
	make(&resolved, HOST_USER, OPTIONS("ns", "-net"));
	assert_false(find(resolved.plan, "loopback", NULL));
	resolved_free(&resolved);
}

static void refusals(void **state)
{
	static const struct {
		enum host host;
		int code;
		enum inro_error_kind kind;
		const char *options[7], *text;
	} rows[] = {
		{ HOST_USER,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "ns", "-mnt", "tmpfs", "/x" },
		  "a root or mounts of its own need a new mount namespace (--ns with mnt)" },
		{ HOST_USER,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "hostname", "x", "ns", "-uts" },
		  "--hostname: takes a UTS namespace, new (--ns with uts) or joined" },
		{ HOST_NO_CWD,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "volume", "data" },
		  "data: is relative, and there is no current directory" },
		{ HOST_NO_CWD,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "rootfs", "image" },
		  "--rootfs: is relative, and there is no current directory" },
		{ HOST_USER,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "volume", "/srv:/" },
		  "/: the root itself is chosen by --rootfs" },
		{ HOST_USER,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "volume", "/srv:/a/.." },
		  "/a/..: the root itself is chosen by --rootfs" },
		{ HOST_ROOT,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "preset", "none", "overlay", "" },
		  "--overlay: the preset none keeps the caller's root; choose one by --rootfs" },
		{ HOST_USER,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "preset", "judge" },
		  "--require-limits: a limit of time is missing: --timeout or --cpu-time" },
		{ HOST_USER,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "preset", "judge", "timeout", "5s" },
		  "--require-limits: a limit is missing: --memory" },
		{ HOST_USER,
		  -EINVAL,
		  INRO_ERROR_USAGE,
		  { "tty", "sideways" },
		  "--tty: 'sideways' is none of auto, new, share, none" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct resolved resolved;
		char text[1200];

		assert_int_equal(resolved_make(&resolved, rows[i].host, rows[i].options, NULL),
				 rows[i].code);
		inro_error_format(&resolved.error, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(resolved.error.kind, rows[i].kind);
		assert_null(resolved.plan);
		resolved_free(&resolved);
	}
}

/* Those whose words are long say at least this. */
static void denied(void **state)
{
	static const struct {
		enum host host;
		const char *options[5], *part;
	} rows[] = {
		{ HOST_USER, { "map", "auto" }, "/etc/subuid" },
		{ HOST_NO_HELPER, { "map", "auto" }, "newuidmap" },
		{ HOST_USER, { "ns", "-user" }, "--ns" },
		{ HOST_USER, { "map", "0:0:65536" }, "--map" },
		{ HOST_ODD, { "landlock", "require" }, "--landlock" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct resolved resolved;
		char text[1200];

		assert_true(resolved_make(&resolved, rows[i].host, rows[i].options, NULL) < 0);
		assert_true(resolved.error.kind == INRO_ERROR_DENIED ||
			    resolved.error.kind == INRO_ERROR_HOST);
		inro_error_format(&resolved.error, text, sizeof(text));
		if (!strstr(text, rows[i].part))
			print_message("%s\n", text);
		assert_non_null(strstr(text, rows[i].part));
		resolved_free(&resolved);
	}
}

/* Refusing works without somebody to tell, too. */
static void nobody_to_tell(void **state)
{
	struct resolved resolved;
	struct plan *plan = NULL;

	(void)state;
	assert_true(resolved_make(&resolved, HOST_USER, OPTIONS("map", "auto"), NULL) < 0);
	assert_true(resolve_plan(resolved.spec, &resolved.facts, &plan, NULL) < 0);
	assert_null(plan);
	resolved_free(&resolved);
}

/* Facts of this very host: gathering works for whoever runs this, and what was gathered resolves. */
static void this_host(void **state)
{
	struct resolved resolved;
	struct inro_error error = { 0 };
	struct facts facts = { 0 };
	struct plan *plan;

	(void)state;
	make(&resolved, HOST_USER, NULL);
	assert_int_equal(facts_gather(resolved.spec, &facts, &error), 0);
	assert_int_equal(resolve_plan(resolved.spec, &facts, &plan, &error), 0);
	check_frame(plan);
	plan_free(plan);
	facts_deinit(&facts);
	assert_null(facts.cwd);
	resolved_free(&resolved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_host),
		cmocka_unit_test(again),
		cmocka_unit_test(root_is_guarded),
		cmocka_unit_test(a_user_is_not),
		cmocka_unit_test(links_and_directories),
		cmocka_unit_test(current_directory),
		cmocka_unit_test(nested_mounts),
		cmocka_unit_test(last_word),
		cmocka_unit_test(roots),
		cmocka_unit_test(terminals),
		cmocka_unit_test(ids),
		cmocka_unit_test(networks),
		cmocka_unit_test(refusals),
		cmocka_unit_test(denied),
		cmocka_unit_test(nobody_to_tell),
		cmocka_unit_test(this_host),
	};

	return cmocka_run_group_tests_name("resolve/resolve", tests, NULL, NULL);
}
