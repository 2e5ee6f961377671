# SPDX-License-Identifier: BSD-3-Clause
"""The publisher alone, with subscribers that do what a test wants of them."""

import os
import select
import socket
import sqlite3
import struct
import subprocess
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.tsig

from ddnstest import TsigKey, free_port, needs, programs, wait_until
from ddnstest.servers import option, section

DRIVE = programs.build / "tests" / "bench" / "publish_drive"


class Trace:
    """What reached whom, in the order in which it did."""

    def __init__(self):
        self.lock = threading.Lock()
        self.list = []

    def add(self, who, what):
        with self.lock:
            self.list.append((time.monotonic(), who, what))

    def of(self, who):
        with self.lock:
            return [what for _, name, what in self.list if name == who]

    def times(self, who, what):
        with self.lock:
            return [t for t, name, w in self.list
                    if name == who and w == what]

    def index(self, who, what):
        with self.lock:
            return [(n, w) for _, n, w in self.list].index((who, what))


class FakePdns:
    """A control socket.

    reply   called with the command; gives the answer, or None: never answers
    """

    def __init__(self, directory, trace, name="pdns", start=True):
        self.path = directory / f"{name}.controlsocket"
        self.trace = trace
        self.name = name
        self.reply = lambda command: "0\n"
        self.held = []
        self.socket = None
        if start:
            self.start()

    def start(self):
        if self.path.exists():
            self.path.unlink()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.path))
        self.socket.listen(64)
        threading.Thread(target=self.serve, args=(self.socket,),
                         daemon=True).start()
        return self

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.path.unlink()

    def serve(self, listening):
        while True:
            try:
                s, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(s,), daemon=True).start()

    def one(self, s):
        data = b""
        while not data.endswith(b"\n"):
            got = s.recv(65536)
            if not got:
                return
            data += got
        command = data.decode().strip()
        self.trace.add(self.name, command)
        reply = self.reply(command)
        if reply is None:
            self.held.append(s)
            return
        self.trace.add(self.name, "ack " + command)
        try:
            s.sendall(reply.encode())
            s.close()
        except OSError:
            pass

    def serial(self, store):
        """The serial of the newest commit."""
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
            return db.execute("SELECT max(serial) FROM zone").fetchone()[0]

    def purged(self):
        """All names that were purged, in order, one list a command."""
        return [c.split()[1:] for c in self.trace.of(self.name)
                if c.startswith("PURGE")]

    def subscriber(self):
        return {"kind": "pdns-control", "address": str(self.path)}


