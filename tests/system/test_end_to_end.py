# SPDX-License-Identifier: BSD-3-Clause
"""What the whole is for: after the update's reply PowerDNS and Unbound answer
the new address, with hot caches, whatever else goes on.

PowerDNS has its packet, query and negative caches at their defaults; a host's
TTL is 3600 and the module does not cap it.
"""

import os
import queue
import signal
import threading
import time

import pytest

import dns.rcode

from ddnstest import (Flood, TsigKey, address, address6, ask, figures, notify,
                      notify_message, render, send_udp, wait_until)
from ddnstest.http import connect, update

# After the reply: no answer to a later question may be older than this.
BOUND_MS = int(os.environ.get("DDNS_BOUND_MS", "250"))
# The same, while the test itself keeps every processor busy.
LOAD_BOUND_MS = 2 * BOUND_MS


def heat(stack, *questions):
    """Fill every cache, and prove that answers come out of them.  What the
    last update had purged again meanwhile is asked once more."""
    def hot(server, hits):
        for question in questions:
            server.ask(*question)
        before = hits()
        for question in questions:
            server.ask(*question)
        return hits() >= before + len(questions)
    time.sleep(0.2)  # the last repeated purge is 150 ms after an update
    wait_until(lambda: hot(stack.pdns, lambda: int(
        stack.pdns.command("SHOW packetcache-hit"))), 10, "PowerDNS hot")
    for unbound in stack.unbounds:
        wait_until(lambda: hot(unbound, lambda: cache_hits(unbound)), 10,
                   f"{unbound.name} hot")


def cache_hits(unbound):
    for line in unbound.command("stats_noreset").splitlines():
        if line.startswith("total.num.cachehits="):
            return int(line.split("=")[1])
    raise AssertionError("no statistics")


class Watch(threading.Thread):
    """Asks one server the same question until stop()."""

    def __init__(self, server, question, want):
        super().__init__(daemon=True)
        self.server, self.question, self.want = server, question, want
        self.seen = []  # (sent, received, is it what we want, answer)
        self.done = False
        self.start()

    def run(self):
        while not self.done:
            sent = time.monotonic()
            answer = self.server.ask(*self.question, retries=3)
            self.seen.append((sent, time.monotonic(), answer == self.want,
                              answer))
            time.sleep(0.0005)

    def stop(self):
        self.done = True
        self.join(10)


def changes(stack, show, what, change, questions, bound_ms=BOUND_MS):
    """Run change(); then every question at every server is answered as
    wanted within the bound, and stays so.

    questions   list of (name, type, wanted answer)
    """
    watches = [Watch(server, (name, kind), want)
               for server in [stack.pdns, *stack.unbounds]
               for name, kind, want in questions]
    time.sleep(0.02)  # a few answers from before
    change()
    replied = time.monotonic()
    # past the last repeated purge, nothing may turn back
    time.sleep(max(0.4, bound_ms / 1000 + 0.1))
    for watch in watches:
        watch.stop()
    for watch in watches:
        who = f"{watch.server.name} {' '.join(watch.question)}"
        wrong = [(sent - replied) * 1000 for sent, _, right, _ in watch.seen
                 if not right and sent > replied]
        right = [received for _, received, good, _ in watch.seen if good]
        assert right, f"{who}: never {watch.want}: {watch.seen[-1][3]}"
        first = max(0.0, (right[0] - replied) * 1000)
        last = max(wrong, default=0.0)
        show(f"{what}: {who} -> {watch.want}: new after {first:.1f} ms, "
             f"last old {last:.1f} ms (bound {bound_ms} ms)")
        assert last <= bound_ms, f"{who}: old {last:.1f} ms after the reply"
        assert first <= bound_ms, f"{who}: new only after {first:.1f} ms"


def good(reply, *addresses):
    assert reply.status == 200, reply
    assert reply.text.split()[0] in ("good", "nochg"), reply
    for each in addresses:
        assert each in reply.text, reply


