/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "feature_child.h"
#include "oci/config.h"
#include "oci/env.h"
#include "skip.h"

extern const struct feature feature_oci_env;

static struct oci_config config;

static void start(struct trial *trial, const char *const *env)
{
	size_t n = 0;

	while (env[n])
		n++;
	config = (struct oci_config){ .process.env = { env, n } };
	TRIAL_INIT(trial, &feature_oci_env);
	trial->spec.oci = &config;
}

static void the_last_one_wins(void **state)
{
	static const char *const env[] = { "B=1", "HOME=/x", "A=1", "B=2", "NOVALUE", "B=3\nC=4", "=odd", NULL };
	static const char *const expected[] = { "HOME=/x", "A=1", "NOVALUE", "B=3\nC=4", "=odd" };
	struct trial trial;

	(void)state;
	start(&trial, env);
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.n_steps, 0);
	assert_int_equal(trial.plan.settled.n_env, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(trial.plan.settled.env[i], expected[i]);
	assert_null(trial.plan.settled.env[ARRAY_SIZE(expected)]);
	trial_deinit(&trial);
}

static void handed_over_sockets(void **state)
{
	static const char *const env[] = { "LISTEN_PID=7", "HOME=/x", NULL };
	const char *host[] = { "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", NULL, NULL };
	char pid[32];
	struct trial trial;

	(void)state;
	start(&trial, env);
	trial.spec.process.host_env = host;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial.plan.settled.n_env, 4);
	assert_string_equal(trial.plan.settled.env[0], "LISTEN_PID=1");
	assert_string_equal(trial.plan.settled.env[2], "LISTEN_FDS=2");
	assert_string_equal(trial.plan.settled.env[3], "LISTEN_FDNAMES=a:b");
	trial_deinit(&trial);

	snprintf(pid, sizeof(pid), "LISTEN_PID=%d", getpid());
	host[2] = pid;
	assert_int_equal(oci_listen_fds(host), 2);
	host[2] = "LISTEN_PID=1";
	assert_int_equal(oci_listen_fds(host), 0);
	host[0] = "LISTEN_FDS=-1";
	host[2] = NULL;
	assert_int_equal(oci_listen_fds(host), 0);
	host[0] = "LISTEN_FDS=100000";
	assert_int_equal(oci_listen_fds(host), 0);
}

static const char *find(const char *text, uint32_t uid, size_t piece)
{
	static struct oci_passwd passwd;
	size_t n = strlen(text);

	oci_passwd_init(&passwd, uid);
	for (size_t i = 0; i < n; i += piece)
		if (oci_passwd_feed(&passwd, text + i, n - i < piece ? n - i : piece))
			return passwd.home;
	return oci_passwd_end(&passwd) ? passwd.home : NULL;
}

static void lines_of_passwd(void **state)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/sh\n"
				   "\n#comment\nshort:x:5\n"
				   "odd:x:5 :5::/odd:\n"
				   "no:x::5::/none:\n"
				   "homeless:x:6:6:::/bin/sh\n"
				   "six:x:6:6::/home/six:/bin/sh\n"
				   "again:x:6:6::/home/again:/bin/sh\n"
				   "big:x:4294967296:0::/big:\n"
				   "neg:x:-1:0::/neg:\n"
				   "max:x:4294967295:0::/max";

	(void)state;
	for (size_t piece = 1; piece < 40; piece += 3) {
		assert_string_equal(find(text, 0, piece), "/root");
		assert_null(find(text, 5, piece));
		assert_string_equal(find(text, 6, piece), "/home/six");
		assert_string_equal(find(text, UINT32_MAX, piece), "/max");
		assert_null(find(text, 1, piece));
	}
	assert_null(find("", 0, 1));
}

static void a_long_line(void **state)
{
	cleanup_free char *text = calloc(1, 20000);

	(void)state;
	memset(text, 'a', 10000);
	memcpy(text, "a:x:0:0::/", 10);
	memcpy(text + 10000, "\nb:x:0:0::/b:\n", 14);
	assert_string_equal(find(text, 0, 4096), "/b");
}

/* Inside of a root of our own, whose /etc/passwd is what SOURCE says. */
static const char *passwd_text, *passwd_link, *home_expected;
static bool passwd_fifo;

static int prepare(struct trial *trial)
{
	(void)trial;
	if (mount("none", "/tmp", "tmpfs", 0, NULL) < 0 || mkdir("/tmp/etc", 0755) < 0 || mkdir("/tmp/proc", 0755) < 0)
		return 30;
	if (passwd_text) {
		int fd = open("/tmp/etc/passwd", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0 || fd_write_all(fd, passwd_text, strlen(passwd_text)) < 0)
			return 31;
		close(fd);
	}
	if (passwd_link && symlink(passwd_link, "/tmp/etc/passwd") < 0)
		return 32;
	if (passwd_fifo && mkfifo("/tmp/etc/passwd", 0600) < 0)
		return 33;
	if (passwd_link && mount("/proc", "/tmp/proc", NULL, MS_BIND | MS_REC, NULL) < 0)
		return 34;
	return chroot("/tmp") < 0 || chdir("/") < 0 ? 35 : 0;
}

static int check(struct trial *trial)
{
	const struct settled *settled = &trial->plan.settled;

	return strcmp(settled->env[settled->n_env - 1], home_expected) != 0 ? 40 : 0;
}

static void map(struct trial *trial)
{
	trial_write_maps(trial, 0, 1);
}

static void home_is(const char *expected, uint32_t uid, const char *const *env)
{
	struct trial trial;

	home_expected = expected;
	start(&trial, env);
	trial.plan.settled.uid = uid;
	trial.clone_flags = CLONE_NEWUSER | CLONE_NEWNS;
	trial.prepare = prepare;
	trial.check = check;
	trial.between = map;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

static void home_by_the_container(void **state)
{
	static const char *const none[] = { "A=1", NULL }, *const empty[] = { "A=1", "HOME=", NULL };

	(void)state;
	home_is("HOME=/", 0, none);
	passwd_text = "x:x:0:0::/x:\ny:x:7:7::/home/y:\n";
	home_is("HOME=/x", 0, none);
	home_is("HOME=/home/y", 7, empty);
	home_is("HOME=/", 8, empty);
	passwd_text = NULL;
	/* What leads elsewhere, or is no file. */
	passwd_link = "/proc/self/root/etc/passwd";
	home_is("HOME=/", 0, none);
	passwd_link = "/dev/zero";
	home_is("HOME=/", 0, none);
	passwd_link = NULL;
	passwd_fifo = true;
	home_is("HOME=/", 0, none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_one_wins), cmocka_unit_test(handed_over_sockets),
		cmocka_unit_test(lines_of_passwd),   cmocka_unit_test(a_long_line),
		cmocka_unit_test(home_by_the_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
