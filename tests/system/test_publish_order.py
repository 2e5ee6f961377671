# SPDX-License-Identifier: BSD-3-Clause
"""Who is told what, when, and what happens when one does not answer."""

import random
import socket
import time

import pytest

import dns.flags
import dns.rcode

from ddnstest import TsigKey, wait_until
from publish_fakes import Drive, FakePdns, FakeResolver, Trace


@pytest.fixture
def trace():
    return Trace()


@pytest.fixture
def pdns(work, trace):
    return FakePdns(work, trace)


@pytest.fixture
def r1(work, trace):
    return FakeResolver(work, trace)


def drive_of(work, *fakes, **options):
    drive = Drive(work, {f.name: f.subscriber() for f in fakes}, **options)
    drive.start()
    drive("zone dyn.test")
    drive.settled()
    for fake in fakes:
        fake.trace.list.clear()
    return drive


def test_resolver_is_told_after_the_purge(work, trace, pdns, r1):
    drive = drive_of(work, pdns, r1)
    for i in range(20):
        drive(f"set h{i}.dyn.test A 192.0.2.{i}")
        wait_until(lambda: f"h{i}.dyn.test ANY" in r1.told())
        assert trace.index("pdns", f"ack PURGE h{i}.dyn.test") \
            < trace.index("r1", f"h{i}.dyn.test ANY")
    drive("set h0.dyn.test A 192.0.2.99")
    wait_until(lambda: "h0.dyn.test A" in r1.told())
    request = r1.requests[-1]
    assert request.opcode() == 4 and request.flags & dns.flags.AA
    assert len(request.question) == 1 and not request.answer
    soa = request.authority[0]
    assert soa.name.to_text() == "dyn.test."
    assert soa[0].serial == 23
    drive.settled()
    row = drive.rows()["r1"]
    # a fake that is slower than the first retry is told again
    assert row["acked"] >= 21 and row["retries"] < 21
    assert 0 < row["ack_p50_us"] <= row["ack_p99_us"] <= row["ack_max_us"]


def test_order_holds_while_all_is_in_motion(work, trace, pdns, r1):
    """No NOTIFY tells of a serial before a purge of the name that began
    after the commit of that serial was answered."""
    drive = drive_of(work, pdns, r1)
    dice = random.Random(4711)
    purged = {}  # name to the serial that its last answered purge saw
    early = []

    def reply(command):
        serial = pdns.serial(drive.options["store"])
        time.sleep(dice.choice([0, 0, 0.002, 0.02]))
        for name in command.split()[1:]:
            purged[name] = max(serial, purged.get(name, 0))
        return f"{dice.randint(0, 1)}\n"

    def answer(self, request, wire, n):
        name = request.question[0].name.to_text(True)
        serial = request.authority[0][0].serial
        if purged.get(name, 0) < serial:
            early.append((name, serial, purged.get(name)))
        return self.ack(request) if dice.random() < 0.9 else None
    pdns.reply, r1.answer = reply, answer
    for i in range(1500):
        drive(f"set h{dice.randint(0, 9)}.dyn.test A 192.0.{i >> 8}.{i & 255}")
    drive.settled(timeout=30)
    assert not early
    assert len(r1.told()) > 300
    assert max(r.authority[0][0].serial for r in r1.requests) >= 1500


