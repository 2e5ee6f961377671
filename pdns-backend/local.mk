noinst_LTLIBRARIES += libddns-backend.la
libddns_backend_la_SOURCES = \
	%D%/backend.h \
	%D%/domains.c \
	%D%/keeper.c %D%/keeper.h \
	%D%/kept.c %D%/kept.h \
	%D%/list.c \
	%D%/lookup.c \
	%D%/metadata.c \
	%D%/methods.c %D%/methods.h \
	%D%/reply.c %D%/reply.h \
	%D%/request.c %D%/request.h \
	%D%/rows.c %D%/rows.h \
	%D%/serve.c \
	%D%/server.c %D%/server.h \
	%D%/types.c %D%/types.h
libddns_backend_la_LIBADD = libddns-store.la libddns-rdata.la libddns-dns.la \
	libddns-base.la

sbin_PROGRAMS += pdns-backend-ddns
pdns_backend_ddns_SOURCES = %D%/main.c
pdns_backend_ddns_LDADD = libddns-backend.la libddns-conf.la
