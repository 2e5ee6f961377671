# unit tests of backend
