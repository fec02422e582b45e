"""No answer for the wrong eyes: random responses, many users, three workers. The origin says in
each content who asked and with what; every answer is held against what its own request may get.
RINGWALL_SEED=N repeats a run."""
import json
import os
import random
import threading
import time

import pytest

from asking import told, url
from programs import LONG

SECONDS = 60 if LONG else 9
THREADS = 16
USERS = 6
LANGUAGES = [None, "de", "en", "de, en", ""]
SHARING = ("public", "s-maxage", "must-revalidate")  # RFC 9111 section 3.5
SENT_ANYWAY = {"x-user", "authorization", "cookie", "accept-language", "x-kind"}


class Resource:
    """A URL whose responses have random properties, the same at each request."""

    def __init__(self, dice, number):
        directives = [d for d, chance in (
            ("max-age=600", 0.5), ("max-age=1", 0.3), ("s-maxage=2", 0.2), ("public", 0.3),
            ("private", 0.15), ("no-store", 0.1), ("no-cache", 0.2), ("must-revalidate", 0.15),
            ("stale-while-revalidate=30", 0.3), ('private="X-Who"', 0.1)) if dice.random() < chance]
        dice.shuffle(directives)
        self.directives = directives
        self.vary = dice.choice([[], [], ["Accept-Language"], ["X-Kind", "accept-language"],
                                 ["Cookie"], ["Authorization"], ["X-User"], ["X-Kind", "*"]])
        self.cookie = dice.random() < 0.2
        options = {"cc": ", ".join(directives)} if directives else {}
        if self.vary:
            options["vary"] = ", ".join(self.vary)
            options["varyby"] = ",".join(name for name in self.vary if name != "*")
        if dice.random() < 0.6:
            options["etag"] = dice.choice(['W/"{seed}"', 'W/"same"'])
        if dice.random() < 0.3:
            options["chunked"] = 1
        if self.cookie:
            options["cookie"] = 1
        if dice.random() < 0.5:
            options["delay"] = dice.randrange(1, 40)
        self.target = url(f"/echo/{number}", **options)

    def has(self, *names):
        return any(d.partition("=")[0] in names for d in self.directives)


class Person:
    """One client: a user with credentials of some kind, asking at random."""

    def __init__(self, dice, number):
        self.dice = dice
        self.name = f"user{number}"

    def fields(self):
        fields = {"X_User": self.name, "Accept_Language": self.dice.choice(LANGUAGES),
                  "X_Kind": self.dice.choice([None, "a", "b"])}
        kind = self.dice.randrange(4)
        if kind == 0:
            fields["Authorization"] = f"Basic {self.name}"
        if kind in (1, 2):
            fields["Cookie"] = f"sid={self.name}" if kind == 1 else "theme=dark"
        if self.dice.random() < 0.1:
            fields["Cache_Control"] = self.dice.choice(["no-cache", "max-stale", "max-age=0"])
        return fields


def sent(fields, name):
    """The value of a field as it was sent, None if it was not."""
    return next((v for k, v in fields.items() if k.replace("_", "-").lower() == name.lower()), None)


class Check:
    """Holds answers against what their requests may get."""

    def __init__(self):
        self.cookies = set()
        self.lock = threading.Lock()
        self.shared = self.answers = 0

    def judge(self, resource, fields, answer):
        where = f"{resource.target}\nasked with {fields}\nanswered {answer}\n{answer.body.decode()}"
        assert answer.status == 200, where
        asked = {}
        for name, value in json.loads(answer.body)["fields"]:
            asked.setdefault(name.lower(), []).append(value)
        asked = {name: ", ".join(values) for name, values in asked.items()}
        self.judge_cookie(resource, answer, where)
        for name in resource.vary:
            if name == "*":
                assert asked["x-user"] == fields["X_User"], "Vary: *\n" + where
            elif name.lower() in SENT_ANYWAY:
                assert asked.get(name.lower()) == sent(fields, name), f"variant of {name}\n" + where
        with self.lock:
            self.answers += 1
        if asked["x-user"] == fields["X_User"] and asked.get("authorization") == sent(
                fields, "authorization"):
            return
        with self.lock:
            self.shared += 1
        assert not resource.has("no-store"), "no-store is shared\n" + where
        assert not ("private" in resource.directives), "private is shared\n" + where
        if asked.get("authorization") or sent(fields, "authorization"):
            assert resource.has(*SHARING), "an answer to credentials is shared\n" + where
        if resource.has("no-cache"):
            assert told(answer).status == 304, "used without validation\n" + where

    def judge_cookie(self, resource, answer, where):
        cookie = answer.get("Set-Cookie")
        if cookie is None:
            return
        with self.lock:
            seen = (resource.target, cookie)
            assert seen not in self.cookies, "a cookie for two\n" + where
            self.cookies.add(seen)


def ask(rw, resources, person, check, end, errors):
    try:
        client = rw.client()
        while time.monotonic() < end and not errors:
            resource = person.dice.choice(resources)
            fields = person.fields()
            check.judge(resource, fields, client.ask(resource.target, **fields))
            if person.dice.random() < 0.1:  # another worker, perhaps
                client.close()
                client = rw.client()
        client.close()
    except BaseException as error:  # pylint: disable=broad-exception-caught
        errors.append(error)


@pytest.mark.parametrize("settings", [{}, {"grace": "60s", "refresh_ahead": "5s"}])
def test_no_private_answer_reaches_another_and_no_variants_are_mixed_up(ringwall, settings):
    seed = int(os.environ.get("RINGWALL_SEED", time.time_ns() // 1_000_000))
    print(f"seed {seed}")
    dice = random.Random(seed)
    resources = [Resource(dice, n) for n in range(60)]
    rw = ringwall(workers=3, route={"cache": settings})
    check, errors = Check(), []
    end = time.monotonic() + SECONDS
    people = [Person(random.Random(seed + n), n % USERS) for n in range(THREADS)]
    threads = [threading.Thread(target=ask, args=(rw, resources, person, check, end, errors))
               for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    print(f"{check.answers} answers, {check.shared} of them made for another")
    assert check.answers > 500 and check.shared > 50, "it proves something"
    verified = rw.ctl("cache", "verify")
    assert verified.code == 0, verified
