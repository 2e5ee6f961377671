# SPDX-License-Identifier: BSD-3-Clause
"""The module's start, reloads and end inside Unbound."""

import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import dns.exception
import dns.rcode

from ddnstest import (Unbound, needs, notify, notify_message, programs,
                      render, wait_until)
from ddnstest.auth import ScriptedAuth
from ddnstest.storm import Storm

ZONE = "dyn.test"
HOST = "h." + ZONE


@pytest.fixture
def auth():
    server = ScriptedAuth(ZONE, "other.test", "late.test")
    server.set(HOST, "A", "192.0.2.1")
    yield server
    server.end()


@pytest.fixture
def unbound(work, auth):
    return Unbound(work, {ZONE: auth.port, "other.test": auth.port,
                          "late.test": auth.port}, zones={ZONE: 0})


def tell(unbound, name=HOST, kind="A", **options):
    reply = notify(unbound.notify_port, name, kind, unbound.key, **options)
    assert reply.rcode() == dns.rcode.NOERROR


def works(auth, unbound):
    """Answers, drops, and answers what is new."""
    old = f"192.0.2.{random.randrange(1, 100)}"
    new = f"192.0.2.{random.randrange(100, 200)}"
    auth.set(HOST, "A", old)
    tell(unbound)
    assert unbound.ask(HOST).values == [old]
    auth.set(HOST, "A", new)
    assert unbound.ask(HOST).values == [old]
    tell(unbound)
    assert unbound.ask(HOST).values == [new]


def reload(unbound, command="reload"):
    starts = unbound.process.log_text().count("start of service")
    assert "ok" in unbound.command(command)
    unbound.process.ready(
        lambda: unbound.process.log_text().count("start of service") > starts)
    unbound.process.ready(unbound.answers)


def edit(path, old, new):
    text = pathlib.Path(path).read_text()
    assert old in text
    pathlib.Path(path).write_text(text.replace(old, new))


# --- start ---

def fails(unbound, *said):
    """Unbound does not start, and its log says why."""
    needs(programs.unbound, programs.module)
    unbound.start(wait=False)
    assert unbound.process.popen.wait(20) != 0
    log = unbound.process.log_text()
    for text in said:
        assert text in log, log
    assert log.count("error: unbound-ddns:") == 1
    return log


def start_edited(unbound, path, old, new):
    write = unbound.write

    def edited():
        write()
        edit(path, old, new)
    unbound.write = edited


def test_no_configuration_file(unbound):
    write = unbound.write

    def without():
        write()
        os.unlink(unbound.module_conf)
    unbound.write = without
    fails(unbound, "unbound-ddns.conf", "No such file")


@pytest.mark.parametrize("old, new, said", [
    ("listen", "lisssten", "unbound-ddns.conf:1"),
    ("algorithm = \"hmac-sha256\"", "algorithm = \"rot13\"", "rot13"),
    (".key\"", ".yek\"", ".yek"),
    ("zone \"dyn.test\" {", "zone \"dyn..test\" {", "domain name"),
    ("zone \"dyn.test\" {\n}", "", "needs one \"zone\""),
    ("zone \"dyn.test\" {\n}",
     "zone \"dyn.test\" {\n}\nzone \"DYN.test.\" {\n}", "twice"),
])
def test_mistake_in_the_configuration_file(unbound, old, new, said):
    start_edited(unbound, unbound.module_conf, old, new)
    fails(unbound, said)


def test_folder_in_place_of_the_configuration_file(unbound):
    write = unbound.write

    def folder():
        write()
        unbound.module_conf = unbound.dir.path
    unbound.write = folder
    fails(unbound, "Is a directory")


def test_port_in_use(unbound):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", unbound.notify_port))
        fails(unbound, f"port {unbound.notify_port}", "in use")


@pytest.mark.parametrize("order", ["validator dynlib iterator"])
def test_wrong_place_in_module_config(unbound, order):
    unbound.module_config = order
    fails(unbound, "wrong order in module-config",
          "dynlib validator iterator")


@pytest.mark.parametrize("order", [
    "dynlib validator iterator", "dynlib iterator",
    "dns64 dynlib validator iterator", "dynlib respip validator iterator",
    "dynlib subnetcache validator iterator"])
def test_right_places_in_module_config(auth, unbound, order):
    unbound.module_config = order
    unbound.start()
    works(auth, unbound)


def compile_against(work, headers):
    """The module once more, with other headers of Unbound."""
    build = programs.build
    source = pathlib.Path(__file__).resolve().parents[2]
    out = work / "other.so"
    archives = [build / ".libs" / f"libddns-{n}.a"
                for n in ("module", "conf")]
    needs(*archives)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-w", "-D_GNU_SOURCE",
         "-iquote", str(headers), f"-I{source}",
         str(source / "unbound-module/module.c"),
         str(source / "unbound-module/cache.c"),
         *map(str, archives), "-lconfuse", "-lcrypto", "-Wl,-z,now",
         "-o", str(out)], check=True)
    return out


