noinst_LTLIBRARIES += libddns-update.la
libddns_update_la_SOURCES = \
	%D%/address.c %D%/address.h \
	%D%/authenticate.c %D%/authenticate.h \
	%D%/authorize.c %D%/authorize.h \
	%D%/change.c %D%/change.h
