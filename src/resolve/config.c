/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/config.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/error.h"
#include "inro/run.h"
#include "resolve/features.h"

enum { MAX_COMMAND_WORDS = 4096 };

/* What is being read: where in the file, for errors, and what to fill. */
struct reader {
	struct inro_spec *journal;
	yaml_parser_t parser;
	const char *path;
	struct inro_error *error;
};

static void event_free(yaml_event_t *event)
{
	yaml_event_delete(event);
}

#define cleanup_event cleanup(event_free)

static int fail_at(const struct reader *reader, const yaml_mark_t *mark, const char *text)
{
	fail_usage(reader->error, reader->path, "line %zu, column %zu: %s", mark->line + 1,
		   mark->column + 1, text);
	return -EINVAL;
}

static int next_event(struct reader *reader, yaml_event_t *ret)
{
	if (yaml_parser_parse(&reader->parser, ret))
		return 0;
	*ret = (yaml_event_t){ 0 };
	/* Bytes that cannot be read at all have no line yet. */
	if (reader->parser.error == YAML_READER_ERROR)
		return fail_usage(reader->error, reader->path, "byte %zu: %s",
				  reader->parser.problem_offset, reader->parser.problem);
	return fail_at(reader, &reader->parser.problem_mark,
		       reader->parser.problem ? reader->parser.problem : "not YAML");
}

/* A scalar's text; one with a NUL byte in it, which no option can hold, is an error. */
static int scalar(const struct reader *reader, const yaml_event_t *event, const char **ret)
{
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != event->data.scalar.length)
		return fail_at(reader, &event->start_mark, "a NUL byte in a value");
	*ret = text;
	return 0;
}

/* An option's own error, with the place in the file before it. */
static int say_where(const struct reader *reader, const char *key, const yaml_event_t *event)
{
	const struct inro_error error = *reader->error;
	char text[sizeof(error.what) + sizeof(error.why) + 2];

	if (strcmp(error.what, key) == 0)
		snprintf(text, sizeof(text), "'%s' is not an option", key);
	else
		snprintf(text, sizeof(text), "%s: %s", error.what, error.why);
	fail_at(reader, &event->start_mark, text);
	error_hint(reader->error, "%s", error.hint);
	return -EINVAL;
}

static int say(const struct reader *reader, const char *key, const yaml_event_t *event)
{
	const char *text;
	int r = scalar(reader, event, &text);

	if (r < 0)
		return r;
	r = journal_say(reader->journal, key, text, ORIGIN_FILE, reader->error);
	return r == -EINVAL && reader->error ? say_where(reader, key, event) : r;
}

/* A sequence of scalars: each said under the key, or, with no key, the command's words. */
static int read_sequence(struct reader *reader, const char *key)
{
	cleanup_free const char **words = calloc(MAX_COMMAND_WORDS + 1, sizeof(*words));
	size_t n = 0;
	int r = 0;

	if (!words)
		return fail_memory(reader->error);
	while (r == 0) {
		cleanup_event yaml_event_t event = { 0 };
		const char *text;

		r = next_event(reader, &event);
		if (r < 0 || event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (event.type != YAML_SCALAR_EVENT)
			return fail_at(reader, &event.start_mark, "expected a plain value");
		if (key) {
			r = say(reader, key, &event);
			continue;
		}
		r = scalar(reader, &event, &text);
		if (r == 0 && n == MAX_COMMAND_WORDS)
			r = fail_at(reader, &event.start_mark, "too many words");
		if (r == 0)
			words[n++] = arena_strdup(&reader->journal->arena, text);
		if (r == 0 && !words[n - 1])
			r = fail_memory(reader->error);
	}
	return r < 0 || key ? r : inro_spec_set_args(reader->journal, words, reader->error);
}

static int read_value(struct reader *reader, const char *key)
{
	cleanup_event yaml_event_t event = { 0 };
	bool command = strcmp(key, "command") == 0;
	int r = next_event(reader, &event);

	if (r < 0)
		return r;
	if (event.type == YAML_SEQUENCE_START_EVENT)
		return read_sequence(reader, command ? NULL : key);
	if (event.type != YAML_SCALAR_EVENT || command)
		return fail_at(reader, &event.start_mark,
			       command ? "command is a sequence: [sh, -c, …]"
				       : "expected a value or a sequence");
	return say(reader, key, &event);
}

static int read_mapping(struct reader *reader)
{
	for (;;) {
		cleanup_event yaml_event_t event = { 0 };
		const char *key;
		int r = next_event(reader, &event);

		if (r < 0 || event.type == YAML_MAPPING_END_EVENT)
			return r;
		if (event.type != YAML_SCALAR_EVENT)
			return fail_at(reader, &event.start_mark, "expected an option's name");
		r = scalar(reader, &event, &key);
		if (r == 0)
			r = read_value(reader, key);
		if (r < 0)
			return r;
	}
}

static int read_document(struct reader *reader)
{
	for (;;) {
		cleanup_event yaml_event_t event = { 0 };
		int r = next_event(reader, &event);

		if (r < 0)
			return r;
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			continue;
		case YAML_STREAM_END_EVENT:
			return 0;
		case YAML_MAPPING_START_EVENT:
			r = read_mapping(reader);
			if (r < 0)
				return r;
			continue;
		default:
			return fail_at(reader, &event.start_mark, "expected a mapping of options");
		}
	}
}

