"""Patterns that are banned, each for the fault or the habit behind it."""
import re

import tree


# Files that may do what is banned, each with its reason.
MAY_SKIP = {
    "tests/unit/io/task_test.cc": "shows a fault of the compiler, where the compiler has it no more",
    "tests/unit/io/frame_pool_test.cc": "under AddressSanitizer frames are not pooled",
}
MAY_SLEEP = {
    "tests/stress/cache_kill_random_test.cc": "kills at random moments: the naps are the test",
}


def found(pattern, names, code_only=True):
    """file:line of each match."""
    regex = re.compile(pattern)
    hits = []
    for name in names:
        body = tree.text(name)
        if code_only:
            body = tree.without_comments(body)
        hits += [f"{name}:{body[:m.start()].count(chr(10)) + 1}: {m[0].strip()[:60]}"
                 for m in regex.finditer(body)]
    return hits


def condition_ends(code, start):
    """The index behind the parenthesis that closes the one at `start`."""
    depth = 0
    for i in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0:
            return i
    return len(code)


def awaits_in_conditions(name, code):
    hits = []
    for match in re.finditer(r"\b(?:if|while|switch)\s*(?:constexpr\s*)?\(", code):
        start = match.end() - 1
        if re.search(r"\bco_await\b", code[start:condition_ends(code, start)]):
            hits.append(f"{name}:{code[:start].count(chr(10)) + 1}")
    return hits


def test_no_co_await_stands_in_a_condition():
    """g++ 12 miscompiles it (tests/unit/io/task_test.cc shows how): name the result first."""
    hits = []
    for name in tree.files(".h", ".cc"):
        if name != "tests/unit/io/task_test.cc":
            hits += awaits_in_conditions(name, tree.without_comments(tree.text(name)))
    assert not hits, "\n".join(hits)


def test_the_check_for_conditions_sees_them():
    assert awaits_in_conditions("x", "if (a && (co_await b()))") == ["x:1"]
    assert awaits_in_conditions("x", "\nwhile (f(co_await g())) {}") == ["x:2"]
    assert not awaits_in_conditions("x", "if (a) co_await b();")


def test_nothing_is_left_for_later():
    word = "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"])
    hits = found(rf"\b({word})\b", [n for n in tree.files() if not n.endswith((".pem", ".bin"))],
                 code_only=False)
    assert not hits, "\n".join(hits)


def test_no_test_is_skipped():
    names = [n for n in tree.files(".cc", ".h", ".py")
             if n.startswith("tests/") and n not in MAY_SKIP]
    word = "|".join(["DIS" + "ABLED_", "GTEST_" + "SKIP", r"pytest\." + "skip", r"mark\." + "skip",
                     r"mark\." + "xfail"])
    hits = found(rf"({word})", names, code_only=False)
    assert not hits, "\n".join(hits)


def test_no_test_sleeps():
    """A test waits for an event, with a deadline (programs.wait_until), never for a fixed time."""
    names = [n for n in tree.files(".cc", ".h", ".py", ".sh")
             if n.startswith("tests/") and n not in MAY_SLEEP]
    hits = found(r"\b(sleep_for|sleep_until|usleep|time\.sleep)\s*\(|^\s*sleep\s+[0-9]", names)
    assert not hits, "\n".join(hits)


def test_format_comes_from_fmt():
    """g++ 12 has no <format>."""
    hits = [n for n in tree.sources() for _, _, t in tree.includes(n) if t in ("format", "expected")]
    assert not hits, "\n".join(hits)


def test_no_exception_is_thrown():
    """Errors are values (base::Result); exceptions end where a library throws them."""
    names = [n for n in tree.files(".cc", ".h") if not n.startswith("tests/")]
    hits = found(r"\bthrow\b", names)
    assert not hits, "\n".join(hits)


def test_no_path_of_a_developers_machine_stands_in_a_file():
    names = [n for n in tree.files() if n != "tests/tidy/t20_patterns.py"]
    hits = found(r"(/work/|/tmp/b-|/home/(?!user\b))[a-z]*", names, code_only=False)
    assert not hits, "\n".join(hits)


def test_no_goto():
    hits = found(r"\bgoto\b", tree.files(".cc", ".h"))
    assert not hits, "\n".join(hits)
