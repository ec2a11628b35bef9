/* SPDX-License-Identifier: Apache-2.0 */

/* Prints files as C arrays: embed-text PREFIX FILE..., for const char PREFIX_BASENAME[]. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int embed(const char *prefix, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	int length = (int)strcspn(base, "."), c;
	FILE *file = fopen(path, "r");
	size_t size = 0;

	if (!file) {
		perror(path);
		return -1;
	}
	printf("\nextern const char %s_%.*s[];\nextern const size_t %s_%.*s_size;\n", prefix, length, base,
	       prefix, length, base);
	printf("const char %s_%.*s[] =\n\t\"", prefix, length, base);
	while ((c = getc(file)) != EOF) {
		size++;
		if (c == '\n')
			printf("\\n\"\n\t\"");
		else if (isprint(c) && c != '"' && c != '\\')
			putchar(c);
		else
			printf("\\%03o", (unsigned)c);
	}
	printf("\";\nconst size_t %s_%.*s_size = %zu;\n", prefix, length, base, size);
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	printf("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/embed-text.c. */\n\n"
	       "#include <stddef.h>\n");
	for (int i = 2; i < argc; i++)
		if (embed(argv[1], argv[i]) < 0)
			return 1;
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
