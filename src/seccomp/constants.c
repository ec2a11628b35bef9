/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/constants.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/macros.h"

struct constant {
	const char *name;
	uint64_t value;
};

/* One list per family. Where two names have one value, the first is the one that is printed. */
#define C(name) { #name, (uint64_t)(name) }

/* clang-format off */
static const struct constant af_list[] = {
	C(AF_UNSPEC), C(AF_UNIX), C(AF_INET), C(AF_AX25), C(AF_IPX), C(AF_APPLETALK),
	C(AF_NETROM), C(AF_BRIDGE), C(AF_ATMPVC), C(AF_X25), C(AF_INET6), C(AF_ROSE),
	C(AF_DECnet), C(AF_KEY), C(AF_NETLINK), C(AF_PACKET), C(AF_ECONET), C(AF_ATMSVC),
	C(AF_RDS), C(AF_IRDA), C(AF_PPPOX), C(AF_LLC), C(AF_IB), C(AF_MPLS), C(AF_CAN),
	C(AF_TIPC), C(AF_BLUETOOTH), C(AF_IUCV), C(AF_RXRPC), C(AF_ISDN), C(AF_PHONET),
	C(AF_IEEE802154), C(AF_CAIF), C(AF_ALG), C(AF_NFC), C(AF_VSOCK), C(AF_KCM), C(AF_QIPCRTR),
	C(AF_SMC), C(AF_XDP), C(AF_MCTP), C(AF_LOCAL),
};

static const struct constant sock_list[] = {
	C(SOCK_STREAM), C(SOCK_DGRAM), C(SOCK_RAW), C(SOCK_RDM), C(SOCK_SEQPACKET), C(SOCK_DCCP),
	C(SOCK_PACKET), C(SOCK_NONBLOCK), C(SOCK_CLOEXEC),
};

static const struct constant netlink_list[] = {
	C(NETLINK_ROUTE), C(NETLINK_USERSOCK), C(NETLINK_SOCK_DIAG), C(NETLINK_NFLOG),
	C(NETLINK_XFRM), C(NETLINK_SELINUX), C(NETLINK_ISCSI), C(NETLINK_AUDIT),
	C(NETLINK_FIB_LOOKUP), C(NETLINK_CONNECTOR), C(NETLINK_NETFILTER),
	C(NETLINK_KOBJECT_UEVENT), C(NETLINK_GENERIC), C(NETLINK_RDMA), C(NETLINK_CRYPTO),
	C(NETLINK_SMC),
};

static const struct constant clone_list[] = {
	C(CLONE_VM), C(CLONE_FS), C(CLONE_FILES), C(CLONE_SIGHAND), C(CLONE_PIDFD),
	C(CLONE_PTRACE), C(CLONE_VFORK), C(CLONE_PARENT), C(CLONE_THREAD), C(CLONE_SYSVSEM),
	C(CLONE_SETTLS), C(CLONE_PARENT_SETTID), C(CLONE_CHILD_CLEARTID), C(CLONE_DETACHED),
	C(CLONE_UNTRACED), C(CLONE_CHILD_SETTID), C(CLONE_IO), C(CLONE_NEWTIME), C(CLONE_NEWNS),
	C(CLONE_NEWCGROUP), C(CLONE_NEWUTS), C(CLONE_NEWIPC), C(CLONE_NEWUSER), C(CLONE_NEWPID),
	C(CLONE_NEWNET),
};

static const struct constant ioctl_list[] = {
	C(TCGETS), C(TCSETS), C(TCSETSW), C(TCSETSF), C(TIOCSCTTY), C(TIOCNOTTY), C(TIOCGPGRP),
	C(TIOCSPGRP), C(TIOCGWINSZ), C(TIOCSWINSZ), C(TIOCSTI), C(TIOCLINUX), C(TIOCCONS),
	C(TIOCSETD), C(TIOCGETD), C(TIOCGPTN), C(TIOCSPTLCK), C(TIOCGPTPEER), C(FIONREAD),
	C(FIONBIO), C(FIOCLEX), C(FIONCLEX),
};

