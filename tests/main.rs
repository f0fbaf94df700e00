//! The program as a user meets it: its binary, run in temporary folders.

mod commands;
mod determinism;
mod malformed;
mod run;
mod support;
