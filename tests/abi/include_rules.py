# SPDX-License-Identifier: MIT
"""Who may include whom, and how every source file begins and ends.

    include_rules.py FOLDER        checks a source tree
    include_rules.py --self-test   shows that each rule can fail

The table is that of CONTRIBUTING.md. Modules are folders of lib/; a public header belongs to the
module that implements it.
"""

import pathlib
import re
import sys
import tempfile
import unittest

# Modules that each module may include beside itself.
MODULES = {
    "base": (),
    "image": ("base",),
    "dataset": ("base", "image"),
    "model": ("base",),
    "backend": ("base", "model"),
    "train": ("base", "image", "dataset", "model", "backend"),
    "infer": ("base", "image", "dataset", "model", "backend"),
    "spell": ("base", "image", "model"),
}
# Public headers that do not carry their module's name.
OWNERS = {"augment": "image", "trainer": "train", "inferer": "infer", "finder": "infer",
          "speller": "spell"}

# Where headers of other projects may appear; everywhere else they would tie us to them.
FOREIGN = (
    (r"stb_.*", ("lib/image/stb.c",)),
    (r"(jpeglib|jerror|jmorecfg|turbojpeg)\.h", ("lib/image/",)),
    (r"z(lib|conf)\.h", ("lib/image/", "lib/dataset/", "lib/model/")),
    (r"jansson.*", ("lib/model/", "examples/")),
    (r"cairo.*", ("examples/",)),
    (r"mpi\.h", ("examples/asl-train/ranks_mpi.c",)),
    (r"(cuda|cudnn|cublas).*", ("lib/backend/cuda/",)),
    (r"nccl.*", ()),
)

# What libasl and its GPU module agree on.
GPU_MODULE = "backend/cuda/module.h"

# Folders of examples/ that all programs may include.
SHARED = ("common", "hand", "live")

SPDX = "/* SPDX-License-Identifier: MIT */"
MAX_LINES = 600
INCLUDE = re.compile(r"^\s*#\s*include\b\s*(.*?)\s*(?:/\*.*)?$")
CONDITION = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b\s*(.*)$")
# What a public header may ask about: its guard and the compiler, never how the library was built.
CONDITION_OK = re.compile(r"(!?\s*defined\s*\(?\s*)?(ASL_\w+_H|__cplusplus|__GNUC__)\s*\)?$")


def sources(root):
    for top in ("include", "lib", "examples", "tests"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".c", ".h", ".cu", ".cuh"):
                yield path


def check_text(text):
    """Problems of form, as (line, text)."""
    lines = text.split("\n")
    if lines[0] != SPDX:
        yield 1, f"the first line is not '{SPDX}'"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield len(lines), "the file does not end with one newline"
    if len(lines) - 1 > MAX_LINES:
        yield len(lines), f"the file has {len(lines) - 1} lines, at most {MAX_LINES} are allowed"
    for number, line in enumerate(lines, 1):
        if "\t" in line or "\r" in line:
            yield number, "the line holds a tab or carriage return"
        if line.endswith(" "):
            yield number, "the line ends with a space"


def check_public(target):
    """A public header's include of <target> or "target"."""
    if target not in ("<stddef.h>", "<stdint.h>") and not re.fullmatch(r'"asl/\w+\.h"', target):
        return 'public headers include only "asl/...", <stddef.h> and <stdint.h>'
    return None


def check_foreign(path, header):
    for pattern, places in FOREIGN:
        if re.fullmatch(pattern, header) and not path.startswith(places):
            return f"allowed only in {' and '.join(places)}" if places else "not allowed anywhere"
    return None


def check_library(path, header):
    """A quoted include in lib/MODULE/..."""
    here = path.split("/")[1:-1]
    there = header.split("/")[:-1]
    module = here[0]
    allowed = MODULES.get(module)
    if allowed is None:
        return f"the module '{module}' is not in the table"
    if there == ["asl"]:
        name = header[len("asl/"):-len(".h")]
        owner = OWNERS.get(name, name)
    else:
        owner = there[0] if there else header
    if owner not in (module, *allowed):
        return f"the module '{module}' may not include '{owner}'"
    if owner == "backend" and there != ["asl"] and header != "backend/backend.h":
        if module != "backend":
            return "outside lib/backend only backend/backend.h is visible"
        if len(there) > 1 and there[:2] != here[:2] and header != GPU_MODULE:
            return "backends do not include each other"
    return None


