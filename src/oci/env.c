/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The environment: process.env as it is, of a name that stands there twice the last one. HOME, where
 * it is missing or empty, is the one that the container's /etc/passwd has for the user, otherwise
 * "/".
 *
 * That file is read inside, by the child, once the new root is "/": it may be a mount of its own,
 * and only there it is what the container itself would see. It is the image's, so it may be
 * anything: a FIFO, a device, a link through /proc, a line of any length. The child reads it a piece
 * at a time into a fixed buffer, and writes the directory to a place that the environment has for it.
 *
 * Sockets that the caller of the runtime handed over (LISTEN_FDS, with LISTEN_PID its own) become
 * the container's: its command is always PID 1 or the one that looks like it.
 */

#include "oci/env.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "kernel/syscalls.h"
#include "oci/config.h"
#include "plan/feature.h"
#include "plan/run.h"

extern const struct feature feature_oci_env;

enum { MAX_PASSWD = 16 << 20 };

struct home_args {
	uint32_t uid;
	char *variable; /* "HOME=", with room for a path */
};

/* ---- the home directory ---- */

static const char home_name[] = "HOME=";

enum { HOME_SIZE = sizeof(home_name) + OCI_PASSWD_HOME };

/* What is in `home` stays: the count says how much of it is this line's. */
void oci_passwd_init(struct oci_passwd *passwd, uint32_t uid)
{
	passwd->uid = uid;
	passwd->field = 0;
	passwd->number = 0;
	passwd->n_digits = passwd->n_home = 0;
	passwd->number_ok = true;
	passwd->home_too_long = passwd->found = false;
}

/* A line has ended: was it the user's, with a home directory in it? */
static void end_line(struct oci_passwd *passwd)
{
	if (passwd->field >= 5 && passwd->number_ok && passwd->n_digits > 0 && passwd->number == passwd->uid &&
	    passwd->n_home > 0 && !passwd->home_too_long) {
		passwd->home[passwd->n_home] = '\0';
		passwd->found = true;
		return;
	}
	oci_passwd_init(passwd, passwd->uid);
}

static void add_digit(struct oci_passwd *passwd, char c)
{
	passwd->number_ok &= c >= '0' && c <= '9';
	if (!passwd->number_ok)
		return;
	passwd->number = passwd->number * 10 + (uint64_t)(c - '0');
	passwd->n_digits++;
	passwd->number_ok = passwd->number <= UINT32_MAX;
}

bool oci_passwd_feed(struct oci_passwd *passwd, const char *text, size_t n)
{
	for (size_t i = 0; i < n && !passwd->found; i++) {
		if (text[i] == '\n') {
			end_line(passwd);
		} else if (text[i] == ':') {
			passwd->field++;
		} else if (passwd->field == 2) {
			add_digit(passwd, text[i]);
		} else if (passwd->field == 5) {
			if (passwd->n_home < OCI_PASSWD_HOME - 1)
				passwd->home[passwd->n_home++] = text[i];
			else
				passwd->home_too_long = true;
		}
	}
	return passwd->found;
}

bool oci_passwd_end(struct oci_passwd *passwd)
{
	if (!passwd->found)
		end_line(passwd);
	return passwd->found;
}

/* Child-safe. */
static void read_passwd(int fd, struct oci_passwd *passwd)
{
	char buffer[4096];
	size_t total = 0;
	ssize_t n;

	while (total < MAX_PASSWD) {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || oci_passwd_feed(passwd, buffer, (size_t)n))
			break;
		total += (size_t)n;
	}
	oci_passwd_end(passwd);
}

static int open_passwd(void)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	struct stat st;
	int fd = sys_openat2(AT_FDCWD, "/etc/passwd", &how);

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		fd = fd_close(fd);
	return fd;
}

static int run_find_home(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct home_args *args = step->args;
	struct oci_passwd passwd;
	cleanup_close int fd = open_passwd();

	(void)run;
	(void)error;
	oci_passwd_init(&passwd, args->uid);
	if (fd >= 0)
		read_passwd(fd, &passwd);
	memcpy(args->variable, home_name, sizeof(home_name));
	memcpy(args->variable + strlen(home_name), passwd.found ? passwd.home : "/",
	       passwd.found ? passwd.n_home + 1 : 2);
	return 0;
}

static const struct step_kind kind_find_home = {
	.name = "find-home",
	.what = "look the home directory up for user",
	.calls = "openat2, fstat, read",
	.run = run_find_home,
};

/* ---- the list ---- */

static size_t name_length(const char *variable)
{
	return (size_t)(strchrnul(variable, '=') - variable);
}

struct entry {
	const char *text;
	size_t index, length;
};

static int by_name(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	size_t least = one->length < other->length ? one->length : other->length;
	int r = memcmp(one->text, other->text, least);

	if (r == 0)
		r = (one->length > other->length) - (one->length < other->length);
	return r ? r : (one->index > other->index) - (one->index < other->index);
}

