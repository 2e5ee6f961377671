# fuzz targets of update; fuzz_link, fuzz_main and fuzz_corpus: dns.mk
update_fuzz = tests/fuzz/fuzz_update_message
check_PROGRAMS += $(update_fuzz)
if !LIBFUZZER
TESTS += $(update_fuzz)
endif

tests_fuzz_fuzz_update_message_SOURCES = tests/fuzz/fuzz_update_message.c \
	$(fuzz_main)
tests_fuzz_fuzz_update_message_CPPFLAGS = $(AM_CPPFLAGS) \
	$(fuzz_corpus)update_message"'
tests_fuzz_fuzz_update_message_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_update_message_LDADD = libddns-update.la libddns-store.la \
	libddns-rdata.la
