/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any command line on any of the recorded hosts is either refused with a reason, or a plan whose
 * frame is whole and that can be told. The first byte is the host; the words are lines.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/option.h"
#include "cli/aliases.h"
#include "resolve/explain.h"
#include "resolve/features.h"
#include "unit/resolve/hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_WORDS = 200, MAX_TABLES = 100 };

static void check(int condition)
{
	if (!condition)
		abort();
}

static int take(void *object, const struct option_row *row, const char *value,
		struct inro_error *error)
{
	return journal_say_row(object, row, value, ORIGIN_USER, error);
}

static int parse(struct resolved *resolved, char **words, int n)
{
	struct option_table tables[MAX_TABLES];
	struct option_parser parser = { tables, n_features, run_aliases, n_run_aliases, false };
	int operand = -1, r;

	check(n_features <= MAX_TABLES);
	for (size_t i = 0; i < n_features; i++)
		tables[i] = (struct option_table){ features[i]->options, features[i]->n_options,
						   resolved->journal, take };
	r = options_parse(&parser, words, n, &operand, &resolved->error);
	if (r < 0)
		return r;
	check(operand >= 0 && operand <= n && resolved->error.kind == INRO_ERROR_NONE);
	return inro_spec_set_args(resolved->journal, (const char *const *)words + operand,
				  &resolved->error);
}

static void check_plan(const struct plan *plan)
{
	cleanup_buf struct buf text = { 0 };
	int n_clone = 0, n_exec = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];

		check(step->number == (int)i + 1 && step->kind && step->why);
		check(i == 0 || step[-1].stage <= step->stage);
		n_clone += step->stage == STAGE_CLONE;
		n_exec += step->stage == STAGE_EXEC;
	}
	check(n_clone == 1 && n_exec == 1);
	check(plan->settled.args && plan->settled.args[0] && plan->settled.workdir[0] == '/');
	check(explain_text(plan, &text) == 0);
	for (const char *at = buf_text(&text); *at; at++)
		check(*at == '\n' || (unsigned char)*at >= 0x20);
	check(explain_json(plan, &text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resolved resolved = { 0 };
	char *words[MAX_WORDS + 1] = { NULL }, *copy, *save = NULL, text[1200];
	int n = 0, r;

	if (size < 1)
		return 0;
	copy = strndup((const char *)data + 1, size - 1);
	for (char *word = strtok_r(copy, "\n", &save); word && n < MAX_WORDS;
	     word = strtok_r(NULL, "\n", &save))
		words[n++] = word;
	resolved.journal = inro_spec_new();
	host_facts(data[0] % N_HOSTS, &resolved.facts);
	r = parse(&resolved, words, n);
	r = r < 0 ? r : journal_make_spec(resolved.journal, &resolved.spec, &resolved.error);
	r = r < 0 ? r
		  : resolve_plan(resolved.spec, &resolved.facts, &resolved.plan, &resolved.error);
	if (r < 0) {
		check(resolved.error.kind != INRO_ERROR_NONE);
		check(inro_error_format(&resolved.error, text, sizeof(text)) > 0);
	} else {
		check(resolved.error.kind == INRO_ERROR_NONE);
		check_plan(resolved.plan);
	}
	resolved_free(&resolved);
	free(copy);
	return 0;
}
