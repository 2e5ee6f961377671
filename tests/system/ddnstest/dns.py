# SPDX-License-Identifier: BSD-3-Clause
"""Ask a DNS server; tell it something by NOTIFY."""

import socket
import time
import unittest.mock

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig


class Answer:
    """What a server said, in the terms that tests compare."""

    def __init__(self, message, kind, ms):
        self.message = message
        self.ms = ms
        self.rcode = dns.rcode.to_text(message.rcode())
        rrsets = [r for r in message.answer if r.rdtype == kind]
        self.values = sorted(d.to_text() for r in rrsets for d in r)
        self.ttl = min((r.ttl for r in message.answer), default=None)
        self.aa = bool(message.flags & dns.flags.AA)
        self.tc = bool(message.flags & dns.flags.TC)
        self.ad = bool(message.flags & dns.flags.AD)

    @property
    def nodata(self):
        return self.rcode == "NOERROR" and not self.values

    def __eq__(self, other):
        """answer == "192.0.2.1", == ["..", ".."] or == "NXDOMAIN"."""
        if isinstance(other, str):
            if other == "NODATA":
                return self.nodata
            if other.isupper() and other.isalpha():
                return self.rcode == other and not self.values
            other = [other]
        return self.rcode == "NOERROR" and self.values == sorted(other)

    def __repr__(self):
        return (f"<{self.rcode} {' '.join(self.values) or '-'}"
                f" ttl={self.ttl} {self.ms:.1f} ms>")


def ask(port, name, kind="A", tcp=False, timeout=5.0, host="127.0.0.1",
        rd=True, cd=False, dnssec=False, retries=0):
    """One question, one Answer.  dns.exception.Timeout when none comes."""
    kind = dns.rdatatype.from_text(kind) if isinstance(kind, str) else kind
    query = dns.message.make_query(name, kind, want_dnssec=dnssec,
                                   use_edns=0 if dnssec else -1)
    if not rd:
        query.flags &= ~dns.flags.RD
    if cd:
        query.flags |= dns.flags.CD
    send = dns.query.tcp if tcp else dns.query.udp
    start = time.monotonic()
    while True:
        try:
            reply = send(query, host, timeout=timeout, port=port)
            break
        except dns.exception.Timeout:
            if retries == 0:
                raise
            retries -= 1
    return Answer(reply, kind, (time.monotonic() - start) * 1000)


def notify_message(name, kind="A", key=None, soa=None):
    """A NOTIFY (RFC 1996) for one name and type, not yet rendered.

    key   a servers.TsigKey, or None: unsigned
    soa   text of a SOA for the authority section, as (owner, rdata)
    """
    message = dns.message.make_query(name, kind)
    message.flags = 0
    message.set_opcode(dns.opcode.NOTIFY)
    message.flags |= dns.flags.AA
    if soa:
        owner, rdata = soa
        message.authority.append(dns.rrset.from_text(
            owner, 60, dns.rdataclass.IN, dns.rdatatype.SOA, rdata))
    if key is not None:
        message.use_tsig(keyring=key.keyring(), keyname=key.name,
                         algorithm=key.algorithm)
    return message


def render(message, when=None):
    """The bytes of a message; signed as if it were `when` (unix time)."""
    if when is None:
        return message.to_wire()
    with unittest.mock.patch("dns.message.time.time", lambda: when):
        return message.to_wire()


def notify(port, name, kind="A", key=None, soa=None, tcp=False, timeout=3.0,
           host="127.0.0.1"):
    """Send a NOTIFY and give the verified reply message."""
    message = notify_message(name, kind, key, soa)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(message, host, timeout=timeout, port=port)


def send_udp(port, payload, timeout=1.0, host="127.0.0.1"):
    """Bytes out, bytes in; None when nothing comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.sendto(payload, (host, port))
        try:
            return s.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None
