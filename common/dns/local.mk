noinst_LTLIBRARIES += libddns-dns.la libddns-rdata.la

# linked into Unbound too: no ldns in here
libddns_dns_la_SOURCES = \
	%D%/msg.c %D%/msg.h \
	%D%/name.c %D%/name.h \
	%D%/notify.c %D%/notify.h \
	%D%/rrset.c %D%/rrset.h \
	%D%/tsig.c %D%/tsig.h
libddns_dns_la_LIBADD = libddns-base.la

libddns_rdata_la_SOURCES = %D%/rdata.c %D%/rdata.h
libddns_rdata_la_CPPFLAGS = $(AM_CPPFLAGS) $(LDNS_CFLAGS)
libddns_rdata_la_LIBADD = libddns-dns.la $(LDNS_LIBS)
