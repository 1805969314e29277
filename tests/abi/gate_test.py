# SPDX-License-Identifier: MIT
"""Shows that the ABI gate finds each kind of break, and what it lets pass.

    gate_test.py CC HEADERS LAYOUT.C

Exits with 77 without the tools of libabigail.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import gate

HEADER = """
#include <stdint.h>
#define ASL_API __attribute__((visibility("default")))
typedef struct asl_model asl_model;
typedef struct asl_rect { int32_t x, y; } asl_rect;
typedef struct asl_options { uint32_t struct_size; int32_t kind; double share; } asl_options;
typedef void (*asl_report)(const asl_options *options, void *user);
enum { ASL_ONE = 1 };
ASL_API int32_t asl_make(asl_model **out, const asl_options *options, asl_report report);
ASL_API int32_t asl_cut(const asl_model *model, const asl_rect *rect);
ASL_API int32_t asl_area(const asl_rect *);
"""
SOURCE = """
#include "asl/a.h"
struct asl_model { int32_t secret; };
static asl_model one;
int32_t asl_make(asl_model **out, const asl_options *options, asl_report report)
{ *out = &one; if (report) report(options, 0); return options ? options->kind : ASL_ONE; }
int32_t asl_cut(const asl_model *model, const asl_rect *rect) { return model->secret + rect->x; }
int32_t asl_area(const asl_rect *area) { return area->x * area->y; }
"""
MORE_HEADER = HEADER + "ASL_API int32_t asl_more(void);\n"
MORE_SOURCE = SOURCE + "int32_t asl_more(void) { return 2; }\n"
GROWN = HEADER.replace("double share;", "double share; int64_t more;")
FUNCTION = "[suppress_function]\n  change_kind = added-function\n  name = asl_more\n"
TYPE = ("[suppress_type]\n  type_kind = struct\n  name = asl_options\n"
        "  has_data_member_inserted_at = end\n  has_size_change = yes\n")
CC, HEADERS, LAYOUT = "", "", ""


class GateTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "asl").mkdir()
        self.build(HEADER, SOURCE)
        shutil.copytree(self.folder / "asl", self.folder / "abi" / "1.0" / "include" / "asl")
        gate.dump(self.folder / "liba.so", self.folder,
                  self.folder / "abi" / "1.0" / "libasl.abi")
        self.allow("")

    def build(self, header, source, flags=("-g", "-O1")):
        (self.folder / "asl" / "a.h").write_text(header, encoding="utf-8")
        (self.folder / "a.c").write_text(source, encoding="utf-8")
        subprocess.run([CC, "-shared", "-fPIC", "-fvisibility=hidden", *flags, "-I", ".",
                        "-o", "liba.so", "a.c"], cwd=self.folder, check=True)

    def allow(self, additions):
        path = self.folder / "abi" / "1.0" / "additions.abignore"
        path.write_text(additions, encoding="utf-8")

    def problems(self, header=HEADER, source=SOURCE, flags=("-g", "-O1")):
        self.build(header, source, flags)
        versions, problems = gate.check(self.folder / "liba.so", self.folder, self.folder / "abi")
        self.assertEqual(versions, ["1.0"])
        return "\n".join(problems)

    def test_the_same_passes_whatever_is_private(self):
        self.assertEqual(self.problems(), "")
        self.assertEqual(self.problems(flags=("-g", "-O2")), "")
        secret = SOURCE.replace("int32_t secret;", "char *more; int32_t secret, other;")
        self.assertEqual(self.problems(source=secret), "")

    # Each with a change of the header, made in the source too.
    BREAKS = (
        ("a frozen struct grew", "x, y;", "x, y, z;"),
        ("a struct grew", "double share;", "double share; int64_t more;"),
        ("a field's type", "int32_t kind", "uint32_t kind"),
        ("fields swapped", "int32_t x, y", "int32_t y, x"),
        ("a parameter's type", "const asl_rect *rect", "const asl_options *rect"),
        ("a parameter more", "*rect)", "*rect, int32_t more)"),
        ("a handle more", "*rect)", "*rect, asl_model *more)"),
        ("the result's type", "int32_t asl_cut", "int64_t asl_cut"),
        ("a callback's type", "*options, void *user", "*options, int user"),
        ("a function gone", "ASL_API int32_t asl_cut", "int32_t asl_cut"),
    )
    # abidiff lets these pass.
    NAMES = (
        ("a field's name", "share;", "part;"),
        ("const gone", "const asl_rect *rect", "asl_rect *rect"),
        ("a handle that may change", "const asl_model", "asl_model"),
        ("a constant gone", "ASL_ONE = 1", "ASL_FIRST = 1"),
    )

    def changed(self, old, new):
        self.assertIn(old, HEADER)
        source = SOURCE.replace(old, new) if "asl_make" not in old else SOURCE
        source = source.replace("rect->x", "(rect != 0)").replace("ASL_ONE", "1")
        return self.problems(HEADER.replace(old, new), source)

    def test_breaks_are_found(self):
        for what, old, new in self.BREAKS:
            with self.subTest(what):
                problems = self.changed(old, new)
                self.assertIn("changes summary", problems)  # abidiff's words
                self.assertIn("' and is '", problems)

    def test_breaks_in_words_are_found(self):
        for what, old, new in self.NAMES:
            with self.subTest(what):
                problems = self.changed(old, new)
                self.assertNotIn("changes summary", problems)
                self.assertRegex(problems, "against 1.0: .* was '.*' and is ")

    def test_an_addition_is_found_until_it_is_reviewed(self):
        self.assertIn("1 Added function", self.problems(MORE_HEADER, MORE_SOURCE))

    def test_reviewed_additions_pass(self):
        self.allow(FUNCTION)
        self.assertEqual(self.problems(MORE_HEADER, MORE_SOURCE), "")
        self.allow(TYPE)
        self.assertEqual(self.problems(GROWN), "")

    def test_additions_hide_nothing_else(self):
        self.allow(TYPE)
        for what, header in (
                ("in the middle", HEADER.replace("int32_t kind;", "int32_t kind; int64_t more;")),
                ("and a type", GROWN.replace("int32_t kind", "float kind")),
                ("and an order", GROWN.replace("int32_t kind; double share",
                                               "double share; int32_t kind")),
                ("and one less", GROWN.replace("int32_t kind; ", "int64_t kind; ")),
                ("another", GROWN.replace("x, y;", "x, y, z;"))):
            with self.subTest(what):
                self.assertIn("against 1.0", self.problems(header))

    def test_additions_are_as_narrow_as_can_be(self):
        for bad, expected in (
                (FUNCTION.replace("name = asl_more", "name_regexp = .*"), "an entry has a name"),
                (FUNCTION.replace("added-function", "all"), "an entry has a name"),
                (FUNCTION.replace("asl_more", "asl_cut"), "no function added"),
                (TYPE.replace("end", "offset_of(kind)"), "an entry has a name"),
                ("[suppress_type]\n  name = asl_options\n", "an entry has a name"),
                ("[suppress_file]\n  name = asl_options\n", "an entry has a name"),
                (TYPE, "has not grown"),
                (TYPE.replace("asl_options", "asl_rect"), "it is frozen")):
            with self.subTest(bad):
                self.allow(bad)
                self.assertIn(expected, self.problems())

    def test_a_library_without_debug_information_is_no_answer(self):
        with self.assertRaisesRegex(gate.GateError, "no debug information"):
            self.problems(flags=("-O2",))
        self.build(HEADER, SOURCE)
        subprocess.run(["strip", "--strip-debug", self.folder / "liba.so"], check=True)
        with self.assertRaisesRegex(gate.GateError, "no debug information"):
            gate.check(self.folder / "liba.so", self.folder, self.folder / "abi")

    def test_half_of_it_is_no_answer_either(self):
        """One file of two with -g: there is debug information, but none about asl_more()."""
        (self.folder / "b.c").write_text("int asl_more(void);\n__attribute__((visibility("
                                         "\"default\"))) int asl_more(void) { return 1; }\n",
                                         encoding="utf-8")
        subprocess.run([CC, "-c", "-fPIC", "-O1", "-o", self.folder / "b.o",
                        self.folder / "b.c"], check=True)
        with self.assertRaisesRegex(gate.GateError, "no types are known of asl_more"):
            self.problems(flags=("-g", "-O1", self.folder / "b.o"))

    def test_types_that_are_left_out_are_no_answer(self):
        for old, new, problem in (
                ("label = Artificial", "label = An", "abidw sees 2 parameters in asl_make"),
                ("(^|/)asl/", "(^|/)other/", "abidw does not see into asl_rect")):
            text = gate.OPAQUE.read_text(encoding="utf-8")
            self.assertIn(old, text)
            (self.folder / "other.abignore").write_text(text.replace(old, new), encoding="utf-8")
            other = (*gate.DUMP[:-1], self.folder / "other.abignore")
            with unittest.mock.patch.object(gate, "DUMP", other):
                with self.assertRaisesRegex(gate.GateError, problem):
                    self.problems()

    def test_constants_are_held_by_the_layout(self):
        """abidiff does not see them: they are in no function's type."""
        renumbered = HEADER.replace("ASL_ONE = 1", "ASL_ONE = 2")
        self.assertEqual(self.problems(renumbered), "against 1.0: ASL_ONE: was '1' and is '2'")
        for name, old, new in (("image.h", "ASL_FORMAT_BGR24 = 1", "ASL_FORMAT_BGR24 = 9"),
                               ("base.h", "X(ERR_IO, -21,", "X(ERR_IO, -29,"),
                               ("base.h", "ASL_VERSION_MAJOR 1", "ASL_VERSION_MAJOR 2"),
                               ("image.h", "int32_t x, y, width", "int32_t y, x, width")):
            self.assertEqual(self.layout(name, old, old), 0)
            self.assertNotEqual(self.layout(name, old, new), 0, new)

    def layout(self, name, old, new):
        """The compiler's status for layout.c against changed headers."""
        shutil.copytree(pathlib.Path(HEADERS) / "asl", self.folder / "changed" / "asl",
                        dirs_exist_ok=True)
        path = self.folder / "changed" / "asl" / name
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new), encoding="utf-8")
        return subprocess.run([CC, "-std=c11", "-fsyntax-only", "-I", self.folder / "changed",
                               LAYOUT], capture_output=True, check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    if not gate.tools_exist():
        sys.exit(77)
    CC, HEADERS, LAYOUT = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
