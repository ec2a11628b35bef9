/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ns/graph.h"

static void nodes(void **state)
{
	cleanup_ns_graph struct ns_graph graph = { 0 };
	struct ns_node *uts, *pid;

	(void)state;
	assert_null(ns_graph_find(&graph, 1));
	uts = ns_graph_add(&graph, NS_UTS, 4026532000);
	pid = ns_graph_add(&graph, NS_PID, 4026532001);
	assert_ptr_equal(ns_graph_add(&graph, NS_UTS, 4026532000), uts);
	assert_int_equal(graph.n_nodes, 2);
	assert_ptr_equal(ns_graph_find(&graph, 4026532001), pid);
	assert_int_equal(pid->owner_uid, UINT32_MAX);
	ns_graph_add(&graph, NS_PID, 4026531836);
	ns_graph_sort(&graph);
	assert_int_equal(graph.nodes[0]->ino, 4026531836);
	assert_ptr_equal(graph.nodes[1], pid);
	assert_ptr_equal(graph.nodes[2], uts);
}

static void many_nodes(void **state)
{
	cleanup_ns_graph struct ns_graph graph = { 0 };

	(void)state;
	for (ino_t i = 0; i < 3000; i++)
		assert_non_null(ns_graph_add(&graph, i % NS_KINDS, 4026540000 - i));
	ns_graph_sort(&graph);
	for (size_t i = 1; i < graph.n_nodes; i++) {
		const struct ns_node *before = graph.nodes[i - 1], *node = graph.nodes[i];

		assert_true(before->kind < node->kind ||
			    (before->kind == node->kind && before->ino < node->ino));
	}
}

static void below(void **state)
{
	struct ns_node top = { 0 }, middle = { .parent = &top }, bottom = { .parent = &middle }, other = { 0 };

	(void)state;
	assert_true(ns_graph_is_below(&bottom, &top));
	assert_true(ns_graph_is_below(&top, &top));
	assert_false(ns_graph_is_below(&top, &middle));
	assert_false(ns_graph_is_below(&bottom, &other));
	assert_false(ns_graph_is_below(NULL, &other));
}

static void processes(void **state)
{
	struct ns_process all[] = { { .pid = 1 }, { .pid = 7 }, { .pid = 300 } };
	struct ns_graph graph = { .processes = all, .n_processes = 3 };

	(void)state;
	assert_ptr_equal(ns_graph_process(&graph, 7), &all[1]);
	assert_null(ns_graph_process(&graph, 8));
	assert_null(ns_graph_process(&(struct ns_graph){ 0 }, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes),
		cmocka_unit_test(many_nodes),
		cmocka_unit_test(below),
		cmocka_unit_test(processes),
	};

	return cmocka_run_group_tests_name("ns/graph", tests, NULL, NULL);
}
