/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any text is either refused with a reason and its place, or becomes what the later parts rely on:
 * clean paths, ids in range, each namespace and limit once, and a seccomp profile that compiles or is
 * too large. The first byte says which kind of document it is.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/read.h"
#include "seccomp/generate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

/* Each byte is looked at, so that the sanitizers see what does not belong to the arena. */
static void touch(const char *text)
{
	static volatile size_t length;

	if (text)
		length = strlen(text);
	(void)length;
}

static void check_strings(const struct oci_strings *strings)
{
	for (size_t i = 0; i < strings->n; i++) {
		check(strings->list[i] != NULL);
		touch(strings->list[i]);
	}
	check(strings->n == 0 || !strings->list[strings->n]);
}

static void check_maps(const struct oci_id_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct id_range *range = &maps->list[i];

		check(range->count > 0);
		check((uint64_t)range->inner + range->count <= UINT32_MAX);
		check((uint64_t)range->outer + range->count <= UINT32_MAX);
	}
}

static void check_clean(const char *path)
{
	check(path && path[0] == '/');
	check(!strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./"));
	if (path[1])
		check(path[strlen(path) - 1] != '/');
	check(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
}

static void check_process(const struct oci_process *process)
{
	unsigned seen = 0;

	check(process->uid != UINT32_MAX && process->gid != UINT32_MAX);
	for (size_t i = 0; i < process->n_groups; i++)
		check(process->groups[i] != UINT32_MAX);
	for (size_t i = 0; i < process->n_rlimits; i++) {
		check(process->rlimits[i].soft <= process->rlimits[i].hard);
		check(!(seen & 1U << process->rlimits[i].resource));
		seen |= 1U << process->rlimits[i].resource;
	}
	check_strings(&process->args);
	check_strings(&process->env);
	for (size_t i = 0; i < process->env.n; i++)
		check(strchr(process->env.list[i], '=') > process->env.list[i]);
	check_strings(&process->caps.unknown);
	check(!process->cwd || process->cwd[0] == '/');
	touch(process->apparmor_profile);
	touch(process->selinux_label);
	touch(process->cpu_affinity_initial);
	touch(process->cpu_affinity_final);
}

static void check_resources(const struct oci_resources *resources)
{
	for (size_t i = 0; i < resources->n_devices; i++)
		check(resources->devices[i].major >= -1 && resources->devices[i].minor >= -1);
	for (size_t i = 0; i < resources->n_hugepages; i++)
		check(!strchr(resources->hugepages[i].page_size, '/'));
	for (size_t i = 0; i < resources->n_unified; i++) {
		check(!strchr(resources->unified[i].file, '/') && *resources->unified[i].file);
		touch(resources->unified[i].value);
	}
	for (size_t i = 0; i < resources->n_net_priorities; i++)
		touch(resources->net_priorities[i].interface);
	for (size_t i = 0; i < resources->n_rdma; i++)
		touch(resources->rdma[i].device);
	touch(resources->cpu_cpus);
	touch(resources->cpu_mems);
}

static void check_hook_list(const struct oci_hook_list *hooks)
{
	for (size_t i = 0; i < hooks->n; i++) {
		check(hooks->list[i].path[0] == '/');
		check(!hooks->list[i].timeout_s.set || hooks->list[i].timeout_s.value > 0);
		check_strings(&hooks->list[i].args);
		check_strings(&hooks->list[i].env);
	}
}

static void check_hooks(const struct oci_hooks *hooks)
{
	check_hook_list(&hooks->prestart);
	check_hook_list(&hooks->create_runtime);
	check_hook_list(&hooks->create_container);
	check_hook_list(&hooks->start_container);
	check_hook_list(&hooks->poststart);
	check_hook_list(&hooks->poststop);
}

static void check_linux(const struct oci_linux *object, struct arena *arena)
{
	struct seccomp_program program;
	struct inro_error error = { 0 };
	unsigned seen = 0;

	for (size_t i = 0; i < object->n_namespaces; i++) {
		check(!(seen & NS_BIT(object->namespaces[i].kind)));
		seen |= NS_BIT(object->namespaces[i].kind);
	}
	check_maps(&object->uids);
	check_maps(&object->gids);
	for (size_t i = 0; i < object->n_devices; i++)
		check(object->devices[i].path[0] == '/' && object->devices[i].major >= 0 && object->devices[i].minor >= 0);
	check_strings(&object->masked_paths);
	check_strings(&object->readonly_paths);
	check_strings(&object->rdt.schemata);
	check_resources(&object->resources);
	if (!object->seccomp.set)
		return;
	if (seccomp_generate(object->seccomp.profile, arena, &program, &error) < 0)
		check(error.kind == INRO_ERROR_USAGE && strstr(error.why, "instructions"));
	else
		check(program.n > 0 && program.n <= BPF_MAXINSNS);
}

static void check_config(const struct oci_config *config, struct arena *arena)
{
	struct oci_process process = { 0 };
	struct oci_resources resources;
	struct inro_error error = { 0 };
	struct oci_hooks hooks;

	check(config->version != NULL);
	check(!config->root.path || config->root.path[0] == '/');
	for (size_t i = 0; i < config->n_mounts; i++) {
		check_clean(config->mounts[i].destination);
		touch(config->mounts[i].source);
		check_strings(&config->mounts[i].options);
		check_maps(&config->mounts[i].uids);
		check_maps(&config->mounts[i].gids);
	}
	for (size_t i = 0; i < config->n_annotations; i++)
		check(config->annotations[i].key[0] && config->annotations[i].value);
	check_process(&config->process);
	check(!config->process_set || (config->process.cwd && config->process.args.n > 0));
	check_hooks(&config->hooks);
	check_linux(&config->linux_, arena);
	/* What is kept reads again. */
	if (config->process_json)
		check(oci_read_process(config->process_json, strlen(config->process_json), arena, &process, &error) == 0);
	if (config->hooks_json)
		check(oci_read_hooks(config->hooks_json, strlen(config->hooks_json), arena, &hooks, &error) == 0);
	if (config->resources_json)
		check(oci_read_resources(config->resources_json, strlen(config->resources_json), arena, &resources,
					 &error) == 0);
}

static int read_one(char kind, const char *text, size_t size, struct arena *arena, struct inro_error *error)
{
	struct oci_process process = { 0 };
	struct oci_resources resources;
	struct oci_config config;
	struct oci_hooks hooks;
	int r;

	switch (kind) {
	case 'p':
		r = oci_read_process(text, size, arena, &process, error);
		if (r == 0)
			check_process(&process);
		return r;
	case 'r':
		r = oci_read_resources(text, size, arena, &resources, error);
		if (r == 0)
			check_resources(&resources);
		return r;
	case 'h':
		r = oci_read_hooks(text, size, arena, &hooks, error);
		if (r == 0)
			check_hooks(&hooks);
		return r;
	default:
		r = oci_read_config(text, size, "/bundle", arena, &config, error);
		if (r == 0)
			check_config(&config, arena);
		return r;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena arena = { 0 };
	struct inro_error error = { 0 };
	char *text;
	int r;

	if (size < 1)
		return 0;
	/* As long as it is, so that one byte further is seen; with the NUL that there always is. */
	text = malloc(size);
	check(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	r = read_one((char)data[0], text, size - 1, &arena, &error);
	free(text);
	if (r < 0)
		check(r == -EINVAL && error.kind == INRO_ERROR_USAGE && error.what[0] && error.why[0]);
	return 0;
}
