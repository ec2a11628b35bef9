/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMP_TEXT_H
#define SECCOMP_TEXT_H

/*
 * Profiles as text: one rule a line, # begins a comment. For each call the first rule whose
 * comparisons hold decides.
 *
 *   ACTION CALL... [if COMPARISON [and COMPARISON]...] [with CAP_...]
 *
 *     allow read write close
 *     errno EPERM ioctl if low32(arg1) in TIOCSTI TIOCLINUX
 *     allow clone if arg0 & CLONE_NEW* == 0
 *     allow settimeofday with CAP_SYS_TIME
 *     allow? brand_new_call            a name that inro need not know
 *
 * ACTION: allow, errno NAME, kill-process, kill-thread, trap, trace NUMBER, log, notify.
 * CALL: a name, a number (of at least 424, where all architectures agree), or a @set.
 * COMPARISON: arg0 to arg5, or low32(arg0), which looks at the low 32 bits alone; then & MASK where
 * only some bits count; then == != < <= > >= VALUE, or `in VALUE VALUE ...`. Values are unsigned
 * numbers of 64 bits, constants by name, or several of them joined by |; NAME* is all constants
 * that begin so.
 * with: the rule is there only where the command gets these capabilities.
 *
 * Settings, each at most once:
 *
 *   default ACTION           for calls without a rule that holds; the one line that must be there
 *   newer ACTION [than CALL] for calls newer than inro, or newer than this one; `than rules`: than
 *                            the newest that a rule names
 *   foreign ACTION           for calls of architectures that are not listed; otherwise kill-process
 *   arch NAME...             native, compat, x86_64, x86, x32, aarch64, arm, riscv64;
 *                            otherwise native and compat, which is all that the kernel runs
 *   flags NAME...            tsync, log, spec-allow, wait-killable
 *   match first|strongest    how rules of one call are weighed (profile.h); otherwise first
 *
 * And:
 *
 *   set @NAME CALL...        name a list of calls
 *   include @PRESET          put a preset's rules here, and its settings, as far as this text has
 *                            none of its own; exceptions to its rules stand above this line
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "inro/error.h"
#include "seccomp/profile.h"

/*
 * Read a profile. SOURCE is what the text is called in errors ("seccomp profile strict.txt"), CAPS
 * a mask of the capabilities that the command gets. -EINVAL with line and column, or -ENOMEM; the
 * profile is untouched then.
 */
int seccomp_parse(struct seccomp_profile *profile, struct arena *arena, const char *text, size_t size,
		  const char *source, uint64_t caps, struct inro_error *error);

#endif