int config_load(struct inro_spec *journal, const char *path, struct inro_error *error)
{
	struct reader reader = { .journal = journal, .path = path, .error = error };
	FILE *file = fopen(path, "re");
	int r;

	if (!file)
		return fail_call(error, -errno, "read the run", "open", path);
	if (!yaml_parser_initialize(&reader.parser)) {
		fclose(file);
		return fail_memory(error);
	}
	yaml_parser_set_input_file(&reader.parser, file);
	r = read_document(&reader);
	yaml_parser_delete(&reader.parser);
	fclose(file);
	return r;
}

/* Emit one event; libyaml takes the event over, and fails only for want of memory or on I/O. */
static int emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
	return yaml_emitter_emit(emitter, event) ? 0 : -EIO;
}

static int emit_text(yaml_emitter_t *emitter, const char *text)
{
	yaml_event_t event;

	if (!yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, -1, 1, 1,
					  YAML_ANY_SCALAR_STYLE))
		return -ENOMEM;
	return emit(emitter, &event);
}

static int emit_sequence_start(yaml_emitter_t *emitter)
{
	yaml_event_t event;

	yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE);
	return emit(emitter, &event);
}

static int emit_sequence_end(yaml_emitter_t *emitter)
{
	yaml_event_t event;

	yaml_sequence_end_event_initialize(&event);
	return emit(emitter, &event);
}

static bool is_saved(const struct setting *setting)
{
	return setting->origin != ORIGIN_PRESET;
}

/* All values of one option, at the place of its first; what is said once is a scalar. */
static int emit_setting(yaml_emitter_t *emitter, const struct inro_spec *journal, size_t index)
{
	const struct setting *first = &journal->settings[index];
	const struct option_row *row = features_find_option(first->name);
	const struct setting *last = first;
	int r;

	for (size_t i = 0; i < journal->n_settings; i++) {
		const struct setting *other = &journal->settings[i];

		if (!is_saved(other) || strcmp(other->name, first->name) != 0)
			continue;
		if (i < index)
			return 0;
		last = other;
	}
	r = emit_text(emitter, first->name);
	if (r < 0 || !row->repeats)
		return r < 0 ? r : emit_text(emitter, last->value);
	r = emit_sequence_start(emitter);
	for (size_t i = index; i < journal->n_settings && r == 0; i++)
		if (is_saved(&journal->settings[i]) &&
		    strcmp(journal->settings[i].name, first->name) == 0)
			r = emit_text(emitter, journal->settings[i].value);
	return r < 0 ? r : emit_sequence_end(emitter);
}

static int emit_all(yaml_emitter_t *emitter, const struct inro_spec *journal)
{
	yaml_event_t event;
	int r;

	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	r = emit(emitter, &event);
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	r = r < 0 ? r : emit(emitter, &event);
	yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
	r = r < 0 ? r : emit(emitter, &event);
	for (size_t i = 0; i < journal->n_settings && r == 0; i++)
		if (is_saved(&journal->settings[i]))
			r = emit_setting(emitter, journal, i);
	if (r == 0 && journal->args) {
		r = emit_text(emitter, "command");
		r = r < 0 ? r : emit_sequence_start(emitter);
		for (size_t i = 0; journal->args[i] && r == 0; i++)
			r = emit_text(emitter, journal->args[i]);
		r = r < 0 ? r : emit_sequence_end(emitter);
	}
	yaml_mapping_end_event_initialize(&event);
	r = r < 0 ? r : emit(emitter, &event);
	yaml_document_end_event_initialize(&event, 1);
	r = r < 0 ? r : emit(emitter, &event);
	yaml_stream_end_event_initialize(&event);
	return r < 0 ? r : emit(emitter, &event);
}

static bool is_utf8(const char *text)
{
	cleanup_buf struct buf copy = { 0 };

	buf_add_utf8(&copy, text);
	return strcmp(buf_text(&copy), text) == 0;
}

/* YAML is UTF-8, as paths need not be. */
static int check_bytes(const struct inro_spec *journal, struct inro_error *error)
{
	const char *what = NULL;

	for (size_t i = 0; i < journal->n_settings && !what; i++)
		if (is_saved(&journal->settings[i]) && !is_utf8(journal->settings[i].value))
			what = journal->settings[i].name;
	for (size_t i = 0; journal->args && journal->args[i] && !what; i++)
		if (!is_utf8(journal->args[i]))
			what = "command";
	return what ? fail_host(error, INRO_ERROR_USAGE, -EILSEQ, "save the run",
				"%s holds bytes that are no UTF-8, which a file cannot tell", what)
		    : 0;
}

int config_save(const struct inro_spec *journal, FILE *stream, struct inro_error *error)
{
	yaml_emitter_t emitter;
	int r = check_bytes(journal, error);

	if (r < 0)
		return r;
	if (!yaml_emitter_initialize(&emitter))
		return fail_memory(error);
	yaml_emitter_set_output_file(&emitter, stream);
	yaml_emitter_set_unicode(&emitter, 1);
	r = emit_all(&emitter, journal);
	yaml_emitter_delete(&emitter);
	return r < 0 ? fail_call(error, r, "save the run", "write", NULL) : 0;
}
