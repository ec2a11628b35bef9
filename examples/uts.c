/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A child with a host name of its own: uts NAME. Where others call clone(2), this says what the
 * child shall have; all else it shares with its parent.
 */

#include <stdio.h>
#include <unistd.h>

#include <inro/run.h>

static void tell(const char *who)
{
	char name[65] = "";

	gethostname(name, sizeof(name));
	printf("%s: the host is called %s\n", who, name);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *const command[] = { "sh", "-c",
					"echo \"child: the host is called $(uname -n)\"", NULL };
	struct inro_spec *spec = inro_spec_new();
	struct inro_error error = { 0 };
	struct inro_result result = { 0 };

	if (argc != 2)
		return fprintf(stderr, "usage: %s NAME\n", argv[0]), 2;
	tell("parent");
	if (inro_spec_set(spec, "preset", "none", &error) == 0 &&
	    inro_spec_set(spec, "ns", "user,uts", &error) == 0 &&
	    inro_spec_set(spec, "hostname", argv[1], &error) == 0 &&
	    inro_spec_set_args(spec, command, &error) == 0)
		inro_run(spec, &result, &error);
	inro_spec_free(spec);
	if (error.kind != INRO_ERROR_NONE) {
		char text[1024];

		inro_error_format(&error, text, sizeof(text));
		fprintf(stderr, "%s\n", text);
		return inro_error_status(&error);
	}
	tell("parent");
	return result.status;
}
