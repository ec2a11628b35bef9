/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <sys/resource.h>

#include "documents.h"

#define CAP(name) (1ULL << CAP_##name)

static void whole_process(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_process *p = &config.process;

	(void)state;
	accept_in(IN_PROCESS,
		  "\"terminal\":true,\"consoleSize\":{\"height\":25,\"width\":80},"
		  "\"user\":{\"uid\":1,\"gid\":4294967294,\"umask\":63,\"additionalGids\":[5,6]},"
		  "\"env\":[\"A=\",\"B=1=2\"],"
		  "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],"
		  "\"permitted\":[\"CAP_SYS_ADMIN\",\"CAP_NONE_SUCH\"],\"inheritable\":[],"
		  "\"ambient\":[\"CAP_NONE_SUCH\",\"kill\",\"8\"]},"
		  "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":18446744073709551615},"
		  "{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}],"
		  "\"noNewPrivileges\":true,\"apparmorProfile\":\"aa\",\"selinuxLabel\":\"se\",\"oomScoreAdj\":-500,"
		  "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":-5,\"priority\":7,"
		  "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\",\"SCHED_FLAG_DL_OVERRUN\"],"
		  "\"runtime\":1,\"deadline\":2,\"period\":3},"
		  "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":4},"
		  "\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"1\"}",
		  &arena, &config);
	assert_true(config.process_set);
	assert_true(p->terminal);
	assert_int_equal(p->rows, 25);
	assert_int_equal(p->columns, 80);
	assert_int_equal(p->uid, 1);
	assert_int_equal(p->gid, 4294967294U);
	assert_true(p->umask_set);
	assert_int_equal(p->umask, 077);
	assert_int_equal(p->n_groups, 2);
	assert_int_equal(p->groups[1], 6);
	EXPECT_STRINGS(p->args, "sh");
	EXPECT_STRINGS(p->env, "A=", "B=1=2");
	assert_string_equal(p->cwd, "/");
	assert_true(p->caps.set);
	assert_int_equal(p->caps.bounding, CAP(CHOWN) | CAP(KILL));
	assert_int_equal(p->caps.effective, CAP(KILL));
	assert_int_equal(p->caps.permitted, CAP(SYS_ADMIN));
	assert_int_equal(p->caps.inheritable, 0);
	assert_int_equal(p->caps.ambient, 0);
	EXPECT_STRINGS(p->caps.unknown, "CAP_NONE_SUCH", "kill", "8");
	assert_int_equal(p->n_rlimits, 2);
	assert_int_equal(p->rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(p->rlimits[0].soft, 1024);
	assert_true(p->rlimits[0].hard == UINT64_MAX);
	assert_int_equal(p->rlimits[1].resource, RLIMIT_CORE);
	assert_true(p->no_new_privs);
	assert_string_equal(p->apparmor_profile, "aa");
	assert_string_equal(p->selinux_label, "se");
	assert_true(p->oom_score_adj.set);
	assert_int_equal(p->oom_score_adj.value, -500);
	assert_true(p->scheduler.set);
	assert_int_equal(p->scheduler.policy, SCHED_DEADLINE);
	assert_int_equal(p->scheduler.nice, -5);
	assert_int_equal(p->scheduler.priority, 7);
	assert_int_equal(p->scheduler.flags, SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_DL_OVERRUN);
	assert_int_equal(p->scheduler.runtime, 1);
	assert_int_equal(p->scheduler.deadline, 2);
	assert_int_equal(p->scheduler.period, 3);
	assert_true(p->io_priority.set);
	assert_int_equal(p->io_priority.ioclass, IOPRIO_CLASS_IDLE);
	assert_int_equal(p->io_priority.priority, 4);
	assert_string_equal(p->cpu_affinity_initial, "0-3,7");
	assert_string_equal(p->cpu_affinity_final, "1");
}

static void nearly_nothing(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	struct oci_config config;
	const struct oci_process *p = &config.process;

	(void)state;
	accept_in(IN_PROCESS, "\"user\":{},\"apparmorProfile\":\"\",\"rlimits\":null", &arena, &config);
	assert_false(p->terminal || p->umask_set || p->caps.set || p->no_new_privs);
	assert_false(p->oom_score_adj.set || p->scheduler.set || p->io_priority.set);
	assert_null(p->apparmor_profile);
	assert_null(p->cpu_affinity_final);
	assert_int_equal(p->rows, 0);
	assert_int_equal(p->n_groups, 0);
	assert_int_equal(p->env.n, 0);
}

static const char exec_text[] =
	"{\"args\":[\"id\"],\"cwd\":\"/tmp\",\"user\":{\"uid\":7,\"additionalGids\":[]},\"consoleSize\":null,"
	"\"capabilities\":{\"ambient\":[\"CAP_KILL\"]},\"rlimits\":[]}";

