#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A test that cannot fail is no test: every rule is shown what it must refuse, and what it must let pass."""

import sys
import tempfile
import unittest
from pathlib import Path

import house
import narrow
import rules
import tidy
from source import Source, blank

HEAD = "// SPDX-License-Identifier: Apache-2.0\n"
# Put together here, so that this file does not say the words itself.
LATER = "TO" + "DO"


def found(rule, path, text):
    """The messages that `rule` has about a file with this text."""
    return [finding.message for finding in rule(Source(path, text)) if finding.refused]


class Arrows(unittest.TestCase):
    def refused(self, path, header):
        return found(rules.arrows, path, f'#include "{header}"\n')

    def test_a_room_includes_itself_and_what_its_row_allows(self):
        self.assertEqual(self.refused("graph/job_graph.h", "graph/cargo.h"), [])
        self.assertEqual(self.refused("graph/job_graph.h", "base/ids.h"), [])
        self.assertEqual(self.refused("test/unit/base/ids_test.cpp", "actors/local/mini_cluster.h"), [])

    def test_nothing_points_upward(self):
        upward = self.refused("memory/buffer.h", "network/input_gate.h")
        self.assertIn("memory may not include network", upward[0])
        self.assertTrue(self.refused("base/log.cpp", "memory/buffer.h"))
        self.assertTrue(self.refused("graph/job_graph.h", "execution/task/task.h"))

    def test_a_sub_room_has_a_row_of_its_own(self):
        self.assertEqual(self.refused("network/tcp/frame.h", "network/subpartition.h"), [])
        self.assertTrue(self.refused("network/subpartition.h", "network/tcp/frame.h"))
        self.assertTrue(self.refused("execution/operators/map.h", "execution/task/mailbox.h"))
        self.assertTrue(self.refused("checkpoint/barrier_aligner.cpp", "checkpoint/snapshot/metadata.h"))

    def test_a_port_may_be_seen_by_its_implementer_but_its_neighbours_may_not(self):
        self.assertEqual(self.refused("api/program_loader.h", "execution/task/program.h"), [])
        self.assertTrue(self.refused("api/program_loader.h", "execution/task/worker.h"))

    def test_examples_see_only_what_a_user_sees(self):
        self.assertEqual(self.refused("examples/word_count/word_count.cpp", "api/environment.h"), [])
        self.assertTrue(self.refused("examples/word_count/word_count.cpp", "base/result.h"))

    def test_a_project_of_its_own_includes_what_it_likes(self):
        text = '#include "sensors.h"\n#include <doctest/doctest.h>\n#include <api/program.h>\n'
        for rule in (rules.arrows, rules.libraries, rules.order):
            self.assertEqual(found(rule, "examples/standalone/sensors_test.cpp", text), [])
            self.assertTrue(found(rule, "examples/numbers/numbers.cpp", text))

    def test_paths_begin_at_the_root(self):
        self.assertTrue(self.refused("base/log.cpp", "log.h"))
        self.assertTrue(self.refused("base/log.cpp", "../base/log.h"))

    def test_an_include_in_a_comment_is_none(self):
        self.assertEqual(found(rules.arrows, "base/log.h", '// #include "actors/x.h"\n'), [])

    def test_the_table_has_no_cycle(self):
        finished = set()

        def visit(room, above):
            self.assertNotIn(room, above, f"{above} -> {room}")
            if room not in finished:
                for below in house.ARROWS.get(room, ()):
                    visit(below, above + [room])
            finished.add(room)

        for room in house.ARROWS:
            visit(room, [])

    def test_cmake_links_as_the_table_says(self):
        text = "weir_room(graph\n  SOURCES a.cpp\n  LINKS weir::memory weir::actors)\n"
        self.assertEqual(found(rules.links, "graph/CMakeLists.txt", text), ["graph may not link actors"])


class Libraries(unittest.TestCase):
    def refused(self, path, header):
        return found(rules.libraries, path, f"#include <{header}>\n")

    def test_each_library_has_its_place(self):
        places = {
            "caf/all.hpp": ("actors/job_manager/job_manager_actor.h", "actors/job_manager/scheduler.h"),
            "spdlog/spdlog.h": ("base/log.cpp", "base/log.h"),
            "fmt/format.h": ("base/log.cpp", "api/environment.cpp"),
            "nlohmann/json.hpp": ("graph/execution_plan.cpp", "graph/job_graph.cpp"),
            "zookeeper/zookeeper.h": ("ha/zk_client.cpp", "ha/zk_leader.cpp"),
            "rocksdb/db.h": ("checkpoint/state/rocksdb_store.cpp", "checkpoint/state/heap_backend.cpp"),
            "dlfcn.h": ("api/program_loader.cpp", "execution/task/worker.cpp"),
            "sys/socket.h": ("network/tcp/data_server.cpp", "network/input_gate.cpp"),
            "poll.h": ("execution/operators/socket_text_source.cpp", "execution/operators/map.h"),
            "boost/pfr.hpp": ("memory/serializers_std.h", "execution/operators/map.h"),
            "boost/unordered/unordered_flat_map.hpp": ("checkpoint/state/heap_table.h", "graph/job_graph.h"),
            "boost/program_options.hpp": ("apps/weir/main.cpp", "api/environment.cpp"),
        }
        for header, (place, elsewhere) in places.items():
            with self.subTest(header):
                self.assertEqual(self.refused(place, header), [])
                self.assertTrue(self.refused(elsewhere, header))

    def test_the_standard_library_is_free_and_tests_are(self):
        for header in ("vector", "cstdint", "string_view", "sys/stat.h", "fcntl.h", "immintrin.h"):
            self.assertEqual(self.refused("base/log.h", header), [])
        self.assertEqual(self.refused("test/unit/base/ids_test.cpp", "doctest/doctest.h"), [])

    def test_an_unknown_library_is_refused(self):
        self.assertIn("name its place", self.refused("base/log.cpp", "absl/strings/str_cat.h")[0])


