dist_man_MANS += %D%/ddnsctl.8
dist_man_MANS += %D%/pdns-backend-ddns.8
dist_man_MANS += %D%/ddnsd.8 %D%/ddnsd.conf.5
dist_man_MANS += %D%/unbound-ddns.8 %D%/unbound-ddns.conf.5
