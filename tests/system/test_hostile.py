# SPDX-License-Identifier: BSD-3-Clause
"""Clients that mean harm: what they cost is bounded, and others do not
notice."""

import os
import socket
import sqlite3
import struct
import subprocess
import time

import dns.message

from ddnstest import programs, wait_until
from ddnstest.servers import tcp_open
from ddnstest.web import Web

GOOD = "hostname=home.dyn.test&myip=192.0.2.1"


def test_a_client_that_never_reads_is_not_served_for_ever(work):
    web = Web(work, options={"request-timeout": 1}).start()
    with web.connect() as link:
        link.settimeout(5)
        end = time.monotonic() + 20
        asks = b"GET /myip HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
        try:
            while time.monotonic() < end:
                link.sendall(asks)
            raise AssertionError("replies pile up without a bound")
        except ConnectionError:
            pass
    assert web.update(GOOD).text == "good 192.0.2.1\n"


def test_a_client_that_pipelines_and_reads_has_all_its_replies(work):
    web = Web(work).start()
    with web.connect() as link:
        asks = b"GET /myip HTTP/1.1\r\nHost: x\r\n\r\n"
        link.sendall(asks * 200)
        got = b""
        while got.count(b"127.0.0.1\n") < 200:
            more = link.recv(65536)
            assert more
            got += more


def test_varied_refusals_do_not_fill_the_journal(work):
    web = Web(work, options={"log-level": "info"}).start()
    many = 3000
    with web.connect() as link:
        for i in range(0, many, 100):
            link.sendall(b"".join(
                b"GET /nic/update?hostname=h%d.dyn.test HTTP/1.1\r\n"
                b"Host: x\r\nAuthorization: Bearer wrong\r\n\r\n" % n
                for n in range(i, i + 100)))
            got = 0
            while got < 100:
                got += link.recv(65536).count(b"badauth\n")
    rows = wait_until(lambda: [
        r for r in web.ctl.log()
        if r["protocol"] == "ddnsd"])
    assert rows
    log = web.ddnsd.process.log_text()
    assert 20 < log.count("update refused") < many / 4
    # who pays for it: not the others
    assert web.update(GOOD).text == "good 192.0.2.1\n"
    # a wrong path is told, but not as often as one likes
    web.ddnsd.options["source-failures"] = 5
    web.ddnsd.write()
    web.ddnsd.restart()
    for i in range(100):
        assert web.get(f"/nic/up{i}?hostname=home.dyn.test").status == 404
    log = web.ddnsd.process.log_text()
    assert 0 < log.count("came to the unknown path") < 20


def test_files_for_the_connections_of_both_ports(work):
    web = Web(work, options={"max-connections": 400}, dns=True)
    process = web.ddnsd.process = work.spawn(
        ["prlimit", "--nofile=256:4096", programs.ddnsd, "-c",
         web.ddnsd.conf], log="ddnsd.log")
    process.ready(lambda: tcp_open(web.ddnsd.http))
    soft = subprocess.run(
        ["prlimit", "--pid", str(process.pid), "--nofile", "--noheadings",
         "--output", "SOFT"], check=True, capture_output=True, text=True)
    assert int(soft.stdout) > 2 * 400


def cpu_s(process):
    """What it has used so far."""
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send_all_that_goes(link, data):
    link.settimeout(0.5)
    end = time.monotonic() + 2  # one that is not served is read dry
    try:
        while time.monotonic() < end:
            link.sendall(data)
    except TimeoutError:
        pass


def test_a_full_input_does_not_keep_the_loop_awake(work):
    web = Web(work, options={"request-timeout": 30}, dns=True).start()
    query = dns.message.make_query("dyn.test", "SOA").to_wire()
    asks = (struct.pack("!H", len(query)) + query) * 500
    with (socket.create_connection(("127.0.0.1", web.ddnsd.dns)) as queries,
          web.connect() as updates, sqlite3.connect(web.ddnsd.store) as db):
        send_all_that_goes(queries, asks)  # and never reads
        db.execute("BEGIN IMMEDIATE")      # so that the update waits
        updates.sendall(b"GET /nic/update?" + GOOD.encode() + b" HTTP/1.1\r\n"
                        b"Host: x\r\nAuthorization: Bearer "
                        + web.token.encode() + b"\r\n\r\n")
        send_all_that_goes(updates, b"GET /myip HTTP/1.1\r\nHost: x\r\n\r\n"
                           * 1000)
        before = cpu_s(web.ddnsd.process)
        time.sleep(1)
        used = cpu_s(web.ddnsd.process) - before
        db.rollback()
        assert updates.recv(12) == b"HTTP/1.1 200"
    assert used < 0.3
    assert web.update(GOOD).text == "nochg 192.0.2.1\n"


def test_clients_that_never_read_make_room(work):
    web = Web(work, options={"request-timeout": 60, "max-connections": 5})
    web.start()
    links = []
    try:
        for _ in range(8):
            link = web.connect()
            links.append(link)
            try:
                send_all_that_goes(
                    link, b"GET /myip HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
            except ConnectionError:
                pass
        assert web.update(GOOD).text == "good 192.0.2.1\n"
    finally:
        for link in links:
            link.close()
