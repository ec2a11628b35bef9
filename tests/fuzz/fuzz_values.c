/* SPDX-License-Identifier: Apache-2.0 */

/* Any word through every small parser; what is made of it has the form that its header promises. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/parse.h"
#include "mount/spec.h"
#include "ns/kind.h"
#include "ns/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void check_path(struct arena *arena, const char *word)
{
	const char *path = mount_clean_path(arena, word, "/cwd", "/home/ann"), *at;

	check(path && path[0] == '/');
	for (at = path; (at = strchr(at, '/')) && path[1]; at++) {
		size_t n = strcspn(at + 1, "/");

		check(n > 0 && !(n == 1 && at[1] == '.') &&
		      !(n == 2 && at[1] == '.' && at[2] == '.'));
	}
	check(strcmp(mount_clean_path(arena, path, NULL, NULL), path) == 0);
	check(mount_is_below(path, "/") && mount_is_below(path, path));
}

static void check_texts(const char *word)
{
	cleanup_buf struct buf safe = { 0 }, utf8 = { 0 }, quoted = { 0 };

	buf_add_safe(&safe, word);
	for (const char *at = buf_text(&safe); *at; at++)
		check((unsigned char)*at >= 0x20 && *at != 0x7f);
	check(safe.used >= strlen(word));
	buf_add_utf8(&utf8, buf_text(&safe));
	check(strcmp(buf_text(&utf8), buf_text(&safe)) == 0);
	buf_add_quoted(&quoted, word);
	buf_clear(&safe);
	buf_add_safe(&safe, buf_text(&quoted));
	check(strcmp(buf_text(&safe), buf_text(&quoted)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena arena = { 0 };
	char *word = arena_strndup(&arena, (const char *)data, size), name[16], **list;
	uint64_t u64 = 0;
	int64_t i64;
	uint32_t u32 = 0;
	int number;
	bool yes;
	size_t n = 0;
	ino_t ino;
	enum ns_kind kind;

	check(parse_u64(word, &u64) != 0 || word[0]);
	parse_i64(word, &i64);
	check(parse_u32(word, &u32) != 0 || parse_u64(word, &u64) == 0);
	check(parse_id(word, &u32) != 0 || u32 != UINT32_MAX);
	check(parse_mode(word, &u32) != 0 || u32 <= 07777);
	check(parse_pid(word, &number) != 0 || number > 0);
	check(parse_signal(word, &number) != 0 ||
	      (number >= 1 && number <= 64 && signal_name(number, name)[0]));
	parse_bool(word, &yes);
	parse_size(word, &u64);
	parse_duration(word, &u64);
	check(parse_list(&arena, word, ',', &list, &n) == 0 && list[n] == NULL);
	check(ns_parse_link(word, &kind, &ino, &n) != 0 || (kind < NS_KINDS && n <= strlen(word)));
	check_path(&arena, word);
	check_texts(word);
	return 0;
}
