# Tests that are not GoogleTest programs: style, command line, MPI, README.
