# SPDX-License-Identifier: BSD-3-Clause
"""What `make install` puts where, with which rights what ddnsctl makes, and
how hard the units are."""

import os
import re
import subprocess

import pytest

from ddnstest import Ddnsd, Programs, needs, programs
from ddnstest.proc import TOP

SYSTEMD_ANALYZE = Programs.find("systemd-analyze")


@pytest.fixture
def installed(work):
    """The paths below DESTDIR, without it."""
    done = subprocess.run(
        ["make", "-s", "install", f"DESTDIR={work.path}/root"],
        cwd=programs.build, capture_output=True, text=True, check=False,
        env={k: v for k, v in os.environ.items() if k != "MAKEFLAGS"})
    assert done.returncode == 0, done.stderr
    root = work.path / "root"
    return [str(p)[len(str(root)):] for p in root.rglob("*") if p.is_file()]


def test_everything_is_installed(installed):
    here = {os.path.basename(path) for path in installed}
    assert {"ddnsd", "ddnsctl", "pdns-backend-ddns", "ddnsd.service",
            "pdns-backend-ddns.service", "pdns-backend-ddns.socket"} <= here
    # a page for each program and each configuration file
    assert {p.name for p in (TOP / "man").glob("*.[1-8]")} <= here
    samples = {p.name for p in (TOP / "etc").glob("*.conf")}
    assert samples == {os.path.basename(p) for p in installed
                       if "/examples/" in p}
    assert any(p.endswith("/bash-completion/completions/ddnsctl")
               for p in installed)


def test_each_program_and_file_has_its_manual():
    made = re.findall(r"^sbin_PROGRAMS \+= (\S+)", "\n".join(
        p.read_text() for p in TOP.glob("*/local.mk"))
        + (TOP / "common/daemon/local.mk").read_text(), flags=re.M)
    assert set(made) == {"ddnsd", "ddnsctl", "pdns-backend-ddns"}
    pages = {p.stem for p in (TOP / "man").glob("*.[1-8]")}
    assert set(made) | {"unbound-ddns", "ddnsd.conf",
                        "unbound-ddns.conf"} == pages


def test_rights_of_what_is_made(work):
    """As docs/operations.md says, whatever the umask: PowerDNS reads the
    store as a member of its group, and never the key file."""
    needs(programs.ddnsctl)
    old = os.umask(0)
    try:
        ddnsd = Ddnsd(work)
        ddnsd.ctl("init")
    finally:
        os.umask(old)
    assert os.stat(ddnsd.store).st_mode & 0o777 == 0o640
    assert os.stat(ddnsd.key_file).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("unit, most", [("ddnsd.service", 20),
                                        ("pdns-backend-ddns.service", 10)])
def test_units_are_hard(work, unit, most):
    """systemd's own measure, times ten; 96 is a unit without any of it."""
    needs(SYSTEMD_ANALYZE)
    made = (programs.build / "systemd" / unit).read_text()
    assert "@" not in re.sub(r"[~=]@[a-z-]+| @[a-z-]+", "", made)
    path = work.write(unit, made, mode=0o644)
    done = subprocess.run(
        [SYSTEMD_ANALYZE, "security", "--offline=true", "--no-pager",
         f"--threshold={most}", path], capture_output=True, text=True,
        check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    assert "Unknown" not in done.stderr, done.stderr
