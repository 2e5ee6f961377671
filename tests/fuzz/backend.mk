# fuzz targets of backend; fuzz_link, fuzz_main and fuzz_corpus: dns.mk
backend_fuzz = tests/fuzz/fuzz_backend_answer
check_PROGRAMS += $(backend_fuzz)
if !LIBFUZZER
TESTS += $(backend_fuzz)
endif

tests_fuzz_fuzz_backend_answer_SOURCES = tests/fuzz/fuzz_backend_answer.c \
	$(fuzz_main)
tests_fuzz_fuzz_backend_answer_CPPFLAGS = $(AM_CPPFLAGS) \
	$(fuzz_corpus)backend_answer"'
tests_fuzz_fuzz_backend_answer_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_backend_answer_LDADD = libddns-backend.la $(JANSSON_LIBS)