@pytest.mark.parametrize("resolver", ["module", "stock"])
@pytest.mark.parametrize("connector", ["pipe", "unix"])
def test_update_of_both_families(make_stack, show, resolver, connector):
    stack = make_stack(resolvers=(resolver,), connector=connector)
    host = stack.hosts[0]
    good(stack.update(host, ["192.0.2.1", "2001:db8::1"]))
    heat(stack, (host, "A"), (host, "AAAA"))
    assert stack.unbound.ask(host).ttl > 3000  # old for an hour, without us

    changes(stack, show, f"A, {resolver}, {connector}",
            lambda: good(stack.update(host, "192.0.2.2"), "192.0.2.2"),
            [(host, "A", "192.0.2.2"), (host, "AAAA", "2001:db8::1")])
    changes(stack, show, f"AAAA, {resolver}, {connector}",
            lambda: good(stack.update(host, "2001:db8::2"), "2001:db8::2"),
            [(host, "A", "192.0.2.2"), (host, "AAAA", "2001:db8::2")])


@pytest.mark.parametrize("resolver", ["module", "stock"])
def test_name_that_did_not_exist(make_stack, show, resolver):
    stack = make_stack(resolvers=(resolver,))
    name = stack.name("new")
    heat(stack, (name, "A"), (name, "AAAA"))
    for server in (stack.pdns, stack.unbound):
        assert server.ask(name) == "NXDOMAIN"

    # registered: it exists and has no address yet
    changes(stack, show, f"NXDOMAIN to NODATA, {resolver}",
            lambda: stack.add_host(name),
            [(name, "A", "NODATA"), (name, "AAAA", "NODATA")],
            bound_ms=4 * BOUND_MS)  # another program did it
    heat(stack, (name, "A"), (name, "AAAA"), (name, "TXT"))
    token = stack.make_token("--host", name)
    changes(stack, show, f"NODATA to an address, {resolver}",
            lambda: good(stack.update(name, "192.0.2.9", token=token)),
            [(name, "A", "192.0.2.9"), (name, "AAAA", "NODATA")])
    changes(stack, show, f"NODATA to the other family, {resolver}",
            lambda: good(stack.update(name, "2001:db8::9", token=token)),
            [(name, "A", "192.0.2.9"), (name, "AAAA", "2001:db8::9")])


@pytest.mark.parametrize("resolver", ["module", "stock"])
def test_cname_that_points_at_the_name(make_stack, show, resolver):
    aliases = ["alias.dyn.test", "far.other.test"]
    stack = make_stack(resolvers=(resolver,), zones=("other.test",), static=[
        (alias, "CNAME", "h1.dyn.test.") for alias in aliases])
    host = stack.hosts[0]
    good(stack.update(host, "192.0.2.1"))
    for alias in aliases:
        wait_until(lambda: stack.unbound.ask(alias) == "192.0.2.1")
    heat(stack, *[(name, "A") for name in aliases])
    changes(stack, show, f"CNAME, {resolver}",
            lambda: good(stack.update(host, "192.0.2.2")),
            [(name, "A", "192.0.2.2") for name in [host, *aliases]])


@pytest.mark.parametrize("resolver", ["module", "stock"])
def test_withdrawn_and_deleted_host(make_stack, show, resolver):
    stack = make_stack(resolvers=(resolver,))
    host, other = stack.hosts
    for name in stack.hosts:
        good(stack.update(name, ["192.0.2.1", "2001:db8::1"]))
    heat(stack, (host, "A"), (host, "AAAA"), (other, "A"))
    changes(stack, show, f"offline, {resolver}",
            lambda: good(stack.update(host, offline="YES")),
            [(host, "A", "NODATA"), (host, "AAAA", "NODATA"),
             (other, "A", "192.0.2.1")])
    changes(stack, show, f"back, {resolver}",
            lambda: good(stack.update(host, "192.0.2.3")),
            [(host, "A", "192.0.2.3"), (host, "AAAA", "NODATA")])
    changes(stack, show, f"deleted, {resolver}",
            lambda: stack.ctl("host", "delete", other),
            [(other, "A", "NXDOMAIN"), (host, "A", "192.0.2.3")],
            bound_ms=4 * BOUND_MS)


