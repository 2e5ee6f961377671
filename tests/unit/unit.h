/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_TESTS_UNIT_UNIT_H
#define DDNS_TESTS_UNIT_UNIT_H

/* What every unit test includes: cmocka and the headers it wants first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