OTHER_HEADERS = {
    "version": ("config.h", r'#define PACKAGE_STRING "[^"]*"',
                '#define PACKAGE_STRING "unbound 1.16.2"',
                "built for unbound 1.16.2"),
    "size": ("util/module.h", r"(\n\tint unique_mesh;)",
             r"\1\n\tvoid *more[8];", "module_env has another size"),
    "subnet": ("config.h", r"#define CLIENT_SUBNET 1", "",
               "--enable-subnet"),
    "layout": ("util/storage/slabhash.h", r"(struct slabhash \{)",
               r"\1\n\tlong more[2];", "laid out differently"),
}


@pytest.mark.parametrize("what", OTHER_HEADERS)
def test_built_for_another_unbound(work, unbound, monkeypatch, what):
    name, old, new, said = OTHER_HEADERS[what]
    needs(programs.unbound)
    source = programs.unbound.parents[1] / "src"
    headers = work / "headers"
    shutil.copytree(source, headers, ignore=lambda d, names: [
        n for n in names if not (n.endswith(".h") or pathlib.Path(
            d, n).is_dir()) or n in (".pc", "debian", "testdata", "doc")])
    path = headers / name
    text, count = re.subn(old, new, path.read_text())
    assert count == 1
    path.write_text(text)
    monkeypatch.setattr(programs, "module", compile_against(work, headers))
    log = fails(unbound, said, "--with-unbound-source")
    assert "1.17" in log


def test_chroot_and_another_user(work, auth, unbound):
    if os.geteuid() != 0:
        pytest.skip("only root can")
    needs(programs.unbound, programs.module)
    user = "nobody"
    jail = work.mkdir("jail")
    work.path.chmod(0o755)
    shutil.copy(programs.module, jail / "unbound-ddns.so")
    # dlopen() looks inside the jail for what Unbound has not loaded itself
    linked = subprocess.run(["ldd", programs.module], text=True, check=True,
                            capture_output=True).stdout
    library = re.search(r"libconfuse\S* => (\S+)", linked).group(1)
    inside = jail / library.lstrip("/")
    inside.parent.mkdir(parents=True)
    shutil.copy(library, inside)
    write = unbound.write

    def jailed():
        write()
        edit(unbound.conf, 'chroot: ""', f'chroot: "{jail}"')
        edit(unbound.conf, 'username: ""', f'username: "{user}"')
        edit(unbound.conf, f'directory: "{work.path}"', 'directory: "/"')
        edit(unbound.conf, f"dynlib-file: {programs.module}",
             "dynlib-file: /unbound-ddns.so")
        shutil.move(unbound.module_conf, jail / "unbound-ddns.so.conf")
        shutil.copy(unbound.key.file, jail / "k")
        edit(jail / "unbound-ddns.so.conf", str(unbound.key.file), "/k")
        for path in (jail / "k", jail / "unbound-ddns.so.conf"):
            os.chown(path, 0, pwd.getpwnam(user).pw_gid)
            path.chmod(0o640)
        unbound.module_conf = ""  # so it is found beside the library
        shutil.copy(unbound.conf, jail / "unbound.conf")
        (jail / "unbound.conf").chmod(0o644)
        unbound.conf = jail / "unbound.conf"  # a reload reads it again
    unbound.write = jailed
    unbound.start()
    assert os.stat(f"/proc/{unbound.process.pid}").st_uid == \
        pwd.getpwnam(user).pw_uid
    works(auth, unbound)
    reload(unbound)
    works(auth, unbound)


# --- reload ---

@pytest.mark.parametrize("command", ["reload", "reload_keep_cache"])
def test_reload(auth, unbound, command):
    unbound.start()
    works(auth, unbound)
    auth.set(HOST, "A", "192.0.2.210")
    tell(unbound)
    unbound.ask(HOST)
    asked = auth.asked(HOST, "A")
    reload(unbound, command)
    unbound.ask(HOST)
    if command == "reload_keep_cache":
        assert auth.asked(HOST, "A") == asked  # it was kept
    works(auth, unbound)


def test_reload_takes_new_settings(auth, unbound):
    unbound.start()
    auth.set("a.late.test", "A", "192.0.2.1")
    reply = notify(unbound.notify_port, "a.late.test", "A", unbound.key)
    assert reply.rcode() == dns.rcode.REFUSED
    edit(unbound.module_conf, "zone \"dyn.test\" {\n}",
         "zone \"dyn.test\" {\n}\nzone \"late.test\" {\n\tmax-ttl = 20\n}")
    reload(unbound)
    tell(unbound, "a.late.test")
    assert unbound.ask("a.late.test").ttl <= 20


@pytest.mark.parametrize("broken", ["nonsense", "", "include(\"/\")\n",
                                    None])
