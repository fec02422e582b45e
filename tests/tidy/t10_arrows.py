"""The include arrows of DESIGN section 10: they point left only, and each dependency has one door."""
import re

import tree

PURE = {"base", "http", "conf"}
# What each folder may include beside itself.
MAY = {
    "base": set(),
    "io": {"base"},
    "net": {"base", "io"},
    "http": {"base"},
    # Pure: rules over values. The cache's Facts are a plain struct that the rules fill in; the key
    # normalises paths as the router does.
    "caching": PURE | {"cache", "route"},
    "route": PURE,
    "policy": PURE,
    "stats": {"base"},
    "control": {"base", "io", "net"},
    "session": {"base", "io", "net", "http", "conf"},
    "upstream": {"base", "io", "net", "http", "session", "stats", "conf"},
    "cache": {"base"},
    "conf": {"base"},
    "cli": {"base", "control", "conf"},
}
MAY["proxy"] = MAY["upstream"] | {"upstream", "caching", "route", "policy", "cache"}
MAY["worker"] = MAY["proxy"] | {"proxy", "control"}
MAY["prober"] = {"base", "io", "net", "conf", "stats", "control", "upstream", "worker"}
MAY["checker"] = {"base", "cache", "control"}
MAY["master"] = MAY["worker"] | {"worker", "prober"}
MAY["main"] = MAY["master"] | {"checker", "master"}

DOORS = {
    r"liburing": r"daemon/io/",
    r"nghttp2/": r"daemon/session/h2",
    r"openssl/": r"daemon/net/tls|cache/purge\.cc$",
    r"toml\+\+|toml\.hpp": r"conf/load",
    r"CLI/|CLI11": r"(daemon|cli)/main\.cc$",
    r"boost/interprocess": r"cache/",
}


def test_includes_follow_the_arrows():
    wrong = []
    for name in tree.sources():
        if name.startswith("tests/"):
            continue
        here = tree.folder(name)
        assert here in MAY, f"{name}: folder {here} is not in the table"
        for line, bracket, target in tree.includes(name):
            there = tree.folder(target)
            if bracket == '"' and there != here and there not in MAY[here]:
                wrong.append(f"{name}:{line}: {here} may not include {target}")
    assert not wrong, "\n".join(wrong)


def test_the_table_has_no_cycle():
    done = set()
    while len(done) < len(MAY):
        free = [f for f, may in MAY.items() if f not in done and not may - done]
        assert free, f"cycle among {sorted(set(MAY) - done)}"
        done.update(free)


def test_each_dependency_has_one_door():
    wrong = []
    for name in tree.sources():
        # A unit test stands where its source stands.
        place = re.sub(r"^tests/unit/(?!cache/|conf/|cli/)", "daemon/", name)
        place = re.sub(r"^tests/unit/", "", place)
        for line, _, target in tree.includes(name):
            for header, door in DOORS.items():
                if re.match(header, target) and not re.match(door, place):
                    wrong.append(f"{name}:{line}: {target} belongs to {door}")
    assert not wrong, "\n".join(wrong)


def test_includes_are_full_paths_from_the_root():
    wrong = [f"{name}:{line}: {target}" for name in tree.sources()
             for line, bracket, target in tree.includes(name)
             if bracket == '"' and not (tree.ROOT / target).is_file()]
    assert not wrong, "\n".join(wrong)


def test_a_source_includes_its_own_header_first():
    wrong = []
    for name in tree.files(".cc"):
        own = name[:-3] + ".h"
        found = [target for _, _, target in tree.includes(name)]
        if (tree.ROOT / own).is_file() and found and own in found and found[0] != own:
            wrong.append(name)
    assert not wrong, "\n".join(wrong)


def test_the_cache_never_suspends():
    wrong = [name for name in tree.sources() if name.startswith("cache/")
             and re.search(r"\bco_(await|return|yield)\b", tree.without_comments(tree.text(name)))]
    assert not wrong, "\n".join(wrong)


def test_the_pure_folders_read_no_clock():
    clock = re.compile(r"\b(clock_gettime|gettimeofday|time\(nullptr\)|steady_clock::now|"
                       r"system_clock::now)\b")
    wrong = [name for name in tree.sources()
             if re.match(r"daemon/(http|caching|route|policy)/", name)
             and clock.search(tree.without_comments(tree.text(name)))]
    assert not wrong, "\n".join(wrong)
