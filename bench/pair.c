/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair: start several commands in turn, many times, and write what each run took, as JSON.
 *
 *   pair [OPTIONS] NAME COMMAND [ARG…] [--- NAME COMMAND [ARG…]]…
 *
 * Times on a shared machine drift by more than the programs differ, so two programs are never
 * measured one after the other: each round runs every command once, in an order shuffled anew (a
 * run pays for what its predecessor left to the kernel's workers, so a fixed order would favour
 * somebody), and what is compared later are the runs of one round with each other.
 *
 * The driver is C and static since it is part of what it measures: a child is started by vfork, so
 * the size of the driver costs nothing, and the peak memory of a child, which the kernel starts at
 * that of the address space it leaves by exec, is not hidden behind an interpreter's.
 *
 * With --alive N each command is started N times and stays alive; the measured time ends when the
 * payload (bench/pause) writes its byte into a pipe. Then the payloads' standard input is closed,
 * and all of them end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 32

struct command {
	const char *name;
	char **argv;
};

struct sample {
	uint32_t wall_ns;
	uint32_t user_us, system_us;
	uint32_t maxrss_kb, minflt;
};

struct options {
	unsigned int runs, warmup, alive, settle_us;
	int pass_fd; /* -1: none */
	const char *pass_path;
	bool ordered, verbose;
	uint64_t seed;
};

static struct command commands[MAX_COMMANDS];
static unsigned int n_commands;
static int null_fd; /* the measured commands' standard output; ours is for the JSON */

