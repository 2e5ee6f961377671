# SPDX-License-Identifier: BSD-3-Clause
"""Other servers that take DNS UPDATE: BIND, Knot, PowerDNS with its own
backends.  Each serves one zone and lets one TSIG key change all of it."""

import sqlite3
import subprocess

import dns.exception

from .dns import ask
from .proc import Programs, free_port, needs


class Peer:
    """name, port, start(), end(); the zone file is written by the caller."""

    name = ""
    program = ""

    def __init__(self, directory, zone, key, zone_text):
        self.dir = directory
        self.zone = zone
        self.key = key
        self.port = free_port()
        self.path = Programs.find(self.program)
        self.home = directory.mkdir(self.name)
        self.zone_file = directory.write(f"{self.name}/{zone}.zone",
                                         zone_text, mode=0o644)
        self.process = None

    def start(self):
        needs(self.path)
        self.prepare()
        self.process = self.dir.spawn(self.command(), log=f"{self.name}.log",
                                      cwd=self.home)
        self.process.ready(self.answers, timeout=120)
        return self

    def prepare(self):
        """Writes what the program reads."""

    def command(self):
        raise NotImplementedError

    def answers(self):
        try:
            return ask(self.port, self.zone, "SOA", timeout=0.5).rcode == \
                "NOERROR"
        except (dns.exception.Timeout, OSError):
            return False

    def ask(self, name, kind="A", **options):
        return ask(self.port, name, kind, **options)

    def end(self):
        if self.process:
            self.process.end(timeout=30)


class Bind(Peer):
    name = "bind"
    program = "named"

    def prepare(self):
        self.dir.write(f"{self.name}/named.conf", f"""
options {{
    directory "{self.home}"; pid-file none; session-keyfile none;
    listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; notify no; dnssec-validation no;
}};
controls {{ }};
key "{self.key.name}" {{
    algorithm {self.key.algorithm}; secret "{self.key.secret}";
}};
zone "{self.zone}" {{
    type primary; file "{self.zone_file}";
    allow-transfer {{ 127.0.0.1; }};
    update-policy {{ grant {self.key.name} zonesub ANY; }};
}};
""")

    def command(self):
        return [self.path, "-g", "-n", "2", "-c", self.home / "named.conf"]


class Knot(Peer):
    name = "knot"
    program = "knotd"

    def prepare(self):
        self.dir.write(f"{self.name}/knot.conf", f"""
server:
    listen: 127.0.0.1@{self.port}
    rundir: {self.home}
    user: root:root
database:
    storage: {self.home}
log:
  - target: stderr
    any: warning
key:
  - id: {self.key.name}
    algorithm: {self.key.algorithm}
    secret: {self.key.secret}
acl:
  - id: change
    key: {self.key.name}
    action: [update, transfer]
  - id: copy
    address: 127.0.0.1
    action: transfer
zone:
  - domain: {self.zone}
    file: {self.zone_file}
    storage: {self.home}
    acl: [change, copy]
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
""")

    def command(self):
        return [self.path, "-c", self.home / "knot.conf"]


class PdnsOwn(Peer):
    """pdns_server with one of its own stores: "gsqlite3" or "lmdb"."""

    program = "pdns_server"

    def __init__(self, directory, zone, key, zone_text, backend):
        self.name = f"pdns-{backend}"
        self.backend = backend
        super().__init__(directory, zone, key, zone_text)

    def util(self, *arguments):
        subprocess.run([Programs.find("pdnsutil"),
                        f"--config-dir={self.home}", *arguments], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def prepare(self):
        options = {
            "launch": self.backend, "local-address": "127.0.0.1",
            "local-port": self.port, "socket-dir": self.home,
            "daemon": "no", "guardian": "no", "disable-syslog": "yes",
            "write-pid": "no", "loglevel": 3, "security-poll-suffix": "",
            "dnsupdate": "yes", "allow-dnsupdate-from": "127.0.0.0/8",
        }
        if self.backend == "gsqlite3":
            database = self.home / "pdns.sqlite3"
            options["gsqlite3-database"] = database
            options["gsqlite3-dnssec"] = "yes"
            options["gsqlite3-pragma-synchronous"] = 2
            schema = "/usr/share/pdns-backend-sqlite3/schema/" \
                "schema.sqlite3.sql"
            with open(schema, encoding="ascii") as f, \
                    sqlite3.connect(database) as db:
                db.execute("PRAGMA journal_mode=WAL")
                db.executescript(f.read())
        else:
            options["lmdb-filename"] = self.home / "pdns.lmdb"
        self.dir.write(f"{self.name}/pdns.conf", "".join(
            f"{k}={v}\n" for k, v in options.items()))
        self.util("load-zone", self.zone, str(self.zone_file))
        self.util("import-tsig-key", self.key.name, self.key.algorithm,
                  self.key.secret)
        self.util("set-meta", self.zone, "TSIG-ALLOW-DNSUPDATE",
                  self.key.name)

    def command(self):
        return [self.path, f"--config-dir={self.home}"]


def zone_text(zone, names=0):
    """A zone file with `names` hosts h0, h1, ..."""
    lines = [f"$ORIGIN {zone}.", "$TTL 60",
             f"@ SOA ns1.{zone}. hostmaster.{zone}. 1 3600 600 86400 60",
             "@ NS ns1", "ns1 A 127.0.0.1"]
    lines += [f"h{i} A 10.255.{i >> 8 & 255}.{i & 255}" for i in range(names)]
    return "\n".join(lines) + "\n"