class Order(unittest.TestCase):
    def test_own_then_theirs_then_ours(self):
        good = '#include "base/log.h"\n\n#include <vector>\n\n#include "base/ids.h"\n'
        late = '#include <vector>\n\n#include "base/log.h"\n'
        mixed = '#include "base/log.h"\n\n#include "base/ids.h"\n#include <vector>\n'
        self.assertEqual(found(rules.order, "base/log.cpp", good), [])
        self.assertIn("comes first", found(rules.order, "base/log.cpp", late)[0])
        self.assertIn("theirs, then ours", found(rules.order, "base/log.cpp", mixed)[0])
        self.assertEqual(found(rules.order, "test/unit/base/log_test.cpp", good), [])
        self.assertTrue(found(rules.order, "test/unit/base/log_test.cpp", mixed))


class Words(unittest.TestCase):
    def refused(self, path, line):
        return found(rules.words, path, line + "\n")

    def test_what_is_not_said(self):
        for line in ("std::this_thread::sleep_for(1s);", "::usleep(3);",
                     "::sleep(seconds);", "sleep(3);", "std::thread t;", "std::jthread t;",
                     "std::mutex lock;", "std::condition_variable changed;",
                     "auto p = reinterpret_cast<int*>(q);", "using namespace std;",
                     f"// {LATER}: later", f"f();  // {LATER}(someone) later"):
            with self.subTest(line):
                self.assertEqual(len(self.refused("graph/job_graph.cpp", line)), 1)

    def test_where_it_may_be_said(self):
        self.assertEqual(self.refused("base/thread.h", "std::thread thread_;"), [])
        self.assertEqual(self.refused("base/sync.h", "std::mutex mutex_;"), [])
        self.assertEqual(self.refused("memory/data_view.h", "reinterpret_cast<char*>(p);"), [])
        self.assertEqual(self.refused("network/tcp/frame.cpp", "reinterpret_cast<char*>(p);"), [])

    def test_what_only_looks_like_it(self):
        for line in ("// no sleep_for() here", 'log("std::thread");', "using namespace std::chrono_literals;",
                     "std::thread::hardware_concurrency();", "std::this_thread::yield();", "await_sleep();",
                     "void Loop::sleep() {}",
                     f"// {LATER}(#12): drop this with GCC 13"):
            with self.subTest(line):
                self.assertEqual(self.refused("graph/job_graph.cpp", line), [])


class Shape(unittest.TestCase):
    def refused(self, text, path="base/x.h"):
        return found(rules.shape, path, text)

    def test_a_header_as_it_should_be(self):
        self.assertEqual(self.refused(HEAD + "#pragma once\n" + "x" * 110 + "\n"), [])
        self.assertEqual(self.refused(HEAD + "// What it is for.\n\n#pragma once\n"), [])
        script = "#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\n"
        self.assertEqual(self.refused(script, "scripts/test"), [])

    def test_what_is_missing_or_too_much(self):
        self.assertIn("SPDX", self.refused("#pragma once\n#pragma once\n")[0])
        self.assertIn("#pragma once", self.refused(HEAD + "int x;\n#pragma once\n")[0])
        self.assertIn("111 columns", self.refused(HEAD + "#pragma once\n" + "x" * 111 + "\n")[0])
        self.assertIn("blanks", self.refused(HEAD + "#pragma once\nint x; \n")[0])
        self.assertIn("no end", self.refused(HEAD + "#pragma once")[0])


def function_of(lines, head="void f()"):
    return head + " {\n" + "  g();\n" * (lines - 2) + "}\n"


