"""Every header compiles alone: it includes what it uses."""
import concurrent.futures
import os
import subprocess

import tree

COMPILER = os.environ.get("CXX", "g++").split()
FLAGS = ["-std=c++20", "-fsyntax-only", "-x", "c++", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
         "-Wno-missing-field-initializers", "-fno-strict-aliasing",
         '-DRINGWALL_VERSION="0"', "-I", str(tree.ROOT)]


def compile_alone(name):
    # Included by an empty file: g++ warns of #pragma once in a main file.
    return subprocess.run([*COMPILER, *FLAGS, "-include", tree.ROOT / name, os.devnull],
                          capture_output=True, text=True, check=False)


def test_every_header_compiles_alone():
    """A header that some source includes first has been compiled alone by the build already."""
    proven = {found[0][2] for name in tree.files(".cc") if (found := tree.includes(name))}
    headers = [name for name in tree.files(".h") if name not in proven]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(compile_alone, headers))
    wrong = [f"{name}:\n{result.stderr[:600]}" for name, result in zip(headers, done)
             if result.returncode != 0]
    assert not wrong, "\n".join(wrong)