def check_example(path, header):
    """A quoted include in examples/PROGRAM/..."""
    program = path.split("/")[1]
    there = header.split("/")[:-1]
    if there not in ([], ["asl"], *([shared] for shared in SHARED), [program]):
        return "programs include public headers, what they share and their own folder"
    return None


def exists(root, path, header):
    """Whether a quoted include names a file that its kind of source is meant to see."""
    places = [root / "include"]
    if path.startswith("lib/"):
        places.append(root / "lib")
    if path.startswith("examples/"):
        places += [root / "examples", (root / path).parent]
    return any((place / header).is_file() for place in places)


def check_include(root, path, target):
    if path.startswith("tests/"):
        return None
    if not re.fullmatch(r'<[^<>"]+>|"[^<>"]+"', target):
        return "computed includes are not allowed"
    header = target[1:-1]
    if path.startswith("include/"):
        return check_public(target)
    problem = check_foreign(path, header)
    if problem or target[0] == "<":
        return problem
    if header.startswith(("/", ".")) or "/../" in header:
        return "includes are by path from lib/ or include/"
    if not exists(root, path, header):
        return "no such file for this kind of source"
    return check_library(path, header) if path.startswith("lib/") else check_example(path, header)


def check_tree(root):
    """All problems of a tree as 'path:line: text', and the number of files looked at."""
    problems = []
    count = 0
    for file in sources(root):
        count += 1
        path = file.relative_to(root).as_posix()
        text = file.read_text(encoding="utf-8")
        problems += [f"{path}:{line}: {problem}" for line, problem in check_text(text)]
        for number, line in enumerate(text.split("\n"), 1):
            include = INCLUDE.match(line)
            problem = include and check_include(root, path, include.group(1))
            if problem:
                problems.append(f"{path}:{number}: {include.group(1)}: {problem}")
            condition = path.startswith("include/") and CONDITION.match(line)
            if condition and not CONDITION_OK.fullmatch(condition.group(1).strip()):
                problems.append(f"{path}:{number}: a public header depends on how it is built")
    return problems, count


