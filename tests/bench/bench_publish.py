# SPDX-License-Identifier: BSD-3-Clause
"""Milliseconds from an update's reply until PowerDNS and until Unbound answer
the new address, beside the same set-up without the publisher.

Both servers are asked for the name all the time, so every cache is hot and a
lookup is often under way when the change comes.  Host TTL 60, as a zone has it
by default; PowerDNS's caches at their defaults.  Without the publisher a cache
keeps the old answer until it expires: a few names are updated, and what is not
seen within the cap counts as the cap.

usage: bench_publish.py [--smoke] [--updates N] [--cap SECONDS]
"""

import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

from ddnstest import (Authority, Dir, Flood, Stack, address,  # noqa: E402
                      percentile)
from ddnstest.http import connect, update  # noqa: E402


# Between two questions: often enough to tell a millisecond, seldom enough to
# leave the processors to those that are measured.
PROBE = 0.0002


def send(stack, link, name, version):
    reply = update(0, name, address(version), stack.token, connection=link)
    assert reply.text.startswith("good"), reply
    return time.monotonic()


def table(title, rows):
    print(f"\n{title}\n")
    print(f"{'':<34}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}{'n':>7}")
    for name, values in rows:
        print(f"{name:<34}{percentile(values, .5):>10.2f}"
              f"{percentile(values, .99):>10.2f}"
              f"{values[-1] if values else 0:>10.2f}{len(values):>7}")
    sys.stdout.flush()


def with_publisher(stack, updates, pause):
    """Gives for both servers (first new answer, outdated answers)."""
    link = connect(stack.ddnsd.https, stack.ddnsd.ca)
    name = stack.hosts[0]
    send(stack, link, name, 1)
    replied = [[]]
    with Flood(stack.pdns.port, [name], pause=PROBE) as pdns, \
            Flood(stack.unbound.port, [name], pause=PROBE) as unbound:
        time.sleep(0.1)
        for version in range(2, updates + 2):
            replied[0].append((send(stack, link, name, version), version))
            time.sleep(pause)
        time.sleep(0.3)
    for flood in (pdns, unbound):
        assert not flood.gaps(), flood.gaps()[:5]
    return [(f.first_new_ms(replied), f.staleness_ms(replied))
            for f in (pdns, unbound)]


def without(stack, cap, names):
    """The same question, answered by time alone."""
    link = connect(stack.ddnsd.https, stack.ddnsd.ca)
    for i, name in enumerate(names):
        send(stack, link, name, i + 1)
        stack.pdns.ask(name)
        stack.unbound.ask(name)
    waits = {stack.pdns.name: {}, stack.unbound.name: {}}
    replied = {}
    for i, name in enumerate(names):
        replied[name] = send(stack, link, name, 1000 + i)
    start = time.monotonic()
    while time.monotonic() - start < cap:
        for server in (stack.pdns, stack.unbound):
            seen = waits[server.name]
            for i, name in enumerate(names):
                if name not in seen and \
                        server.ask(name) == address(1000 + i):
                    seen[name] = (time.monotonic() - replied[name]) * 1000
        if all(len(seen) == len(names) for seen in waits.values()):
            break
        time.sleep(0.02)
    return [sorted(seen.get(n, cap * 1000) for n in names)
            for seen in waits.values()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--smoke", action="store_true",
                        help="a few seconds, to see that it works")
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--cap", type=float, default=100)
    arguments = parser.parse_args()
    updates = 50 if arguments.smoke else arguments.updates
    cap = 6 if arguments.smoke else arguments.cap
    ttl = 2 if arguments.smoke else 60

    directory = Dir()
    try:
        authority = Authority(directory.mkdir("ca"))
        stack = Stack(directory, authority, hosts=("bench",),
                      ttl=ttl).start()
        (pdns, pdns_old), (unbound, unbound_old) = with_publisher(
            stack, updates, 0.005)
        directory.end()
        table("From the update's reply to the new answer", [
            ("PowerDNS", pdns), ("Unbound", unbound)])
        table("Outdated answers to questions sent after the reply", [
            ("PowerDNS", pdns_old), ("Unbound", unbound_old)])
    finally:
        directory.end()
        directory.remove()

    directory = Dir()
    try:
        authority = Authority(directory.mkdir("ca"))
        options = {"cache-ttl": 1, "query-cache-ttl": 1} \
            if arguments.smoke else {}
        labels = [f"b{i}" for i in range(4 if arguments.smoke else 20)]
        stack = Stack(directory, authority, hosts=labels, ttl=ttl,
                      publish=False, pdns_options=options).start()
        pdns_alone, unbound_alone = without(stack, cap, stack.hosts)
        table(f"The same without the publisher (TTL {ttl} s, cap {cap} s)", [
            ("PowerDNS", pdns_alone), ("Unbound", unbound_alone)])
        for name, ours, alone in (("PowerDNS", pdns, pdns_alone),
                                  ("Unbound", unbound, unbound_alone)):
            # below what the poll can tell apart: 0.1 ms
            ratio = percentile(alone, .5) / max(0.1, percentile(ours, .5))
            print(f"\nratio {name}: {ratio:.0f} times sooner (medians)")
    finally:
        directory.end()
        directory.remove()


if __name__ == "__main__":
    main()
