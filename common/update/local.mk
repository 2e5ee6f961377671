noinst_LTLIBRARIES += libddns-update.la
libddns_update_la_SOURCES = \
	%D%/address.c %D%/address.h \
	%D%/apply.c %D%/apply.h \
	%D%/attempts.c %D%/attempts.h \
	%D%/authenticate.c %D%/authenticate.h \
	%D%/authorize.c %D%/authorize.h \
	%D%/change.c %D%/change.h \
	%D%/hostname.c %D%/hostname.h \
	%D%/limit.c %D%/limit.h \
	%D%/message.c %D%/message.h \
	%D%/prerequisite.c \
	%D%/stage.c
libddns_update_la_CFLAGS = $(AM_CFLAGS) $(IDN2_CFLAGS)
libddns_update_la_LIBADD = $(IDN2_LIBS)
