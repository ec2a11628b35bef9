/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The seccomp object, as a profile of our own compiler.
 *
 * Its authors know libseccomp, and so it means here what it means there: a rule whose action is the
 * default one is as if it were not there, also before one with comparisons; comparisons of a rule
 * must all hold, but where two of them are about the same argument, each is a rule of its own; calls
 * and architectures that are not known are passed over.
 *
 * A call that is newer than every one that the document names gets ENOSYS, so that programs take
 * their older way, unless the default lets it through. Since rules that say the default are left
 * out, one is added for the calls that only they name: their author knew these.
 */

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "oci/read_parts.h"
#include "seccomp/profile.h"

enum { MAX_ERRNO = 4095 };

/* Which has to be told apart from every errno. */
struct action {
	uint32_t action; /* without data */
	struct oci_u64 data;
};

/* One element of syscalls, or the default. */
struct syscall_rule {
	struct action action;
	uint32_t *calls;
	size_t n_calls;
	struct seccomp_compare *compares;
	size_t n_compares;
};

struct seccomp_object {
	struct action fallback;
	uint32_t arches;
	bool flags_set;
	uint64_t flags;
	const char *listener_path, *listener_metadata;
	struct syscall_rule *rules;
	size_t n_rules;
};

/* ---- words ---- */

static const struct word actions[] = {
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
};
const struct words oci_seccomp_actions = { actions, ARRAY_SIZE(actions) };

static int read_action(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = READ_CHOICE(reader, json, actions, &value);

	if (r >= 0)
		*(uint32_t *)to = (uint32_t)value;
	return r;
}

/* Others that libseccomp has: no kernel that this program runs on can run theirs. */
enum { ARCH_ELSEWHERE = SECCOMP_ARCHES };

static const struct word arches[] = {
	{ "SCMP_ARCH_X86_64", SECCOMP_X86_64 },
	{ "SCMP_ARCH_X86", SECCOMP_X86 },
	{ "SCMP_ARCH_X32", SECCOMP_X32 },
	{ "SCMP_ARCH_AARCH64", SECCOMP_AARCH64 },
	{ "SCMP_ARCH_ARM", SECCOMP_ARM },
	{ "SCMP_ARCH_RISCV64", SECCOMP_RISCV64 },
	{ "SCMP_ARCH_LOONGARCH64", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_M68K", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_MIPS", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_MIPS64", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_MIPS64N32", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_MIPSEL", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_MIPSEL64", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_MIPSEL64N32", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_PARISC", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_PARISC64", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_PPC", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_PPC64", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_PPC64LE", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_S390", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_S390X", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_SH", ARCH_ELSEWHERE },
	{ "SCMP_ARCH_SHEB", ARCH_ELSEWHERE },
};
const struct words oci_seccomp_arches = { arches, ARRAY_SIZE(arches) };

static int read_arch(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = READ_CHOICE(reader, json, arches, &value);

	if (r >= 0)
		*(uint32_t *)to = value == ARCH_ELSEWHERE ? 0 : SECCOMP_ARCH_BIT(value);
	return r;
}

static int read_arches(struct reader *reader, struct json_object *json, void *to)
{
	struct seccomp_object *object = to;
	uint32_t *bits;
	size_t n;
	int r = read_list(reader, json, read_arch, sizeof(*bits), &bits, &n);

	for (size_t i = 0; i < n && r >= 0; i++)
		object->arches |= bits[i];
	return r;
}

static const struct word flag_words[] = {
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};
const struct words oci_seccomp_flags = { flag_words, ARRAY_SIZE(flag_words) };

static int read_filter_flags(struct reader *reader, struct json_object *json, void *to)
{
	struct seccomp_object *object = to;

	object->flags_set = true;
	return read_flags(reader, json, flag_words, ARRAY_SIZE(flag_words), &object->flags);
}

/* ---- comparisons ---- */

struct comparison {
	uint32_t argument;
	int op; /* enum seccomp_op, or MASKED */
	uint64_t value, second;
};

enum { MASKED = SECCOMP_GE + 1 };

static int read_argument(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = read_range(reader, json, 0, 5, &value);

	if (r >= 0)
		*(uint32_t *)to = (uint32_t)value;
	return r;
}

static const struct word ops[] = {
	{ "SCMP_CMP_NE", SECCOMP_NE }, { "SCMP_CMP_LT", SECCOMP_LT },    { "SCMP_CMP_LE", SECCOMP_LE },
	{ "SCMP_CMP_EQ", SECCOMP_EQ }, { "SCMP_CMP_GE", SECCOMP_GE },    { "SCMP_CMP_GT", SECCOMP_GT },
	{ "SCMP_CMP_MASKED_EQ", MASKED },
};
const struct words oci_seccomp_operators = { ops, ARRAY_SIZE(ops) };

static int read_op(struct reader *reader, struct json_object *json, void *to)
{
	int64_t value;
	int r = READ_CHOICE(reader, json, ops, &value);

	if (r >= 0)
		*(int *)to = (int)value;
	return r;
}

static int read_compare(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct comparison, "index", argument, read_argument),
		FIELD_NEEDED(struct comparison, "op", op, read_op),
		FIELD_NEEDED(struct comparison, "value", value, read_u64),
		FIELD(struct comparison, "valueTwo", second, read_u64),
	};
	struct comparison given = { 0 };
	int r = READ_FIELDS(reader, json, fields, &given);

	if (r < 0)
		return r;
	/* With a mask it is the first value, and what is outside of it does not count in the second. */
	if (given.op == MASKED)
		*(struct seccomp_compare *)to = (struct seccomp_compare){
			(uint8_t)given.argument, SECCOMP_EQ, given.value, given.second & given.value
		};
	else
		*(struct seccomp_compare *)to = (struct seccomp_compare){
			(uint8_t)given.argument, (uint8_t)given.op, UINT64_MAX, given.value
		};
	return 0;
}

