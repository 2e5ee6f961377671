# SPDX-License-Identifier: BSD-3-Clause
"""ddnsd as a service: certificates, signals, mistakes, and that nothing that
was answered is lost."""

import http.client
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading

import pytest

from ddnstest import programs, wait_until
from ddnstest.http import connect, update
from ddnstest.proc import needs
from ddnstest.web import ZONE, Web


def peer_serial(web):
    with web.connect(tls=True) as link:
        return link.getpeercert()["serialNumber"]


def test_certificate_is_reloaded_without_dropping_anybody(work, authority):
    web = Web(work, authority).start()
    certificate, key = (web.ddnsd.options["tls-certificate"],
                        web.ddnsd.options["tls-key"])
    first = peer_serial(web)
    with web.connect(tls=True) as old:
        assert web.update("hostname=home.dyn.test&myip=192.0.2.1",
                          link=old).text == "good 192.0.2.1\n"
        fresh, fresh_key = authority.server("fresh")
        os.replace(fresh, certificate)
        os.replace(fresh_key, key)
        web.ddnsd.process.signal(signal.SIGHUP)
        wait_until(lambda: peer_serial(web) != first)
        assert web.update("hostname=home.dyn.test&myip=192.0.2.2",
                          link=old).text == "good 192.0.2.2\n"
    second = peer_serial(web)
    # one that cannot be used changes nothing
    certificate.write_text("rubbish")
    web.ddnsd.process.signal(signal.SIGHUP)
    wait_until(lambda: "the old certificate stays"
               in web.ddnsd.process.log_text())
    assert peer_serial(web) == second


def test_log_level_is_reloaded(work):
    web = Web(work, options={"log-level": "error"}).start()
    web.update("hostname=no.dyn.test&myip=192.0.2.1")
    assert "nohost" not in web.ddnsd.process.log_text()
    web.ddnsd.options["log-level"] = "info"
    web.ddnsd.write()
    web.ddnsd.process.signal(signal.SIGHUP)
    wait_until(lambda: "reloaded" in web.ddnsd.process.log_text())
    web.update("hostname=no2.dyn.test&myip=192.0.2.1")
    wait_until(lambda: "no2.dyn.test" in web.ddnsd.process.log_text())
    # a broken file: said, and nothing else happens
    work.write(web.ddnsd.conf.name, "nonsense = 1\n")
    web.ddnsd.process.signal(signal.SIGHUP)
    wait_until(lambda: "nothing reloaded" in web.ddnsd.process.log_text())
    assert web.get("/myip").status == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_versions(work, authority):
    web = Web(work, authority).start()

    def version(low, high):
        context = ssl.create_default_context(cafile=str(web.ddnsd.ca))
        context.minimum_version, context.maximum_version = low, high
        context.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", web.ddnsd.https)) as s:
            with context.wrap_socket(s, server_hostname="127.0.0.1") as t:
                return t.version()
    v = ssl.TLSVersion
    assert version(v.TLSv1_2, v.TLSv1_2) == "TLSv1.2"
    assert version(v.TLSv1_3, v.TLSv1_3) == "TLSv1.3"
    for old in (v.TLSv1, v.TLSv1_1):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            version(old, old)
    # plain HTTP to the TLS port, and a handshake that never comes
    with socket.create_connection(("127.0.0.1", web.ddnsd.https)) as s:
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        s.settimeout(5)
        try:
            assert not s.recv(1000).startswith(b"HTTP")
        except ConnectionResetError:
            pass
    assert web.get("/myip", tls=True).status == 200