class FakeResolver:
    """Takes NOTIFYs over UDP and TCP.

    answer  called with (self, request, wire, n): bytes to send back, a list
            of them, or None.  n counts the messages, from 1.
    """

    def __init__(self, directory, trace, name="r1", key=True, start=True):
        self.port = free_port()
        self.trace = trace
        self.name = name
        self.key = TsigKey(directory, f"{name}-key") if key else None
        self.answer = FakeResolver.ack
        self.count = 0
        self.tcp_count = 0
        self.requests = []
        self.source = None  # of the last message
        self.udp = self.tcp = None
        if start:
            self.start()

    def start(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.udp.bind(("127.0.0.1", self.port))
        threading.Thread(target=self.serve_udp, args=(self.udp,),
                         daemon=True).start()
        return self

    def start_tcp(self):
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(("127.0.0.1", self.port))
        self.tcp.listen(8)
        threading.Thread(target=self.serve_tcp, args=(self.tcp,),
                         daemon=True).start()
        return self

    def stop(self):
        udp, self.udp = self.udp, None
        udp.close()

    def keyring(self):
        return self.key.keyring() if self.key else None

    def read(self, wire):
        self.count += 1
        request = dns.message.from_wire(wire, keyring=self.keyring())
        assert request.had_tsig == (self.key is not None)
        q = request.question[0]
        self.requests.append(request)
        self.trace.add(self.name, f"{q.name.to_text(True)} "
                       f"{dns.rdatatype.to_text(q.rdtype)}")
        got = self.answer(self, request, wire, self.count)
        return got if isinstance(got, list) else [got] if got else []

    def serve_udp(self, udp):
        while self.udp is udp:
            if not select.select([udp], [], [], 0.05)[0]:
                continue
            try:
                wire, source = udp.recvfrom(65535)
            except OSError:
                return
            self.source = source
            for reply in self.read(wire):
                udp.sendto(reply, source)

    def serve_tcp(self, listening):
        while True:
            s, _ = listening.accept()
            threading.Thread(target=self.one_tcp, args=(s,),
                             daemon=True).start()

    def one_tcp(self, s):
        stream = s.makefile("rb")
        while True:
            head = stream.read(2)
            if len(head) < 2:
                return
            wire = stream.read(struct.unpack("!H", head)[0])
            self.tcp_count += 1
            for reply in self.read(wire):
                s.sendall(struct.pack("!H", len(reply)) + reply)

    def response(self, request, rcode=0, flags=0, key=None):
        reply = dns.message.make_response(request)
        reply.flags |= dns.flags.AA | flags
        reply.set_rcode(rcode)
        if key is not None:
            reply.use_tsig(key.keyring(), key.name, algorithm=key.algorithm)
            reply.request_mac = request.mac
        return reply

    def ack(self, request, wire=None, n=0, rcode=0, flags=0):
        return self.response(request, rcode, flags).to_wire()

    def told(self):
        return self.trace.of(self.name)

    def subscriber(self):
        return {"kind": "notify", "address": f"127.0.0.1:{self.port}",
                "key-name": self.key.name,
                "key-algorithm": self.key.algorithm,
                "key-file": str(self.key.file)}


class Drive:
    """tests/bench/publish_drive with its configuration."""

    def __init__(self, directory, subscribers, **options):
        self.dir = directory
        self.subscribers = subscribers
        self.options = {"store": directory / "ddnsd.db",
                        "key-file": directory / "ddnsd.key",
                        "purge-again": [5, 150]}
        self.options.update(options)
        self.process = None

    def start(self):
        needs(DRIVE)
        text = "".join(option(k, v) for k, v in self.options.items())
        for title, options in self.subscribers.items():
            text += section("subscriber", title, options)
        conf = self.dir.write("drive.conf", text)
        self.process = self.dir.spawn(
            [DRIVE, conf], log="drive.log", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        assert self.line() == "ready", self.process.log_tail()
        return self

    def line(self):
        return self.process.popen.stdout.readline().decode().strip()

    def __call__(self, text):
        """One command; gives its microseconds until after the commit."""
        self.process.popen.stdin.write(text.encode() + b"\n")
        self.process.popen.stdin.flush()
        got = self.line()
        assert got.startswith("ok "), got + self.process.log_tail()
        return int(got.split()[1])

    def end(self):
        self.process.popen.stdin.close()
        assert self.process.popen.wait(10) == 0

    def rows(self):
        with sqlite3.connect(f"file:{self.options['store']}?mode=ro",
                             uri=True) as db:
            db.row_factory = sqlite3.Row
            return {r["name"]: dict(r)
                    for r in db.execute("SELECT * FROM subscriber")}

    def last(self):
        with sqlite3.connect(f"file:{self.options['store']}?mode=ro",
                             uri=True) as db:
            return db.execute("SELECT max(seq) FROM journal").fetchone()[0]

    def settled(self, *names, timeout=10):
        """All subscribers (or these) have seen everything, durably."""
        def check():
            rows, last = self.rows(), self.last()
            return all(rows[n]["seq"] == last and rows[n]["pending"] == 0
                       for n in names or self.subscribers if n in rows) \
                and set(names or self.subscribers) <= set(rows)
        wait_until(check, timeout, "every cursor at the end of the journal")
