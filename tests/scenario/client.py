"""A client over a raw socket: sends exact bytes, reads responses strictly.

The reader follows RFC 9112 to the letter and raises BadMessage where ringwall would have sent
something that another reader could understand differently.
"""
import re
import socket
import zlib

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)\Z")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")


class BadMessage(Exception):
    """What came is no correct response."""


class Ended(BadMessage):
    """The connection ended before the response did; .got holds what came."""

    def __init__(self, what, got=b""):
        super().__init__(f"{what}; got {got[:300]!r}")
        self.got = got


class Response:
    def __init__(self, status, reason, fields):
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = b""
        self.trailers = []
        self.framing = "none"
        self.interim = []

    def all(self, name):
        return [v for k, v in self.fields if k.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return ", ".join(values) if values else default

    @property
    def age(self):
        return int(self.get("Age"))

    @property
    def cache(self):
        """The value of Cache-Status without the cache's name: "hit", "fwd=uri-miss; stored"."""
        return self.get("Cache-Status", "").partition("; ")[2]

    @property
    def hit(self):
        return self.cache == "hit" or self.cache.startswith("hit;")

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {len(self.body)} bytes>"


class Client:
    """One connection. `deadline` bounds each wait, so that a hang fails the test."""

    def __init__(self, port, deadline=20, receive_buffer=None, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(deadline)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect((address, port))
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def request(self, target="/", method="GET", body=b"", **fields):
        """Sends a request; fields as keywords, "_" for "-"; Host unless given (None: none)."""
        fields.setdefault("Host", "localhost")
        if body and "Transfer_Encoding" not in fields:
            fields.setdefault("Content_Length", len(body))
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in fields.items() if v is not None]
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def ask(self, target="/", method="GET", **more):
        self.request(target, method, **more)
        return self.response(method)

    # Reading.

    def more(self):
        try:
            data = self.socket.recv(262144)
        except ConnectionResetError as error:
            raise Ended("connection was reset", self.buffer) from error
        except socket.timeout as error:
            raise BadMessage(f"nothing came in time; got {self.buffer[:300]!r}") from error
        self.buffer += data
        return bool(data)

    def line(self):
        while b"\n" not in self.buffer:
            if len(self.buffer) > 131072:
                raise BadMessage("endless line")
            if not self.more():
                raise Ended("connection ended in a line", self.buffer)
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise BadMessage(f"line does not end with CRLF: {line!r}")
        return line[:-1]

    def exactly(self, n):
        pieces, have = [], 0
        while have < n:
            if not self.buffer and not self.more():
                raise Ended(f"connection ended {n - have} bytes early", b"".join(pieces))
            piece, self.buffer = self.buffer[:n - have], self.buffer[n - have:]
            pieces.append(piece)
            have += len(piece)
        return b"".join(pieces)

    def field_lines(self):
        fields = []
        while True:
            line = self.line()
            if not line:
                return fields
            name, colon, value = line.partition(b":")
            if not colon or not TOKEN.match(name) or not VALUE.match(value):
                raise BadMessage(f"bad field line: {line!r}")
            fields.append((name.decode(), value.strip(b" \t").decode("latin-1")))

    def head(self):
        line = self.line()
        match = STATUS_LINE.match(line)
        if not match:
            raise BadMessage(f"bad status line: {line!r}")
        return Response(int(match[1]), match[2].decode("latin-1"), self.field_lines())

    def response(self, method="GET"):
        """The next final response, interim ones in .interim."""
        interim = []
        while True:
            response = self.head()
            if response.status >= 200:
                break
            if response.all("Content-Length") or response.all("Transfer-Encoding"):
                raise BadMessage("framing fields in an interim response")
            interim.append(response)
        response.interim = interim
        self.read_body(response, method)
        return response

    def read_body(self, response, method):
        lengths = response.all("Content-Length")
        codings = response.all("Transfer-Encoding")
        if len(lengths) > 1 or len(codings) > 1 or (lengths and codings):
            raise BadMessage(f"ambiguous framing: {response.fields}")
        if lengths and not re.fullmatch(r"[0-9]{1,18}", lengths[0]):
            raise BadMessage(f"bad Content-Length: {lengths}")
        if response.status in (204, 304) or method == "HEAD":
            if codings and response.status == 204:
                raise BadMessage("Transfer-Encoding in 204")
            return
        if codings:
            if codings[0].lower() != "chunked":
                raise BadMessage(f"unknown coding {codings}")
            response.framing = "chunked"
            self.read_chunks(response)
        elif lengths:
            response.framing = "length"
            response.body = self.exactly(int(lengths[0]))
        else:
            response.framing = "close"
            if "close" not in (response.get("Connection") or "").lower():
                raise BadMessage(f"neither length nor close: {response.fields}")
            while self.more():
                pass
            response.body, self.buffer = self.buffer, b""

    def read_chunks(self, response):
        pieces = []
        while True:
            line = self.line()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,16}(;.*)?", line):
                raise BadMessage(f"bad chunk line: {line!r}")
            size = int(line.partition(b";")[0], 16)
            if size == 0:
                break
            try:
                pieces.append(self.exactly(size))
            except Ended as ended:
                raise Ended("connection ended in a chunk", b"".join(pieces) + ended.got) from ended
            if self.exactly(2) != b"\r\n":
                raise BadMessage("chunk does not end with CRLF")
        response.trailers = self.field_lines()
        response.body = b"".join(pieces)

    def expect_end(self):
        """The peer closes now, and sends nothing before."""
        try:
            while self.more():
                pass
        except Ended:
            pass  # a reset is an end too
        if self.buffer:
            raise BadMessage(f"more bytes came: {self.buffer[:300]!r}")

    def expect_open(self):
        """The connection is still good: it answers one more request."""
        assert self.ask("/b/10/still-open").status == 200


def seed_of(path):
    value = 2166136261
    for byte in path.encode("latin-1"):
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def identity(target, version=None, by=()):
    """What tells one content from another (tests/support/origin_selection.h)."""
    path = target.partition("?")[0]
    return path + (f"@{version}" if version is not None else "") + "".join("|" + v for v in by)


def content(target, size=None, version=None, by=()):
    """The content of "/b/SIZE/…" as tests/support/content.h makes it; in the origin's version, and
    for these values of the fields that its option `varyby` names."""
    path = target.partition("?")[0]
    if size is None:
        size = int(path.split("/")[2])
    seed = b"%08x" % seed_of(identity(path, version, by))
    return b"".join(seed + b"%08x" % i for i in range(-(-size // 16)))[:size]


def crc(data):
    return zlib.crc32(data)


def chunks(data, size=1000):
    """`data` in the chunked coding."""
    pieces = [data[i:i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
