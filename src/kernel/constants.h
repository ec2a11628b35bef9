/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_CONSTANTS_H
#define KERNEL_CONSTANTS_H

/*
 * Constants and structures that the libc headers of Debian 12 (Linux 6.1) lack. Each with the
 * version that brought it.
 */

#include <stdint.h>
#include <sys/ioctl.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* 5.6 */
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL /* 5.5 */
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* 5.7 */
#endif
#ifndef CLONE_PIDFD_AUTOKILL
#define CLONE_PIDFD_AUTOKILL 0x1000000000ULL /* 7.1; EINVAL before, which is how it is probed */
#endif

/* Namespaces, ioctl_ns(2). */
#ifndef NSIO
#define NSIO 0xb7
#endif
#ifndef NS_GET_USERNS
#define NS_GET_USERNS _IO(NSIO, 0x1)	 /* 4.9 */
#define NS_GET_PARENT _IO(NSIO, 0x2)	 /* 4.9 */
#define NS_GET_NSTYPE _IO(NSIO, 0x3)	 /* 4.11 */
#define NS_GET_OWNER_UID _IO(NSIO, 0x4) /* 4.11 */
#endif
#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID _IOR(NSIO, 0x5, uint64_t) /* 6.11 */
#endif
#ifndef NS_GET_PID_FROM_PIDNS
#define NS_GET_PID_FROM_PIDNS _IOR(NSIO, 0x6, int)  /* 6.11: PID here of a PID there */
#define NS_GET_TGID_FROM_PIDNS _IOR(NSIO, 0x7, int) /* 6.11 */
#define NS_GET_PID_IN_PIDNS _IOR(NSIO, 0x8, int)    /* 6.11: PID there of a PID here */
#define NS_GET_TGID_IN_PIDNS _IOR(NSIO, 0x9, int)   /* 6.11 */
#endif
#ifndef NS_GET_ID
#define NS_GET_ID _IOR(NSIO, 13, uint64_t) /* 6.18 */
#endif

/* pidfds. */
#ifndef P_PIDFD
#define P_PIDFD 3 /* 5.4 */
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD 0200 /* O_EXCL, 6.9 */
#endif
#define PIDFD_IOC_MAGIC 0xff
#ifndef PIDFD_GET_CGROUP_NAMESPACE
#define PIDFD_GET_CGROUP_NAMESPACE _IO(PIDFD_IOC_MAGIC, 1) /* all 6.11 */
#define PIDFD_GET_IPC_NAMESPACE _IO(PIDFD_IOC_MAGIC, 2)
#define PIDFD_GET_MNT_NAMESPACE _IO(PIDFD_IOC_MAGIC, 3)
#define PIDFD_GET_NET_NAMESPACE _IO(PIDFD_IOC_MAGIC, 4)
#define PIDFD_GET_PID_NAMESPACE _IO(PIDFD_IOC_MAGIC, 5)
#define PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE _IO(PIDFD_IOC_MAGIC, 6)
#define PIDFD_GET_TIME_NAMESPACE _IO(PIDFD_IOC_MAGIC, 7)
#define PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE _IO(PIDFD_IOC_MAGIC, 8)
#define PIDFD_GET_USER_NAMESPACE _IO(PIDFD_IOC_MAGIC, 9)
#define PIDFD_GET_UTS_NAMESPACE _IO(PIDFD_IOC_MAGIC, 10)
#endif
/* What the first version of PIDFD_GET_INFO answers, 6.13; larger sizes extend it. */
struct kernel_pidfd_info {
	uint64_t mask, cgroup_id;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
_Static_assert(sizeof(struct kernel_pidfd_info) == 64, "the kernel tells versions by size");
#define KERNEL_PIDFD_GET_INFO _IOWR(PIDFD_IOC_MAGIC, 11, struct kernel_pidfd_info)
#define KERNEL_PIDFD_INFO_PID 0x1

/* Mounts. The flags of umount2(2), since <sys/mount.h> clashes with <linux/mount.h>. */
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef UMOUNT_NOFOLLOW
#define UMOUNT_NOFOLLOW 8
#endif
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200 /* 6.5 */
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000 /* 5.12 */
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif

/* Descriptors: sealing a memfd against becoming executable again, 6.3. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* 6.3 */
#endif

/* File systems, as fstatfs(2) names them. */
#ifndef PROC_SUPER_MAGIC
#define PROC_SUPER_MAGIC 0x9fa0
#endif
#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif
#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446 /* 6.9 */
#endif
#ifndef TMPFS_MAGIC
#define TMPFS_MAGIC 0x01021994
#endif
#ifndef CGROUP_SUPER_MAGIC
#define CGROUP_SUPER_MAGIC 0x27e0eb
#endif
#ifndef CGROUP2_SUPER_MAGIC
#define CGROUP2_SUPER_MAGIC 0x63677270
#endif

#endif
