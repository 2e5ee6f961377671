# SPDX-License-Identifier: BSD-3-Clause
"""The show of tools/demo.  Servers and wiring are those of the system tests.

The clock of a row starts when ddnsd wrote the change down (the journal's
time), so it holds the commit, the reply and the publishing.
"""

import datetime
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests/system"))

from ddnstest import Authority, Dir, Stack, programs, wait_until  # noqa: E402

OLD, MIDDLE, NEW = "192.0.2.1", "192.0.2.2", "198.51.100.7"


class Watch(threading.Thread):
    """Asks one server all the time; remembers when it first said `want`."""

    def __init__(self, server, name, want):
        super().__init__(daemon=True)
        self.server, self.name_asked, self.want = server, name, want
        self.seen = None
        self.answers = 0
        self.stop = False
        self.start()

    def run(self):
        while not self.stop and self.seen is None:
            answer = self.server.ask(self.name_asked)
            self.answers += 1
            if answer == self.want:
                self.seen = time.time()
            time.sleep(0.0005)

    def wait(self, seconds=10):
        self.join(seconds)
        self.stop = True
        return self.seen


def say(text=""):
    print(text, flush=True)


def row(what, pdns, unbound):
    say(f"  {what:<26}{pdns:<32}{unbound}")


def state(stack, name, what):
    pdns, unbound = stack.pdns.ask(name), stack.unbound.ask(name)

    def text(answer):
        value = " ".join(answer.values) or answer.rcode
        return f"{value} (TTL {answer.ttl})"
    row(what, text(pdns), text(unbound))
    return pdns, unbound


def ddclient(stack, address, host):
    """The real one, over HTTPS, with our own authority."""
    conf = stack.dir.write("ddclient.conf", f"""daemon=0
ssl=yes
ssl_ca_file={stack.ddnsd.ca}
protocol=dyndns2
use=ip, ip={address}
server=127.0.0.1:{stack.ddnsd.https}
login=home
password='{stack.token}'
{host}
""")
    done = subprocess.run(
        ["ddclient", "-daemon=0", "-file", conf, "-cache",
         stack.dir / "ddclient.cache", "-force"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    for line in (done.stdout + done.stderr).splitlines():
        say(f"  ddclient: {line}")


def show(stack, host, address, send):
    """Send an update while both servers are asked; say when they changed."""
    watches = [Watch(s, host, address) for s in (stack.pdns, stack.unbound)]
    send()
    last = stack.ctl.log("--host", host, "--changed", "-n", 1)[-1]
    committed = datetime.datetime.fromisoformat(last["time"]).timestamp()
    late = []
    for watch in watches:
        seen = watch.wait()
        if seen is None:
            late.append("never")
        else:
            late.append(f"{max(0, seen - committed) * 1000:.1f} ms")
    return late, "never" not in late


def run(directory, once):
    host = "home.dyn.test"
    stack = Stack(directory, Authority(directory.mkdir("ca")),
                  hosts=("home", "cam"), ttl=3600)
    say("Starting PowerDNS, Unbound and ddnsd ...")
    stack.start()
    stack.update(host, OLD)
    say()
    row("", f"PowerDNS :{stack.pdns.port}", f"Unbound :{stack.unbound.port}")
    for _ in range(3):  # fill every cache
        stack.pdns.ask(host)
        stack.unbound.ask(host)
    state(stack, host, "before, caches hot")
    say()
    say(f"  {host} is now {MIDDLE}: ddclient says so over HTTPS")
    late1, fine1 = show(stack, host, MIDDLE,
                        lambda: ddclient(stack, MIDDLE, host))
    row("new answer after", *late1)
    pdns, unbound = state(stack, host, "after")
    fine1 = fine1 and pdns == MIDDLE and unbound == MIDDLE
    say()
    say(f"  {host} is now {NEW}: curl says so over HTTPS")

    def curl():
        done = subprocess.run(
            ["curl", "-sS", "--cacert", stack.ddnsd.ca, "-u",
             f"home:{stack.token}", f"https://127.0.0.1:{stack.ddnsd.https}"
             f"/nic/update?hostname={host}&myip={NEW}"],
            capture_output=True, text=True, timeout=30)
        say(f"  curl: {(done.stdout + done.stderr).strip()}")
    late2, fine2 = show(stack, host, NEW, curl)
    row("new answer after", *late2)
    pdns, unbound = state(stack, host, "after")
    fine2 = fine2 and pdns == NEW and unbound == NEW
    say()
    say(f"$ ddnsctl check {host}")
    say(stack.ctl.run("check", host, check=False).stdout.strip())
    say()
    wait_until(lambda: all(each["lag"] == 0 for each in
                           stack.ctl.json("status")), 5, "all told")
    say("$ ddnsctl status")
    say(stack.ctl("status"))
    say()
    if once:
        return 0 if fine1 and fine2 else 1
    say(f"""Everything stays up until Ctrl-C.  Try:

  curl --cacert {stack.ddnsd.ca} -u home:{stack.token} \\
    'https://127.0.0.1:{stack.ddnsd.https}/nic/update?hostname={host}&myip=203.0.113.9'
  dig +noall +answer -p {stack.pdns.port} @127.0.0.1 {host}      # PowerDNS
  dig +noall +answer -p {stack.unbound.port} @127.0.0.1 {host}      # Unbound
  {programs.ddnsctl} -c {stack.ddnsd.conf} log
  {programs.ddnsctl} -c {stack.ddnsd.conf} check {host}
  {programs.ddnsctl} -c {stack.ddnsd.conf} host add new.dyn.test --account alice

Logs and configuration: {directory.path}""")
    while all(p.running() for p in directory.processes):
        time.sleep(0.5)
    say("A server ended by itself; its log:")
    for name, tail in directory.logs(20):
        say(f"--- {name}\n{tail}")
    return 1


def main():
    # SIGTERM and a closed terminal end it as Ctrl-C does
    def interrupt(number, frame):
        raise KeyboardInterrupt
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    directory = Dir()
    try:
        status = run(directory, "--once" in sys.argv[1:])
    except KeyboardInterrupt:
        say("\nStopping.")
        status = 0
    except AssertionError as error:
        say(f"demo: {error}")
        status = 1
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    directory.end()
    directory.remove()
    sys.exit(status)


if __name__ == "__main__":
    main()
