/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/base/err.h"

const char *
ddns_err_text(enum ddns_err err)
{
#define DDNS_ERR_CASE(code, text) \
	case code:                \
		return text;
	switch (err) {
		DDNS_ERR_MAP(DDNS_ERR_CASE)
	}
	return "unknown error";
}
