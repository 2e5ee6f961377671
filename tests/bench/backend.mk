# bench programs for backend