/* What a process of its own leaves out stays as the container has it. */
static void over_what_is_there(void **state)
{
	cleanup_arena struct arena arena = { 0 };
	uint32_t groups[] = { 1, 2 };
	struct oci_rlimit limits[] = { { RLIMIT_CPU, 1, 1 } };
	const char *env[] = { "A=b", NULL };
	struct oci_process p = {
		.uid = 1, .gid = 2, .groups = groups, .n_groups = 2, .env = { env, 1 }, .rows = 9, .columns = 8,
		.umask_set = true, .umask = 027, .apparmor_profile = "aa", .selinux_label = "se",
		.caps = { .set = true, .bounding = CAP(CHOWN), .effective = CAP(CHOWN) },
		.rlimits = limits, .n_rlimits = 1, .no_new_privs = true,
		.oom_score_adj = { true, 5 }, .scheduler = { .set = true, .nice = 3 },
	};
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(oci_read_process(exec_text, sizeof(exec_text) - 1, &arena, &p, &error), 0);
	EXPECT_STRINGS(p.args, "id");
	EXPECT_STRINGS(p.env, "A=b");
	assert_string_equal(p.cwd, "/tmp");
	assert_int_equal(p.uid, 7);
	assert_int_equal(p.gid, 2);
	assert_int_equal(p.n_groups, 0);
	assert_true(p.umask_set);
	assert_int_equal(p.umask, 027);
	assert_int_equal(p.rows, 9);
	assert_string_equal(p.apparmor_profile, "aa");
	assert_string_equal(p.selinux_label, "se");
	assert_int_equal(p.caps.bounding, 0);
	assert_int_equal(p.caps.effective, 0);
	assert_int_equal(p.caps.ambient, CAP(KILL));
	assert_int_equal(p.n_rlimits, 0);
	assert_true(p.no_new_privs);
	assert_int_equal(p.oom_score_adj.value, 5);
	assert_int_equal(p.scheduler.nice, 3);
}

static void refused_by_itself(void **state)
{
	static const char text[] = "{\"cwd\":\"/x\",\"user\":{\"uid\":-1}}";
	cleanup_arena struct arena arena = { 0 };
	struct oci_process p = { .cwd = "/" };
	struct inro_error error = { 0 };

	(void)state;
	assert_int_equal(oci_read_process(text, sizeof(text) - 1, &arena, &p, &error), -EINVAL);
	assert_string_equal(error.what, "user.uid");
	assert_string_equal(p.cwd, "/");
	memset(&error, 0, sizeof(error));
	assert_int_equal(oci_read_process("3", 1, &arena, &p, &error), -EINVAL);
	assert_string_equal(error.what, "the process");
}

#define NOFILE "{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":1}"

static const struct refused wrong[] = {
	{ "\"terminal\":1", "process.terminal", "is a number and must be true or false" },
	{ "\"consoleSize\":{\"height\":1}", "process.consoleSize.width", "is missing" },
	{ "\"consoleSize\":{\"height\":65536,\"width\":1}", "process.consoleSize.height",
	  "65536 is not from 0 to 65535" },
	{ "\"user\":{\"uid\":-1}", "process.user.uid", "-1 is not from 0 to 4294967294" },
	{ "\"user\":{\"gid\":4294967295}", "process.user.gid", "4294967295 is not from 0 to 4294967294" },
	{ "\"user\":{\"uid\":18446744073709551615}", "process.user.uid", "too large" },
	{ "\"user\":{\"uid\":\"0\"}", "process.user.uid", "is a string and must be a whole number" },
	{ "\"user\":{\"uid\":0.0}", "process.user.uid", "a fraction" },
	{ "\"user\":{\"umask\":512}", "process.user.umask", "512 is not from 0 to 511" },
	{ "\"user\":{\"additionalGids\":[0,-2]}", "process.user.additionalGids[1]", "-2 is not" },
	{ "\"env\":[\"A=b\",\"C\"]", "process.env[1]", "'C' is not of the form NAME=value" },
	{ "\"env\":[\"=b\"]", "process.env[0]", "NAME=value" },
	{ "\"env\":[\"A=\\u0000\"]", "process.env[0]", "NUL" },
	{ "\"capabilities\":[]", "process.capabilities", "must be an object" },
	{ "\"capabilities\":{\"bounding\":[1]}", "process.capabilities.bounding[0]", "must be a string" },
	{ "\"rlimits\":[" NOFILE "," NOFILE "]", "process.rlimits[1].type", "the limit nofile is there twice" },
	{ "\"rlimits\":[{\"type\":\"nofile\",\"soft\":1,\"hard\":1}]", "process.rlimits[0].type",
	  "no limit 'nofile'" },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]", "process.rlimits[0].type",
	  "no limit 'RLIMIT_X'" },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]", "process.rlimits[0].soft", "2 is above" },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":-1,\"hard\":1}]", "process.rlimits[0].soft",
	  "-1 is negative" },
	{ "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1}]", "process.rlimits[0].hard", "is missing" },
	{ "\"oomScoreAdj\":1001", "process.oomScoreAdj", "1001 is not from -1000 to 1000" },
	{ "\"scheduler\":{}", "process.scheduler.policy", "is missing" },
	{ "\"scheduler\":{\"policy\":\"SCHED_X\"}", "process.scheduler.policy", "'SCHED_X' is none of SCHED_OTHER" },
	{ "\"scheduler\":{\"policy\":\"SCHED_RR\",\"flags\":[\"X\"]}", "process.scheduler.flags[0]",
	  "'X' is none of" },
	{ "\"scheduler\":{\"policy\":\"SCHED_RR\",\"nice\":20}", "process.scheduler.nice",
	  "20 is not from -20 to 19" },
	{ "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}", "process.ioPriority.class", "is none of" },
	{ "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}", "process.ioPriority.priority",
	  "8 is not from 0 to 7" },
	{ "\"execCPUAffinity\":{\"initial\":\"0;1\"}", "process.execCPUAffinity.initial", "not a list of CPUs" },
};

static void what_is_refused(void **state)
{
	(void)state;
	refuse_in(IN_PROCESS, wrong, ARRAY_SIZE(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_process),     cmocka_unit_test(nearly_nothing),
		cmocka_unit_test(over_what_is_there), cmocka_unit_test(refused_by_itself),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