class Sizes(unittest.TestCase):
    def functions(self, text):
        return [(function.line, function.lines) for function in Source("base/x.cpp", text).functions]

    def test_a_long_function_is_refused_and_a_longish_one_told(self):
        self.assertEqual(found(rules.sizes, "base/x.cpp", function_of(60)), [])
        self.assertIn("function of 61 lines", found(rules.sizes, "base/x.cpp", function_of(61))[0])
        told = list(rules.sizes(Source("base/x.cpp", function_of(41))))
        self.assertEqual([finding.refused for finding in told], [False])

    def test_a_long_file_is_refused(self):
        self.assertEqual(found(rules.sizes, "base/x.cpp", "\n" * 500), [])
        self.assertIn("file of 501 lines", found(rules.sizes, "base/x.cpp", "\n" * 501)[0])

    def test_functions_are_found_in_every_dress(self):
        for head in ("int f(int x)", "template <class T> requires (sizeof(T) > 1) T f()",
                     "C::C(int x) : a_(x), b_{x}",
                     "auto f() -> int", "bool operator()(const A& a) const noexcept",
                     "void f() const override",
                     "Result<std::map<int, int>> f(std::vector<int> x = {})", 'TEST_CASE("a { b")'):
            with self.subTest(head):
                self.assertEqual(self.functions(function_of(7, head)), [(1, 7)])
                inside = "namespace a {\nclass B final : public C<D> {\n" + function_of(7, head) + "};\n}\n"
                self.assertEqual(self.functions(inside), [(3, 7)])

    def test_what_is_no_function(self):
        for text in ("struct A {\n  int x = f();\n};\n", "enum class E : int { A, B };\n",
                     "int a[] = {\n  f(1),\n};\n", "// void f() {\n// }\n",
                     "template <class T> concept C = requires(T t) {\n  t.f();\n};\n"):
            with self.subTest(text):
                self.assertEqual(self.functions(text), [])

    def test_lambdas_and_local_classes_belong_to_their_function(self):
        text = ("void f() {\n  auto g = [](int x) {\n    return x;\n  };\n"
                "  struct A { void h() {} };\n}\nvoid k() {}\n")
        self.assertEqual(self.functions(text), [(1, 6), (7, 1)])


class Handlers(unittest.TestCase):
    def refused(self, lines, path="actors/x/x_actor.cpp"):
        body = "      f();\n" * lines
        return found(rules.handlers, path, "return {\n  [this](const A& a) -> B {\n" + body + "  },\n};\n")

    def test_five_lines_are_a_handler_six_are_logic(self):
        self.assertEqual(self.refused(5), [])
        self.assertIn("6 lines", self.refused(6)[0])
        self.assertEqual(self.refused(6, "actors/x/x.cpp"), [])


class Pages(unittest.TestCase):
    def refused(self, text):
        findings = rules.pages(Source("docs/a.md", text), {"docs/b.md"}.__contains__)
        return [finding.message for finding in findings]

    def test_links_lead_somewhere(self):
        self.assertEqual(self.refused("see [b](b.md#part), [b](../docs/b.md), [web](https://x.example/y)\n"), [])
        self.assertEqual(self.refused("see [c](c.md)\n"), ["c.md is not there"])

    def test_code_has_no_links(self):
        self.assertEqual(self.refused("`[this](int x)`\n```cpp\nf([this](int){});\n```\n"), [])


class Reading(unittest.TestCase):
    def test_blanking_keeps_every_line_and_all_code(self):
        text = 'f("a\\"b{"); // {\n/* {\n{ */ g(\'{\', 1\'000);\nR"x({\n")x";\n'
        self.assertEqual(blank(text).count("\n"), text.count("\n"))
        self.assertNotIn("{", blank(text))
        self.assertIn("1'000", blank(text))

    def test_the_whole_program_fails_on_one_bad_file(self):
        with tempfile.TemporaryDirectory() as root:
            good, bad = Path(root, "base", "a.cpp"), Path(root, "base", "b.cpp")
            good.parent.mkdir()
            good.write_text(HEAD + "int a;\n")
            self.assertEqual(tidy.main([root]), 0)
            bad.write_text(HEAD + '#include "actors/x.h"\n')
            self.assertEqual(tidy.main([root]), 1)


class Wrapping(unittest.TestCase):
    def test_words_flow_into_the_lines_below_and_labels_keep_their_column(self):
        wide = "  /// Threads: " + "word " * 20 + "last\n  ///          of it.\n  /// Order:   any\n"
        wrapped = narrow.wrap(wide)
        self.assertTrue(all(len(line) <= house.MAX_COLUMNS for line in wrapped.splitlines()))
        self.assertEqual(wrapped.splitlines()[1], "  ///          word last of it.")
        self.assertEqual(wrapped.splitlines()[2], "  /// Order:   any")
        self.assertEqual(narrow.wrap(wrapped), wrapped)

    def test_what_is_narrow_or_a_picture_or_code_stays(self):
        picture = "///     " + "-" * 120 + "\n"
        for text in ("/// a\n/// b\n", picture, "int x;  // " + "word " * 30 + "\n", HEAD + "// a\n"):
            self.assertEqual(narrow.wrap(text), text)


if __name__ == "__main__":
    sys.exit(unittest.main())
