/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Installing a filter that asks a listener, and handing that over.
 *
 * Once the filter is there, any call that its thread makes may be one that waits for an answer, also
 * the one by which the listener would be handed over, to somebody who does not have it yet. So a
 * second thread, which the filter does not hold for, waits until it is installed, hands the descriptor
 * to the parent, waits for the answer and closes it. The first makes no call at all meanwhile, whatever
 * the profile would say to that: it looks at their memory until the other is done.
 *
 * The parent is the one that sends it to the agent, with the state of the container, as the
 * runtime-spec has it. It has connected to the agent before anything of the container was entered.
 */

#include "oci/seccomp_listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "engine/call.h"
#include "kernel/syscalls.h"
#include "oci/json_out.h"
#include "oci/socket.h"
#include "oci/start.h"
#include "plan/run.h"
#include "seccomp/filter.h"

enum { STACK_SIZE = 64 << 10, WAITING = -1000 };

struct listener_args {
	struct oci_filter filter;
	const struct oci_start *start;
	int socket_slot;
	char *stack;
	/* Between the two threads. */
	struct run *run;
	atomic_int fd;   /* the listener, or a negative errno; WAITING before */
	atomic_int done; /* 1, or a negative errno; 0 before */
};

/* The second thread. It shares errno with the first, and so makes calls only while that makes none. */
static int hand_over(void *object)
{
	struct listener_args *args = object;
	int fd, r = 1;

	while ((fd = atomic_load(&args->fd)) == WAITING)
		sched_yield();
	if (fd >= 0) {
		r = call_hand_over(args->run, fd);
		fd_close(fd);
	}
	/* The parent has failed, and says itself why. */
	if (r == -EPIPE)
		sys_exit_group(125);
	atomic_store(&args->done, r < 0 ? r : 1);
	return 0;
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static int install(struct run *run, const struct step *step, struct seccomp_program *program)
{
	int r = seccomp_install(program, SECCOMP_FILTER_FLAG_NEW_LISTENER);

	if (r != -EINVAL || !program->flags)
		return r;
	program->flags = 0;
	r = seccomp_install(program, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (r >= 0)
		run_second_way(run, step);
	return r;
}

static int run_install(struct run *run, const struct step *step, struct inro_error *error)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	struct listener_args *args = (struct listener_args *)step->args;
	struct seccomp_program program = args->filter.program;
	int r;

	args->run = run;
	atomic_store(&args->fd, WAITING);
	atomic_store(&args->done, 0);
	if (clone(hand_over, args->stack + STACK_SIZE, flags, args) < 0)
		return error_raw(error, -errno, "clone", NULL);
	r = install(run, step, &program);
	atomic_store(&args->fd, r);
	while (!atomic_load(&args->done))
		relax();
	if (r < 0)
		return error_raw(error, r, "seccomp", NULL);
	r = atomic_load(&args->done);
	return r < 0 ? error_raw(error, r, "sendmsg", "the listener") : 0;
}

static void tell_install(const struct step *step, struct buf *text)
{
	const struct listener_args *args = step->args;

	buf_printf(text, "%zu instructions", args->filter.program.n);
}

static void advise_install(const struct step *step, const struct plan *plan, struct inro_error *error)
{
	(void)step;
	(void)plan;
	seccomp_explain(error);
	if (error->code == EACCES)
		error_why(error, "without process.noNewPrivileges a filter needs CAP_SYS_ADMIN, which there is not");
	else if (error->code == EBUSY)
		error_why(error, "a filter with a listener is installed already");
	else if (error->code == EINVAL || error->code == ENOSYS)
		error_why(error, "this kernel has no listeners for seccomp filters");
}

static const struct step_kind kind_install = {
	.name = "seccomp-notify",
	.what = "install the seccomp filter that asks a listener",
	.calls = "clone, seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER), sendmsg, recvmsg",
	.run = run_install,
	.tell = tell_install,
	.advise = advise_install,
};

static int run_connect(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct listener_args *args = step->args;
	int r = run_store(run, args->socket_slot, oci_socket_connect(step->object));

	return r < 0 ? error_raw(error, r, "connect", step->object) : 0;
}

static const struct step_kind kind_connect = {
	.name = "connect-listener",
	.what = "connect to",
	.calls = "socket, connect",
	.run = run_connect,
};

/* The ContainerProcessState of the runtime-spec. */
static int write_state(const struct listener_args *args, pid_t pid, struct buf *buf)
{
	static const char *const names[] = { "seccompFd", NULL };
	const struct oci_strings fds = { names, 1 };
	const struct oci_state *state = args->start->state;
	cleanup_arena struct arena arena = { 0 };
	bool executes = args->start->executes;
	const char *json = oci_state_json(state, executes ? OCI_RUNNING : OCI_CREATING, executes ? state->pid : pid,
					  &arena);

	if (!json)
		return -ENOMEM;
	buf_puts(buf, "{");
	json_out_text(buf, "ociVersion", state->version);
	json_out_strings(buf, "fds", &fds);
	json_out_number(buf, "pid", pid);
	json_out_text(buf, "metadata", args->filter.listener_metadata);
	json_out_key(buf, "state");
	buf_puts(buf, json);
	buf_puts(buf, "}");
	return buf->failed ? -ENOMEM : 0;
}

static int run_send(struct run *run, const struct step *step, struct inro_error *error)
{
	const struct listener_args *args = step->args;
	int *socket_fd = &run->slots[args->socket_slot], *listener_fd = &run->slots[run->plan->handed_slot];
	cleanup_buf struct buf text = { 0 };
	int r = write_state(args, run->pid, &text);

	if (r == 0)
		r = oci_socket_send(*socket_fd, *listener_fd, buf_text(&text));
	/* The child has it open, too, so closing it would be no end of file for the agent. */
	shutdown(*socket_fd, SHUT_RDWR);
	*socket_fd = fd_close(*socket_fd);
	*listener_fd = fd_close(*listener_fd);
	return r < 0 ? error_raw(error, r, "sendmsg", step->object) : 0;
}

static const struct step_kind kind_send = {
	.name = "send-listener",
	.what = "send the listener to",
	.calls = "sendmsg",
	.run = run_send,
};

int oci_listener_add(struct plan *plan, enum stage stage, const struct oci_filter *filter, const char *why,
		     struct inro_error *error)
{
	struct listener_args *args = arena_alloc(&plan->arena, sizeof(*args));
	struct step *step;

	if (!args)
		return fail_memory(error);
	args->stack = arena_alloc(&plan->arena, STACK_SIZE);
	if (!args->stack)
		return fail_memory(error);
	args->filter = *filter;
	args->start = plan->spec->oci->start;
	args->socket_slot = plan_transient(plan, plan_slot(plan));
	plan->handed_slot = plan_transient(plan, plan_slot(plan));
	plan_add(plan, STAGE_OPEN, &kind_connect, filter->listener_path, "who answers for calls is there", args);
	plan_add(plan, STAGE_HANDED, &kind_send, filter->listener_path, "linux.seccomp.listenerPath", args);
	step = plan_add(plan, stage, &kind_install, NULL, why, args);
	step->may_block = true;
	step->fallback = "without its flags where the kernel lacks one";
	return 0;
}
