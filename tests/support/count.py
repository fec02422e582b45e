#!/usr/bin/python3
"""Adds up what test runs of meson counted: every case of GoogleTest and pytest by itself.

    count.py BUILD…            prints the failed ones and, last, "N passed, N failed"
    count.py --failed BUILD    prints the names of meson's tests that did not pass, for a second try

Where a test was tried a second time (meson's log base "again"), that try counts and is told.

Reads meson's testlog.json (which tests ran, and how they ended), its testlog.junit.xml (the cases of
GoogleTest programs) and the XML files that pytest leaves (tests/scenario, tests/tidy). A test that
failed as a whole but names no failed case counts as one failure. Exit code 1 if any failed.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as ET


def cases(suites):
    """(name, failed, skipped) of each case in XML test suites."""
    for suite in suites:
        for case in suite.iter("testcase"):
            failed = case.find("failure") is not None or case.find("error") is not None
            skipped = case.find("skipped") is not None or case.get("result") == "skipped"
            yield f'{suite.get("name")}: {case.get("name")}', failed, skipped


def pytest_cases(build, name):
    """The cases of a test that pytest ran, or nothing if it left no file."""
    kind, _, area = name.partition("-")
    path = build / "tests" / kind / f"{area}.xml"
    if kind not in ("scenario", "tidy") or not path.exists():
        return []
    return list(cases(ET.parse(path).getroot().iter("testsuite")))


def gtest_cases(suites, name):
    return list(cases(s for s in suites if f".{name}." in "." + s.get("name", "")[len("ringwall"):]))


def results(build, base):
    """{name: result} of meson's run with this log base, and the suites of its GoogleTest programs."""
    log = build / "meson-logs" / f"{base}.json"
    if not log.exists():
        return {}, []
    tests = [json.loads(line) for line in log.read_text().splitlines()]
    junit = build / "meson-logs" / f"{base}.junit.xml"
    suites = list(ET.parse(junit).getroot().iter("testsuite")) if junit.exists() else []
    return {test["name"]: test["result"] for test in tests}, suites


def count(build):
    """(passed, names of failed cases) of the last run in a build directory."""
    tests, first_suites = results(build, "testlog")
    again, again_suites = results(build, "again")
    if not tests:
        return 0, [f"{build}: no tests were run"]
    passed, failed = 0, []
    for name, result in tests.items():
        suites = again_suites if name in again else first_suites
        if name in again:
            print(f"second try of {build.name}: {name}: {result}, then {again[name]}")
            result = again[name]
        good = result == "OK"
        found = pytest_cases(build, name) or gtest_cases(suites, name) or [(name, not good, False)]
        bad = [case for case, wrong, _ in found if wrong]
        if not good and not bad:
            bad = [f"{name} ({result})"]
        failed += [f"{build.name}: {case}" for case in bad]
        passed += sum(1 for _, wrong, skipped in found if not wrong and not skipped)
    return passed, failed


def main(builds):
    if builds[:1] == ["--failed"]:
        tests, _ = results(pathlib.Path(builds[1]), "testlog")
        print("\n".join(name for name, result in tests.items() if result != "OK"))
        return 0
    passed, failed = 0, []
    for build in builds:
        more, wrong = count(pathlib.Path(build))
        passed += more
        failed += wrong
    for case in failed:
        print(f"FAILED {case}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
