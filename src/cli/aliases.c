/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/aliases.h"

#include "base/macros.h"

const struct option_alias run_aliases[] = {
	/* bubblewrap */
	{ "bind", 2, "volume", "%1:%2" },
	{ "bind-try", 2, "volume", "%1:%2:optional" },
	{ "dev-bind", 2, "volume", "%1:%2:dev" },
	{ "dev-bind-try", 2, "volume", "%1:%2:dev,optional" },
	{ "ro-bind", 2, "volume", "%1:%2:ro" },
	{ "ro-bind-try", 2, "volume", "%1:%2:ro,optional" },
	{ "bind-data", 2, "file", "%2=@%1" },
	{ "ro-bind-data", 2, "ro-file", "%2=@%1" },
	{ "setenv", 2, "env", "%1=%2" },
	{ "unsetenv", 1, "unset-env", "%1" },
	{ "clearenv", 0, "env-all", "false" },
	{ "unshare-all", 0, "ns", "all,-time" },
	{ "share-net", 0, "net", "host" },
	{ "uid", 1, "user", "%1" },
	{ "new-session", 0, "tty", "none" },
	{ "add-seccomp-fd", 1, "seccomp-fd", "%1" },
	/* docker, podman */
	{ "mount-rootfs", 1, "rootfs", "%1" },
	{ "privileged", 0, "cap-add", "ALL" },
	{ "interactive", 0, "tty", "auto" },
};
const size_t n_run_aliases = ARRAY_SIZE(run_aliases);
