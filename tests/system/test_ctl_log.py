# SPDX-License-Identifier: BSD-3-Clause
"""ddnsctl: the journal and following it, status, backup, trim, and several
writers at once."""

import json
import sqlite3
import subprocess
import threading
import time

import pytest

from ddnstest import Ddnsd, programs, wait_until


@pytest.fixture
def ctl(work, monkeypatch):
    monkeypatch.chdir(work.path)
    ctl = Ddnsd(work).ctl
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    ctl("host", "add", "h1.dyn.test", "--account", "alice",
        "--allow-special")
    return ctl


@pytest.fixture
def running(work):
    """ddnsd with one host; a good token and a journal of five attempts."""
    ddnsd = Ddnsd(work)
    ctl = ddnsd.ctl
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    for account, host in ("alice", "h1.dyn.test"), ("bob", "b1.dyn.test"):
        ctl("account", "add", account)
        ctl("host", "add", host, "--account", account, "--allow-special")
    token = ctl("token", "create", "t", "--account", "alice", "--allow-http")
    ddnsd.start()
    assert ddnsd.update("h1.dyn.test", "192.0.2.1", token).text.startswith(
        "good")
    assert ddnsd.update("h1.dyn.test", "192.0.2.2", token).text.startswith(
        "good")
    assert ddnsd.update("b1.dyn.test", "192.0.2.3", token).text.startswith(
        "nohost")
    assert ddnsd.update("h1.dyn.test", "192.0.2.4", "ddns_wrong").text \
        .startswith("badauth")
    assert ddnsd.update("h1.dyn.test", "10.9.9.9", token).text.split()[0] \
        != "good"
    wait_until(lambda: len(ctl.log("--source", "127.0.0.1")) >= 5,
               what="five rows")
    return ddnsd


def test_log_tells_who_what_when_from_where(running):
    ctl = running.ctl
    row = ctl.log("--host", "h1.dyn.test", "--changed")[-1]
    assert (row["old"], row["new"]) == (["192.0.2.1"], ["192.0.2.2"])
    assert (row["account"], row["credential"], row["source"]) == (
        "alice", "t", "127.0.0.1")
    assert (row["protocol"], row["result"], row["type"], row["tls"]) == (
        "dyndns2", "good", "A", False)
    assert row["user_agent"] == "ddnstest/1"
    table = ctl("log", "--host", "h1.dyn.test", "--changed", "-n", "1")
    assert "192.0.2.1 -> 192.0.2.2" in table
    assert table.splitlines()[0].split() == [
        "TIME", "PROTOCOL", "ACCOUNT", "CREDENTIAL", "SOURCE", "NAME",
        "TYPE", "RESULT", "WHAT"]


def test_log_filters(running):
    ctl = running.ctl
    every = ctl.log()
    assert [r["seq"] for r in every] == sorted(r["seq"] for r in every)
    assert {r["name"] for r in ctl.log("--host", "H1.dyn.test.")} == {
        "h1.dyn.test"}
    assert {r["account"] for r in ctl.log("--account", "alice")} == {"alice"}
    assert {r["credential"] for r in ctl.log("--credential", "t")} == {"t"}
    assert [r["name"] for r in ctl.log("--result", "nohost")] == [
        "b1.dyn.test"]
    assert {r["source"] for r in ctl.log("--source", "127.0.0.1")} == {
        "127.0.0.1"}
    failed = {r["result"] for r in ctl.log("--failed")}
    assert {"nohost", "badauth"} <= failed and "good" not in failed
    assert all(r["changed"] for r in ctl.log("--changed"))
    assert ctl.log("-n", "2") == every[-2:]
    assert ctl.log("--account", "nobody") == []
    assert ctl.log("--since", "1h") == every
    assert ctl.log("--until", "1h") == []
    middle = every[3]["time"]
    assert ctl.log("--since", middle) == [
        r for r in every if r["time"] >= middle]
    assert ctl.log("--until", middle) == [
        r for r in every if r["time"] < middle]
    assert ctl.log("--failed", "--host", "h1.dyn.test", "--credential", "t") \
        != []


