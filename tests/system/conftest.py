# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the system tests.  What they build on is in ddnstest/."""

import os
import shutil
import signal
import sys

import pytest

from ddnstest import Authority, Dir, Stack

SECONDS = 120


@pytest.fixture(autouse=True)
def _limit(request):
    """No test hangs: @pytest.mark.limit(seconds), or SECONDS."""
    mark = request.node.get_closest_marker("limit")
    seconds = mark.args[0] if mark else SECONDS

    def late(number, frame):
        raise TimeoutError(f"test took more than {seconds} s")
    old = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the ends of its programs' logs."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for directory in item.funcargs.values():
        if isinstance(directory, Dir):
            for name, tail in directory.logs():
                report.sections.append((f"log {name}", tail))


@pytest.fixture
def work():
    """The test's directory; programs that run in it end with the test."""
    directory = Dir()
    yield directory
    bad = directory.end()
    keep = os.environ.get("DDNS_KEEP_DIRS")
    if keep:
        shutil.copytree(directory.path, os.path.join(
            keep, directory.path.name), ignore_dangling_symlinks=True,
            ignore=lambda d, names: [
                n for n in names if n.endswith((".sock", ".ctl",
                                                "controlsocket"))])
    directory.remove()
    assert not bad, "\n".join(bad)


@pytest.fixture(scope="session")
def authority():
    directory = Dir()
    yield Authority(directory.path)
    directory.remove()


@pytest.fixture
def make_stack(work, authority):
    """make_stack(**options of Stack) starts everything wired."""
    def make(**options):
        return Stack(work, authority, **options).start()
    return make


@pytest.fixture
def stack(make_stack):
    """One zone, two hosts, PowerDNS with its caches, Unbound, ddnsd."""
    return make_stack()


@pytest.fixture
def show(capsys):
    """Print a figure so that it is seen without -s."""
    def line(text):
        with capsys.disabled():
            sys.stdout.write(f"\n    {text}")
            sys.stdout.flush()
    return line
