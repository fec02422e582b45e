"""The tree as the house rules see it: its tracked files, their text, their includes."""
import functools
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


@functools.lru_cache
def files(*suffixes):
    """The project's files (tracked, or new and not ignored) that end so, as paths from the root."""
    try:
        listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                                cwd=ROOT, capture_output=True, text=True, check=True).stdout
        names = listed.splitlines()
    except (OSError, subprocess.CalledProcessError):  # a tree from an archive has no git
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")
                 if p.is_file() and not any(part.startswith(("build", ".git"))
                                            for part in p.relative_to(ROOT).parts)]
    return [n for n in sorted(names) if n.endswith(suffixes or "") and (ROOT / n).is_file()]


@functools.lru_cache(maxsize=None)
def text(name):
    return (ROOT / name).read_text(errors="replace")


def sources():
    return files(".h", ".cc", ".c", ".def")


def includes(name):
    """(line number, bracket, target) of each include."""
    return [(text(name)[:m.start()].count("\n") + 1, m[1], m[2])
            for m in INCLUDE.finditer(text(name))]


def folder(name):
    """The folder of the house that a path belongs to: "io" for daemon/io/…, "cache", "main"."""
    parts = name.split("/")
    if parts[0] == "daemon":
        return parts[1] if len(parts) > 2 else "main"
    return parts[0]


def without_comments(source):
    """The code with comments and string contents blanked; line numbers stay."""
    def blank(match):
        found = match[0]
        if found.startswith(("/*", "//")):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, source,
                  flags=re.DOTALL)
