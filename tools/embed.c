/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Prints a file as a C array: embed NAME HEADER FILE. Run by the build, to put a small program into
 * the library. HEADER is the header that declares NAME and NAME_size.
 */

#include <stdio.h>

int main(int argc, char **argv)
{
	unsigned long size = 0;
	FILE *file;
	int byte;

	if (argc != 4) {
		fprintf(stderr, "usage: embed NAME HEADER FILE\n");
		return 2;
	}
	file = fopen(argv[3], "rb");
	if (!file) {
		perror(argv[3]);
		return 1;
	}
	printf("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/embed.c. */\n\n#include \"%s\"\n\n"
	       "const unsigned char %s[] = {", argv[2], argv[1]);
	for (; (byte = getc(file)) != EOF; size++)
		printf("%s%d,", size % 20 == 0 ? "\n\t" : "", byte);
	printf("\n};\nconst size_t %s_size = %lu;\n", argv[1], size);
	if (ferror(file) || size == 0) {
		fprintf(stderr, "embed: cannot read %s, or it is empty\n", argv[3]);
		return 1;
	}
	fclose(file);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