@pytest.mark.limit(300)
def test_thousand_updates_of_names_queried_hard(make_stack, show):
    """No stale answer later than the bound, no gap ever, no turning back."""
    labels = [f"n{i}" for i in range(20)]
    stack = make_stack(hosts=labels)
    link = connect(stack.ddnsd.https, stack.ddnsd.ca)
    version = 0
    replied = [[] for _ in stack.hosts]

    def one(which):
        nonlocal version
        version += 1
        good(update(0, stack.hosts[which], address(version), stack.token,
                    connection=link))
        replied[which].append((time.monotonic(), version))

    for which in range(len(stack.hosts)):
        one(which)
    heat(stack, *[(name, "A") for name in stack.hosts])
    with Flood(stack.pdns.port, stack.hosts) as authoritative, \
            Flood(stack.unbound.port, stack.hosts, 2) as resolver:
        start = time.monotonic()
        for i in range(1000):
            one(i % len(stack.hosts))
        seconds = time.monotonic() - start
        time.sleep(0.5)
    show(f"1,000 updates in {seconds:.1f} s, one after the other")
    for name, flood in (("PowerDNS", authoritative), ("Unbound", resolver)):
        late = flood.staleness_ms(replied)
        show(f"{name}: {len(flood.answers)} answers, {len(late)} to questions"
             f" after a reply were outdated: {figures(late)}"
             f" (bound {LOAD_BOUND_MS} ms)")
        show(f"{name}: reply to new answer: "
             f"{figures(flood.first_new_ms(replied))};"
             f" slowest answer {flood.slowest_ms():.1f} ms")
        assert not flood.gaps(), (name, flood.gaps()[:10])
        assert len(flood.lost()) < len(flood.answers) / 1000, name
        assert len(flood.answers) > 1000, name
        assert not late or late[-1] <= LOAD_BOUND_MS, name
    for which, name in enumerate(stack.hosts):
        want = address(replied[which][-1][1])
        assert stack.pdns.ask(name) == want
        assert stack.unbound.ask(name) == want


