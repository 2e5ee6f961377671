# SPDX-License-Identifier: BSD-3-Clause
"""ddnsd alone, for tests of its HTTP side."""

import base64
import hashlib
import hmac
import socket
import sqlite3
import ssl

from .proc import needs, programs, wait_until
from .servers import Ddnsd

ZONE = "dyn.test"


class Answer:
    """One HTTP reply, byte by byte."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("ascii").split("\r\n")
        self.version, status, self.reason = lines[0].split(" ", 2)
        self.status = int(status)
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            assert name.lower() not in self.headers, line
            self.headers[name.lower()] = value

    @property
    def text(self):
        return self.body.decode()

    @property
    def length(self):
        return int(self.headers["content-length"])

    def __repr__(self):
        return f"<{self.raw!r}>"


class Web:
    """ddnsd with zone dyn.test, account alice, hosts that may have any
    address, and a token for all of them."""

    def __init__(self, directory, authority=None, hosts=("home", "cam"),
                 options=None, dns=False):
        needs(programs.ddnsd, programs.ddnsctl)
        limits = {"rate-burst": 1000000, "rate-per-minute": 1000000,
                  "source-failures": 1000000, "nochg-log-interval": 1}
        limits.update(options or {})
        self.ddnsd = Ddnsd(directory, authority, options=limits, dns=dns)
        self.ctl = self.ddnsd.ctl
        self.ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
        self.ctl("account", "add", "alice")
        for host in hosts:
            self.add_host(host)
        self.token = self.ctl("token", "create", "router", "--account",
                              "alice", "--allow-http", "--allow-offline")

    def add_host(self, label, *options, account="alice"):
        options = options or ("--allow-private", "--allow-special")
        self.ctl("host", "add", f"{label}.{ZONE}", "--account", account,
                 *options)

    def start(self):
        self.ddnsd.start()
        return self

    def set_token(self, credential, token):
        """Make a text of ours the secret of a credential: recorded requests
        hold theirs."""
        master = base64.b64decode(self.ddnsd.key_file.read_text())
        key = hmac.digest(master, b"ddnsd token 1", hashlib.sha256)
        found = hmac.digest(key, token.encode(), hashlib.sha256)
        with sqlite3.connect(self.ddnsd.store) as db:
            db.execute("UPDATE secret SET hash = ? WHERE cred_id = (SELECT "
                       "id FROM cred WHERE name = ?)", (found, credential))
        db.close()

    def addresses(self, label):
        shown = self.ctl.json("host", "show", f"{label}.{ZONE}")
        return shown["a"] + shown["aaaa"]

    def connect(self, tls=False, ca=None, timeout=10):
        port = self.ddnsd.https if tls else self.ddnsd.http
        link = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        if not tls:
            return link
        context = ssl.create_default_context(cafile=str(ca or self.ddnsd.ca))
        return context.wrap_socket(link, server_hostname="127.0.0.1")

    def raw(self, data, tls=False, link=None):
        """Send bytes; the reply.  Reads to the end of the stream, or, over
        a link that is given, to the end of the reply."""
        own = link is None
        link = link or self.connect(tls)
        try:
            link.sendall(data)
            return read_answer(link, to_end=own)
        finally:
            if own:
                link.close()

    def get(self, target, token=None, headers=(), method="GET", body=None,
            tls=False, link=None):
        """As curl would, but it closes."""
        lines = [f"{method} {target} HTTP/1.1", "Host: ddns.test"]
        if token is not None:
            pair = base64.b64encode(b"router:" + token.encode()).decode()
            lines.append(f"Authorization: Basic {pair}")
        if not any(h.lower().startswith("user-agent:") for h in headers):
            lines.append("User-Agent: test/1")
        lines += headers
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        if link is None:
            lines.append("Connection: close")
        data = "\r\n".join(lines) + "\r\n\r\n" + (body or "")
        return self.raw(data.encode(), tls, link)

    def update(self, query, token=None, **options):
        return self.get(f"/nic/update?{query}", token or self.token,
                        **options)

    def rows(self, count, *filters):
        """The journal of updates, when there are that many rows."""
        def look():
            rows = [r for r in self.ctl.log(*filters)
                    if r["protocol"] == "dyndns2"]
            return rows if len(rows) >= count else None
        return wait_until(look, 10, f"{count} rows {filters}")


def read_answer(link, to_end=False):
    data = b""
    while True:
        more = link.recv(65536)
        data += more
        if not more:
            return Answer(data) if data else None
        head, mark, body = data.partition(b"\r\n\r\n")
        if mark and not to_end and len(body) >= Answer(data).length:
            return Answer(data)
