# SPDX-License-Identifier: BSD-3-Clause
"""Whatever stops, breaks or goes away comes back without help: until then
SERVFAIL, never NXDOMAIN or REFUSED, which would be kept."""

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import termios
import threading

import pytest

from ddnstest import Dir, needs, programs, wait_until
from pdnstest import ZONE, Pipe, fill, pdns_on

HOSTS = 50
ENDS = ("", "-wal", "-shm")  # the files of a store
OLD, NEW = "10.0.0.7", "192.0.2.77"
NAME = f"host0000007.{ZONE}"


@pytest.fixture
def store(work):
    return fill(work / "ddnsd.db", "-n", HOSTS)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split()]


def keepers(server):
    """The processes that PowerDNS has started, from whatever thread."""
    home = f"/proc/{server.process.pid}/task"
    found = []
    for thread in os.listdir(home):
        with open(f"{home}/{thread}/children") as f:
            found += map(int, f.read().split())
    return found


def workers(server):
    """Their children, which answer."""
    return [child for pid in keepers(server) for child in children(pid)]


def rcodes(server, count=HOSTS):
    """Of so many names, each asked once."""
    return [server.ask(f"host{i:07d}.{ZONE}").rcode for i in range(count)]


def heals(server, timeout=5.0):
    """Every thread answers again."""
    wait_until(lambda: set(rcodes(server)) == {"NOERROR"}, timeout, "healed")


