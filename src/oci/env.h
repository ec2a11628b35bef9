/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_ENV_H
#define OCI_ENV_H

/* What the environment is made of, beside process.env. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	OCI_PASSWD_HOME = 4096, /* a home directory with its NUL; a longer one is none */
	OCI_LISTEN_FDS = 1024,
};

/*
 * Looking a home directory up in a passwd file that comes a piece at a time. Child-safe. The first
 * line of the user with a home directory in it counts.
 */
struct oci_passwd {
	uint32_t uid;
	unsigned field; /* of the line so far, from 0 */
	uint64_t number;
	size_t n_digits, n_home;
	bool number_ok, home_too_long, found;
	char home[OCI_PASSWD_HOME];
};

void oci_passwd_init(struct oci_passwd *passwd, uint32_t uid);

/* One more piece, and the end of the file. True once it is found: then passwd->home is it. */
bool oci_passwd_feed(struct oci_passwd *passwd, const char *text, size_t n);
bool oci_passwd_end(struct oci_passwd *passwd);

/*
 * How many sockets, from descriptor 3 on, the caller of the runtime handed over (sd_listen_fds(3));
 * 0 where they were meant for another process.
 */
unsigned oci_listen_fds(const char *const *host_env);

#endif
