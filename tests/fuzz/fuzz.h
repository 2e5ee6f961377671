/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_TESTS_FUZZ_FUZZ_H
#define DDNS_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libFuzzer's entry; one per program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; a failure is a crash that is kept. */
#define FUZZ_CHECK(condition)   \
	do {                    \
		if (!(condition)) \
			abort();  \
	} while (0)

#endif
