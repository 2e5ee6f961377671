# bench programs for dns
