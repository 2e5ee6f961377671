# SPDX-License-Identifier: BSD-3-Clause
"""One class for each program: its configuration file and its life."""

import base64
import json
import os
import socket
import subprocess

import dns.exception
import dns.name
import dns.tsig

from .dns import ask
from .http import request, update
from .proc import free_port, needs, programs, wait_until


def quoted(value):
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def option(name, value):
    """One line of a libconfuse file."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int):
        value = str(value)
    elif isinstance(value, (list, tuple)):
        value = "{" + ", ".join(
            str(v) if isinstance(v, int) else quoted(v) for v in value) + "}"
    else:
        value = quoted(value)
    return f"{name} = {value}\n"


def section(kind, title, options):
    lines = "".join("\t" + option(k, v) for k, v in options.items())
    return f"{kind} {quoted(title)} {{\n{lines}}}\n"


def tcp_open(port, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        return s.connect_ex((host, port)) == 0


def unix_open(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        return s.connect_ex(str(path)) == 0


class TsigKey:
    """A shared secret, and the file that holds it."""

    def __init__(self, directory, name="ddns-notify",
                 algorithm="hmac-sha256", secret=None):
        self.name = name
        self.algorithm = algorithm
        self.secret = secret or base64.b64encode(os.urandom(32)).decode()
        self.file = directory.write(f"{name}.key", self.secret + "\n")

    def keyring(self):
        return {dns.name.from_text(self.name): dns.tsig.Key(
            self.name, self.secret, self.algorithm)}


class Ddnsctl:
    """The administrator's command line."""

    def __init__(self, conf):
        self.conf = conf

    def run(self, *arguments, check=True, stdin=None, timeout=60):
        needs(programs.ddnsctl)
        done = subprocess.run(
            [str(programs.ddnsctl), "-c", str(self.conf),
             *map(str, arguments)],
            input=stdin, stdin=None if stdin is not None
            else subprocess.DEVNULL,
            text=True, capture_output=True, timeout=timeout)
        if check:
            assert done.returncode == 0, (
                f"ddnsctl {' '.join(map(str, arguments))}: "
                f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def __call__(self, *arguments, **options):
        return self.run(*arguments, **options).stdout.strip()

    def json(self, *arguments, **options):
        return json.loads(self("--json", *arguments, **options))

    def log(self, *filters):
        """The journal as a list of rows, oldest first."""
        return self.json("log", *filters)


class Ddnsd:
    """ddnsd and its configuration file.

    The file is written by __init__, so that ddnsctl and the backend can use
    it before ddnsd runs.  options: more of ddnsd.conf; subscribers: a dict
    of title to options.
    """

    def __init__(self, directory, authority=None, subscribers=None,
                 options=None, name="ddnsd", store=None, dns=False):
        self.dir = directory
        self.name = name
        self.http = free_port()
        self.https = free_port() if authority else None
        self.dns = free_port() if dns else None
        self.ca = authority.ca if authority else None
        self.store = store or directory / "ddnsd.db"
        self.key_file = directory / "ddnsd.key"
        self.subscribers = dict(subscribers or {})
        self.options = {
            "store": self.store,
            "key-file": self.key_file,
            "log-level": "debug",
            "http-listen": [f"127.0.0.1:{self.http}"],
        }
        if authority:
            certificate, key = authority.server(name)
            self.options.update({
                "https-listen": [f"127.0.0.1:{self.https}"],
                "tls-certificate": certificate, "tls-key": key})
        if dns:
            self.options["dns-listen"] = [f"127.0.0.1:{self.dns}"]
        self.options.update(options or {})
        self.conf = directory / f"{name}.conf"
        self.write()
        self.ctl = Ddnsctl(self.conf)
        self.process = None

    def write(self):
        text = "".join(option(k, v) for k, v in self.options.items())
        for title, options in self.subscribers.items():
            text += section("subscriber", title, options)
        self.dir.write(self.conf.name, text)

    def start(self, wait=True):
        needs(programs.ddnsd)
        self.process = self.dir.spawn(
            [programs.ddnsd, "-c", self.conf], log=f"{self.name}.log")
        if wait:
            self.process.ready(lambda: tcp_open(self.dns or self.http))
        return self

    def end(self):
        return self.process.end()

    def kill(self):
        self.process.kill()

    def restart(self):
        self.end()
        return self.start()

    def update(self, hostname, myip=None, token=None, tls=None, **options):
        """Over HTTPS where there is a certificate."""
        tls = self.ca is not None if tls is None else tls
        return update(self.https if tls else self.http, hostname, myip,
                      token, ca=self.ca if tls else None, **options)

    def request(self, target, tls=None, **options):
        tls = self.ca is not None if tls is None else tls
        return request(self.https if tls else self.http, target,
                       ca=self.ca if tls else None, **options)


class BackendServer:
    """pdns-backend-ddns on a unix socket."""

    def __init__(self, directory, conf, name="backend"):
        self.dir = directory
        self.conf = conf
        self.name = name
        self.path = directory / f"{name}.sock"
        self.process = None

    def start(self):
        needs(programs.backend)
        if self.path.exists():
            self.path.unlink()
        self.process = self.dir.spawn(
            [programs.backend, "-c", self.conf, "-u", self.path],
            log=f"{self.name}.log")
        self.process.ready(lambda: self.path.exists()
                           and unix_open(self.path))
        return self

    def end(self):
        return self.process.end()

    def kill(self):
        self.process.kill()


class PdnsServer:
    """pdns_server with the remote backend.

    connector  "pipe" (the one we ship), "unix" (starts a BackendServer), or
               a whole connection string
    caches     "default", or "off"
    """

    def __init__(self, directory, conf, connector="pipe", caches="default",
                 options=None, name="pdns"):
        self.dir = directory
        self.conf = conf
        self.name = name
        self.port = free_port()
        self.home = directory.mkdir(name)
        self.control = self.home / "pdns.controlsocket"
        self.backend = None
        if connector == "pipe":
            connector = (f"pipe:command={programs.backend} -c {conf},"
                         "timeout=0")
        elif connector == "unix":
            self.backend = BackendServer(directory, conf, f"{name}-backend")
            connector = f"unix:path={self.backend.path},timeout=2000"
        self.options = {
            "launch": "remote",
            "remote-connection-string": connector,
            "remote-dnssec": "yes",
            "local-address": "127.0.0.1",
            "local-port": self.port,
            "socket-dir": self.home,
            "daemon": "no", "guardian": "no", "write-pid": "no",
            "disable-syslog": "yes", "log-timestamp": "yes",
            "loglevel": 4,
            "security-poll-suffix": "",
            "zone-cache-refresh-interval": 60,
        }
        if caches == "off":
            self.options.update({"cache-ttl": 0, "query-cache-ttl": 0,
                                 "negquery-cache-ttl": 0})
        self.options.update(options or {})
        self.process = None

    def start(self, wait=True):
        needs(programs.pdns)
        if self.backend:
            self.backend.start()
        elif str(programs.backend) in self.options.get(
                "remote-connection-string", ""):
            needs(programs.backend)
        self.dir.write(f"{self.name}/pdns.conf", "".join(
            f"{k}={v}\n" for k, v in self.options.items()))
        if self.control.exists():
            self.control.unlink()
        self.process = self.dir.spawn(
            [programs.pdns, f"--config-dir={self.home}"],
            log=f"{self.name}.log")
        if wait:
            self.process.ready(lambda: self.control.exists()
                               and self.answers())
        return self

    def answers(self):
        try:
            ask(self.port, "version.test", "SOA", timeout=0.5)
            return True
        except (dns.exception.Timeout, OSError):
            return False

    def end(self):
        status = self.process.end()
        if self.backend:
            self.backend.end()
        return status

    def kill(self):
        self.process.kill()

    def ask(self, name, kind="A", **options):
        return ask(self.port, name, kind, **options)

    def command(self, line, timeout=5.0):
        """Through the control socket, as pdns_control does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(timeout)
            s.connect(str(self.control))
            s.sendall(line.encode() + b"\n")
            data = b""
            while True:
                got = s.recv(65536)
                if not got:
                    return data.decode()
                data += got


class Unbound:
    """A resolver whose zones are stubs at an authoritative server.

    module    with unbound-ddns.so: needs the Unbound built with dynlib
    stubs     dict of zone to port on loopback
    zones     of the module: dict of zone to max-ttl in seconds, 0: no cap
    server    more lines for the server: clause
    """

    def __init__(self, directory, stubs, module=True, zones=None, key=None,
                 threads=2, server="", more="", name="unbound", allow=None,
                 grace=None, module_config=None):
        self.dir = directory
        self.name = name
        self.port = free_port()
        self.module = module
        self.stubs = stubs
        self.zones = zones or {zone: 0 for zone in stubs}
        self.threads = threads
        self.server = server
        self.more = more
        self.grace = grace
        self.allow = allow or ["127.0.0.0/8"]
        self.module_config = module_config or (
            "dynlib validator iterator" if module else "validator iterator")
        self.program = programs.unbound if module else programs.stock_unbound
        self.notify_port = free_port() if module else None
        self.key = key or (TsigKey(directory, f"{name}-notify")
                           if module else None)
        self.control = directory / f"{name}.ctl"
        self.conf = directory / f"{name}.conf"
        self.module_conf = directory / f"{name}-ddns.conf"
        self.process = None

    def write(self):
        stubs = "".join(
            f'stub-zone:\n\tname: "{zone}"\n\tstub-addr: 127.0.0.1@{port}\n'
            for zone, port in self.stubs.items())
        # Unbound answers "test." by itself (RFC 6761), unless told not to
        local = "".join(
            f'\tlocal-zone: "{zone}" nodefault\n'
            f'\tdomain-insecure: "{zone}"\n' for zone in self.stubs)
        dynlib = (f"dynlib:\n\tdynlib-file: {programs.module}\n"
                  if self.module else "")
        self.dir.write(self.conf.name, f"""server:
	interface: 127.0.0.1@{self.port}
	port: {self.port}
	num-threads: {self.threads}
	do-daemonize: no
	use-syslog: no
	logfile: ""
	log-time-ascii: yes
	verbosity: 1
	username: ""
	chroot: ""
	directory: "{self.dir.path}"
	pidfile: ""
	do-ip6: no
	do-not-query-localhost: no
	outgoing-port-avoid: 1024-32767
	access-control: 127.0.0.0/8 allow
	target-fetch-policy: "0 0 0 0 0"
	module-config: "{self.module_config}"
	local-zone: "test." nodefault
{local}{self.server}
remote-control:
	control-enable: yes
	control-interface: {self.control}
	control-use-cert: no
{dynlib}{stubs}{self.more}""")
        if self.module:
            text = option("listen", [f"127.0.0.1:{self.notify_port}"])
            text += option("allow", self.allow)
            if self.grace is not None:
                text += option("grace", self.grace)
            text += section("key", self.key.name, {
                "algorithm": self.key.algorithm, "file": self.key.file})
            for zone, ttl in self.zones.items():
                text += section("zone", zone,
                                {"max-ttl": ttl} if ttl else {})
            self.dir.write(self.module_conf.name, text)

    def start(self, wait=True):
        needs(self.program, *([programs.module] if self.module else []))
        self.write()
        if self.control.exists():
            self.control.unlink()
        self.process = self.dir.spawn(
            [self.program, "-d", "-c", self.conf], log=f"{self.name}.log",
            env={"DDNS_UNBOUND_CONF": str(self.module_conf)})
        if wait:
            self.process.ready(lambda: self.control.exists()
                               and self.answers())
            if self.module:
                self.process.ready(lambda: tcp_open(self.notify_port))
        return self

    def answers(self):
        try:
            ask(self.port, "version.bind", "SOA", timeout=0.5)
            return True
        except (dns.exception.Timeout, OSError):
            return False

    def end(self):
        return self.process.end()

    def kill(self):
        self.process.kill()

    def ask(self, name, kind="A", **options):
        return ask(self.port, name, kind, **options)

    def command(self, line, timeout=30.0):
        """Through the control socket, as unbound-control does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(timeout)
            s.connect(str(self.control))
            s.sendall(f"UBCT1 {line}\n".encode())
            data = b""
            while True:
                got = s.recv(65536)
                if not got:
                    return data.decode()
                data += got

    def subscriber(self):
        """The section that makes ddnsd tell this resolver."""
        if not self.module:
            return {"kind": "unbound-control", "address": str(self.control)}
        return {"kind": "notify",
                "address": f"127.0.0.1:{self.notify_port}",
                "key-name": self.key.name,
                "key-algorithm": self.key.algorithm,
                "key-file": str(self.key.file)}


__all__ = ["BackendServer", "Ddnsctl", "Ddnsd", "PdnsServer", "TsigKey",
           "Unbound", "option", "section", "tcp_open", "unix_open",
           "wait_until"]
