# SPDX-License-Identifier: BSD-3-Clause
"""DNS messages octet by octet, right or wrong, signed or not."""

import socket
import struct
import time

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig

IN, CH, NONE, ANY = 1, 3, 254, 255
UPDATE = 5


def name_wire(text):
    """Keeps the case."""
    return dns.name.from_text(text).to_wire()


def rdata_wire(kind, text):
    return dns.rdata.from_text(dns.rdataclass.IN, kind, text,
                               relativize=False).to_wire()


def rr(owner, kind, rdclass=IN, ttl=0, rdata=b""):
    kind = dns.rdatatype.from_text(kind) if isinstance(kind, str) else kind
    return name_wire(owner) + struct.pack("!HHIH", kind, rdclass, ttl,
                                          len(rdata)) + rdata


def question(name, kind="SOA", rdclass=IN):
    kind = dns.rdatatype.from_text(kind) if isinstance(kind, str) else kind
    return name_wire(name) + struct.pack("!HH", kind, rdclass)


def message(questions=(), answer=(), authority=(), additional=(),
            opcode=UPDATE, flags=0, ident=0x1234, counts=None):
    sections = [questions, answer, authority, additional]
    counts = counts or [len(s) for s in sections]
    return struct.pack("!HH4H", ident, opcode << 11 | flags, *counts) + \
        b"".join(b"".join(s) for s in sections)


def sign(wire, key, when=None, fudge=300, ident=None, mac_bytes=None):
    """Gives (signed message, its MAC).  key: a servers.TsigKey."""
    name = dns.name.from_text(key.name)
    algorithm = dns.name.from_text(key.algorithm)
    ident = struct.unpack("!H", wire[:2])[0] if ident is None else ident
    when = int(time.time()) if when is None else when
    empty = dns.rdtypes.ANY.TSIG.TSIG(
        dns.rdataclass.ANY, dns.rdatatype.TSIG, algorithm, when, fudge, b"",
        ident, 0, b"")
    made, _ = dns.tsig.sign(wire, key.keyring()[name], empty, time=when)
    if mac_bytes is not None:
        made = made.replace(mac=made.mac[:mac_bytes])
    count = struct.unpack("!H", wire[10:12])[0] + 1
    signed = wire[:10] + struct.pack("!H", count) + wire[12:] + rr(
        key.name, "TSIG", ANY, 0, made.to_wire())
    return signed, made.mac


def send_udp(port, wire, timeout=3.0, host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.connect((host, port))
        s.send(wire)
        try:
            return s.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None


class Tcp:
    """One TCP connection with its framing."""

    def __init__(self, port, timeout=5.0, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout)
        self.have = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, wire):
        self.socket.sendall(struct.pack("!H", len(wire)) + wire)

    def receive(self):
        """The next message; None when the other side has closed."""
        while len(self.have) < 2 or \
                len(self.have) < 2 + struct.unpack("!H", self.have[:2])[0]:
            try:
                got = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not got:
                return None
            self.have += got
        end = 2 + struct.unpack("!H", self.have[:2])[0]
        wire, self.have = self.have[2:end], self.have[end:]
        return wire


def send_tcp(port, wire, timeout=5.0, host="127.0.0.1"):
    with Tcp(port, timeout, host) as tcp:
        tcp.send(wire)
        try:
            return tcp.receive()
        except TimeoutError:
            return None


def rcode(wire):
    """Text of the rcode in the header; None for no answer."""
    return None if wire is None else dns.rcode.to_text(wire[3] & 15)


def read(wire, key=None, mac=b""):
    """The message; with a key its signature is checked."""
    return dns.message.from_wire(
        wire, keyring=key.keyring() if key else None, request_mac=mac,
        ignore_trailing=False)


def tsig_error(wire):
    """Text of the error in the answer's TSIG, unchecked; None: no TSIG."""
    count = struct.unpack("!H", wire[10:12])[0]
    if count == 0:
        return None
    at = 12
    for section, n in enumerate(struct.unpack("!4H", wire[4:12])):
        for _ in range(n):
            _, used = dns.name.from_wire(wire, at)
            at += used
            if section == 0:
                at += 4
                continue
            kind, length = struct.unpack("!H6xH", wire[at:at + 10])
            if kind == dns.rdatatype.TSIG:
                rdata = dns.rdata.from_wire(dns.rdataclass.ANY, kind, wire,
                                            at + 10, length)
                return dns.rcode.to_text(rdata.error, tsig=True)
            at += 10 + length
    return None
