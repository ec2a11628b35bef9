/* SPDX-License-Identifier: Apache-2.0 */
#include "init/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/constants.h"
#include "kernel/syscalls.h"

/* Kernels before 6.3 know no MFD_EXEC: there every memfd may be executed. */
static int create(const char *name)
{
	int fd = sys_memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd == -EINVAL ? sys_memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

static int seal(int fd)
{
	static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	if (fcntl(fd, F_ADD_SEALS, seals | F_SEAL_EXEC) == 0)
		return 0;
	/* F_SEAL_EXEC is new in 6.3. Without it the owner could change the mode, but still not a byte. */
	return errno == EINVAL && fcntl(fd, F_ADD_SEALS, seals) == 0 ? 0 : -errno;
}

int sealed_program(const char *name, const void *program, size_t size, struct inro_error *error)
{
	cleanup_close int fd = create(name);
	int r;

	if (fd < 0)
		return error_raw(error, fd, "memfd_create", name);
	r = fd_write_all(fd, program, size);
	if (r < 0)
		return error_raw(error, r, "write", name);
	if (fchmod(fd, 0111) < 0)
		return error_raw(error, -errno, "fchmod", name);
	r = seal(fd);
	return r < 0 ? error_raw(error, r, "fcntl F_ADD_SEALS", name) : take_fd(&fd);
}
