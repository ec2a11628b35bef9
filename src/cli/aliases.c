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
	{ "unshare-user", 0, "ns", "+user" },
	{ "unshare-user-try", 0, "ns", "+user" },
	{ "unshare-ipc", 0, "ns", "+ipc" },
	{ "unshare-pid", 0, "ns", "+pid" },
	{ "unshare-net", 0, "ns", "+net" },
	{ "unshare-uts", 0, "ns", "+uts" },
	{ "unshare-cgroup", 0, "ns", "+cgroup" },
	{ "unshare-cgroup-try", 0, "ns", "+cgroup" },
	{ "share-net", 0, "net", "host" },
	{ "as-pid-1", 0, "init", "false" },
	{ "assert-userns-disabled", 0, "disable-userns", "true" },
	{ "uid", 1, "user", "%1" },
	{ "new-session", 0, "tty", "none" },
	{ "add-seccomp-fd", 1, "seccomp-fd", "%1" },
	/* docker, podman */
	{ "mount-rootfs", 1, "rootfs", "%1" },
	{ "privileged", 0, "cap-add", "ALL" },
	{ "device", 1, "volume", "%1:%1:dev" },
	{ "shm-size", 1, "tmpfs", "/dev/shm:size=%1" },
};
const size_t n_run_aliases = ARRAY_SIZE(run_aliases);
