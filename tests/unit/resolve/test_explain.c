/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <string.h>

#include "hosts.h"
#include "resolve/explain.h"
#include "resolve/features.h"

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char *const *const odd_args = OPTIONS("sh", "-c", "echo \x1b[2J\n'x'", "\xff");

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value)
							      : NULL;
}

/* Strictly: json-c's own leniency, and bytes that are no UTF-8, would hide what others stumble over. */
static struct json_object *parse_json(const char *text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	if (!root)
		print_message("%s\n", json_tokener_error_desc(json_tokener_get_error(tokener)));
	assert_non_null(root);
	json_tokener_free(tokener);
	return root;
}

static void json_is_whole(void **state)
{
	(void)state;
	for (enum host host = 0; host < N_HOSTS; host++) {
		cleanup_buf struct buf text = { 0 };
		struct json_object *root, *steps, *notes, *settings;
		struct resolved resolved;

		assert_int_equal(resolved_make(&resolved, host,
					       OPTIONS("preset", "build", "hostname", "box"),
					       odd_args),
				 0);
		assert_int_equal(explain_json(resolved.plan, &text), 0);
		root = parse_json(buf_text(&text));
		assert_true(json_object_object_get_ex(root, "steps", &steps));
		assert_int_equal(json_object_array_length(steps), resolved.plan->n_steps);
		for (size_t i = 0; i < resolved.plan->n_steps; i++) {
			const struct step *step = &resolved.plan->steps[i];
			struct json_object *object = json_object_array_get_idx(steps, i), *number;

			assert_true(json_object_object_get_ex(object, "step", &number));
			assert_int_equal(json_object_get_int(number), step->number);
			assert_string_equal(text_of(object, "name"), step->kind->name);
			assert_string_equal(text_of(object, "stage"), stage_info[step->stage].name);
			assert_string_equal(text_of(object, "by"),
					    stage_info[step->stage].lane == LANE_CHILD ? "child"
										       : "parent");
			assert_non_null(text_of(object, "why"));
			assert_non_null(text_of(object, "text"));
			assert_int_equal(!!text_of(object, "object"), !!step->object);
			if (host != HOST_ODD && step->object &&
			    strcmp(step->kind->name, "exec") != 0)
				assert_string_equal(text_of(object, "object"), step->object);
		}
		assert_true(json_object_object_get_ex(root, "notes", &notes));
		assert_int_equal(json_object_array_length(notes), resolved.plan->n_notes);
		assert_true(json_object_object_get_ex(root, "settings", &settings));
		assert_int_equal(json_object_array_length(settings), resolved.spec->n_settings);
		assert_string_equal(text_of(json_object_array_get_idx(settings, 0), "option"),
				    "preset");
		assert_string_equal(text_of(json_object_array_get_idx(settings, 0), "from"),
				    "user");
		assert_string_equal(text_of(json_object_array_get_idx(settings, 1), "option"),
				    "net");
		assert_string_equal(text_of(json_object_array_get_idx(settings, 1), "from"),
				    "preset");
		json_object_put(root);
		resolved_free(&resolved);
	}
}

/* Whatever a path or the command holds: the text is lines of what a terminal shows. */
static void text_is_safe(void **state)
{
	(void)state;
	for (enum host host = 0; host < N_HOSTS; host++) {
		cleanup_buf struct buf text = { 0 };
		struct resolved resolved;
		const char *at;

		assert_int_equal(
			resolved_make(&resolved, host,
				      OPTIONS("volume", "/a\x1b[2J:/b\n:ro", "symlink",
					      "/l=\x9b"
					      "1m",
					      "file", "/f=\x07", "proc", "/proc:subset=\x1b[2J",
					      "workdir", "/\x1b]0;x\x07", "preset", "judge",
					      "memory", "1M", "pids-limit", "9", "timeout", "1s",
					      "landlock", "off"),
				      odd_args),
			0);
		assert_int_equal(explain_text(resolved.plan, &text), 0);
		for (at = buf_text(&text); *at; at++)
			assert_true(*at == '\n' || ((unsigned char)*at >= 0x20 && *at != 0x7f));
		assert_null(strchr(buf_text(&text), '\x9b'));
		assert_null(strchr(buf_text(&text), '\xff'));
		assert_non_null(strstr(buf_text(&text), "the preset means:\n        --empty\n"));
		/* Each step has its number at the beginning of a line, and its reason. */
		for (size_t i = 0; i < resolved.plan->n_steps; i++) {
			char number[32];

			snprintf(number, sizeof(number), "\n%4zu  ", i + 1);
			assert_non_null(strstr(buf_text(&text), number));
		}
		resolved_free(&resolved);
	}
}

static void one_step(void **state)
{
	const struct step_kind kind = { .name = "mount-x", .what = "mount x on" };
	const struct step plain = { .kind = &kind, .object = "/a" },
			  blank = { .kind = &kind, .object = "/a b" }, none = { .kind = &kind };
	cleanup_buf struct buf text = { 0 };

	(void)state;
	explain_step(&plain, &text);
	buf_puts(&text, "|");
	explain_step(&blank, &text);
	buf_puts(&text, "|");
	explain_step(&none, &text);
	assert_string_equal(buf_text(&text), "mount x on /a|mount x on '/a b'|mount x on");
}

/* What is said of a setting can be typed again. */
static void settings(void **state)
{
	static const struct {
		struct setting setting;
		const char *text;
	} rows[] = {
		{ { .name = "init", .value = "true" }, "--init" },
		{ { .name = "init", .value = "false" }, "--no-init" },
		{ { .name = "memory", .value = "64M" }, "--memory 64M" },
		{ { .name = "hostname", .value = "a b" }, "--hostname 'a b'" },
		{ { .name = "hostname", .value = "" }, "--hostname ''" },
		{ { .name = "overlay", .value = "" }, "--overlay" },
		{ { .name = "overlay", .value = "/a b" }, "--overlay='/a b'" },
		{ { .name = "hostname", .value = "\x1b[2J" }, "--hostname $'\\x1b[2J'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf text = { 0 };

		explain_setting(&rows[i].setting, &text);
		assert_string_equal(buf_text(&text), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_whole),
		cmocka_unit_test(text_is_safe),
		cmocka_unit_test(one_step),
		cmocka_unit_test(settings),
	};

	return cmocka_run_group_tests_name("resolve/explain", tests, NULL, NULL);
}