def test_bad_file_at_a_reload_keeps_the_last_good_settings(auth, unbound,
                                                           broken):
    unbound.start()
    works(auth, unbound)
    good = unbound.module_conf.read_text()
    if broken is None:
        unbound.module_conf.unlink()
    else:
        unbound.module_conf.write_text(broken)
    reload(unbound)
    assert "stay in force" in unbound.process.log_text()
    works(auth, unbound)
    unbound.module_conf.write_text(good)
    reload(unbound)
    assert unbound.process.log_text().count("stay in force") == 1
    works(auth, unbound)


def test_wrong_order_at_a_reload_does_not_stop_the_resolver(auth, unbound):
    unbound.start()
    works(auth, unbound)
    edit(unbound.conf, "dynlib validator iterator",
         "validator dynlib iterator")
    reload(unbound)
    assert "goes on without the module" in unbound.process.log_text()
    assert unbound.ask("ns." + ZONE).values == ["127.0.0.1"]
    with pytest.raises((dns.exception.Timeout, OSError)):
        notify(unbound.notify_port, HOST, "A", unbound.key, timeout=0.3)
    edit(unbound.conf, "validator dynlib iterator",
         "dynlib validator iterator")
    reload(unbound)
    works(auth, unbound)


def test_port_taken_at_a_reload_is_tried_again(auth, unbound):
    unbound.start()
    works(auth, unbound)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        edit(unbound.module_conf, f":{unbound.notify_port}", f":{port}")
        reload(unbound)
        assert "trying again" in unbound.process.log_text()
        assert unbound.ask("ns." + ZONE).values == ["127.0.0.1"]
    unbound.process.ready(
        lambda: "listens again" in unbound.process.log_text())
    unbound.notify_port = port
    works(auth, unbound)


class PatientStorm(Storm):
    """Asks again until it is acknowledged, as ddnsd does."""

    gaps = 0

    def update(self, i):
        self.change(i)
        message = render(notify_message(self.hosts[i], "A",
                                        self.unbound.key))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.05)
            s.connect(("127.0.0.1", self.unbound.notify_port))
            for _ in range(200):
                try:
                    s.send(message)
                    reply = s.recv(4096)
                    assert reply[3] & 15 == 0
                    break
                except TimeoutError:
                    self.gaps += 1
                except ConnectionRefusedError:
                    time.sleep(0.05)
                    self.gaps += 1
            else:
                raise AssertionError("never acknowledged")
        self.acked[i] = self.versions[i]


@pytest.mark.parametrize("command", ["reload", "reload_keep_cache"])
def test_reloads_under_load(auth, unbound, show, command):
    """With caches that change their size, so that Unbound frees them."""
    unbound.server = "\trrset-cache-size: 4m\n"
    unbound.start()
    hosts = [f"h{i}.{ZONE}" for i in range(8)]
    storm = PatientStorm(unbound, auth, hosts, list(enumerate(hosts)))
    auth.delay(lambda: random.uniform(0.002, 0.010))
    stop = threading.Event()
    count = 0

    def reloads():
        nonlocal count
        size = 4
        while not stop.is_set():
            new = random.choice([4, 5, 8, 16])
            edit(unbound.conf, f"rrset-cache-size: {size}m",
                 f"rrset-cache-size: {new}m")
            size = new
            reload(unbound, command)
            count += 1
            told = storm.versions[:]
            wait_until(lambda: stop.is_set() or sum(storm.versions)
                       > sum(told) + 50, timeout=30)
    thread = threading.Thread(target=reloads)
    thread.start()
    try:
        got = storm.run(6, processes=1, clients=4, patience=0.2)
    finally:
        stop.set()
        thread.join(30)
    show(f"{command}: {count} reloads, {storm.gaps} tries again, {got}")
    assert unbound.process.running()
    assert count >= 5 and got["updates"] > 100 and got["answers"] > 100
    assert got["old"] == 0
    del auth.delays[:]
    works(auth, unbound)


# --- end ---

def test_ends_cleanly_with_clients_connected(auth, unbound):
    unbound.start()
    works(auth, unbound)
    with socket.create_connection(("127.0.0.1", unbound.notify_port)):
        assert unbound.end() == 0
    log = unbound.process.log_text()
    assert "2 names dropped" in log and "last drop took" in log


def test_statistics_at_unbound_s_interval(auth, unbound):
    unbound.server = "\tstatistics-interval: 1\n"
    unbound.start()
    works(auth, unbound)
    wait_until(lambda: "2 acknowledged" in unbound.process.log_text(),
               what="a line of statistics")


def test_signals_are_unbound_s(auth, unbound):
    """SIGHUP reloads and SIGTERM ends, also while the module is busy."""
    unbound.start()
    for _ in range(3):
        starts = unbound.process.log_text().count("start of service")
        unbound.process.signal(signal.SIGHUP)
        unbound.process.ready(lambda: unbound.process.log_text().count(
            "start of service") > starts)
        works(auth, unbound)
    assert unbound.end() == 0
