noinst_LTLIBRARIES += libddns-ingest.la
libddns_ingest_la_SOURCES = \
	%D%/credentials.c %D%/credentials.h \
	%D%/dns_frame.c %D%/dns_frame.h \
	%D%/dns_key.c %D%/dns_key.h \
	%D%/dns_query.c %D%/dns_query.h \
	%D%/dns_request.h \
	%D%/dns_tcp.c \
	%D%/dns_transfer.c %D%/dns_transfer.h \
	%D%/dns_udp.c \
	%D%/dns_update.c %D%/dns_update.h \
	%D%/dnsport.c %D%/dnsport.h \
	%D%/dyndns2.c %D%/dyndns2.h \
	%D%/form.c %D%/form.h \
	%D%/forwarded.c %D%/forwarded.h \
	%D%/http.c %D%/http.h \
	%D%/http_parse.c %D%/http_parse.h \
	%D%/http_update.c \
	%D%/ingest.h \
	%D%/mailbox.c %D%/mailbox.h \
	%D%/reply.c %D%/reply.h \
	%D%/server.c %D%/server.h \
	%D%/tls.c %D%/tls.h
libddns_ingest_la_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
libddns_ingest_la_LIBADD = $(EVENT_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) -lpthread
