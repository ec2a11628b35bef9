/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_PROFILE_H
#define SECCOMP_PROFILE_H

/*
 * A profile: what a filter is to do, as data. The text language (text.h) and config.json fill one,
 * generate.h turns it into a program. All memory belongs to an arena.
 *
 * How rules for the same call are weighed:
 *
 *   SECCOMP_FIRST      the first rule, in written order, whose comparisons all hold; no rule: the
 *                      default action. This is the text language's way.
 *   SECCOMP_STRONGEST  a rule without comparisons beats those with, the first of several such the
 *                      others; among rules with comparisons that hold, the action that the kernel
 *                      ranks highest wins (kill before errno before allow). This is what
 *                      config.json's authors know from libseccomp, but that libseccomp leaves it
 *                      open which of overlapping comparisons wins. (Its users also leave out rules
 *                      whose action is the default one, before they are added.)
 *
 * Either way a rule whose comparisons do not hold is as if it were not there.
 *
 * Calls that are newer than the profile: its author could not have meant them. With EPERM, which is
 * the usual default, programs give up; with ENOSYS they take their older way. `newer` says how to
 * know them, separately for each architecture:
 *
 *   SECCOMP_NEWER_NONE    they get the default action
 *   SECCOMP_NEWER_TABLE   numbers above the largest that inro knew when it was built
 *   SECCOMP_NEWER_RULES   numbers above the largest that a rule names (for config.json, whose
 *                         author's tables are not known)
 *   SECCOMP_NEWER_NUMBER  numbers above `newest`
 *
 * A rule that names such a call counts nevertheless. Gaps in the tables below are not newer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "seccomp/names.h"

enum seccomp_op {
	SECCOMP_EQ,
	SECCOMP_NE,
	SECCOMP_LT,
	SECCOMP_LE,
	SECCOMP_GT,
	SECCOMP_GE,
};

/*
 * (argument & mask) OP value, unsigned, on all 64 bits. A mask of UINT32_MAX looks at the low half
 * alone, which is right for what the kernel takes as an int (ioctl's command, socket's family):
 * it ignores the high half, so a filter that does not can be stepped around. With == and != the
 * value has no bits outside of the mask.
 */
struct seccomp_compare {
	uint8_t argument; /* 0 to 5 */
	uint8_t op;	  /* enum seccomp_op */
	uint64_t mask;	  /* UINT64_MAX = none */
	uint64_t value;
};

/* What calls a rule is about: the index of a name, or SECCOMP_CALL_NUMBER | a common number. */
#define SECCOMP_CALL_NUMBER 0x80000000U

struct seccomp_rule {
	uint32_t action; /* SECCOMP_RET_* with its data, as the kernel takes it */
	uint32_t *calls;
	size_t n_calls;
	struct seccomp_compare *compares; /* all must hold */
	size_t n_compares;
};

enum seccomp_match {
	SECCOMP_FIRST,
	SECCOMP_STRONGEST,
};

enum seccomp_newer {
	SECCOMP_NEWER_NONE,
	SECCOMP_NEWER_TABLE,
	SECCOMP_NEWER_RULES,
	SECCOMP_NEWER_NUMBER,
};

struct seccomp_profile {
	uint32_t default_action;
	uint32_t foreign_action; /* for a call of an architecture that is not listed */
	uint32_t newer_action;
	enum seccomp_newer newer;
	uint32_t newest; /* with SECCOMP_NEWER_NUMBER */
	uint32_t arches; /* mask of enum seccomp_arch */
	enum seccomp_match match;
	uint32_t flags;	 /* SECCOMP_FILTER_FLAG_* */
	struct seccomp_rule *rules;
	size_t n_rules;
};

/* Everything fails with EPERM, on the native architectures; a foreign one kills the process. */
void seccomp_profile_init(struct seccomp_profile *profile);

/* Add an empty rule; NULL when out of memory. Valid until the next one is added. */
struct seccomp_rule *seccomp_add_rule(struct seccomp_profile *profile, struct arena *arena, uint32_t action);

/* Add to a rule. 0 or -ENOMEM. */
int seccomp_add_call(struct seccomp_rule *rule, struct arena *arena, uint32_t call);
int seccomp_add_compare(struct seccomp_rule *rule, struct arena *arena, struct seccomp_compare compare);

/*
 * Actions. They are the kernel's return values; these are their names in the text language
 * ("allow", "errno", "kill-process", ...), without the data.
 */
int seccomp_find_action(const char *name, size_t length, uint32_t *ret);
const char *seccomp_action_name(uint32_t action);

/* An errno by name, or -ENOENT; its name, or NULL. */
int seccomp_find_errno(const char *name, size_t length);
const char *seccomp_errno_name(unsigned number);

/* Filter flags by name ("log", "tsync", ...): 0 and one bit, or -ENOENT; the name of one bit. */
int seccomp_find_flag(const char *name, size_t length, uint32_t *ret);
const char *seccomp_flag_name(uint32_t flag);

/* The kernel's rank of an action: the lower, the stronger. */
int32_t seccomp_action_rank(uint32_t action);

/* Does any way through the profile end in this action (SECCOMP_RET_USER_NOTIF, say)? */
bool seccomp_profile_uses(const struct seccomp_profile *profile, uint32_t action);

#endif