def test_purge_names_what_points_at_it(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    drive("set a.dyn.test A 192.0.2.1")
    drive("set c.dyn.test CNAME a.dyn.test")
    drive("set x.y.dyn.test A 192.0.2.1")
    drive.settled()
    pdns.trace.list.clear()
    drive("set a.dyn.test A 192.0.2.2")
    drive.settled()
    # and again twice, each with exactly the same names
    assert [sorted(p) for p in pdns.purged()] \
        == [["a.dyn.test", "c.dyn.test"]] * 3
    assert r1.told() == ["a.dyn.test A"]
    pdns.trace.list.clear()
    drive("del x.y.dyn.test A")
    wait_until(pdns.purged)
    assert sorted(pdns.purged()[0]) == ["x.y.dyn.test", "y.dyn.test"]


def test_purge_of_wildcards_zones_and_strange_names(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    drive("set *.w.dyn.test A 192.0.2.1")
    wait_until(lambda: "*.w.dyn.test ANY" in r1.told())
    drive.settled()
    assert sorted(pdns.purged()[0]) == ["w.dyn.test", "w.dyn.test$"]
    pdns.trace.list.clear()
    drive(r"set a\032b\$c\.d.dyn.test TXT x")
    drive.settled()
    assert pdns.purged()[0] == [r"a\032b\036c\046d.dyn.test"]
    pdns.trace.list.clear()
    drive("touch dyn.test")
    wait_until(lambda: "dyn.test SOA" in r1.told())
    assert pdns.trace.of("pdns")[:4] == [
        "REDISCOVER", "ack REDISCOVER",
        "PURGE dyn.test$", "ack PURGE dyn.test$"]


def test_changes_of_another_process_are_published(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    other = Drive(work, {}, store=drive.options["store"])
    start = time.monotonic()
    other.start()
    other("set o.dyn.test A 192.0.2.1")
    wait_until(lambda: "o.dyn.test ANY" in r1.told())
    assert time.monotonic() - start < 5
    other.end()


def test_stale_purge_makes_the_resolver_be_told_again(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    state = {"n": 0}

    def reply(command):
        state["n"] += 1
        return "1\n" if state["n"] == 3 else "0\n"
    pdns.reply = reply
    drive("set a.dyn.test A 192.0.2.1")
    drive.settled()
    assert pdns.purged() == [["a.dyn.test"]] * 3
    assert r1.told() == ["a.dyn.test ANY"] * 2
    first, second, third = trace_times(pdns, "PURGE a.dyn.test")
    assert 0.003 < second - first < 0.1
    assert 0.14 < third - first < 0.4
    assert pdns.trace.times("r1", "a.dyn.test ANY")[1] > third


def trace_times(fake, what):
    return fake.trace.times(fake.name, what)


def test_slow_pdns_holds_the_resolver_for_a_second_only(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    pdns.reply = lambda command: None  # takes it and never answers
    start = time.monotonic()
    assert drive("set a.dyn.test A 192.0.2.1") < 1000000
    wait_until(lambda: r1.told() == ["a.dyn.test ANY"])
    assert 0.9 < time.monotonic() - start < 1.6
    # it is down: the next change waits for nobody
    start = time.monotonic()
    drive("set b.dyn.test A 192.0.2.1")
    wait_until(lambda: "b.dyn.test ANY" in r1.told())
    assert time.monotonic() - start < 0.3
    # it is back: what was purged late is told once more
    pdns.reply = lambda command: "0\n"
    drive.settled(timeout=15)
    assert r1.told().count("a.dyn.test ANY") >= 2
    assert r1.told().count("b.dyn.test ANY") >= 2
    assert drive.rows()["pdns"]["retries"] >= 1


def test_dead_pdns_holds_nobody(work, trace, r1):
    pdns = FakePdns(work, trace, start=False)
    drive = Drive(work, {"pdns": pdns.subscriber(), "r1": r1.subscriber()})
    drive.start()
    drive("zone dyn.test")
    for i in range(5):
        start = time.monotonic()
        drive(f"set h{i}.dyn.test A 192.0.2.1")
        wait_until(lambda: f"h{i}.dyn.test ANY" in r1.told())
        assert time.monotonic() - start < 0.5
    wait_until(lambda: drive.rows()["pdns"]["pending"] > 0)
    assert drive.rows()["pdns"]["last_error"] == "No such file or directory"
    assert drive.rows()["r1"]["seq"] == drive.last()
    pdns.start()
    drive.settled(timeout=15)
    purged = {name for line in pdns.purged() for name in line}
    assert purged == {"dyn.test$"} | {f"h{i}.dyn.test" for i in range(5)} \
        or purged == {"dyn.test$"}


def test_pdns_that_talks_nonsense_is_not_believed(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    pdns.reply = lambda command: "Unknown command\n"
    drive("set a.dyn.test A 192.0.2.1")
    wait_until(lambda: drive.rows()["pdns"]["last_error"]
               == "no number in the answer")
    assert drive.rows()["pdns"]["seq"] < drive.last()
    pdns.reply = lambda command: "0\n"
    drive.settled(timeout=15)


def test_dead_resolver_delays_nobody(work, trace, pdns, r1):
    r2 = FakeResolver(work, trace, "r2", start=False)
    drive = drive_of_down(work, r2, pdns, r1, r2)
    for i in range(100):
        drive(f"set h{i}.dyn.test A 192.0.2.1")
    drive.settled("pdns", "r1")
    assert drive.rows()["r2"]["seq"] < drive.last()
    assert drive.rows()["r2"]["pending"] > 0
    r2.start()
    drive("set again.dyn.test A 192.0.2.1")  # makes it try soon
    drive.settled(timeout=15)
    told = set(r2.told())
    # the zone came while it was down, and took all its names with it
    assert told <= {"dyn.test SOA", "again.dyn.test ANY"}


def drive_of_down(work, down, *fakes):
    drive = Drive(work, {f.name: f.subscriber() for f in fakes})
    drive.start()
    drive("zone dyn.test")
    drive.settled(*(f.name for f in fakes if f is not down))
    return drive


def test_silent_resolver_is_tried_anew_with_fresh_ids(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    r1.answer = lambda self, request, wire, n: None
    r1.requests.clear()
    drive("set a.dyn.test A 192.0.2.1")
    wait_until(lambda: len(r1.requests) >= 4)
    assert len({r.id for r in r1.requests}) == len(r1.requests)
    t = trace_times(r1, "a.dyn.test ANY")
    assert 0.045 < t[1] - t[0] < 0.2
    assert t[2] - t[0] > 0.14
    assert t[3] - t[0] > 0.19
    r1.answer = FakeResolver.ack
    drive.settled(timeout=15)


def test_forged_answers_do_not_count(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    other = TsigKey(work, "other-secret")
    other.name = r1.key.name

    def forge(self, request, wire, n):
        good = self.ack(request)
        wrong_id = bytearray(good)
        wrong_id[0] ^= 0x55
        wrong_mac = bytearray(good)
        wrong_mac[-20] ^= 1
        wrong_key = self.response(request, key=other).to_wire()
        unsigned = wire[:2] + bytes.fromhex("a400 0001 0000 0000 0000") \
            + request.question[0].name.to_wire() + bytes.fromhex("00ff 0001")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(good, self.source)  # right, but not from here
        return [bytes(wrong_id), bytes(wrong_mac), wrong_key, unsigned,
                b"", b"x" * 11, wire]
    r1.answer = forge
    drive("set a.dyn.test A 192.0.2.1")
    wait_until(lambda: r1.told().count("a.dyn.test ANY") >= 4)
    wait_until(lambda: drive.rows()["r1"]["pending"] == 1)
    assert drive.rows()["r1"]["seq"] < drive.last()
    assert drive.rows()["r1"]["acked"] == 1  # the zone
    r1.answer = FakeResolver.ack
    drive.settled(timeout=15)
    assert drive.rows()["r1"]["acked"] == 2


def test_answer_to_an_earlier_try_counts(work, pdns, r1):
    """A receiver that is further away than the first time-out."""
    drive = drive_of(work, pdns, r1)
    first = []

    def answer(self, request, wire, n):
        first.append(self.ack(request))
        return first[0] if len(first) == 2 else None
    r1.answer = answer
    drive("set a.dyn.test A 192.0.2.1")
    drive.settled()
    assert len(first) == 2
    assert drive.rows()["r1"]["last_error"] == ""


def test_refused_is_final_servfail_is_not(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    r1.answer = lambda self, request, wire, n: self.ack(
        request, rcode=dns.rcode.REFUSED)
    drive("set a.dyn.test A 192.0.2.1")
    drive.settled()
    assert r1.told() == ["a.dyn.test ANY"]
    assert drive.rows()["r1"]["last_error"] == "REFUSED for a.dyn.test"
    first = len(r1.told())
    r1.answer = lambda self, request, wire, n: self.ack(
        request, rcode=dns.rcode.SERVFAIL if len(self.told()) == first + 1
        else 0)
    drive("set b.dyn.test A 192.0.2.1")
    drive.settled()
    assert r1.told()[first:] == ["b.dyn.test ANY"] * 2


def test_tcp_when_udp_is_lost(work, trace, pdns):
    r1 = FakeResolver(work, trace, start=False).start_tcp()
    drive = Drive(work, {"pdns": pdns.subscriber(), "r1": r1.subscriber()})
    drive.start()
    drive("zone dyn.test")
    drive.settled(timeout=20)
    drive("set a.dyn.test A 192.0.2.1")
    start = time.monotonic()
    wait_until(lambda: "a.dyn.test ANY" in r1.told())
    assert time.monotonic() - start < 0.5  # it stays with what works
    assert r1.tcp_count >= 2
    drive.settled()


def test_tcp_when_the_answer_is_cut(work, pdns, r1):
    r1.start_tcp()
    drive = drive_of(work, pdns, r1)
    r1.answer = lambda self, request, wire, n: self.ack(
        request, flags=0 if self.tcp_count else dns.flags.TC)
    drive("set a.dyn.test A 192.0.2.1")
    drive.settled()
    assert r1.tcp_count == 1


def test_many_changes_of_a_name_are_few_notifies(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    for i in range(300):
        drive(f"set a.dyn.test A 192.0.{i // 250}.{i % 250}")
    drive.settled()
    assert r1.requests[-1].authority[0][0].serial >= 300
    # while it does not answer, nothing piles up
    r1.answer = lambda self, request, wire, n: None
    r1.trace.list.clear()
    for i in range(300):
        drive(f"set a.dyn.test A 198.51.{i // 250}.{i % 250}")
    assert len(r1.told()) < 20
    wait_until(lambda: drive.rows()["r1"]["pending"] > 0)
    assert drive.rows()["r1"]["pending"] <= 2
    r1.answer = FakeResolver.ack
    drive.settled(timeout=15)


def test_too_many_names_become_one_for_the_zone(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    r1.stop()
    drive("many 2000 50 dyn.test")
    wait_until(lambda: drive.rows()["pdns"]["pending"] == 0)
    r1.start()
    drive("set x.dyn.test A 192.0.2.1")
    drive.settled(timeout=20)
    assert "dyn.test SOA" in r1.told()
    assert len(r1.told()) < 600


def test_restart_goes_on_where_it_was(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    drive("set a.dyn.test A 192.0.2.1")
    drive.settled()
    r1.answer = lambda self, request, wire, n: None
    drive("set b.dyn.test A 192.0.2.1")
    drive("set c.dyn.test A 192.0.2.1")
    wait_until(lambda: "c.dyn.test ANY" in r1.told())
    drive.end()
    rows = drive.rows()
    assert rows["r1"]["seq"] < drive.last()
    r1.trace.list.clear()
    r1.answer = FakeResolver.ack
    drive.start()
    drive.settled()
    assert sorted(r1.told()) == ["b.dyn.test ANY", "c.dyn.test ANY"]
    # and after a kill the same
    r1.answer = lambda self, request, wire, n: None
    drive("set d.dyn.test A 192.0.2.1")
    drive.process.kill()
    r1.trace.list.clear()
    r1.answer = FakeResolver.ack
    drive.start()
    drive.settled()
    assert "d.dyn.test ANY" in r1.told()


def test_nothing_older_than_any_cache_is_told(work, trace, pdns, r1):
    r1.stop()
    drive = Drive(work, {"pdns": pdns.subscriber(), "r1": r1.subscriber()},
                  **{"max-cache-ttl": 2})
    drive.start()
    drive("zone dyn.test")
    drive("set a.dyn.test A 192.0.2.1")
    wait_until(lambda: drive.rows().get("r1", {}).get("pending"))
    wait_until(lambda: drive.rows()["r1"]["pending"] == 0)
    assert drive.rows()["r1"]["seq"] == drive.last()
    r1.start()
    drive("set b.dyn.test A 192.0.2.1")
    wait_until(lambda: "b.dyn.test ANY" in r1.told())
    assert r1.told() == ["b.dyn.test ANY"]


def test_rows_of_subscribers_that_are_gone_go(work, trace, pdns, r1):
    drive = drive_of(work, pdns, r1)
    drive.end()
    del drive.subscribers["r1"]
    drive.start()
    wait_until(lambda: drive.rows().keys() == {"pdns"})


def test_zones_of_a_subscriber(work, pdns, r1):
    drive = Drive(work, {"pdns": pdns.subscriber(),
                         "r1": dict(r1.subscriber(), zones=["b.test"])})
    drive.start()
    drive("zone a.test")
    drive("zone b.test")
    drive.settled()
    drive("set h.a.test A 192.0.2.1")
    drive("set h.b.test A 192.0.2.1")
    drive.settled()
    assert r1.told() == ["b.test SOA", "h.b.test ANY"]
    assert "h.a.test" in [n for p in pdns.purged() for n in p]


def test_secondaries_are_told_of_serials(work, trace, pdns):
    s1 = FakeResolver(work, trace, "s1", key=False)
    name = f"secondary 127.0.0.1:{s1.port}"
    drive = Drive(work, {"pdns": pdns.subscriber()},
                  secondaries=[f"127.0.0.1:{s1.port}"])
    drive.start()
    zones = [f"z{i}.test" for i in range(5)]
    for zone in zones:
        drive(f"zone {zone}")
    drive.settled("pdns", name)
    assert sorted(s1.told()) == [f"{zone} SOA" for zone in zones]
    trace.list.clear()
    start = time.monotonic()
    for i in range(50):
        drive(f"set h{i}.z0.test A 192.0.2.1")
    for zone in zones[1:]:
        drive(f"set h.{zone} A 192.0.2.1")
    wait_until(lambda: len(s1.told()) == 5)
    # all zones together, after a second in which serials come together
    assert 0.9 < time.monotonic() - start < 2.5
    drive.settled("pdns", name)
    assert sorted(s1.told()) == [f"{zone} SOA" for zone in zones]
    for zone in zones:
        purge = next(t for t, who, what in trace.list if who == "pdns"
                     and what.startswith("ack") and zone in what.split())
        assert purge < trace.times("s1", f"{zone} SOA")[0]
    serials = {r.question[0].name.to_text(True): r.authority[0][0].serial
               for r in s1.requests}
    assert serials["z0.test"] == 52 and serials["z1.test"] == 3


def test_a_refusing_resolver_does_not_fill_the_log(work, pdns, r1):
    drive = drive_of(work, pdns, r1)
    r1.answer = lambda self, request, wire, n: self.ack(
        request, rcode=dns.rcode.REFUSED)
    drive("many 200 10 dyn.test")
    drive.settled()
    assert drive.process.log_text().count("subscriber refuses") == 1
    assert drive.rows()["r1"]["last_error"].startswith("REFUSED for h")