static bool same_name(const struct entry *a, const struct entry *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/*
 * Leave out what another one of the same name comes after. There may be thousands, as a cluster
 * names every service it has: sorted, not compared each with each.
 */
static int take_last(struct arena *arena, const struct oci_strings *given, const char **list, size_t *ret_n)
{
	struct entry *entries = arena_array(arena, given->n, sizeof(*entries));
	bool *gone = arena_array(arena, given->n, sizeof(*gone));
	size_t n = 0;

	if (given->n && (!entries || !gone))
		return -ENOMEM;
	for (size_t i = 0; i < given->n; i++)
		entries[i] = (struct entry){ given->list[i], i, name_length(given->list[i]) };
	if (given->n)
		qsort(entries, given->n, sizeof(*entries), by_name);
	for (size_t i = 0; i + 1 < given->n; i++)
		if (same_name(&entries[i], &entries[i + 1]))
			gone[entries[i].index] = true;
	for (size_t i = 0; i < given->n; i++)
		if (!gone[i])
			list[n++] = given->list[i];
	*ret_n = n;
	return 0;
}

static void set(const char **list, size_t *n, const char *variable)
{
	size_t length = name_length(variable);

	for (size_t i = 0; i < *n; i++)
		if (name_length(list[i]) == length && memcmp(list[i], variable, length) == 0) {
			list[i] = variable;
			return;
		}
	list[(*n)++] = variable;
}

static const char *lookup(const char *const *list, const char *name)
{
	size_t length = strlen(name);

	for (; list && *list; list++)
		if (name_length(*list) == length && memcmp(*list, name, length) == 0 && (*list)[length])
			return *list + length + 1;
	return NULL;
}

unsigned oci_listen_fds(const char *const *host_env)
{
	const char *fds = lookup(host_env, "LISTEN_FDS"), *pid = lookup(host_env, "LISTEN_PID");
	uint32_t n, number;

	if (!fds || parse_u32(fds, &n) < 0 || n > OCI_LISTEN_FDS)
		return 0;
	if (pid && (parse_u32(pid, &number) < 0 || number != (uint32_t)getpid()))
		return 0;
	return n;
}

/* The three variables by which a command finds its sockets. */
static int set_listen(struct plan *plan, const char **list, size_t *n)
{
	const char *const *host_env = plan->spec->process.host_env;
	unsigned fds = oci_listen_fds(host_env);
	const char *names = lookup(host_env, "LISTEN_FDNAMES"), *text;

	if (!fds)
		return 0;
	text = arena_printf(&plan->arena, "LISTEN_FDS=%u", fds);
	if (!text)
		return -ENOMEM;
	set(list, n, text);
	set(list, n, "LISTEN_PID=1");
	text = names ? arena_printf(&plan->arena, "LISTEN_FDNAMES=%s", names) : NULL;
	if (names && !text)
		return -ENOMEM;
	if (text)
		set(list, n, text);
	return 0;
}

static int settle(struct plan *plan, struct inro_error *error)
{
	const struct oci_strings *given = &plan->spec->oci->process.env;
	/* HOME and the three of the sockets, and the NULL. */
	const char **list = arena_array(&plan->arena, given->n + 5, sizeof(*list)), *home;
	char *variable;
	size_t n = 0;

	if (!list || take_last(&plan->arena, given, list, &n) < 0)
		return fail_memory(error);
	if (set_listen(plan, list, &n) < 0)
		return fail_memory(error);
	home = lookup(list, "HOME");
	if (!home || !*home) {
		variable = arena_alloc(&plan->arena, HOME_SIZE);
		if (!variable)
			return fail_memory(error);
		memcpy(variable, home_name, sizeof(home_name));
		set(list, &n, variable);
	}
	plan->settled.env = list;
	plan->settled.n_env = n;
	return 0;
}

/* The variable that waits for its value. */
static char *empty_home(const struct plan *plan)
{
	for (size_t i = 0; i < plan->settled.n_env; i++)
		if (strcmp(plan->settled.env[i], home_name) == 0)
			return (char *)plan->settled.env[i];
	return NULL;
}

static int resolve(struct plan *plan, struct inro_error *error)
{
	char *variable = empty_home(plan);
	struct home_args *args;
	const char *object;

	if (!variable)
		return 0;
	args = arena_alloc(&plan->arena, sizeof(*args));
	object = arena_printf(&plan->arena, "%u", plan->settled.uid);
	if (!args || !object)
		return fail_memory(error);
	*args = (struct home_args){ .uid = plan->settled.uid, .variable = variable };
	plan_add(plan, STAGE_PROCESS, &kind_find_home, object, "process.env has no HOME", args);
	return 0;
}

const struct feature feature_oci_env = {
	.name = "oci_env",
	.settle = settle,
	.resolve = resolve,
};
