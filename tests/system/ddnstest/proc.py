# SPDX-License-Identifier: BSD-3-Clause
"""Programs: where they are, how they start, how they end."""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[3]


class Programs:
    """Where the programs under test are."""

    def __init__(self):
        self.build = pathlib.Path(
            os.environ.get("DDNS_BUILDDIR", TOP / "build")).resolve()
        # as tools/build-unbound has it
        home = os.environ.get("XDG_CACHE_HOME") or (
            pathlib.Path.home() / ".cache")
        cache = pathlib.Path(os.environ.get("DDNS_CACHE")
                             or pathlib.Path(home, "ddnsd"))
        self.ddnsd = self.build / "ddnsd"
        self.ddnsctl = self.build / "ddnsctl"
        self.backend = self.build / "pdns-backend-ddns"
        # of another build, when this one has sanitizers, which Unbound has not
        self.module = pathlib.Path(os.environ.get(
            "DDNS_MODULE", self.build / "unbound-ddns.so")).resolve()
        # with dynlib; Debian's own comes without
        self.unbound = cache / "unbound" / "bin" / "unbound"
        self.stock_unbound = self.find("unbound")
        self.pdns = self.find("pdns_server")

    @staticmethod
    def find(name):
        path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"
        found = shutil.which(name, path=path)
        return pathlib.Path(found) if found else pathlib.Path("/nonexistent",
                                                              name)


programs = Programs()


def needs(*paths):
    """Skip the test when a program is missing; with DDNS_REQUIRE_ALL=1,
    as tools/run-tests sets it, fail instead."""
    missing = [str(p) for p in paths if not os.access(p, os.R_OK)]
    if not missing:
        return
    why = "missing: " + " ".join(missing)
    pytest = sys.modules.get("pytest")  # the demonstration has none
    if pytest is None or os.environ.get("DDNS_REQUIRE_ALL") == "1":
        raise AssertionError(why)
    pytest.skip(why)


def wait_until(condition, timeout=10.0, what="", pause=0.005):
    """Poll until condition() is true and return what it gave."""
    end = time.monotonic() + timeout
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(
                f"not within {timeout} s: {what or condition}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


# Below the range from which the system takes ports of outgoing connections,
# so that nobody borrows a port between our choice and the server's bind().
_RANGES = list(range(10000, 21000)) + list(range(29000, 32700))
_taken = set()
_dice = random.SystemRandom()


def free_port(host="127.0.0.1"):
    """A port that is free for UDP and TCP; never given twice in a run."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(1000):
        port = _dice.choice(_RANGES)
        if port in _taken:
            continue
        _taken.add(port)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(family, kind) as s:
                    s.bind((host, port))
        except OSError:
            continue
        return port
    raise RuntimeError("no free port")


class Process:
    """One program with its log file.  Ends with end() or the test's Dir."""

    def __init__(self, argv, log, env=None, cwd=None, stdin=None,
                 stdout=None):
        self.argv = [str(a) for a in argv]
        self.name = os.path.basename(self.argv[0])
        self.log = pathlib.Path(log)
        self.killed = False
        full_env = dict(os.environ)
        full_env.update(env or {})
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                self.argv, env=full_env, cwd=cwd,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=out if stdout is None else stdout, stderr=out,
                start_new_session=True)

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def log_text(self):
        try:
            return self.log.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def log_tail(self, lines=40):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def ready(self, condition, timeout=20.0):
        """Wait for condition() and notice at once when the program died."""
        def check():
            if not self.running():
                raise AssertionError(
                    f"{self.name} ended with {self.popen.returncode}:\n"
                    + self.log_tail())
            return condition()
        try:
            wait_until(check, timeout, f"{self.name} ready")
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.log_tail()}") from None
        return self

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    def kill(self):
        """kill -9, and whatever it started."""
        self.killed = True
        self._kill_group()
        self.popen.wait(10)

    def _kill_group(self):
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def end(self, timeout=10.0):
        """SIGTERM, then SIGKILL; gives the exit status.  A program that
        has to be killed did not end cleanly: that status is -9."""
        if self.running():
            self.popen.terminate()
        try:
            status = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        self._kill_group()  # children that it left behind
        if status is None:
            status = self.popen.wait(10)
        return status


class Dir:
    """The directory of one test, and the programs that run in it.

    Its path is short: that of a unix socket holds 107 bytes at most.
    """

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="ddt"))
        self.processes = []

    def __truediv__(self, name):
        return self.path / name

    def write(self, name, text, mode=0o600):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(fd, "w") as f:
            f.write(text)
        return path

    def mkdir(self, name):
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def spawn(self, argv, log=None, **options):
        base = os.path.basename(str(argv[0]))
        log = self.path / (log or f"{base}.log")
        process = Process(argv, log, **options)
        self.processes.append(process)
        return process

    def logs(self, lines=60):
        """Of every log in the directory: (name, tail)."""
        for log in sorted(self.path.rglob("*.log")):
            text = log.read_text(errors="replace")
            if text:
                yield log.name, "\n".join(text.splitlines()[-lines:])

    def end(self):
        """Last started, first ended.  A sanitizer's report is an error."""
        bad = []
        for process in reversed(self.processes):
            process.end()
            for mark in ("ERROR: AddressSanitizer", "runtime error:",
                         "ERROR: LeakSanitizer"):
                if mark in process.log_text():
                    bad.append(f"{process.name}: {mark}\n"
                               + process.log_tail(80))
        self.processes = []
        return bad

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
