/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/explain.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "resolve/features.h"

static const char *const lane_names[] = {
	[LANE_PARENT] = "parent",
	[LANE_CHILD] = "child",
	[LANE_STARTED] = "parent",
};

static const char *const origin_names[] = {
	[ORIGIN_PRESET] = "preset",
	[ORIGIN_FILE] = "file",
	[ORIGIN_USER] = "user",
};

void explain_step(const struct step *step, struct buf *out)
{
	struct buf more = { 0 };

	buf_puts(out, step->kind->what);
	if (step->object) {
		buf_puts(out, " ");
		buf_add_quoted(out, step->object);
	}
	if (step->kind->tell)
		step->kind->tell(step, &more);
	if (more.used) {
		buf_puts(out, " (");
		buf_add_safe(out, buf_text(&more));
		buf_puts(out, ")");
	}
	out->failed |= more.failed;
	buf_deinit(&more);
}

void explain_setting(const struct setting *setting, struct buf *out)
{
	const struct option_row *row = features_find_option(setting->name);

	if (row->form == OPTION_FLAG) {
		buf_printf(out, "--%s%s", strcmp(setting->value, "false") == 0 ? "no-" : "",
			   setting->name);
		return;
	}
	buf_printf(out, "--%s", setting->name);
	if (row->form == OPTION_MAYBE && !setting->value[0])
		return;
	buf_puts(out, row->form == OPTION_MAYBE ? "=" : " ");
	buf_add_quoted(out, setting->value);
}

static void explain_settings(const struct plan *plan, struct buf *out)
{
	const struct spec *spec = plan->spec;
	bool any = false;

	for (size_t i = 0; i < spec->n_settings; i++) {
		if (spec->settings[i].origin != ORIGIN_PRESET)
			continue;
		buf_puts(out, any ? "" : "the preset means:\n");
		any = true;
		buf_puts(out, "        ");
		explain_setting(&spec->settings[i], out);
		buf_puts(out, "\n");
	}
	buf_puts(out, any ? "\n" : "");
}

int explain_text(const struct plan *plan, struct buf *out)
{
	enum stage heading = N_STAGES;

	explain_settings(plan, out);
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];
		const struct stage_info *stage = &stage_info[step->stage];

		if (step->stage != heading)
			buf_printf(out, "%s%s: %s\n", i ? "\n" : "", lane_names[stage->lane],
				   stage->title);
		heading = step->stage;
		buf_printf(out, "%4d  ", step->number);
		explain_step(step, out);
		if (step->why)
			buf_printf(out, "\n      because %s", step->why);
		if (step->fallback)
			buf_printf(out, "\n      otherwise %s", step->fallback);
		buf_puts(out, step->optional ? "\n      (may fail)\n" : "\n");
	}
	for (size_t i = 0; i < plan->n_applied; i++)
		buf_printf(out, "%s%s: %s\n", i ? "" : "\nin force then:\n", plan->applied[i].name,
			   plan->applied[i].value);
	for (size_t i = 0; i < plan->n_notes; i++)
		buf_printf(out, "%snote: %s\n", i ? "" : "\n", plan->notes[i]);
	return out->failed ? -ENOMEM : 0;
}

/* JSON is UTF-8, a path is any bytes: what is none is escaped. */
static void add_text(struct json_object *object, const char *key, const char *value)
{
	cleanup_buf struct buf text = { 0 };

	if (!value)
		return;
	buf_add_utf8(&text, value);
	json_object_object_add(object, key, json_object_new_string(buf_text(&text)));
}

static struct json_object *step_json(const struct step *step)
{
	struct json_object *object = json_object_new_object();
	cleanup_buf struct buf text = { 0 }, detail = { 0 };

	explain_step(step, &text);
	if (step->kind->tell)
		step->kind->tell(step, &detail);
	json_object_object_add(object, "step", json_object_new_int(step->number));
	add_text(object, "name", step->kind->name);
	add_text(object, "stage", stage_info[step->stage].name);
	add_text(object, "by", lane_names[stage_info[step->stage].lane]);
	add_text(object, "text", buf_text(&text));
	add_text(object, "object", step->object);
	add_text(object, "detail", detail.used ? buf_text(&detail) : NULL);
	add_text(object, "why", step->why);
	add_text(object, "otherwise", step->fallback);
	add_text(object, "calls", step->kind->calls);
	json_object_object_add(object, "optional", json_object_new_boolean(step->optional));
	return object;
}

static struct json_object *settings_json(const struct spec *spec)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < spec->n_settings; i++) {
		struct json_object *object = json_object_new_object();

		add_text(object, "option", spec->settings[i].name);
		add_text(object, "value", spec->settings[i].value);
		add_text(object, "from", origin_names[spec->settings[i].origin]);
		json_object_array_add(array, object);
	}
	return array;
}

int explain_json(const struct plan *plan, struct buf *out)
{
	struct json_object *root = json_object_new_object();
	struct json_object *steps = json_object_new_array(), *notes = json_object_new_array();
	struct json_object *applied = json_object_new_object();

	for (size_t i = 0; i < plan->n_steps; i++)
		json_object_array_add(steps, step_json(&plan->steps[i]));
	for (size_t i = 0; i < plan->n_applied; i++)
		add_text(applied, plan->applied[i].name, plan->applied[i].value);
	for (size_t i = 0; i < plan->n_notes; i++)
		json_object_array_add(notes, json_object_new_string(plan->notes[i]));
	json_object_object_add(root, "settings", settings_json(plan->spec));
	json_object_object_add(root, "steps", steps);
	json_object_object_add(root, "applied", applied);
	json_object_object_add(root, "notes", notes);
	buf_puts(out, json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
								   JSON_C_TO_STRING_NOSLASHESCAPE));
	buf_puts(out, "\n");
	json_object_put(root);
	return out->failed ? -ENOMEM : 0;
}