static void die(const char *what, const char *name)
{
	fprintf(stderr, "pair: %s: %s: %s\n", what, name, strerror(errno));
	exit(125);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Only dup2, open and exec run in the child, on the stack of the stopped parent. */
static pid_t start(const struct command *c, const struct options *o, int in, int out)
{
	/* Not close-on-exec after dup2, read from its start by each run. */
	int fd = o->pass_fd >= 0 ? open(o->pass_path, O_RDONLY | O_CLOEXEC) : -1;
	pid_t pid;

	if (o->pass_fd >= 0 && fd < 0)
		die("open", o->pass_path);
	pid = vfork();
	if (pid == 0) {
		if (in >= 0)
			dup2(in, 0);
		if (out >= 0)
			dup2(out, 1);
		if (fd >= 0)
			dup2(fd, o->pass_fd);
		execv(c->argv[0], c->argv);
		_exit(127);
	}
	if (pid < 0)
		die("vfork", c->name);
	if (fd >= 0)
		close(fd);
	return pid;
}

static void check_status(const struct command *c, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	fprintf(stderr, "pair: %s: ended with %s %d\n", c->name,
		WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	exit(WIFEXITED(status) && WEXITSTATUS(status) == 127 ? 127 : 1);
}

static void run_once(const struct command *c, const struct options *o, struct sample *s)
{
	struct rusage ru;
	uint64_t begin, end;
	int status;
	pid_t pid;

	begin = now_ns();
	pid = start(c, o, -1, null_fd);
	while (wait4(pid, &status, 0, &ru) < 0)
		if (errno != EINTR)
			die("wait4", c->name);
	end = now_ns();
	check_status(c, status);
	s->wall_ns = (uint32_t)(end - begin);
	s->user_us = (uint32_t)(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec);
	s->system_us = (uint32_t)(ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec);
	s->maxrss_kb = (uint32_t)ru.ru_maxrss;
	s->minflt = (uint32_t)ru.ru_minflt;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void shuffle(unsigned int *order, uint64_t *state)
{
	for (unsigned int i = n_commands; i > 1; i--) {
		unsigned int j = (unsigned int)(next_random(state) % i);
		unsigned int t = order[i - 1];

		order[i - 1] = order[j];
		order[j] = t;
	}
}

static void run_rounds(const struct options *o, struct sample *samples)
{
	unsigned int order[MAX_COMMANDS];
	uint64_t state = o->seed;

	for (unsigned int i = 0; i < n_commands; i++)
		order[i] = i;
	for (unsigned int r = 0; r < o->warmup + o->runs; r++) {
		if (!o->ordered)
			shuffle(order, &state);
		for (unsigned int i = 0; i < n_commands; i++) {
			unsigned int n = order[i];
			struct sample s;

			run_once(&commands[n], o, &s);
			if (r >= o->warmup)
				samples[n * o->runs + r - o->warmup] = s;
			if (o->settle_us)
				usleep(o->settle_us);
		}
	}
}

static void print_field(const char *name, const struct sample *s, unsigned int n, size_t offset,
			const char *end)
{
	printf("   \"%s\": [", name);
	for (unsigned int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", *(const uint32_t *)((const char *)&s[i] + offset));
	printf("]%s\n", end);
}

static void print_samples(const struct options *o, const struct sample *samples)
{
	printf("{\"runs\": %u,\n \"commands\": [\n", o->runs);
	for (unsigned int i = 0; i < n_commands; i++) {
		const struct sample *s = &samples[i * o->runs];

		printf("  {\"name\": \"%s\",\n", commands[i].name);
		print_field("wall_ns", s, o->runs, offsetof(struct sample, wall_ns), ",");
		print_field("user_us", s, o->runs, offsetof(struct sample, user_us), ",");
		print_field("system_us", s, o->runs, offsetof(struct sample, system_us), ",");
		print_field("maxrss_kb", s, o->runs, offsetof(struct sample, maxrss_kb), ",");
		print_field("minflt", s, o->runs, offsetof(struct sample, minflt), "");
		printf("  }%s\n", i + 1 < n_commands ? "," : "");
	}
	printf(" ]}\n");
}

static long available_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/* Waits for the payload's byte, or finds that the command ended before it wrote one. */
static void await_byte(const struct command *c, int out)
{
	struct pollfd p = { .fd = out, .events = POLLIN };
	char byte;

	if (poll(&p, 1, 20000) != 1 || read(out, &byte, 1) != 1) {
		fprintf(stderr, "pair: %s: the payload did not start\n", c->name);
		exit(1);
	}
}

static void alive_one(const struct command *c, const struct options *o, bool last)
{
	int in[2], out[2];
	pid_t *pids = calloc(o->alive, sizeof(*pids));
	uint32_t *took = calloc(o->alive, sizeof(*took));
	long before = available_kb(), used;
	int status;

	if (!pids || !took || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		die("pipe2", c->name);
	for (unsigned int i = 0; i < o->alive; i++) {
		uint64_t begin = now_ns();

		pids[i] = start(c, o, in[0], out[1]);
		await_byte(c, out[0]);
		took[i] = (uint32_t)(now_ns() - begin);
		if (o->settle_us)
			usleep(o->settle_us);
	}
	used = before - available_kb();
	close(in[1]);
	for (unsigned int i = 0; i < o->alive; i++) {
		if (waitpid(pids[i], &status, 0) == pids[i])
			check_status(c, status);
	}
	printf("  {\"name\": \"%s\", \"memory_kb\": %ld, \"wall_ns\": [", c->name, used);
	for (unsigned int i = 0; i < o->alive; i++)
		printf("%s%u", i ? "," : "", took[i]);
	printf("]}%s\n", last ? "" : ",");
	fflush(stdout);
	close(in[0]);
	close(out[0]);
	close(out[1]);
	free(pids);
	free(took);
}

static void run_alive(const struct options *o)
{
	printf("{\"alive\": %u,\n \"commands\": [\n", o->alive);
	for (unsigned int i = 0; i < n_commands; i++) {
		alive_one(&commands[i], o, i + 1 == n_commands);
		/* The kernel's workers are still taking down what ended just now. */
		sleep(1 + o->alive / 250);
	}
	printf(" ]}\n");
}

static void usage(void)
{
	fputs("usage: pair [OPTIONS] NAME COMMAND [ARG…] [--- NAME COMMAND [ARG…]]…\n"
	      "  --runs N      measured rounds (100)\n"
	      "  --warmup N    rounds before them (5)\n"
	      "  --settle US   sleep after each run (0)\n"
	      "  --seed N      of the order of the commands\n"
	      "  --ordered     keep the given order in every round\n"
	      "  --fd N=FILE   the commands get FILE as descriptor N, opened anew for each run\n"
	      "  --alive N     start each command N times, let them live, end them together\n",
	      stderr);
	exit(125);
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long v = text ? strtoul(text, &end, 10) : 0;

	if (!text || *end || v > 1000000000)
		usage();
	return (unsigned int)v;
}

static char **parse_options(char **argv, struct options *o)
{
	for (; *argv && !strncmp(*argv, "--", 2); argv++) {
		if (!strcmp(*argv, "--ordered")) {
			o->ordered = true;
		} else if (!strcmp(*argv, "--runs")) {
			o->runs = number(*++argv);
		} else if (!strcmp(*argv, "--warmup")) {
			o->warmup = number(*++argv);
		} else if (!strcmp(*argv, "--settle")) {
			o->settle_us = number(*++argv);
		} else if (!strcmp(*argv, "--seed")) {
			o->seed = number(*++argv) + 1ull;
		} else if (!strcmp(*argv, "--alive")) {
			o->alive = number(*++argv);
		} else if (!strcmp(*argv, "--fd")) {
			char *eq = *++argv ? strchr(*argv, '=') : NULL;

			if (!eq)
				usage();
			*eq = '\0';
			o->pass_fd = (int)number(*argv);
			o->pass_path = eq + 1;
		} else {
			usage();
		}
	}
	return argv;
}

static void parse_commands(char **argv)
{
	while (*argv) {
		struct command *c = &commands[n_commands];

		if (n_commands == MAX_COMMANDS || !argv[1])
			usage();
		c->name = *argv++;
		c->argv = argv;
		while (*argv && strcmp(*argv, "---"))
			argv++;
		if (*argv)
			*argv++ = NULL;
		if (!c->argv[0])
			usage();
		n_commands++;
	}
	if (!n_commands)
		usage();
}

int main(int argc, char **argv)
{
	struct options o = { .runs = 100, .warmup = 5, .pass_fd = -1, .seed = 88172645463325252ull };
	struct sample *samples;

	(void)argc;
	parse_commands(parse_options(argv + 1, &o));
	if (o.alive) {
		run_alive(&o);
		return 0;
	}
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null_fd < 0)
		die("open", "/dev/null");
	samples = calloc((size_t)n_commands * o.runs, sizeof(*samples));
	if (!samples)
		die("calloc", "samples");
	run_rounds(&o, samples);
	print_samples(&o, samples);
	return 0;
}
