/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_UPDATE_ADDRESS_H
#define DDNS_UPDATE_ADDRESS_H

#include "common/base/addr.h"

/* What may be published for a host. */
enum ddns_addr_verdict {
	DDNS_ADDR_PUBLISH,
	DDNS_ADDR_PUBLISH_WARN, /* carrier-grade NAT: nobody can reach it */
	DDNS_ADDR_REFUSE
};

/*
 * host_flags: enum ddns_host_flags of common/store/store.h.  A private or
 * special-use address in public DNS is at best useless and at worst a DNS
 * rebinding attack, so the administrator allows it host by host.
 */
enum ddns_addr_verdict ddns_update_check_addr(const struct ddns_addr *addr,
    unsigned host_flags);

#endif