def unread(pipe):
    """Bytes that wait in a pipe."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD,
                                          bytes(4)))[0]


@contextlib.contextmanager
def locked_store(work):
    """The path of a store that nobody else can read."""
    path = work / "locked.db"
    db = sqlite3.connect(path)
    db.executescript("PRAGMA journal_mode = WAL;"
                     "PRAGMA locking_mode = EXCLUSIVE;"
                     "CREATE TABLE t (i); INSERT INTO t VALUES (1);")
    yield path
    db.close()


def test_killed_workers_cost_nothing_while_they_are_idle(work, store):
    server = pdns_on(work, store, caches="off").start()
    heals(server)
    for _ in range(5):
        before = workers(server)
        assert len(before) >= 3
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        assert set(rcodes(server)) == {"NOERROR"}
        assert not set(workers(server)) & set(before)


def test_killed_workers_under_load_heal(work, store):
    server = pdns_on(work, store, caches="off").start()
    heals(server)
    ended = threading.Event()

    def kill():
        while not ended.wait(0.02):
            for pid in workers(server):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        got = [code for _ in range(20) for code in rcodes(server)]
    finally:
        ended.set()
        killer.join()
    assert set(got) <= {"NOERROR", "SERVFAIL"}
    assert got.count("NOERROR") > len(got) / 2
    heals(server)


def test_killed_worker_leaves_its_request_to_the_next(work, store):
    with Pipe(store) as pipe:
        assert pipe.lookup(NAME)[0]["content"] == OLD
        [worker] = children(pipe.popen.pid)
        os.kill(worker, signal.SIGSTOP)
        pipe.send(b'{"method":"getDomainInfo","parameters":'
                  b'{"name":"dyn.test."}}\n')
        os.kill(worker, signal.SIGKILL)
        assert json.loads(pipe.line())["result"]["id"] == 1
        assert pipe.lookup(NAME)[0]["content"] == OLD


def test_killed_worker_owes_its_request_a_failure(work, store):
    request = (b'{"method":"getDomainInfo","parameters":'
               b'{"name":"dyn.test."}}\n')
    with Pipe(store) as pipe, locked_store(work) as locked:
        assert pipe.lookup(NAME)[0]["content"] == OLD
        os.rename(store, work / "away")
        os.rename(locked, store)
        wait_until(lambda: pipe.lookup(NAME) is None)
        [worker] = children(pipe.popen.pid)
        pipe.send(request)  # for a second it waits for the lock
        wait_until(lambda: unread(pipe.popen.stdin) == 0, 0.5)
        os.kill(worker, signal.SIGKILL)
        assert json.loads(pipe.line())["result"] is None
        os.rename(work / "away", store)
        assert pipe.raw(request[:-1])["result"]["id"] == 1
        assert worker not in children(pipe.popen.pid)


def test_restarted_unix_server_costs_one_servfail_each(work, store):
    server = pdns_on(work, store, "unix", caches="off").start()
    heals(server)
    for end in (server.backend.kill, server.backend.end):
        end()
        assert set(rcodes(server, 4)) == {"SERVFAIL"}
        server.backend.start()
        heals(server)


def test_restarted_powerdns_leaves_no_worker_behind(work, store):
    server = pdns_on(work, store).start()
    heals(server)
    before = workers(server)
    server.end()
    wait_until(lambda: not any(os.path.exists(f"/proc/{p}")
                               for p in before), 5, "workers gone")
    server.start()
    assert server.ask(NAME) == OLD


def test_powerdns_waits_at_its_start_for_the_store(work):
    store = work / "late.db"
    # PowerDNS may see the store when its zone is not in it yet
    server = pdns_on(work, store, caches="off", options={
        "zone-cache-refresh-interval": 1}).start(wait=False)
    wait_until(lambda: keepers(server), 10, "PowerDNS asks")
    with pytest.raises(AssertionError):
        wait_until(lambda: not server.process.running(), 0.7)
    fill(store, "-n", 1)
    server.process.ready(lambda: server.control.exists()
                         and server.answers())
    wait_until(lambda: server.ask(f"host0000000.{ZONE}") == "10.0.0.0", 10)


@pytest.mark.parametrize("connector", ["pipe", "unix"])
def test_empty_store_is_no_reason_to_end(work, connector):
    store = fill(work / "empty.db", zone=None)
    server = pdns_on(work, store, connector).start()
    assert server.ask(NAME).rcode == "REFUSED"
    fill(store, "-n", HOSTS)
    # the zone cache first, then what says REFUSED
    server.command("REDISCOVER")
    server.command(f"PURGE {ZONE}$")
    assert server.ask(NAME) == OLD


@pytest.mark.parametrize("connector", ["pipe", "unix"])
@pytest.mark.parametrize("trouble", ["missing", "garbage", "locked",
                                     "schema of another version"])
def test_store_in_trouble_is_servfail_and_heals(work, store, connector,
                                                trouble):
    server = pdns_on(work, store, connector, caches="off").start()
    heals(server)
    for end in ENDS:
        os.link(f"{store}{end}", work / f"away{end}")
    with contextlib.ExitStack() as until_mended:
        if trouble == "missing":
            os.unlink(store)
        else:
            os.rename(bad_store(work, trouble, until_mended), store)
        # each worker looks five times a second which file it is
        wait_until(lambda: set(rcodes(server, 3)) == {"SERVFAIL"}, 20)
        for i in range(3):
            answer = server.ask(f"host{i:07d}.{ZONE}")
            assert answer == "SERVFAIL"
            assert answer.ms < 1900  # the unix connector waits for 2 s
        assert server.ask(f"nx.{ZONE}") == "SERVFAIL"
    for end in ENDS:
        os.rename(work / f"away{end}", f"{store}{end}")
    heals(server)
    assert server.ask(f"nx.{ZONE}") == "NXDOMAIN"


def bad_store(work, trouble, until_mended):
    if trouble == "locked":
        return until_mended.enter_context(locked_store(work))
    path = work / "bad.db"
    if trouble == "garbage":
        path.write_bytes(os.urandom(100000))
    else:
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 9999")
    return path


def test_store_cut_off_under_the_reader_heals(work, store):
    """As by `cp` or a full disk: what was mapped is there no more."""
    whole = work / "whole"
    shutil.copy(store, whole)
    server = pdns_on(work, store, caches="off").start()
    heals(server)
    os.truncate(store, 4096)
    got = rcodes(server)
    assert set(got) <= {"SERVFAIL", "NOERROR"}  # some pages may be kept
    os.rename(whole, store)
    heals(server)


def test_zone_list_survives_a_refresh_without_store(work, store):
    """false or [] here would make every zone REFUSED."""
    server = pdns_on(work, store, caches="off").start()
    heals(server)
    os.rename(store, work / "away")
    with Pipe(store) as pipe:
        pipe.call("initialize", timeout="40")
        assert pipe.call("getAllDomains", include_disabled=True) is None
    # its own connection waits 5 s for the store, then says null
    server.command("REDISCOVER", timeout=20)
    os.rename(work / "away", store)
    assert "REFUSED" not in rcodes(server)
    heals(server)


def replace_address(db, address):
    """As one row of the store, by hand: no transaction of ours hides it."""
    db.execute("UPDATE rr SET content = ?, rdata = ? WHERE name = ?",
               (address, socket.inet_aton(address), NAME))


@pytest.mark.parametrize("connector", ["pipe", "unix"])
def test_only_what_is_committed_is_seen(work, store, connector):
    server = pdns_on(work, store, connector, caches="off").start()
    db = sqlite3.connect(store, isolation_level=None)
    assert server.ask(NAME) == OLD
    for i in range(20):
        old, new = (OLD, NEW) if i % 2 == 0 else (NEW, OLD)
        db.execute("BEGIN IMMEDIATE")
        replace_address(db, new)
        assert {server.ask(NAME).values[0] for _ in range(4)} == {old}
        if i == 10:
            db.execute("ROLLBACK")
            assert {server.ask(NAME).values[0] for _ in range(4)} == {old}
            db.execute("BEGIN IMMEDIATE")
            replace_address(db, new)
        db.execute("COMMIT")
        assert {server.ask(NAME).values[0] for _ in range(4)} == {new}
    db.close()


def test_readers_are_not_held_up_by_a_long_import(work, store):
    server = pdns_on(work, store, caches="off").start()
    heals(server)
    filler = subprocess.Popen(
        [str(programs.build / "tests" / "bench" / "fill_store"), str(store),
         "other.test", "-n", "200000"])
    slowest = count = 0
    while filler.poll() is None:
        answer = server.ask(NAME)
        assert answer == OLD
        slowest, count = max(slowest, answer.ms), count + 1
    assert filler.returncode == 0
    assert count > 20
    assert slowest < 500


@pytest.fixture
def pdns_user():
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    try:
        return pwd.getpwnam("pdns")
    except KeyError:
        pytest.skip("no user pdns")


@pytest.fixture
def public():
    """A directory and a program that another user may reach."""
    directory = Dir()
    os.chmod(directory.path, 0o755)
    needs(programs.backend)
    shutil.copy(programs.backend, directory / "backend")
    os.chmod(directory / "backend", 0o755)
    yield directory
    bad = directory.end()
    directory.remove()
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("writer", ["running", "stopped"])
def test_runs_as_pdns_with_the_right_to_read(public, pdns_user, writer):
    home = public.mkdir("lib")
    store = fill(home / "ddnsd.db", "-n", HOSTS)
    os.chown(home, 0, pdns_user.pw_gid)
    os.chmod(home, 0o750)
    for name in os.listdir(home):
        os.chown(home / name, 0, pdns_user.pw_gid)
        assert os.stat(home / name).st_mode & 0o777 == 0o640, name
    db = None
    if writer == "running":
        db = sqlite3.connect(store, isolation_level=None)
        replace_address(db, NEW)
    server = pdns_on(
        public, store, f"pipe:command={public / 'backend'} -s {store},"
        "timeout=0", caches="off",
        options={"setuid": "pdns", "setgid": "pdns"})
    os.chown(server.home, pdns_user.pw_uid, pdns_user.pw_gid)
    server.start()
    assert server.ask(NAME) == (NEW if db else OLD)
    assert server.ask(f"nx.{ZONE}") == "NXDOMAIN"
    assert {os.stat(f"/proc/{pid}").st_uid for pid in workers(server)} == {
        pdns_user.pw_uid}
    if db is None:  # the daemon comes later
        db = sqlite3.connect(store, isolation_level=None)
    for i in range(10):
        replace_address(db, f"192.0.2.{i}")
        assert server.ask(NAME) == f"192.0.2.{i}"
    db.close()


def activated(work, store, listener, log):
    """pdns-backend-ddns as systemd starts it."""
    return work.spawn(
        ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" -s "$1" 3<&0 '
         "</dev/null", programs.backend, store], log=log, stdin=listener)


def test_socket_activation_keeps_questions_over_a_restart(work, store):
    path = work / "activated.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    first = activated(work, store, listener, "first.log")
    server = pdns_on(work, store, f"unix:path={path},timeout=2000",
                     caches="off").start()
    heals(server)
    assert first.end() == 0
    second = activated(work, store, listener, "second.log")
    got = rcodes(server)
    assert set(got) <= {"NOERROR", "SERVFAIL"}
    assert got.count("SERVFAIL") <= 4  # one for each lost connection
    heals(server)
    assert second.running()
    listener.close()