static const struct constant prctl_list[] = {
	C(PR_SET_PDEATHSIG), C(PR_GET_PDEATHSIG), C(PR_GET_DUMPABLE), C(PR_SET_DUMPABLE),
	C(PR_GET_KEEPCAPS), C(PR_SET_KEEPCAPS), C(PR_SET_NAME), C(PR_GET_NAME), C(PR_GET_SECCOMP),
	C(PR_SET_SECCOMP), C(PR_CAPBSET_READ), C(PR_CAPBSET_DROP), C(PR_GET_TSC), C(PR_SET_TSC),
	C(PR_GET_SECUREBITS), C(PR_SET_SECUREBITS), C(PR_SET_TIMERSLACK), C(PR_GET_TIMERSLACK),
	C(PR_MCE_KILL), C(PR_MCE_KILL_GET), C(PR_SET_MM), C(PR_SET_CHILD_SUBREAPER),
	C(PR_GET_CHILD_SUBREAPER), C(PR_SET_NO_NEW_PRIVS), C(PR_GET_NO_NEW_PRIVS),
	C(PR_GET_TID_ADDRESS), C(PR_SET_THP_DISABLE), C(PR_GET_THP_DISABLE), C(PR_CAP_AMBIENT),
	C(PR_GET_SPECULATION_CTRL), C(PR_SET_SPECULATION_CTRL), C(PR_SET_IO_FLUSHER),
	C(PR_GET_IO_FLUSHER), C(PR_SET_SYSCALL_USER_DISPATCH), C(PR_SCHED_CORE), C(PR_SET_VMA),
	C(PR_SET_PTRACER),
};

static const struct constant ptrace_list[] = {
	C(PTRACE_TRACEME), C(PTRACE_PEEKTEXT), C(PTRACE_PEEKDATA), C(PTRACE_POKETEXT),
	C(PTRACE_POKEDATA), C(PTRACE_CONT), C(PTRACE_KILL), C(PTRACE_SINGLESTEP),
	C(PTRACE_ATTACH), C(PTRACE_DETACH), C(PTRACE_SYSCALL), C(PTRACE_SETOPTIONS),
	C(PTRACE_GETEVENTMSG), C(PTRACE_GETSIGINFO), C(PTRACE_SETSIGINFO), C(PTRACE_GETREGSET),
	C(PTRACE_SETREGSET), C(PTRACE_SEIZE), C(PTRACE_INTERRUPT), C(PTRACE_LISTEN),
	C(PTRACE_PEEKSIGINFO), C(PTRACE_GETSIGMASK), C(PTRACE_SETSIGMASK),
	C(PTRACE_SECCOMP_GET_FILTER), C(PTRACE_SECCOMP_GET_METADATA), C(PTRACE_GET_SYSCALL_INFO),
};

static const struct constant keyctl_list[] = {
	C(KEYCTL_GET_KEYRING_ID), C(KEYCTL_JOIN_SESSION_KEYRING), C(KEYCTL_UPDATE),
	C(KEYCTL_REVOKE), C(KEYCTL_CHOWN), C(KEYCTL_SETPERM), C(KEYCTL_DESCRIBE), C(KEYCTL_CLEAR),
	C(KEYCTL_LINK), C(KEYCTL_UNLINK), C(KEYCTL_SEARCH), C(KEYCTL_READ), C(KEYCTL_INSTANTIATE),
	C(KEYCTL_NEGATE), C(KEYCTL_SET_TIMEOUT), C(KEYCTL_GET_SECURITY),
	C(KEYCTL_SESSION_TO_PARENT), C(KEYCTL_REJECT), C(KEYCTL_INVALIDATE),
	C(KEYCTL_GET_PERSISTENT), C(KEYCTL_CAPABILITIES),
};

static const struct constant personality_list[] = {
	C(PER_LINUX), C(PER_LINUX32), C(UNAME26), C(ADDR_NO_RANDOMIZE), C(MMAP_PAGE_ZERO),
	C(ADDR_COMPAT_LAYOUT), C(READ_IMPLIES_EXEC), C(ADDR_LIMIT_32BIT), C(SHORT_INODE),
	C(WHOLE_SECONDS), C(STICKY_TIMEOUTS), C(ADDR_LIMIT_3GB),
};

static const struct constant socketcall_list[] = {
	C(SYS_SOCKET), C(SYS_BIND), C(SYS_CONNECT), C(SYS_LISTEN), C(SYS_ACCEPT),
	C(SYS_GETSOCKNAME), C(SYS_GETPEERNAME), C(SYS_SOCKETPAIR), C(SYS_SEND), C(SYS_RECV),
	C(SYS_SENDTO), C(SYS_RECVFROM), C(SYS_SHUTDOWN), C(SYS_SETSOCKOPT), C(SYS_GETSOCKOPT),
	C(SYS_SENDMSG), C(SYS_RECVMSG), C(SYS_ACCEPT4), C(SYS_RECVMMSG), C(SYS_SENDMMSG),
};

static const struct constant prot_list[] = {
	C(PROT_READ), C(PROT_WRITE), C(PROT_EXEC),
};

static const struct constant mode_list[] = {
	C(S_ISUID), C(S_ISGID), C(S_ISVTX), C(S_IFMT), C(S_IFREG), C(S_IFCHR), C(S_IFBLK),
	C(S_IFIFO), C(S_IFSOCK),
};

