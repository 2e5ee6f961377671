# bench programs for module
