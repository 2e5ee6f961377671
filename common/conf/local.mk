noinst_LTLIBRARIES += libddns-conf.la
libddns_conf_la_SOURCES = \
	%D%/conf.c %D%/conf.h \
	%D%/module.c \
	%D%/table.c %D%/table.h
libddns_conf_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS)
libddns_conf_la_LIBADD = libddns-dns.la $(CONFUSE_LIBS)
