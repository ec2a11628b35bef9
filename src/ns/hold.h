/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NS_HOLD_H
#define NS_HOLD_H

/*
 * Holding a namespace by a bind mount on a file, so that it stays when its processes are gone.
 */

struct inro_error;

/*
 * Make the file NAME in DIR_FD (AT_FDCWD: a path) and mount the namespace on it. On failure there
 * is no file. -EEXIST: the name is taken. -EPERM: without CAP_SYS_ADMIN over the mount namespace.
 * -ELOOP: a mount namespace that is the caller's own, or older than it. 5.2.
 */
int ns_hold(int ns_fd, int dir_fd, const char *name, struct inro_error *error);

/*
 * The same on a file that may be there already, as util-linux wants it. Links are followed, since
 * the path is the user's own word.
 */
int ns_hold_over(int ns_fd, const char *path, struct inro_error *error);

/*
 * Unmount and remove such a file, here and wherever the mount was copied to. A file that holds no
 * namespace (any more) is only removed if it is empty, and refused with -EINVAL otherwise.
 */
int ns_hold_drop(int dir_fd, const char *name, struct inro_error *error);

#endif
