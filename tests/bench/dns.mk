# bench programs for dns
check_PROGRAMS += tests/bench/update_load
tests_bench_update_load_SOURCES = tests/bench/update_load.c
tests_bench_update_load_LDADD = libddns-dns.la
