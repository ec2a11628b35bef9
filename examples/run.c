/* SPDX-License-Identifier: Apache-2.0 */

/* A container in ten lines: cc run.c $(pkg-config --cflags --libs inro) -o run */

#include <inro/run.h>

int main(void)
{
	struct inro_error error = { 0 };
	struct inro_result result;
	struct inro_spec *spec = inro_spec_new();
	char text[1024];

	if (inro_spec_set(spec, "hostname", "box", &error) == 0 &&
	    inro_spec_set_args(spec, (const char *[]){ "sh", "-c", "echo I am $$ on $(uname -n)", NULL }, &error) == 0 &&
	    inro_run(spec, &result, &error) == 0)
		inro_result_format(&result, text, sizeof(text));
	else
		inro_error_format(&error, text, sizeof(text));
	printf("%s\n", text);
	inro_spec_free(spec);
	return error.code ? inro_error_status(&error) : result.status;
}
