noinst_LTLIBRARIES += libddns-base.la
libddns_base_la_SOURCES = \
	%D%/addr.c %D%/addr.h \
	%D%/bytes.c %D%/bytes.h \
	%D%/clock.c %D%/clock.h \
	%D%/err.c %D%/err.h \
	%D%/log.c %D%/log.h \
	%D%/secret.c %D%/secret.h
libddns_base_la_LIBADD = $(CRYPTO_LIBS)
