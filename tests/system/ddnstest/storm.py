# SPDX-License-Identifier: BSD-3-Clause
"""Many questions for few names that change all the time.

Each name has a version, which is its address.  Before a question leaves, the
version that the resolver has acknowledged last is noted; an answer below it
is a violation.
"""

import multiprocessing
import os
import random
import selectors
import socket
import struct
import time

import dns.message
import dns.rdatatype

from .dns import notify

CONTEXT = multiprocessing.get_context("fork")


def address_of(version):
    return f"10.{version >> 16 & 255}.{version >> 8 & 255}.{version & 255}"


class _Client:
    """One question under way at a time."""

    def __init__(self, port, questions):
        self.questions = questions
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)

    def send(self, acked, now):
        self.host, wire = random.choice(self.questions)
        self.id = random.randrange(65536)
        self.floor = acked[self.host]
        self.sent = now
        self.socket.send(struct.pack("!H", self.id) + wire[2:])

    def receive(self):
        """(host, version) or (host, None) for no address; None: not ours."""
        wire = self.socket.recv(4096)
        ident, flags, _, answers = struct.unpack("!4H", wire[:8])
        if ident != self.id:
            return None
        if flags & 15 or not answers:
            return None, flags & 15
        _, a, b, c = wire[-4:]  # the address is last in a minimal answer
        return a << 16 | b << 8 | c, 0


def _ask(port, questions, acked, counts, stop, clients, patience, seed):
    random.seed(seed)
    selector = selectors.DefaultSelector()
    for _ in range(clients):
        client = _Client(port, questions)
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.send(acked, time.monotonic())
    answers = old = bad = lost = 0
    worst = 0
    swept = time.monotonic()
    while not stop.is_set():
        ready = selector.select(0.1)
        now = time.monotonic()
        for entry, _ in ready:
            client = entry.data
            got = client.receive()
            if got is None:
                continue
            version, _ = got
            answers += 1
            if version is None:
                bad += 1
            elif version < client.floor:
                old += 1
                worst = max(worst, client.floor - version)
            client.send(acked, now)
        if now - swept > patience / 5:
            swept = now
            for entry in list(selector.get_map().values()):
                if now - entry.data.sent > patience:
                    lost += 1
                    entry.data.send(acked, now)
    with counts.get_lock():
        for i, v in enumerate((answers, old, bad, lost)):
            counts[i] += v
        counts[4] = max(counts[4], worst)


class Storm:
    """hosts: names that have an A record; asked: (host's index, name) to ask,
    the host itself or an alias of it."""

    def __init__(self, unbound, auth, hosts, asked, kind="A"):
        self.unbound = unbound
        self.auth = auth
        self.hosts = hosts
        self.questions = [(i, dns.message.make_query(name, kind).to_wire())
                          for i, name in asked]
        self.acked = CONTEXT.RawArray("I", len(hosts))
        self.versions = [0] * len(hosts)
        for i in range(len(hosts)):
            self.change(i)

    def change(self, i):
        self.versions[i] += 1
        self.auth.set(self.hosts[i], "A", address_of(self.versions[i]))

    def update(self, i):
        self.change(i)
        notify(self.unbound.notify_port, self.hosts[i], "A", self.unbound.key)
        self.acked[i] = self.versions[i]

    def run(self, seconds, processes=2, clients=8, pause=0.0, patience=3.0):
        """Gives a dict: answers, old, bad, lost, worst, updates.

        patience    after so many seconds a question is lost
        """
        counts = CONTEXT.Array("L", 5)
        stop = CONTEXT.Event()
        workers = [CONTEXT.Process(target=_ask, args=(
            self.unbound.port, self.questions, self.acked, counts, stop,
            clients, patience, os.urandom(8))) for _ in range(processes)]
        for worker in workers:
            worker.start()
        updates = 0
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.update(random.randrange(len(self.hosts)))
                updates += 1
                if pause:
                    time.sleep(random.uniform(0, 2 * pause))
        finally:
            stop.set()
            for worker in workers:
                worker.join(10)
        names = ("answers", "old", "bad", "lost", "worst")
        return dict(zip(names, counts), updates=updates)


__all__ = ["Storm", "address_of"]