static const struct constant cap_list[] = {
	C(CAP_CHOWN), C(CAP_DAC_OVERRIDE), C(CAP_DAC_READ_SEARCH), C(CAP_FOWNER), C(CAP_FSETID),
	C(CAP_KILL), C(CAP_SETGID), C(CAP_SETUID), C(CAP_SETPCAP), C(CAP_LINUX_IMMUTABLE),
	C(CAP_NET_BIND_SERVICE), C(CAP_NET_BROADCAST), C(CAP_NET_ADMIN), C(CAP_NET_RAW),
	C(CAP_IPC_LOCK), C(CAP_IPC_OWNER), C(CAP_SYS_MODULE), C(CAP_SYS_RAWIO), C(CAP_SYS_CHROOT),
	C(CAP_SYS_PTRACE), C(CAP_SYS_PACCT), C(CAP_SYS_ADMIN), C(CAP_SYS_BOOT), C(CAP_SYS_NICE),
	C(CAP_SYS_RESOURCE), C(CAP_SYS_TIME), C(CAP_SYS_TTY_CONFIG), C(CAP_MKNOD), C(CAP_LEASE),
	C(CAP_AUDIT_WRITE), C(CAP_AUDIT_CONTROL), C(CAP_SETFCAP), C(CAP_MAC_OVERRIDE),
	C(CAP_MAC_ADMIN), C(CAP_SYSLOG), C(CAP_WAKE_ALARM), C(CAP_BLOCK_SUSPEND),
	C(CAP_AUDIT_READ), C(CAP_PERFMON), C(CAP_BPF), C(CAP_CHECKPOINT_RESTORE),
};
/* clang-format on */

#define FAMILY(list) { list, ARRAY_SIZE(list) }

static const struct {
	const struct constant *list;
	size_t n;
} families[CONSTANT_FAMILIES] = {
	[CONSTANT_AF] = FAMILY(af_list),
	[CONSTANT_SOCK] = FAMILY(sock_list),
	[CONSTANT_NETLINK] = FAMILY(netlink_list),
	[CONSTANT_CLONE] = FAMILY(clone_list),
	[CONSTANT_IOCTL] = FAMILY(ioctl_list),
	[CONSTANT_PRCTL] = FAMILY(prctl_list),
	[CONSTANT_PTRACE] = FAMILY(ptrace_list),
	[CONSTANT_KEYCTL] = FAMILY(keyctl_list),
	[CONSTANT_PERSONALITY] = FAMILY(personality_list),
	[CONSTANT_SOCKETCALL] = FAMILY(socketcall_list),
	[CONSTANT_PROT] = FAMILY(prot_list),
	[CONSTANT_MODE] = FAMILY(mode_list),
	[CONSTANT_CAP] = FAMILY(cap_list),
};

/* Which family's names fit an argument, for printing. */
static const struct {
	const char *call;
	unsigned argument;
	enum constant_family family;
} contexts[] = {
	{ "socket", 0, CONSTANT_AF },
	{ "socketpair", 0, CONSTANT_AF },
	{ "socketcall", 0, CONSTANT_SOCKETCALL },
	{ "ioctl", 1, CONSTANT_IOCTL },
	{ "prctl", 0, CONSTANT_PRCTL },
	{ "ptrace", 0, CONSTANT_PTRACE },
	{ "keyctl", 0, CONSTANT_KEYCTL },
	{ "personality", 0, CONSTANT_PERSONALITY },
};

static bool matches(const struct constant *constant, const char *name, size_t length)
{
	return strncmp(constant->name, name, length) == 0 && !constant->name[length];
}

/* All the bits of the constants that begin so. */
static int find_prefix(const char *prefix, size_t length, uint64_t *ret)
{
	uint64_t bits = 0;
	bool found = false;

	for (size_t family = 0; family < CONSTANT_CAP; family++)
		for (size_t i = 0; i < families[family].n; i++)
			if (strncmp(families[family].list[i].name, prefix, length) == 0) {
				bits |= families[family].list[i].value;
				found = true;
			}
	if (!found)
		return -ENOENT;
	*ret = bits;
	return 0;
}

int seccomp_find_constant(const char *name, size_t length, uint64_t *ret)
{
	if (length > 1 && name[length - 1] == '*')
		return find_prefix(name, length - 1, ret);
	for (size_t family = 0; family < CONSTANT_CAP; family++)
		for (size_t i = 0; i < families[family].n; i++)
			if (matches(&families[family].list[i], name, length)) {
				*ret = families[family].list[i].value;
				return 0;
			}
	return -ENOENT;
}

int seccomp_find_cap(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(cap_list); i++)
		if (matches(&cap_list[i], name, length))
			return (int)cap_list[i].value;
	return -ENOENT;
}

const char *seccomp_constant_name(const char *call, unsigned argument, uint64_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(contexts); i++) {
		const enum constant_family family = contexts[i].family;

		if (contexts[i].argument != argument || strcmp(contexts[i].call, call) != 0)
			continue;
		for (size_t j = 0; j < families[family].n; j++)
			if (families[family].list[j].value == value)
				return families[family].list[j].name;
	}
	return NULL;
}
