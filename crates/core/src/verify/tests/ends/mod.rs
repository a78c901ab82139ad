//! Orders of several rows, ends and keys: each class with what trips it and a near miss, and a naive reference for all of
//! them together.

mod classes;
mod contents;
mod evidence;
mod model;
mod spec;