/* ---- rules ---- */

/* Straight to numbers: several hundred names need no copies. */
static int read_names(struct reader *reader, struct json_object *json, void *to)
{
	struct syscall_rule *rule = to;
	size_t n;

	if (!json_object_is_type(json, json_type_array))
		return refuse(reader, "must be a list of names");
	n = json_object_array_length(json);
	rule->calls = arena_array(reader->arena, n + 1, sizeof(*rule->calls));
	if (!rule->calls)
		return refuse_memory(reader);
	for (size_t i = 0; i < n; i++) {
		struct json_object *element = json_object_array_get_idx(json, i);
		struct place place = { .index = i };
		const char *name;
		int r;

		reader_enter(reader, &place);
		r = element ? read_text(reader, element, &name) : refuse(reader, "is null");
		reader_leave(reader);
		if (r < 0)
			return r;
		r = seccomp_find_name(name, (size_t)json_object_get_string_len(element));
		if (r >= 0)
			rule->calls[rule->n_calls++] = (uint32_t)r;
	}
	return 0;
}

/* Give an action its data; EPERM where the document says nothing. */
static int finish_action(struct reader *reader, struct action *action, const char *field)
{
	const bool is_errno = action->action == SECCOMP_RET_ERRNO, is_trace = action->action == SECCOMP_RET_TRACE;
	const uint64_t most = is_errno ? MAX_ERRNO : SECCOMP_RET_DATA;

	if (!is_errno && !is_trace) {
		if (action->data.set)
			return refuse_field(reader, field, "is there, and the action has no use for an errno");
		return 0;
	}
	if (!action->data.set)
		action->data.value = EPERM;
	if (action->data.value > most)
		return refuse_field(reader, field, "%llu is above %llu", (unsigned long long)action->data.value,
				    (unsigned long long)most);
	action->action |= (uint32_t)action->data.value;
	return 0;
}

static int read_rule(struct reader *reader, struct json_object *json, void *to)
{
	static const struct field fields[] = {
		{ .name = "names", .read = read_names, .required = true },
		FIELD_NEEDED(struct syscall_rule, "action", action.action, read_action),
		FIELD(struct syscall_rule, "errnoRet", action.data, read_u32_set),
		FIELD_LIST(struct syscall_rule, "args", compares, n_compares, read_compare),
	};
	struct syscall_rule *rule = to;
	int r = READ_FIELDS(reader, json, fields, rule);

	return r < 0 ? r : finish_action(reader, &rule->action, "errnoRet");
}

static bool same_argument_twice(const struct syscall_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->n_compares; i++) {
		if (seen & 1U << rule->compares[i].argument)
			return true;
		seen |= 1U << rule->compares[i].argument;
	}
	return false;
}

static int add_one(struct seccomp_profile *profile, struct arena *arena, const struct syscall_rule *rule,
		   struct seccomp_compare *compares, size_t n)
{
	struct seccomp_rule *added = seccomp_add_rule(profile, arena, rule->action.action);

	if (!added)
		return -ENOMEM;
	added->calls = rule->calls;
	added->n_calls = rule->n_calls;
	added->compares = compares;
	added->n_compares = n;
	return 0;
}

static int add_rule(struct seccomp_profile *profile, struct arena *arena, const struct syscall_rule *rule)
{
	int r = 0;

	if (!same_argument_twice(rule))
		return add_one(profile, arena, rule, rule->compares, rule->n_compares);
	for (size_t i = 0; i < rule->n_compares && r >= 0; i++)
		r = add_one(profile, arena, rule, &rule->compares[i], 1);
	return r;
}

/*
 * The rules that matter, and one for the calls that only the others name. As libseccomp's users do,
 * actions are compared with their data.
 */
