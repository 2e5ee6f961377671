# SPDX-License-Identifier: BSD-3-Clause
"""PowerDNS on a store that no daemon serves, and PowerDNS's own gsqlite3 with
the same zone as the oracle.  For test_pdns_*.py."""

import json
import pathlib
import sqlite3
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rcode

from ddnstest import PdnsServer, needs, programs

FILL = programs.build / "tests" / "bench" / "fill_store"
SCHEMA = pathlib.Path("/usr/share/pdns-backend-sqlite3/schema/"
                      "schema.sqlite3.sql")
ZONE = "dyn.test"


def fill(store, *arguments, zone=ZONE):
    """fill_store: -f FILE, -n HOSTS, -r REGISTERED; zone None: an empty
    store."""
    needs(FILL)
    subprocess.run([str(FILL), str(store), *([zone] if zone else []),
                    *map(str, arguments)], check=True)
    return store


def conf_for(work, store):
    return work.write("store.conf", f'store = "{store}"\n')


def pdns_on(work, store, connector="pipe", **options):
    """PowerDNS on this store; options of PdnsServer."""
    needs(programs.backend)
    if connector == "pipe":
        connector = (f"pipe:command={programs.backend} -s {store},"
                     "timeout=0")
    return PdnsServer(work, conf_for(work, store), connector, **options)


def gsqlite3_with(work, zone_file, registered=(), zone=ZONE):
    """PowerDNS's own backend, filled by pdnsutil from the same file."""
    needs(SCHEMA)
    path = work / "oracle.db"
    db = sqlite3.connect(path)
    db.executescript(SCHEMA.read_text())
    db.commit()
    server = PdnsServer(work, None, "none", name="oracle")
    server.options.update({"launch": "gsqlite3", "gsqlite3-database": path})
    del server.options["remote-connection-string"]
    del server.options["remote-dnssec"]
    work.write("oracle/pdns.conf", "".join(
        f"{k}={v}\n" for k, v in server.options.items()))
    for command in (["load-zone", zone, zone_file], ["rectify-zone", zone]):
        subprocess.run(["pdnsutil", f"--config-dir={server.home}",
                        *map(str, command)], check=True,
                       capture_output=True)
    for name in registered:
        db.execute("INSERT INTO records (domain_id, name, type, content, ttl,"
                   " prio, disabled, ordername, auth) VALUES"
                   " (1, ?, NULL, NULL, NULL, NULL, 0, NULL, 1)", (name,))
    db.commit()
    db.close()
    return server


def whole_answer(port, name, kind, tcp=False):
    """All that a server said, in a form that compares."""
    query = dns.message.make_query(name, kind, use_edns=0, payload=4096)
    query.flags &= ~dns.flags.RD
    send = dns.query.tcp if tcp else dns.query.udp
    reply = send(query, "127.0.0.1", port=port, timeout=5)
    said = {"rcode": dns.rcode.to_text(reply.rcode()),
            "flags": dns.flags.to_text(reply.flags)}
    for section in ("answer", "authority", "additional"):
        # in any order, but with the case and the TTL that were sent; of an
        # empty wildcard PowerDNS itself makes a record of type 0, from
        # whatever backend
        said[section] = sorted(
            line for rrset in getattr(reply, section)
            for line in rrset.to_text().splitlines() if " TYPE0 " not in line)
    return said


class Pipe:
    """pdns-backend-ddns with us in PowerDNS's place."""

    def __init__(self, store, argv=None):
        needs(programs.backend)
        self.popen = subprocess.Popen(
            argv or [str(programs.backend), "-s", str(store)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.stdin.close()
        self.popen.stdout.close()
        assert self.popen.wait(10) == 0  # the end of input ends it

    def send(self, data):
        self.popen.stdin.write(data)
        self.popen.stdin.flush()

    def line(self):
        return self.popen.stdout.readline()

    def raw(self, request):
        """Bytes of a line out, the reply's object in."""
        self.send(request + b"\n")
        return json.loads(self.line())

    def call(self, method, **parameters):
        return self.raw(json.dumps(
            {"method": method, "parameters": parameters}).encode())["result"]

    def lookup(self, name, kind="ANY", zone_id=1):
        return self.call("lookup", qname=name, qtype=kind,
                         **{"zone-id": zone_id})
