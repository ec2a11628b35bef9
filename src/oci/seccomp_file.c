/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file: a header of fixed width, the program as the kernel takes it, and the two texts, each
 * with its NUL. It is written once, by whoever makes the container, and read on the same host.
 */

#include "oci/seccomp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/state.h"

struct header {
	char magic[8];
	uint32_t flags, n;
	uint32_t n_path, n_metadata; /* with the NUL; 0 = none */
};
_Static_assert(sizeof(struct header) == 24, "read as it was written");

static const char magic[8] = "inrobpf";

enum { MAX_TEXTS = 1 << 20 };

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

int oci_filter_write(int state_fd, const struct oci_filter *filter)
{
	struct header header = {
		.flags = filter->program.flags,
		.n = (uint32_t)filter->program.n,
		.n_path = (uint32_t)text_size(filter->listener_path),
		.n_metadata = (uint32_t)text_size(filter->listener_metadata),
	};
	struct iovec parts[] = {
		{ &header, sizeof(header) },
		{ filter->program.code, filter->program.n * sizeof(*filter->program.code) },
		{ (void *)filter->listener_path, header.n_path },
		{ (void *)filter->listener_metadata, header.n_metadata },
	};
	cleanup_close int fd = openat(state_fd, OCI_SECCOMP_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				      0600);
	size_t all = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	memcpy(header.magic, magic, sizeof(magic));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		all += parts[i].iov_len;
	n = writev(fd, parts, ARRAY_SIZE(parts));
	if (n < 0)
		return -errno;
	return (size_t)n == all ? 0 : -ENOSPC;
}

/* A text of SIZE bytes with the NUL, or none. */
static bool is_text(const char *text, size_t size)
{
	return size == 0 || (text[size - 1] == '\0' && strlen(text) == size - 1);
}

static bool take(struct header *header, char *data, size_t size, struct oci_filter *ret)
{
	size_t code_size;
	char *texts;

	if (size < sizeof(*header))
		return false;
	memcpy(header, data, sizeof(*header));
	code_size = (size_t)header->n * sizeof(struct sock_filter);
	if (memcmp(header->magic, magic, sizeof(magic)) != 0 || header->n == 0 || header->n > BPF_MAXINSNS ||
	    size != sizeof(*header) + code_size + header->n_path + header->n_metadata)
		return false;
	texts = data + sizeof(*header) + code_size;
	if (!is_text(texts, header->n_path) || !is_text(texts + header->n_path, header->n_metadata))
		return false;
	*ret = (struct oci_filter){
		.program = { (struct sock_filter *)(data + sizeof(*header)), header->n, header->flags },
		.listener_path = header->n_path ? texts : NULL,
		.listener_metadata = header->n_metadata ? texts + header->n_path : NULL,
	};
	return true;
}

int oci_filter_read(int state_fd, struct arena *arena, struct oci_filter *ret, struct inro_error *error)
{
	const size_t max = sizeof(struct header) + BPF_MAXINSNS * sizeof(struct sock_filter) + 2 * MAX_TEXTS;
	cleanup_close int fd = openat(state_fd, OCI_SECCOMP_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *data = NULL;
	struct header header;
	size_t size = 0;
	char *copy;
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	r = fd < 0 ? -errno : fd_read_to_heap(fd, max, &data, &size);
	if (r < 0)
		return fail_call(error, r, "read the container's filter", fd < 0 ? "openat" : "read", OCI_SECCOMP_FILE);
	copy = arena_copy(arena, data, size + 1);
	if (!copy)
		return fail_memory(error);
	if (!take(&header, copy, size, ret))
		return fail_host(error, INRO_ERROR_HOST, -EINVAL, "read the container's filter",
				 OCI_SECCOMP_FILE " is damaged");
	return 0;
}
