"""Host and path to route: the most specific host first, then the longest path."""
import pytest

import harness


def fixed(name, **route):
    settings = "\n".join(f"{k} = {harness.toml(v)}" for k, v in route.items())
    return f'[[route]]\n{settings}\nrespond = {{ body = "{name}" }}\n'


CONFIG = """
[[listener]]
name = "web"
address = "127.0.0.1:$web"
[[listener]]
name = "inner"
address = "127.0.0.1:$web2"
[upstream.app]
backends = ["127.0.0.1:$origin"]
[[route]]
host = "origin.test"
upstream = "app"
""" + "".join([
    fixed("exact", host="example.org"),
    fixed("exact-static", host="example.org", path="/static/"),
    fixed("exact-deep", host="example.org", path="/static/deep"),
    fixed("exact-one", host="example.org", path="/static/one", path_exact=True),
    fixed("exact-admin", host="example.org", path="/admin"),
    fixed("wild", host="*.example.org"),
    fixed("wild-deep", host="*.deep.example.org"),
    fixed("wild-path", host="*.example.org", path="/p"),
    fixed("inner", host="example.org", path="/inner", listeners=["inner"]),
    fixed("any-x", path="/x"),
])


@pytest.fixture(scope="module")
def routed(module_origin):
    with harness.Ringwall(module_origin, CONFIG, workers=1) as daemon:
        yield daemon


@pytest.mark.parametrize("host,path,route", [
    ("example.org", "/", "exact"),
    ("EXAMPLE.org", "/", "exact"),
    ("example.org:8080", "/", "exact"),
    ("example.org.", "/", "exact"),
    ("example.org", "/static", "exact"),
    ("example.org", "/static/", "exact-static"),
    ("example.org", "/static/a/b?c", "exact-static"),
    ("example.org", "/staticfoo", "exact"),
    ("example.org", "/static/deep", "exact-deep"),
    ("example.org", "/static/deep/er", "exact-deep"),
    ("example.org", "/static/deeper", "exact-static"),
    ("example.org", "/static/one", "exact-one"),
    ("example.org", "/static/one/two", "exact-static"),
    ("example.org", "/static/one?q", "exact-one"),
    ("a.example.org", "/", "wild"),
    ("a.b.example.org", "/", "wild"),
    ("a.deep.example.org", "/", "wild-deep"),
    ("deep.example.org", "/", "wild"),
    ("a.example.org", "/p/q", "wild-path"),
    ("badexample.org", "/x", "any-x"),
    ("else.test", "/x/y", "any-x"),
    ("127.0.0.1", "/x", "any-x"),
    ("[::1]:80", "/x", "any-x"),
])
def test_a_request_finds_its_route(routed, host, path, route):
    answer = routed.get(path, Host=host)
    assert (answer.status, answer.body.decode()) == (200, route)


@pytest.mark.parametrize("host,path", [("else.test", "/"), ("else.test", "/y"),
                                       ("xexample.org", "/")])
def test_a_request_without_a_route_gets_404(routed, host, path):
    assert routed.get(path, Host=host).status == 404


@pytest.mark.parametrize("path", [
    "/admin", "/%61dmin", "/a%64min/x", "/x/../admin", "/./admin", "/static/../admin/x",
    "/static/%2e%2e/admin", "/static/.%2E/admin", "/../admin", "/a/b/../../admin",
])
def test_no_spelling_of_a_path_evades_its_route(routed, path):
    assert routed.get(path, Host="example.org").body == b"exact-admin"


def test_what_is_routed_is_what_the_origin_gets(routed, origin):
    for sent, expected in (("/echo/%7Eu/%2e%2e/v?%7E", "/echo/v?%7E"), ("/echo/a%2fb", "/echo/a%2Fb"),
                           ("/echo//c", "/echo//c")):
        assert routed.get(sent, Host="origin.test").status == 200
        assert origin.heads()[-1].split()[1] == expected


def test_a_route_for_one_listener_is_not_found_on_another(routed):
    assert routed.get("/inner", Host="example.org").body == b"exact"
    with harness.Client(routed.port2) as client:
        assert client.ask("/inner", Host="example.org").body == b"inner"


def test_host_field_backend_sends_the_name_of_the_backend(ringwall, origin):
    rw = ringwall(upstream={"host_field": "backend"})
    assert rw.get("/echo", Host="public.test").status == 200
    assert f"Host: 127.0.0.1:{origin.port}\r\n" in origin.heads()[-1]
