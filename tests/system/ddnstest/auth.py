# SPDX-License-Identifier: BSD-3-Clause
"""An authoritative server that does what a test tells it.

What it answers is decided when a question arrives; when the answer leaves is
another matter: so an answer can be old by the time it is received, which is
what the races of a resolver are made of.
"""

import heapq
import itertools
import os
import selectors
import socket
import threading
import time

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from .proc import free_port, wait_until

IN = dns.rdataclass.IN


def to_name(text):
    return dns.name.from_text(str(text)).canonicalize()


class ScriptedAuth:
    """Zones by name, records by set(); delay() holds answers back.

    zones   names of apexes; each has a SOA and an NS
    signed  those of them that are signed, with NSEC, while they answer
    ttl     of every record
    """

    def __init__(self, *zones, signed=(), ttl=3600, minimum=3600):
        self.port = free_port()
        self.ttl = ttl
        self.zones = [to_name(z) for z in zones]
        self.lock = threading.Lock()
        self.records = {}   # (name, type) -> list of rdata texts
        self.delays = []    # (name or None, type or None, seconds, left)
        self.queries = []   # (time, name, type text)
        self.heap = []
        self.counter = itertools.count()
        self.keys = {}      # apex -> (private key, DNSKEY)
        self.signatures = {}
        for zone in self.zones:
            self.set(zone, "SOA", f"ns.{zone} root.{zone} 1 3600 600 86400 "
                     f"{minimum}")
            self.set(zone, "NS", f"ns.{zone}")
            self.set(f"ns.{zone}", "A", "127.0.0.1")
        for zone in map(to_name, signed):
            self._make_key(zone)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.udp.bind(("127.0.0.1", self.port))
        self.udp.setblocking(False)
        self.wake_r, self.wake_w = os.pipe()
        os.set_blocking(self.wake_r, False)
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    # --- what a test says ---

    def set(self, name, kind, *values):
        """Replace a record set; no values: delete it."""
        kind = dns.rdatatype.from_text(kind)
        with self.lock:
            if values:
                self.records[(to_name(name), kind)] = list(values)
            else:
                self.records.pop((to_name(name), kind), None)

    def delay(self, seconds, name=None, kind=None, times=None):
        """Hold back answers (from now on, or that many) by seconds."""
        with self.lock:
            self.delays.insert(0, [
                to_name(name) if name else None,
                dns.rdatatype.from_text(kind) if kind else None,
                seconds, times])

    def asked(self, name, kind=None):
        """How often a question came."""
        name = to_name(name)
        with self.lock:
            return sum(1 for _, n, k in self.queries
                       if n == name and kind in (None, k))

    def wait_asked(self, name, kind=None, times=1):
        wait_until(lambda: self.asked(name, kind) >= times,
                   what=f"{name} {kind} asked upstream", pause=0.0005)

    def end(self):
        self.stopping = True
        os.write(self.wake_w, b"x")
        self.thread.join(5)
        self.udp.close()
        os.close(self.wake_r)
        os.close(self.wake_w)

    def anchor(self, zone):
        """A trust anchor for unbound.conf."""
        return f"{to_name(zone)} IN DNSKEY {self.keys[to_name(zone)][1]}"

    # --- signing ---

    def _make_key(self, zone):
        from cryptography.hazmat.primitives.asymmetric import ec
        private = ec.generate_private_key(ec.SECP256R1())
        public = dns.dnssec.make_dnskey(
            private.public_key(), dns.dnssec.ECDSAP256SHA256, flags=257)
        self.keys[zone] = private, public
        self.set(zone, "DNSKEY", public.to_text())

    def _signature(self, zone, rrset):
        # a signature of a wildcard is that of its own name
        private, public = self.keys[zone]
        text = rrset.to_text()
        if text not in self.signatures:
            self.signatures[text] = dns.dnssec.sign(
                rrset, private, zone, public, lifetime=86400,
                inception=time.time() - 3600)
        return self.signatures[text]

    def _put(self, zone, section, owner, source, kind):
        rrset = self._rrset(owner, source, kind)
        section.append(rrset)
        if zone in self.keys:
            made = self._signature(zone, self._rrset(source, source, kind))
            section.append(dns.rrset.from_rdata(owner, rrset.ttl, made))

    def _owners(self, zone):
        return sorted({n for n, _ in self.records if self._zone_of(n) == zone})

    def _put_nsec(self, zone, reply, name):
        """The NSEC at the name, or the one that covers it."""
        owners = self._owners(zone)
        at = max(n for n in owners if n <= name)
        follower = owners[(owners.index(at) + 1) % len(owners)]
        kinds = sorted({k for n, k in self.records if n == at}
                       | {dns.rdatatype.NSEC, dns.rdatatype.RRSIG})
        kinds = " ".join(dns.rdatatype.to_text(k) for k in kinds)
        rrset = dns.rrset.from_text(at, self.ttl, IN, dns.rdatatype.NSEC,
                                    f"{follower} {kinds}")
        if any(r.name == at and r.rdtype == dns.rdatatype.NSEC
               for r in reply.authority):
            return
        reply.authority.append(rrset)
        reply.authority.append(dns.rrset.from_rdata(
            at, rrset.ttl, self._signature(zone, rrset)))

    def _deny(self, zone, reply, at, source):
        """SOA, and in a signed zone why there is no such name or type."""
        self._put(zone, reply.authority, zone, zone, dns.rdatatype.SOA)
        if zone not in self.keys:
            return
        self._put_nsec(zone, reply, at)
        if source is None:
            while not self._exists(at):
                at = at.parent()
            self._put_nsec(zone, reply, dns.name.Name((b"*",) + at.labels))

    # --- the server ---

    def _zone_of(self, name):
        best = None
        for zone in self.zones:
            if name.is_subdomain(zone) and (
                    best is None or len(zone) > len(best)):
                best = zone
        return best

    def _rrset(self, owner, name, kind):
        values = self.records[(name, kind)]
        ttl = self.ttl(values) if callable(self.ttl) else self.ttl
        return dns.rrset.from_text(owner, ttl, IN, kind, *values)

    def _exists(self, name):
        return any(n.is_subdomain(name) for n, _ in self.records)

    def _source(self, name, zone):
        """The name itself, or the wildcard that covers it."""
        if self._exists(name):
            return name
        at = name
        while at != zone:
            at = at.parent()
            if self._exists(at):
                star = dns.name.Name((b"*",) + at.labels)
                return star if self._exists(star) else None
        return None

    def _answer(self, wire):
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.canonicalize(), question.rdtype
        self.queries.append((time.monotonic(), name,
                             dns.rdatatype.to_text(kind)))
        reply = dns.message.make_response(query)
        zone = self._zone_of(name)
        if zone is None:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply, name, kind
        reply.flags |= dns.flags.AA
        if query.flags & dns.flags.RD:  # of a forwarder, which wants it
            reply.flags |= dns.flags.RA
        at, owner = name, question.name
        for _ in range(8):
            source = self._source(at, zone)
            if source is None:
                reply.set_rcode(dns.rcode.NXDOMAIN)
                break
            if kind == dns.rdatatype.ANY and (
                    source, dns.rdatatype.CNAME) not in self.records:
                for _, k in [r for r in self.records if r[0] == source]:
                    self._put(zone, reply.answer, owner, source, k)
                return reply, name, kind
            if (source, kind) in self.records:
                self._put(zone, reply.answer, owner, source, kind)
                return reply, name, kind
            alias = self.records.get((source, dns.rdatatype.CNAME))
            if alias is None:
                break
            self._put(zone, reply.answer, owner, source,
                      dns.rdatatype.CNAME)
            at = owner = to_name(alias[0])
            zone = self._zone_of(at)
            if zone is None:
                return reply, name, kind
        self._deny(zone, reply, at, source)
        return reply, name, kind

    def _hold(self, name, kind):
        for entry in self.delays:
            if entry[0] in (None, name) and entry[1] in (None, kind):
                if entry[3] is not None:
                    entry[3] -= 1
                    if entry[3] == 0:
                        self.delays.remove(entry)
                seconds = entry[2]
                return seconds() if callable(seconds) else seconds
        return 0

    def _receive(self):
        while True:
            try:
                wire, peer = self.udp.recvfrom(4096)
            except BlockingIOError:
                return
            with self.lock:
                reply, name, kind = self._answer(wire)
                hold = self._hold(name, kind)
            out = reply.to_wire()
            if hold <= 0:
                self.udp.sendto(out, peer)
            else:
                heapq.heappush(self.heap, (time.monotonic() + hold,
                                           next(self.counter), out, peer))

    def _run(self):
        selector = selectors.DefaultSelector()
        selector.register(self.udp, selectors.EVENT_READ)
        selector.register(self.wake_r, selectors.EVENT_READ)
        while not self.stopping:
            timeout = 1.0
            if self.heap:
                timeout = max(0, self.heap[0][0] - time.monotonic())
            selector.select(timeout)
            self._receive()
            now = time.monotonic()
            while self.heap and self.heap[0][0] <= now:
                _, _, out, peer = heapq.heappop(self.heap)
                self.udp.sendto(out, peer)
        selector.close()


__all__ = ["ScriptedAuth"]
