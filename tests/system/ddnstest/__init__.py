# SPDX-License-Identifier: BSD-3-Clause
"""Real programs on loopback, for the system tests.

proc.py     start, watch and end programs; free ports; waiting
dns.py      ask a DNS server, sign and send a NOTIFY
load.py     ask all the time and judge every answer
http.py     send an update
tls.py      a private certificate authority
servers.py  one class for each program
stack.py    all of them wired together
"""

from .dns import Answer, ask, notify, notify_message, render, send_udp
from .http import Reply, request, update
from .load import Flood, address, address6, figures, percentile
from .proc import (Dir, Process, Programs, free_port, needs, programs,
                   wait_until)
from .servers import (BackendServer, Ddnsctl, Ddnsd, PdnsServer, TsigKey,
                      Unbound)
from .stack import Stack
from .tls import Authority

__all__ = [
    "Answer", "ask", "notify", "notify_message", "render", "send_udp",
    "Reply", "request", "update",
    "Flood", "address", "address6", "figures", "percentile",
    "Dir", "Process", "Programs", "free_port", "needs", "programs",
    "wait_until",
    "BackendServer", "Ddnsctl", "Ddnsd", "PdnsServer", "TsigKey", "Unbound",
    "Stack", "Authority",
]
