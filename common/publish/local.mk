noinst_LTLIBRARIES += libddns-publish.la
libddns_publish_la_SOURCES = \
	%D%/command.c %D%/command.h \
	%D%/flush.c \
	%D%/latency.c %D%/latency.h \
	%D%/notifier.c \
	%D%/order.c %D%/order.h \
	%D%/pending.c %D%/pending.h \
	%D%/publish.c %D%/publish.h \
	%D%/purge.c \
	%D%/reach.c %D%/reach.h \
	%D%/save.c %D%/save.h \
	%D%/subscriber.c %D%/subscriber.h
libddns_publish_la_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
libddns_publish_la_LIBADD = libddns-conf.la libddns-store.la libddns-rdata.la \
	libddns-dns.la libddns-base.la $(EVENT_LIBS) $(SSL_LIBS) -lpthread