class SelfTest(unittest.TestCase):
    """A small tree that passes, and one change at a time that must not."""

    TREE = {
        "include/asl/base.h": "#ifndef ASL_BASE_H\n#ifdef __cplusplus\n#include <stddef.h>\n",
        "include/asl/image.h": '#include "asl/base.h"\n#if defined(__GNUC__)\n',
        "include/asl/trainer.h": '#include "asl/base.h"\n',
        "lib/base/error.h": '#include "asl/base.h"\n',
        "lib/image/image.h": '#include "asl/image.h"\n#include "base/error.h"\n',
        "lib/image/stb.c": '#include <stb_image.h>\n#include "image/image.h"\n',
        "lib/dataset/dataset.h": '#include "image/image.h"\n#include <zlib.h>\n',
        "lib/model/network.h": "#include <jansson.h> /* JSON */\n",
        "lib/backend/backend.h": '#include "model/network.h"\n',
        "lib/backend/registry.c": '#include "backend/backend.h"\n',
        "lib/backend/cuda/module.h": '#include "backend/backend.h"\n',
        "lib/backend/cuda/plan.h": "#include <cudnn.h>\n",
        "lib/backend/cuda_module.c": '#include "backend/cuda/module.h"\n',
        "lib/backend/reference/reference.h": '#include "backend/backend.h"\n',
        "lib/backend/reference/plan.c": '#include "backend/reference/reference.h"\n',
        "lib/backend/cpu/cpu.h": "",
        "lib/backend/cpu/x86/avx2.c": '#include "backend/cpu/cpu.h"\n',
        "lib/train/trainer.c": '#include "backend/backend.h"\n#include "asl/trainer.h"\n',
        "examples/common/cli.h": "#include <cairo.h>\n",
        "examples/asl-info/own.h": "",
        "examples/asl-info/main.c": '#include "asl/base.h"\n#include "common/cli.h"\n'
                                    '#include "own.h"\n',
        "tests/unit/a.c": '#include "anything.h"\n',
    }

    # (file, its text after the SPDX line, part of the message)
    BAD = (
        ("include/asl/image.h", "#include <stdio.h>\n", "public headers include only"),
        ("include/asl/image.h", '#include "base/error.h"\n', "public headers include only"),
        ("include/asl/image.h", "#ifdef ASL_WITH_LIBJPEG\n", "how it is built"),
        ("include/asl/image.h", "#if ASL_HAVE_CUDA\n", "how it is built"),
        ("lib/base/error.h", '#include "image/image.h"\n', "'base' may not include 'image'"),
        ("lib/base/error.h", '#include "asl/image.h"\n', "'base' may not include 'image'"),
        ("lib/image/image.h", '#include "dataset/dataset.h"\n', "'image' may not include"),
        ("lib/model/network.h", '#include "image/image.h"\n', "'model' may not include"),
        ("lib/model/network.h", '#include "backend/backend.h"\n', "'model' may not include"),
        ("lib/backend/registry.c", '#include "dataset/dataset.h"\n', "may not include"),
        ("lib/backend/registry.c", '#include "backend/cpu/cpu.h"\n', "each other"),
        ("lib/backend/reference/plan.c", '#include "backend/cpu/cpu.h"\n', "each other"),
        ("lib/backend/cpu/x86/avx2.c", '#include "backend/reference/reference.h"\n', "each other"),
        ("lib/backend/cuda_module.c", '#include "backend/cuda/plan.h"\n', "each other"),
        ("lib/train/trainer.c", '#include "backend/reference/reference.h"\n', "only backend/"),
        ("lib/infer/a.c", '#include "asl/trainer.h"\n', "'infer' may not include 'train'"),
        ("lib/other/a.c", '#include "asl/base.h"\n', "not in the table"),
        ("lib/base/error.h", '#include "error.h"\n', "no such file"),
        ("lib/image/image.h", '#include "../base/error.h"\n', "by path from"),
        ("lib/image/image.h", '#include "base/none.h"\n', "no such file"),
        ("lib/image/image.h", "#include <stb_image.h>\n", "allowed only in lib/image/stb.c"),
        ("lib/image/image.h", '#  include "stb_image_write.h"\n', "allowed only in"),
        ("lib/dataset/dataset.h", "#include <jpeglib.h>\n", "allowed only in lib/image/"),
        ("lib/train/trainer.c", "#include <zlib.h>\n", "allowed only in"),
        ("lib/base/error.h", "#include <jansson.h>\n", "allowed only in"),
        ("lib/backend/registry.c", "#include <cuda_runtime.h>\n", "allowed only in lib/backend/cuda/"),
        ("lib/backend/cpu/cpu.h", "#include <nccl.h>\n", "not allowed anywhere"),
        ("lib/base/error.h", "#include HEADER\n", "computed includes"),
        ("examples/asl-info/main.c", '#include "base/error.h"\n', "no such file"),
        ("examples/asl-info/main.c", '#include "../../lib/base/error.h"\n', "by path from"),
        ("examples/asl-eval/main.c", '#include "asl-info/own.h"\n', "their own folder"),
        ("tests/unit/a.c", "int a; \n", "ends with a space"),
        ("tests/unit/a.c", "\tint a;\n", "holds a tab"),
        ("tests/unit/a.c", "int a;", "one newline"),
        ("tests/unit/a.c", "int a;\n\n", "one newline"),
        ("tests/unit/a.c", "int a;\n" * MAX_LINES, "at most 600"),
    )

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path, text in self.TREE.items():
            self.write(path, SPDX + "\n" + text)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def test_the_good_tree_passes(self):
        self.assertEqual(check_tree(self.root), ([], len(self.TREE)))

    def test_each_bad_file_is_found(self):
        for path, text, message in self.BAD:
            with self.subTest(path=path, text=text[:60]):
                self.write(path, SPDX + "\n" + text)
                problems, _ = check_tree(self.root)
                self.assertEqual(len(problems), 1, problems)
                self.assertIn(message, problems[0])
                self.assertTrue(problems[0].startswith(path + ":"))
                if path in self.TREE:
                    self.write(path, SPDX + "\n" + self.TREE[path])
                else:
                    (self.root / path).unlink()

    def test_the_licence_line_comes_first(self):
        self.write("tests/unit/a.c", "/* SPDX-License-Identifier: GPL-3.0 */\n")
        self.assertEqual(len(check_tree(self.root)[0]), 1)


def main():
    if sys.argv[1:] == ["--self-test"]:
        unittest.main(argv=sys.argv[:1])
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    problems, count = check_tree(pathlib.Path(sys.argv[1]))
    print("\n".join(problems + [f"{count} files, {len(problems)} problems"]))
    sys.exit(1 if problems or count == 0 else 0)


if __name__ == "__main__":
    main()
