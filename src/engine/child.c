/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The child between clone3(2) and exec. It has a copy of everything the parent prepared, walks its
 * steps, and leaves what failed in shared memory. It allocates nothing, formats nothing, takes no
 * lock: another thread of the parent may have held any of them when it was cloned.
 */

#include <sys/stat.h>

#include "base/fd.h"
#include "engine/channel.h"
#include "engine/engine.h"
#include "kernel/syscalls.h"

int run_hand_back(struct run *run, int slot, int fd)
{
	const struct channel_message message = { .type = CHANNEL_HAND_BACK, .slot = slot };

	return channel_send(run_fd(run, SLOT_CHANNEL), &message, fd);
}

void child_main(struct run *run)
{
	/* The parent's end: while the child held it, it would never see the parent go. */
	fd_close(run->slots[SLOT_CHANNEL]);
	run->slots[SLOT_CHANNEL] = take_fd(&run->slots[SLOT_CHILD_CHANNEL]);
	run->child = true;
	/* What the steps make has just the mode they say; the command's own mask comes later. */
	umask(0);
	if (engine_walk(run, STAGE_GUARD, STAGE_EXEC, &run->shared->error) < 0 && run->plan->word_slot != SLOT_NONE)
		(void)fd_write_all(run_fd(run, run->plan->word_slot), &run->shared->error,
				   sizeof(run->shared->error));
	sys_exit_group(125);
}
