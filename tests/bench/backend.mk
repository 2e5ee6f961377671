# bench programs for backend; fill_store also serves its system tests
backend_bench = \
	tests/bench/backend_calls \
	tests/bench/fill_store \
	tests/bench/stub_backend
noinst_PROGRAMS += $(backend_bench)

tests_bench_fill_store_SOURCES = tests/bench/fill_store.c
tests_bench_fill_store_LDADD = libddns-store.la

tests_bench_backend_calls_SOURCES = tests/bench/backend_calls.c
tests_bench_backend_calls_LDADD = libddns-backend.la $(JANSSON_LIBS)

tests_bench_stub_backend_SOURCES = tests/bench/stub_backend.c

EXTRA_DIST += tests/bench/bench_backend.py
