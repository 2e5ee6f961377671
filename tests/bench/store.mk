# bench programs for store
