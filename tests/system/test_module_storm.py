# SPDX-License-Identifier: BSD-3-Clause
"""The promise itself: after the acknowledgement no question is answered with
what was true before it, however many are asked and whatever is under way."""

import random

import pytest

from ddnstest import Unbound
from ddnstest.auth import ScriptedAuth
from ddnstest.storm import Storm

SECONDS = 4
HOSTS = [f"h{i}.dyn.test" for i in range(8)]
ALIASES = [f"a{i}.other.test" for i in range(8)]

VARIANTS = {
    "1-thread": {"threads": 1},
    "2-threads": {"threads": 2},
    "4-threads": {"threads": 4},
    "prefetch": {"server": "\tprefetch: yes\n\tserve-expired: yes\n",
                 "zones": {"dyn.test": 2}},
    "serve-expired": {"server": "\tserve-expired: yes\n"
                      "\tserve-expired-client-timeout: 10\n",
                      "zones": {"dyn.test": 1}},
    "subnetcache": {"module_config": "dynlib subnetcache validator iterator",
                    "server": "\tsend-client-subnet: 127.0.0.1\n"
                    "\tclient-subnet-always-forward: yes\n"},
    "no-validator": {"module_config": "dynlib iterator"},
    "dns64": {"module_config": "dns64 dynlib validator iterator"},
}


@pytest.fixture
def auth():
    server = ScriptedAuth("dyn.test", "other.test")
    yield server
    server.end()


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_answer_is_older_than_the_acknowledgement(work, auth, show,
                                                     variant):
    options = {"zones": {"dyn.test": 0}, "threads": 2, **VARIANTS[variant]}
    unbound = Unbound(work, {"dyn.test": auth.port, "other.test": auth.port},
                      **options).start()
    for host, alias in zip(HOSTS, ALIASES):
        auth.set(alias, "CNAME", host + ".")
    storm = Storm(unbound, auth, HOSTS,
                  list(enumerate(HOSTS)) + list(enumerate(ALIASES)))
    auth.delay(lambda: random.uniform(0.005, 0.020))
    got = storm.run(SECONDS, pause=0.01)
    show(f"{variant}: {got}")
    assert got["answers"] > 500 and got["updates"] > 50
    assert got["old"] == 0
    assert got["bad"] == 0
    assert got["lost"] == 0
