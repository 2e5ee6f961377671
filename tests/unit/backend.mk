# unit tests of backend
if HAVE_CMOCKA
backend_tests = \
	tests/unit/test_backend_answer \
	tests/unit/test_backend_request
check_PROGRAMS += $(backend_tests)
TESTS += $(backend_tests)

tests_unit_test_backend_answer_SOURCES = \
	tests/unit/test_backend_answer.c tests/unit/store_util.h
tests_unit_test_backend_answer_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_backend_answer_LDADD = libddns-backend.la $(JANSSON_LIBS) \
	$(CMOCKA_LIBS)

tests_unit_test_backend_request_SOURCES = \
	tests/unit/test_backend_request.c tests/unit/unit.h
tests_unit_test_backend_request_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_backend_request_LDADD = libddns-backend.la $(CMOCKA_LIBS)
endif