class Follow:
    """ddnsctl log --follow, its lines as they come."""

    def __init__(self, ctl, *filters):
        self.process = subprocess.Popen(
            [programs.ddnsctl, "-c", ctl.conf, *filters],
            stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(10)
        self.thread.join(10)


def test_follow_shows_what_others_commit_at_once(ctl):
    with Follow(ctl, "--json", "log", "--follow", "-n", "1",
                "--changed") as follow:
        wait_until(lambda: len(follow.lines) == 1, what="the newest row")
        delays = []
        for i in range(1, 6):
            ctl("host", "set", "h1.dyn.test", "--a", f"192.0.2.{i}")
            done = time.monotonic()
            wait_until(lambda: len(follow.lines) == 1 + i, what="a row")
            delays.append(time.monotonic() - done)
        # woken by the commit, not by the timer of one second
        assert sorted(delays)[len(delays) // 2] < 0.5
        rows = [json.loads(line) for line in follow.lines[1:]]
        assert [r["new"] for r in rows] == [
            [f"192.0.2.{i}"] for i in range(1, 6)]
        seqs = [json.loads(line)["seq"] for line in follow.lines]
        assert seqs == sorted(set(seqs))


def test_follow_as_table_has_one_heading(ctl):
    with Follow(ctl, "log", "--follow", "-n", "2") as follow:
        wait_until(lambda: len(follow.lines) == 3, what="heading, two rows")
        ctl("account", "set", "alice", "--note", "x")
        wait_until(lambda: len(follow.lines) == 4, what="the new row")
        assert "account set alice" in follow.lines[3]
        assert sum("PROTOCOL" in line for line in follow.lines) == 1


def test_follow_begins_with_the_newest_ten(ctl):
    for i in range(12):
        ctl("account", "set", "alice", "--note", str(i))
    rows = ctl.log()
    with Follow(ctl, "--json", "log", "--follow") as follow:
        wait_until(lambda: len(follow.lines) >= 10, what="ten rows")
        ctl("account", "set", "alice", "--note", "x")
        wait_until(lambda: len(follow.lines) >= 11, what="one more")
        assert [json.loads(line)["seq"] for line in follow.lines][:10] == [
            r["seq"] for r in rows[-10:]]


def test_long_tables_are_complete_and_have_one_heading(ctl):
    text = "".join(f"n{i:05} A 192.0.2.1\n" for i in range(5001))
    ctl("zone", "import", "dyn.test", "-", stdin=text)
    lines = ctl("record", "list", "dyn.test").splitlines()
    assert len(lines) == 1 + 5001 + 1
    assert lines[0].split() == ["NAME", "TTL", "TYPE", "DATA"]
    assert lines[-1].startswith("n05000.dyn.test")
    assert len(ctl.json("record", "list", "dyn.test")) == 5002


def test_follow_with_an_empty_start_and_a_filter(ctl):
    with Follow(ctl, "--json", "log", "--follow", "--host",
                "h2.dyn.test") as follow:
        ctl("host", "set", "h1.dyn.test", "--a", "192.0.2.9")
        ctl("host", "add", "h2.dyn.test", "--account", "alice")
        wait_until(lambda: follow.lines, what="a row")
        assert json.loads(follow.lines[0])["name"] == "h2.dyn.test"


# ---- status ----

def test_status_shows_what_is_behind(ctl, work):
    with sqlite3.connect(work / "ddnsd.db") as db:
        db.execute(
            "INSERT INTO subscriber VALUES ('r1', 'notify', '127.0.0.1:5453',"
            " 1, 2, 30, 4, 1795237200000, 1795237201000, 'timed out',"
            " 1500, 9250, 20000)")
    row = ctl.json("status")[0]
    newest = ctl.log()[-1]["seq"]
    assert row["lag"] == newest - 1
    assert (row["subscriber"], row["kind"], row["target"]) == (
        "r1", "notify", "127.0.0.1:5453")
    assert (row["pending"], row["acked"], row["retries"]) == (2, 30, 4)
    assert row["last_ack"] == "2026-11-21T05:00:00.000Z"
    assert row["last_error"] == "timed out"
    assert (row["p50_ms"], row["p99_ms"], row["max_ms"]) == (1.5, 9.25, 20.0)
    table = ctl("status")
    assert "timed out" in table and "9.25" in table


# ---- backup, trim ----

def test_backup_is_a_store_that_works(ctl, work):
    token = ctl("token", "create", "t", "--account", "alice")
    ctl("backup", work / "copy.db")
    assert (work / "copy.db").stat().st_mode & 0o007 == 0
    ctl("zone", "delete", "dyn.test", "--force")
    other = Ddnsd(work, name="other", store=work / "copy.db",
                  options={"key-file": work / "ddnsd.key"})
    assert other.ctl.json("host", "list")[0]["host"] == "h1.dyn.test"
    other.ctl("token", "set", "t", "--allow-http")
    other.start()
    assert other.update("h1.dyn.test", "192.0.2.5",
                        token).text.startswith("good")
    done = ctl.run("backup", work / "copy.db", check=False)
    assert done.returncode == 1 and "is there already" in done.stderr
    done = ctl.run("backup", work / "none" / "copy.db", check=False)
    assert done.returncode == 1


def test_journal_trim_takes_old_rows_only(ctl, work):
    rows = ctl.log()
    with sqlite3.connect(work / "ddnsd.db") as db:
        db.execute("UPDATE journal SET time_ms = time_ms - 86400000 * 100,"
                   " last_ms = last_ms - 86400000 * 100 WHERE seq <= 2")
    assert ctl.json("journal", "trim")["removed"] == 2
    left = ctl.log()
    assert [r["seq"] for r in left][:-1] == [r["seq"] for r in rows[2:]]
    assert left[-1]["reason"] == "journal trim: 2 rows"
    assert ctl.json("journal", "trim", "--older-than", "1d")["removed"] == 0


# ---- several at once ----

def test_commands_and_ddnsd_write_at_the_same_time(running):
    """Nothing is lost, nobody gives up."""
    ctl = running.ctl
    token = ctl("token", "create", "t2", "--account", "alice",
                "--allow-http")
    failures = []
    stop = threading.Event()
    updates = [0]

    def update():
        while not stop.is_set():
            updates[0] += 1
            reply = running.update(
                "h1.dyn.test", f"192.0.2.{updates[0] % 250 + 1}", token)
            if reply.text.split()[0] not in ("good", "nochg", "abuse"):
                failures.append(reply)

    def command(number):
        for i in range(10):
            done = ctl.run("host", "add", f"n{number}-{i}.dyn.test",
                           "--account", "bob", check=False)
            if done.returncode != 0:
                failures.append(done.stderr)
    threads = [threading.Thread(target=command, args=(n,)) for n in range(4)]
    loader = threading.Thread(target=update)
    loader.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    loader.join()
    assert failures == []
    assert updates[0] > 0
    hosts = {h["host"] for h in ctl.json("host", "list", "--account", "bob")}
    assert {f"n{n}-{i}.dyn.test" for n in range(4) for i in range(10)} \
        <= hosts
    # serials of committed changes never repeat for another transaction
    seen = {}
    for row in ctl.log("--changed"):
        assert seen.setdefault(row["serial"], row["request"]) == \
            row["request"] or row["protocol"] == "dyndns2"


def test_a_lock_that_is_not_let_go_is_told(ctl, work):
    db = sqlite3.connect(work / "ddnsd.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    done = ctl.run("account", "add", "bob", check=False)
    took = time.monotonic() - start
    assert done.returncode == 1
    assert "another program kept writing to the store for 5 s" in done.stderr
    assert 4 < took < 10
    # readers do not care
    assert ctl.json("account", "list")[0]["account"] == "alice"
    db.execute("ROLLBACK")
    ctl("account", "add", "bob")
