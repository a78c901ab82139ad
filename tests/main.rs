//! The integration tests: one binary, one builder that drives the program as a user does.

mod suite;
