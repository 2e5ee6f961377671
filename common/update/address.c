/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/update/address.h"

#include "common/store/store.h"

static enum ddns_addr_verdict
allowed_if(unsigned flags, unsigned flag)
{
	return (flags & flag) != 0 ? DDNS_ADDR_PUBLISH : DDNS_ADDR_REFUSE;
}

enum ddns_addr_verdict
ddns_update_check_addr(const struct ddns_addr *addr, unsigned host_flags)
{
	switch (ddns_addr_classify(addr)) {
	case DDNS_ADDR_GLOBAL:
		return DDNS_ADDR_PUBLISH;
	case DDNS_ADDR_PRIVATE:
		return allowed_if(host_flags, DDNS_HOST_ALLOW_PRIVATE);
	case DDNS_ADDR_CGNAT:
		/* Often all that a client can see of itself: its owner may
		 * still reach it inside the provider's network. */
		if ((host_flags & DDNS_HOST_REFUSE_CGNAT) != 0)
			return DDNS_ADDR_REFUSE;
		return (host_flags & DDNS_HOST_ALLOW_PRIVATE) != 0 ?
		    DDNS_ADDR_PUBLISH : DDNS_ADDR_PUBLISH_WARN;
	case DDNS_ADDR_LOOPBACK:
	case DDNS_ADDR_LINKLOCAL:
	case DDNS_ADDR_DOCUMENTATION:
	case DDNS_ADDR_BENCHMARK:
	case DDNS_ADDR_TRANSLATION:
	case DDNS_ADDR_RESERVED:
		return allowed_if(host_flags, DDNS_HOST_ALLOW_SPECIAL);
	case DDNS_ADDR_UNSPECIFIED:
	case DDNS_ADDR_MULTICAST:
		return DDNS_ADDR_REFUSE; /* never one host's */
	}
	return DDNS_ADDR_REFUSE;
}
