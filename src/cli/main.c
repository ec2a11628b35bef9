/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/option.h"
#include "cli/verb.h"

static void print_usage(void)
{
	printf("Usage: inro VERB [OPTIONS] …\n"
	       "Create, see and enter Linux namespaces, and run containers built from them.\n\n");
	for (size_t i = 0; i < n_verbs; i++)
		printf("  %-10s %s\n", verbs[i]->name, verbs[i]->help);
	printf("\ninro VERB --help tells a verb's options; inro(1) is the manual.\n");
}

static int unknown_verb(const char *word)
{
	const struct verb *nearest = NULL;
	unsigned least = 3;

	for (size_t i = 0; i < n_verbs; i++) {
		unsigned distance = option_distance(word, verbs[i]->name, least);

		if (distance < least) {
			least = distance;
			nearest = verbs[i];
		}
	}
	fprintf(stderr, "inro: there is no verb '%s'", word);
	if (nearest)
		fprintf(stderr, "; did you mean '%s'?", nearest->name);
	fprintf(stderr, "\nTry 'inro --help'.\n");
	return STATUS_FAILED;
}

#if defined(__SANITIZE_ADDRESS__)
/*
 * LeakSanitizer traces the process, which namespaces do not allow; and without /proc, or set-user-ID,
 * it does not even see the environment that would turn it off.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

int main(int argc, char **argv)
{
	const struct verb *verb;

	if (fd_fill_standard() < 0)
		return STATUS_FAILED;
	if (geteuid() != getuid() || getegid() != getgid()) {
		fprintf(stderr, "inro: refuses to run setuid: it needs no privilege of its own\n");
		return STATUS_FAILED;
	}
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		if (argc > 2 && (verb = verb_find(argv[2]))) {
			verb_help(verb, false);
			return 0;
		}
		print_usage();
		return argc < 2 ? STATUS_FAILED : 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("inro %s\n", INRO_VERSION);
		return 0;
	}
	verb = verb_find(argv[1]);
	return verb ? verb->run(verb, argc - 2, argv + 2) : unknown_verb(argv[1]);
}
