# SPDX-License-Identifier: BSD-3-Clause
"""The checks of the tree find what they are for."""

import os
import shutil
import subprocess

import pytest

from ddnstest.proc import TOP


def check(name, tree):
    """Runs a check on a tree; gives what was not ok, and all it said."""
    done = subprocess.run([TOP / "tools" / name], capture_output=True,
                          text=True, env={**os.environ, "srcdir": str(tree)})
    bad = [line.split(" - ")[1] for line in done.stdout.splitlines()
           if line.startswith("not ok")]
    assert (done.returncode != 0) == bool(bad), done
    return bad, done.stdout


@pytest.fixture
def tree(work):
    work.mkdir("docs")
    for folder in ("common/dns", "common/update", "common/store",
                   "pdns-backend", "unbound-module", "tests", "tools"):
        work.mkdir(folder)
    shutil.copy(TOP / "docs/architecture.md", work / "docs")
    (work / "tools/codespell-ignore").write_text("")
    (work / "common/store/store.c").write_text(
        "/* SPDX-License-Identifier: BSD-3-Clause */\n"
        '#include "common/dns/name.h"\n#include <sqlite3.h>\n')
    return work


def test_tree_without_fault_passes(tree):
    assert check("check-layers", tree.path)[0] == []
    assert check("check-words", tree.path)[0] == []


@pytest.mark.parametrize("place,line,wanted", [
    ("common/dns/x.c", '#include "common/store/store.h"',
     "includes follow the layer table"),
    ("common/update/x.h", '#  include "common/publish/publish.h"',
     "includes follow the layer table"),
    ("unbound-module/x.c", '#include "common/store/store.h"',
     "includes follow the layer table"),
    ("common/dns/x.c", '#include "name.h"',
     "an include of ours carries its folder"),
    ("common/update/x.c", "#include <sqlite3.h>",
     "only the store sees SQLite"),
    ("common/dns/name.c", "#include <ldns/ldns.h>",
     "only rdata.c sees ldns"),
])
def test_include_that_is_not_allowed(tree, place, line, wanted):
    (tree / place).write_text(line + "\n")
    bad, said = check("check-layers", tree.path)
    assert bad == [wanted] and f"# {place}:1" in said


def test_headers_of_unbound_in_a_third_file(tree):
    for name in "abc":
        (tree / f"unbound-module/{name}.c").write_text(
            '#include "util/module.h"\n')
    assert check("check-layers", tree.path)[0] \
        == ["headers of Unbound in two files at most"]


@pytest.mark.parametrize("text,wanted", [
    ("see /ho" + "me/someone/x", "no path of a developer's machine"),
    ("TO" + "DO: later", "no unfinished work"),
    ("blank at the end ", "no space at the end of a line"),
])
def test_words_that_are_not_allowed(tree, text, wanted):
    (tree / "common/dns/x.c").write_text(
        f"/* SPDX-License-Identifier: BSD-3-Clause */\n/* {text}\n */\n")
    assert check("check-words", tree.path)[0] == [wanted]


def test_source_without_licence(tree):
    (tree / "common/dns/x.c").write_text("int x;\n")
    assert check("check-words", tree.path)[0] \
        == ["a licence line in each source file"]
