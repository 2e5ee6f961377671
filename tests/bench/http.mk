# bench programs for http
check_PROGRAMS += tests/bench/fill_hosts tests/bench/http_load
tests_bench_fill_hosts_SOURCES = tests/bench/fill_hosts.c
tests_bench_fill_hosts_LDADD = libddns-store.la
tests_bench_http_load_SOURCES = tests/bench/http_load.c
tests_bench_http_load_LDADD = libddns-base.la
