# fuzz targets of module
check_PROGRAMS += tests/fuzz/fuzz_module_verify
if !LIBFUZZER
TESTS += tests/fuzz/fuzz_module_verify
endif
tests_fuzz_fuzz_module_verify_SOURCES = tests/fuzz/fuzz_module_verify.c \
	$(fuzz_main)
tests_fuzz_fuzz_module_verify_CPPFLAGS = $(AM_CPPFLAGS) \
	$(fuzz_corpus)module_verify"'
tests_fuzz_fuzz_module_verify_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_module_verify_LDADD = libddns-module.la libddns-conf.la \
	-lpthread
