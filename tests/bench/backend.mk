# bench programs for backend; fill_store also serves its system tests
check_PROGRAMS += tests/bench/fill_store
tests_bench_fill_store_SOURCES = tests/bench/fill_store.c
tests_bench_fill_store_LDADD = libddns-store.la
