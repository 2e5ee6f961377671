# SPDX-License-Identifier: BSD-3-Clause
"""The promise about memory: ddnsd stays below 32 MiB with 100,000 hosts, under
load, with a resolver to tell that is not there."""

import re
import subprocess

import pytest

from ddnstest import Ddnsd, TsigKey, free_port, needs, programs

HOSTS = 100000
MOST_MIB = 32
FILL = programs.build / "tests/bench/fill_hosts"
LOAD = programs.build / "tests/bench/http_load"


def most_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024


@pytest.mark.limit(300)
def test_memory_with_100000_hosts(work, show):
    needs(programs.ddnsd, FILL, LOAD)
    if "sanitize" in str(programs.build):
        pytest.skip("a sanitizer's memory is not ours")
    key = TsigKey(work)
    ddnsd = Ddnsd(work, options={
        "log-level": "info", "rate-burst": 1000000,
        "rate-per-minute": 1000000}, subscribers={"gone": {
            "kind": "notify", "address": f"127.0.0.1:{free_port()}",
            "key-name": key.name, "key-file": key.file}})
    token = subprocess.run(
        [FILL, ddnsd.store, ddnsd.key_file, "dyn.test", str(HOSTS)],
        capture_output=True, text=True, check=True).stdout.strip()
    ddnsd.start()
    done = subprocess.run(
        [LOAD, f"127.0.0.1:{ddnsd.http}", token, "dyn.test", str(HOSTS),
         "100", "5"], capture_output=True, text=True, check=True)
    rate, _, _, good, nochg, other = (int(n) for n in re.search(
        r"updates/s (\d+) p50_us (\d+) p99_us (\d+) good (\d+) nochg (\d+) "
        r"other (\d+)", done.stdout).groups())
    assert good > 0 and nochg >= 0 and other == 0, done.stdout
    most = most_mib(ddnsd.process.pid)
    show(f"ddnsd: {most:.1f} MiB at most with {HOSTS} hosts and {rate} "
         f"updates/s of 100 clients")
    assert most < MOST_MIB
