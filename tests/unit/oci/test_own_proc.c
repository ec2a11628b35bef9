/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "feature_child.h"
#include "oci/own_proc.h"
#include "skip.h"

static char comm[64];

/* In a PID namespace of its own, whose number is another one than the procfs has. */
static int check(struct trial *trial)
{
	int r = oci_own_proc_write(&trial->run, "comm", "renamed", 7);
	cleanup_close int fd = oci_own_proc_open(&trial->run, "comm", O_RDONLY);

	if (r < 0 || fd < 0 || fd_read_all(fd, comm, sizeof(comm)) < 0)
		return 10;
	prctl(PR_GET_NAME, comm);
	if (strcmp(comm, "renamed") != 0)
		return 11;
	if (oci_own_proc_open(&trial->run, "exe", O_RDONLY) != -ELOOP)
		return 12;
	if (oci_own_proc_open(&trial->run, "nothing", O_RDONLY) != -ENOENT)
		return 13;
	trial->slots[SLOT_HOST_PROC] = -EBADF;
	return oci_own_proc_open(&trial->run, "comm", O_RDONLY) == -EBADF ? 0 : 14;
}

extern const struct feature feature_procfs;

static void map(struct trial *trial)
{
	trial_write_maps(trial, 0, 1);
}

static void ones_own_directory(void **state)
{
	struct trial trial;

	(void)state;
	TRIAL_INIT(&trial, &feature_procfs);
	trial.clone_flags = CLONE_NEWUSER | CLONE_NEWPID;
	trial.between = map;
	trial.check = check;
	assert_int_equal(trial_plan(&trial, true), 0);
	assert_int_equal(trial_run(&trial), 0);
	trial_deinit(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ones_own_directory) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