static int add_rules(struct seccomp_profile *profile, struct arena *arena, const struct seccomp_object *object)
{
	struct syscall_rule known = { .action.action = profile->default_action };
	bool *named = arena_array(arena, n_syscall_names, sizeof(*named));
	int r = 0;

	known.calls = arena_array(arena, n_syscall_names, sizeof(*known.calls));
	if (!named || !known.calls)
		return -ENOMEM;
	for (size_t i = 0; i < object->n_rules && r >= 0; i++) {
		const struct syscall_rule *rule = &object->rules[i];

		if (rule->action.action == profile->default_action || rule->n_calls == 0)
			continue;
		for (size_t j = 0; j < rule->n_calls; j++)
			named[rule->calls[j]] = true;
		r = add_rule(profile, arena, rule);
	}
	for (size_t i = 0; i < object->n_rules; i++)
		for (size_t j = 0; j < object->rules[i].n_calls; j++) {
			bool *is_named = &named[object->rules[i].calls[j]];

			if (!*is_named)
				known.calls[known.n_calls++] = object->rules[i].calls[j];
			*is_named = true;
		}
	return r < 0 || known.n_calls == 0 ? r : add_rule(profile, arena, &known);
}

/* ---- the whole ---- */

/* Does the default leave what the author could not know to the kernel or to a tracer? */
static bool lets_through(uint32_t action)
{
	const uint32_t kind = action & SECCOMP_RET_ACTION_FULL;

	return kind == SECCOMP_RET_ALLOW || kind == SECCOMP_RET_LOG || kind == SECCOMP_RET_TRACE;
}

/*
 * TSYNC is about the other threads of a process, and the one that becomes the container has none;
 * beside a listener the kernel refuses it. WAIT_KILLABLE_RECV it refuses without one.
 */
static uint32_t filter_flags(const struct seccomp_object *object, bool notifies)
{
	uint32_t flags = object->flags_set ? (uint32_t)object->flags : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC;
	if (!notifies)
		flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return flags;
}

static struct seccomp_profile *make_profile(struct reader *reader, const struct seccomp_object *object)
{
	struct seccomp_profile *profile = arena_alloc(reader->arena, sizeof(*profile));
	const int native = seccomp_native_arch();

	if (!profile)
		return NULL;
	seccomp_profile_init(profile);
	profile->match = SECCOMP_STRONGEST;
	profile->default_action = object->fallback.action;
	profile->newer = lets_through(profile->default_action) ? SECCOMP_NEWER_NONE : SECCOMP_NEWER_RULES;
	/* Those of this kernel alone, and always its own. */
	profile->arches &= object->arches | (native < 0 ? 0 : SECCOMP_ARCH_BIT(native));
	if (add_rules(profile, reader->arena, object) < 0)
		return NULL;
	profile->flags = filter_flags(object, seccomp_profile_uses(profile, SECCOMP_RET_USER_NOTIF));
	return profile;
}

static int read_object(struct reader *reader, struct json_object *json, struct seccomp_object *object)
{
	static const struct field fields[] = {
		FIELD_NEEDED(struct seccomp_object, "defaultAction", fallback.action, read_action),
		FIELD(struct seccomp_object, "defaultErrnoRet", fallback.data, read_u32_set),
		{ .name = "architectures", .read = read_arches },
		{ .name = "flags", .read = read_filter_flags },
		FIELD(struct seccomp_object, "listenerPath", listener_path, read_word),
		FIELD(struct seccomp_object, "listenerMetadata", listener_metadata, read_word),
		FIELD_LIST(struct seccomp_object, "syscalls", rules, n_rules, read_rule),
	};
	int r = READ_FIELDS(reader, json, fields, object);

	if (r >= 0)
		r = finish_action(reader, &object->fallback, "defaultErrnoRet");
	if (r < 0)
		return r;
	if (object->listener_metadata && !object->listener_path)
		return refuse_field(reader, "listenerMetadata", "is there, and listenerPath is not");
	return 0;
}

int read_seccomp(struct reader *reader, struct json_object *json, void *to)
{
	struct seccomp_object object = { 0 };
	struct oci_seccomp *seccomp = to;
	int r = read_object(reader, json, &object);

	if (r < 0)
		return r;
	seccomp->profile = make_profile(reader, &object);
	if (!seccomp->profile)
		return refuse_memory(reader);
	if (!object.listener_path && seccomp_profile_uses(seccomp->profile, SECCOMP_RET_USER_NOTIF))
		return refuse_field(reader, "listenerPath", "is missing, and SCMP_ACT_NOTIFY needs it");
	seccomp->set = true;
	seccomp->listener_path = object.listener_path;
	seccomp->listener_metadata = object.listener_metadata;
	return 0;
}
