dist_man_MANS += %D%/ddnsctl.8
