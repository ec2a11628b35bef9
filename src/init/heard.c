/* SPDX-License-Identifier: Apache-2.0 */
#include "init/heard.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "plan/channel.h"

static bool fits(const siginfo_t *info, int status)
{
	if (info->si_code != CLD_EXITED)
		return false;
	if (WIFEXITED(status))
		return info->si_status == WEXITSTATUS(status);
	return WIFSIGNALED(status) && info->si_status == 128 + WTERMSIG(status);
}

bool init_heard_end(int channel_fd, siginfo_t *info)
{
	struct channel_message message;
	bool heard = false;

	while (recv(channel_fd, &message, sizeof(message), MSG_DONTWAIT) >= CHANNEL_SHORT) {
		if (message.type != CHANNEL_ENDED || !fits(info, message.status))
			continue;
		heard = true;
		if (WIFSIGNALED(message.status)) {
			info->si_code = WCOREDUMP(message.status) ? CLD_DUMPED : CLD_KILLED;
			info->si_status = WTERMSIG(message.status);
		}
	}
	return heard;
}