def storm(stack, pairs, count, workers, on_good):
    """`count` updates of both hosts of a pair and both families, at once.

    Gives what was sent: for each pair a dict of version to True once it was
    answered `good`.  A worker ends when the connection does.
    """
    sent = [{} for _ in pairs]
    jobs = queue.Queue()
    for version in range(1, count + 1):
        jobs.put(version)

    def worker(number):
        link = connect(stack.ddnsd.https, stack.ddnsd.ca)
        try:
            while True:
                version = jobs.get_nowait()
                # a pair belongs to one worker: its versions are in order
                which = number
                sent[which][version] = False
                reply = update(0, pairs[which],
                               [address(version), address6(version)],
                               stack.token, connection=link)
                if reply.status == 200 and reply.text.count("good") == 2:
                    sent[which][version] = True
                    on_good()
        except (queue.Empty, OSError):
            pass
        except Exception as error:  # http.client's, when the server dies
            if "http" not in type(error).__module__:
                raise
        finally:
            link.close()
    threads = [threading.Thread(target=worker, args=(n,))
               for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sent


@pytest.mark.limit(300)
def test_kill_9_amid_concurrent_updates(make_stack, show):
    """Every `good` is stored, nothing is half-applied, resolvers learn what
    they missed."""
    workers = 25
    labels = [f"{side}{i}" for i in range(workers) for side in "ab"]
    stack = make_stack(hosts=labels)
    pairs = [(stack.name(f"a{i}"), stack.name(f"b{i}"))
             for i in range(workers)]
    for pair in pairs:
        good(stack.update(pair, ["198.19.255.255", "2001:db8::ffff:ffff"]))
    heat(stack, *[(name, kind) for pair in pairs for name in pair
                  for kind in ("A", "AAAA")])

    # Unbound hears nothing from now on: what it holds gets old
    stack.unbound.process.signal(signal.SIGSTOP)
    goods = 0
    lock = threading.Lock()
    killed = threading.Event()

    def on_good():
        nonlocal goods
        with lock:
            goods += 1
            if goods == 400 and not killed.is_set():
                killed.set()
                stack.ddnsd.kill()
    sent = storm(stack, pairs, 1000, workers, on_good)
    assert killed.is_set() and not stack.ddnsd.process.running()
    assert 400 <= goods < 1000
    stack.unbound.process.signal(signal.SIGCONT)
    stack.ddnsd.start()
    show(f"killed after {goods} of 1,000")

    for which, pair in enumerate(pairs):
        acked = max((v for v, ok in sent[which].items() if ok), default=None)
        allowed = {v for v in sent[which] if acked is None or v >= acked}
        want = {(address(v), address6(v)) for v in allowed}
        if acked is None:
            want.add(("198.19.255.255", "2001:db8::ffff:ffff"))
        # one request, one transaction: both hosts, both families, or none
        found = set()
        for name in pair:
            assert wait_until(lambda: stack.pdns.ask(name).values
                              and (stack.pdns.ask(name).values[0],
                                   stack.pdns.ask(name, "AAAA").values[0])
                              in want, 10, f"{name} one of {want}")
            found.add((stack.pdns.ask(name).values[0],
                       stack.pdns.ask(name, "AAAA").values[0]))
        assert len(found) == 1, (pair, found)
        (v4, v6), = found
        for name in pair:
            wait_until(lambda: stack.unbound.ask(name) == v4
                       and stack.unbound.ask(name, "AAAA") == v6, 10,
                       f"Unbound {name} {v4}: {stack.unbound.ask(name)}")
    # and it goes on
    good(stack.update(pairs[0][0], "192.0.2.77"))
    wait_until(lambda: stack.unbound.ask(pairs[0][0]) == "192.0.2.77")


@pytest.mark.limit(180)
@pytest.mark.parametrize("who", ["unbound", "pdns", "both"])
def test_servers_that_hang_meanwhile(make_stack, show, who):
    """Stopped with hot caches, as behind a broken network: updates go on at
    their speed, and when the servers are back their caches are right."""
    stack = make_stack(hosts=[f"n{i}" for i in range(10)])
    for name in stack.hosts:
        good(stack.update(name, "192.0.2.1"))
    heat(stack, *[(name, "A") for name in stack.hosts])
    hung = {"unbound": [stack.unbound], "pdns": [stack.pdns],
            "both": [stack.pdns, stack.unbound]}[who]
    for server in hung:
        os.killpg(server.process.pid, signal.SIGSTOP)
    slowest = 0.0
    for i in range(200):
        start = time.monotonic()
        good(stack.update(stack.hosts[i % 10], address(i + 1)))
        slowest = max(slowest, time.monotonic() - start)
    time.sleep(1)  # a few rounds of retrying
    show(f"{who} hung: slowest of 200 updates {slowest * 1000:.0f} ms")
    assert slowest < 1.0
    for server in reversed(hung):
        os.killpg(server.process.pid, signal.SIGCONT)
    back = time.monotonic()
    for i, name in enumerate(stack.hosts):
        want = address(190 + i + 1)
        for server in (stack.pdns, stack.unbound):
            wait_until(lambda: server.ask(name, retries=3) == want, 30,
                       f"{server.name} {name} {want}")
    show(f"{who} back: caches right after "
         f"{time.monotonic() - back:.2f} s")
    good(stack.update(stack.hosts[0], "192.0.2.99"))
    wait_until(lambda: stack.unbound.ask(stack.hosts[0]) == "192.0.2.99", 10)


@pytest.mark.parametrize("who", ["unbound", "pdns"])
def test_server_that_is_down_meanwhile(make_stack, who):
    stack = make_stack()
    host = stack.hosts[0]
    good(stack.update(host, "192.0.2.1"))
    heat(stack, (host, "A"))
    server = getattr(stack, who)
    server.end()
    start = time.monotonic()
    for i in range(50):
        good(stack.update(host, address(i + 1)))
    assert time.monotonic() - start < 10
    server.start()
    for each in (stack.pdns, stack.unbound):
        wait_until(lambda: each.ask(host, retries=3) == address(50), 30,
                   f"{each.name} right again")
    good(stack.update(host, "192.0.2.2"))
    for each in (stack.pdns, stack.unbound):
        wait_until(lambda: each.ask(host) == "192.0.2.2", 10)


def test_forged_notify_drops_nothing(make_stack, work):
    """Unbound holds the old answer, since ddnsd tells nobody here."""
    stack = make_stack(publish=False)
    unbound, key = stack.unbound, stack.unbound.key
    host = stack.hosts[0]
    good(stack.update(host, "192.0.2.1"))
    stack.pdns.command(f"PURGE {host}")
    assert unbound.ask(host) == "192.0.2.1"
    good(stack.update(host, "192.0.2.2"))
    stack.pdns.command(f"PURGE {host}")
    assert stack.pdns.ask(host) == "192.0.2.2"

    stranger = TsigKey(work, "no-such-key")
    liar = TsigKey(work, key.name)
    now = int(time.time())
    good_one = notify_message(host, key=key)
    tampered = bytearray(render(notify_message(host, key=key)))
    tampered[13] ^= 1  # first letter of the name
    for what, payload, error in (
            ("unsigned", render(notify_message(host)), None),
            ("unknown key", render(notify_message(host, key=stranger)), 17),
            ("wrong secret", render(notify_message(host, key=liar)), 16),
            ("changed on the way", bytes(tampered), 16),
            ("too old", render(good_one, when=now - 3600), 18),
            ("from the future", render(good_one, when=now + 3600), 18)):
        reply = send_udp(unbound.notify_port, payload)
        assert unbound.ask(host) == "192.0.2.1", what
        if error is None:  # no answer, or a refusal; never NOERROR
            assert reply is None or reply[3] & 15 != dns.rcode.NOERROR, what
        else:
            assert reply is not None, what
            assert reply[3] & 15 == dns.rcode.NOTAUTH, what
            assert tsig_error(reply) == error, what
    reply = notify(unbound.notify_port, host, key=key)
    assert reply.rcode() == dns.rcode.NOERROR
    assert unbound.ask(host) == "192.0.2.2"


def tsig_error(wire):
    """The error field of the TSIG record that ends the message."""
    at = 12
    for _ in range(int.from_bytes(wire[4:6], "big")):
        at = skip_name(wire, at) + 4
    records = sum(int.from_bytes(wire[i:i + 2], "big") for i in (6, 8, 10))
    for i in range(records):
        at = skip_name(wire, at)
        kind = int.from_bytes(wire[at:at + 2], "big")
        length = int.from_bytes(wire[at + 8:at + 10], "big")
        if i == records - 1 and kind == 250:
            at = skip_name(wire, at + 10) + 8  # algorithm, time, fudge
            at += 2 + int.from_bytes(wire[at:at + 2], "big")
            return int.from_bytes(wire[at + 2:at + 4], "big")
        at += 10 + length
    return None


def skip_name(wire, at):
    while wire[at]:
        if wire[at] >= 0xc0:
            return at + 2
        at += 1 + wire[at]
    return at + 1


def test_unauthorised_update_leaves_a_row_and_nothing_else(make_stack):
    # attempts that differ in nothing are collected so long
    stack = make_stack(ddnsd_options={"nochg-log-interval": 1})
    mine, other = stack.hosts
    for name in stack.hosts:
        good(stack.update(name, "192.0.2.1"))
    only_mine = stack.ctl("token", "create", "narrow", "--account", "alice",
                          "--host", mine, "--types", "A", "--allow-http")
    before = stack.ctl.log()
    cases = [
        (stack.update(mine, "192.0.2.66", token="ddns_" + "x" * 32),
         "badauth"),
        (stack.ddnsd.update(mine, "192.0.2.66"), "badauth"),
        (stack.update(other, "192.0.2.66", token=only_mine), "nohost"),
        (stack.update("nobody.dyn.test", "192.0.2.66"), "nohost"),
        (stack.update("www.example.net", "192.0.2.66"), "nohost"),
    ]
    for reply, code in cases:
        assert reply.text.split()[0].strip() == code, reply
    # rows of refused attempts are written by the second
    rows = wait_until(lambda: (
        lambda new: new if len(new) >= len(cases) else None)(
            stack.ctl.log()[len(before):]), 10, "five rows")
    said = sorted((row["name"], row["result"]) for row in rows)
    assert said == sorted([(mine, "badauth"), (mine, "badauth"),
                           (other, "nohost"), ("nobody.dyn.test", "nohost"),
                           ("www.example.net", "nohost")]), rows
    for row in rows:
        assert row["source"] == "127.0.0.1" and row["tls"]
        assert row["user_agent"] == "ddnstest/1" and not row["changed"]
    text = str(rows) + stack.ddnsd.process.log_text()
    assert "x" * 32 not in text and only_mine not in text
    for name in stack.hosts:
        for server in (stack.pdns, stack.unbound):
            assert server.ask(name) == "192.0.2.1"
    assert ask(stack.pdns.port, "nobody.dyn.test") == "NXDOMAIN"