def test_stop_finishes_what_is_under_way(work):
    web = Web(work, hosts=[f"h{i}" for i in range(40)]).start()
    answers, stop = [], threading.Event()

    def client(i):
        n = 0
        while not stop.is_set():
            n += 1
            address = f"192.0.{n % 250}.{i + 1}"
            try:
                reply = update(web.ddnsd.http, f"h{i}.{ZONE}", address,
                               web.token)
            except (OSError, http.client.HTTPException):
                return
            answers.append((i, address, reply.text))
    threads = [threading.Thread(target=client, args=(i,)) for i in range(40)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) > 200)
    assert web.ddnsd.end() == 0
    stop.set()
    for thread in threads:
        thread.join()
    stored = {f"h{i}": web.addresses(f"h{i}") for i in range(40)}
    last = {}
    for i, address, text in answers:
        assert text == f"good {address}\n"
        last[i] = address
    rows = {(r["name"], r["new"][0]) for r in web.ctl.log("--changed")
            if r["protocol"] == "dyndns2"}
    for i, address, _ in answers:
        assert (f"h{i}.{ZONE}", address) in rows
    for i, address in last.items():
        # one more may have been stored whose answer did not arrive
        assert stored[f"h{i}"] == [address] or \
            (f"h{i}.{ZONE}", stored[f"h{i}"][0]) in rows
    assert "stopping" in web.ddnsd.process.log_text()


def test_kill_9_loses_nothing_that_was_answered(work):
    """1,000 updates of two hosts and both families each, 50 at a time; kill
    -9 in the middle; three rounds."""
    hosts = [f"k{i}" for i in range(100)]
    web = Web(work, hosts=hosts).start()
    for round_ in range(3):
        answered, lock = [], threading.Lock()
        work_left = list(range(1000))

        def client():
            link = connect(web.ddnsd.http)
            while True:
                with lock:
                    if not work_left:
                        return
                    n = work_left.pop()
                pair = n % 50
                v4 = f"10.{round_ + 1}.{n // 250}.{n % 250}"
                v6 = f"2001:db8:{round_ + 1}::{n:x}"
                try:
                    reply = update(
                        web.ddnsd.http,
                        (f"k{2 * pair}.{ZONE}", f"k{2 * pair + 1}.{ZONE}"),
                        (v4, v6), web.token, connection=link)
                except (OSError, http.client.HTTPException):
                    return
                assert reply.text == f"good {v4},{v6}\n" * 2
                with lock:
                    answered.append((pair, v4, v6))
        threads = [threading.Thread(target=client) for _ in range(50)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answered) > 150 + 100 * round_, pause=0.001)
        web.ddnsd.kill()
        for thread in threads:
            thread.join()
        assert work_left, "killed too late to show anything"
        web.start()
        rows = {}
        for row in web.ctl.log("--changed"):
            if row["protocol"] == "dyndns2":
                rows.setdefault(row["request"], set()).add(
                    (row["name"], row["type"], row["new"][0]))
        stored = {(n, t, a) for found in rows.values() for n, t, a in found}
        for pair, v4, v6 in answered:
            for k in (2 * pair, 2 * pair + 1):
                assert (f"k{k}.{ZONE}", "A", v4) in stored
                assert (f"k{k}.{ZONE}", "AAAA", v6) in stored
        for found in rows.values():  # none half-applied
            assert len(found) == 4, found
        for pair in range(50):
            assert web.addresses(f"k{2 * pair}") \
                == web.addresses(f"k{2 * pair + 1}")


def test_secrets_are_nowhere(work, authority):
    web = Web(work, authority).start()
    url = web.ctl("token", "create", "url", "--account", "alice",
                  "--allow-url", "--allow-http")
    secrets = [web.token, url, "ddns_WrongWrongWrong1",
               "ddns_WrongWrongWrong2"]
    base = "/nic/update?hostname=home.dyn.test&myip=192.0.2.1"
    web.update("hostname=home.dyn.test&myip=192.0.2.1")
    web.update("hostname=home.dyn.test&myip=192.0.2.1", secrets[2])
    web.get(f"{base}&username=u&password={url}")
    web.get(f"{base}&password={secrets[3]}")
    web.get(f"{base}&password={secrets[2]}&token=x")
    web.get(f"/nope?hostname=home.dyn.test&password={url}")
    web.get(f"/u/{url}/?hostname=home.dyn.test")
    web.get(f"/{url}?hostname=home.dyn.test")
    web.get(f"/{'x' * 9000}?password={url}")
    web.get("/nic/update", method="POST",
            body=f"hostname=home.dyn.test&password={secrets[3]}")
    web.raw(f"GET {base}&password={url} HTTP/9.9\r\n\r\n".encode())
    web.rows(3)
    web.ddnsd.end()
    argv = str(web.ddnsd.process.argv)
    for path in work.path.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for secret in secrets:
                assert secret.encode() not in data, path
    assert not any(s in argv for s in secrets)


