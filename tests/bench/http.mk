# bench programs for http
