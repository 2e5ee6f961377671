noinst_LTLIBRARIES += libddns-dns.la
libddns_dns_la_SOURCES = \
	%D%/name.c %D%/name.h
libddns_dns_la_LIBADD = libddns-base.la
