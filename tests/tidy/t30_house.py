"""The shape of the house: what lies where, how long files are, what each header says first."""
import os
import re

import tree

TOP = {
    ".ci", ".clang-format", ".clang-tidy", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md",
    "cache", "cli", "conf", "daemon", "man", "meson.build", "tests",
}
LINES_MAX = 400
# A ratchet: files over the limit and their length today; a number may only fall, a line only go.
LONGER: dict[str, int] = {}


def test_the_top_of_the_tree_holds_what_it_should():
    assert {name.split("/")[0] for name in tree.files()} <= TOP


def test_no_source_is_longer_than_400_lines():
    wrong = []
    for name in tree.files(".h", ".cc", ".c", ".py"):
        lines = tree.text(name).count("\n")
        if lines > LONGER.get(name, LINES_MAX):
            wrong.append(f"{name}: {lines} lines")
    assert not wrong, "\n".join(wrong)


def test_the_ratchet_only_falls():
    for name, lines in LONGER.items():
        assert name in tree.files(), f"{name} is gone: take it off the list"
        assert tree.text(name).count("\n") == lines, f"{name}: lower its number"


def test_the_median_source_is_short():
    lengths = sorted(tree.text(n).count("\n") for n in tree.files(".h", ".cc")
                     if not n.startswith("tests/"))
    assert lengths[len(lengths) // 2] <= 160


def test_each_header_says_what_it_is_and_has_pragma_once():
    wrong = []
    for name in tree.files(".h"):
        lines = tree.text(name).splitlines()
        comment = [line for line in lines[:12] if line.startswith("//")]
        if not lines[0].startswith("// ") or len(" ".join(comment)) < 60:
            wrong.append(f"{name}: no comment at its top")
        if lines.count("#pragma once") != 1:
            wrong.append(f"{name}: #pragma once")
    assert not wrong, "\n".join(wrong)


def test_code_is_in_the_namespace_of_its_folder():
    wrong = []
    for name in tree.files(".h"):
        if name.startswith("tests/"):
            continue
        space = tree.folder(name)
        if not re.search(rf"namespace ringwall(::{space}\b|\s*{{)", tree.text(name)):
            wrong.append(f"{name}: not in ringwall::{space}")
    assert not wrong, "\n".join(wrong)


def test_lines_end_cleanly():
    wrong = []
    for name in tree.files(".h", ".cc", ".c", ".py", ".build", ".toml", ".md", ".def"):
        body = tree.text(name)
        if body and not body.endswith("\n"):
            wrong.append(f"{name}: no newline at its end")
        wrong += [f"{name}:{n}: trailing space, tab or CR" for n, line in
                  enumerate(body.split("\n"), 1) if re.search(r"[ \t\r]$|\t", line)]
    assert not wrong, "\n".join(wrong)


def test_lines_fit_the_page():
    wrong = [f"{name}:{n}: {len(line)} columns" for name in tree.files(".h", ".cc", ".c", ".py")
             for n, line in enumerate(tree.text(name).split("\n"), 1) if len(line) > 110]
    assert not wrong, "\n".join(wrong)


def test_no_folder_is_on_the_include_path():
    """With implicit_include_directories our time.h would stand before the system's."""
    wrong = []
    for name in tree.files("meson.build"):
        for match in re.finditer(r"\b(static_library|executable)\(([^()]|\([^()]*\))*\)",
                                 tree.text(name)):
            if ".cc" in match[0] and "implicit_include_directories: false" not in match[0]:
                wrong.append(f"{name}: {match[0][:60]!r}")
    assert not wrong, "\n".join(wrong)


def test_every_source_is_built():
    built = {}
    for name in tree.files("meson.build"):
        directory = name.rpartition("/")[0]
        for source in re.findall(r"'([\w/.-]+\.(?:cc|c))'", tree.text(name)):
            built[f"{directory}/{source}".lstrip("/")] = True
    wrong = [n for n in tree.files(".cc", ".c") if n not in built
             and not any(re.search(rf"'{re.escape(n.rpartition('/')[2][:-3])}'", tree.text(m))
                         for m in tree.files("meson.build"))]
    assert not wrong, "not in any meson.build:\n" + "\n".join(wrong)


def test_scripts_can_be_executed():
    wrong = [n for n in tree.files() if tree.text(n).startswith("#!")
             and not os.access(tree.ROOT / n, os.X_OK)]
    assert not wrong, "\n".join(wrong)