def run(*arguments):
    needs(programs.ddnsd)
    return subprocess.run([programs.ddnsd, *map(str, arguments)],
                          capture_output=True, text=True, timeout=30)


def test_mistakes_are_named(work, authority):
    web = Web(work, authority)
    conf = web.ddnsd.conf
    good = conf.read_text()
    done = run("-n", "-c", conf)
    assert (done.returncode, done.stdout) == (0, "configuration OK\n")
    assert run("-V").stdout.startswith("ddnsd ")
    assert "usage:" in run("-h").stdout
    assert run("-x").returncode == 2
    assert run("extra").returncode == 2

    def said(text, *options):
        conf.write_text(text)
        done = run("-c", conf, *options)
        assert done.returncode == 1
        return done.stderr
    assert re.search(r"ddnsd\.conf:\d+: ", said(good + "nonsense = 1\n",
                                                "-n"))
    assert "rate-burst" in said(good + "rate-burst = 0\n", "-n")
    done = run("-c", work / "none.conf")
    assert done.returncode == 1 and "none.conf" in done.stderr
    deaf = good.replace("http-listen", "# http-listen").replace(
        "https-listen", "# https-listen").replace("# # ", "# ")
    conf.write_text(deaf)
    process = work.spawn([programs.ddnsd, "-c", conf], log="deaf.log")
    process.ready(lambda: "is ready" in process.log_text())
    assert "no update can come in" in process.log_text()
    assert process.end() == 0
    key = web.ddnsd.key_file
    os.rename(key, work / "away")
    assert "ddnsctl init" in said(good)
    os.rename(work / "away", key)
    os.chmod(key, 0o644)
    assert "mode 0600 or 0640" in said(good)
    os.chmod(key, 0o600)
    certificate = web.ddnsd.options["tls-certificate"]
    assert str(certificate) in said(good.replace(
        str(certificate), str(certificate) + ".none"))
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert f"cannot listen on 127.0.0.1 port {port}" in said(
            good.replace(f"127.0.0.1:{web.ddnsd.http}",
                         f"127.0.0.1:{port}"))


def test_service_manager_is_told(work):
    web = Web(work)
    path = work / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(10)
        process = work.spawn([programs.ddnsd, "-c", web.ddnsd.conf],
                             env={"NOTIFY_SOCKET": str(path)})
        assert manager.recv(100) == b"READY=1"
        process.signal(signal.SIGHUP)
        assert manager.recv(100).startswith(b"RELOADING=1")
        assert manager.recv(100) == b"READY=1"
        process.signal(signal.SIGINT)
        assert manager.recv(100) == b"STOPPING=1"
        assert process.popen.wait(10) == 0


def test_old_journal_rows_go(work):
    web = Web(work, options={"journal-keep-days": 1})
    with sqlite3.connect(web.ddnsd.store) as db:
        db.execute("UPDATE journal SET time_ms = time_ms - 3 * 86400000, "
                   "last_ms = last_ms - 3 * 86400000")
    db.close()
    before = len(web.ctl.log())
    web.start()
    web.update("hostname=home.dyn.test&myip=192.0.2.1")
    wait_until(lambda: len(web.ctl.log()) < before, 20)
    assert [r["result"] for r in web.rows(1)] == ["good"]


def test_durable_before_the_answer(work):
    """The answer comes after the commit: a reader that asks as soon as it
    has it finds the record."""
    web = Web(work).start()
    db = sqlite3.connect(f"file:{web.ddnsd.store}?mode=ro", uri=True)
    with web.connect() as link:
        for i in range(1, 200):
            address = f"192.0.2.{i}"
            assert web.update(f"hostname=home.dyn.test&myip={address}",
                              link=link).text == f"good {address}\n"
            found = db.execute("SELECT content FROM rr WHERE name = "
                               "'home.dyn.test' AND type = 1").fetchall()
            assert found == [(address,)]
    db.close()
