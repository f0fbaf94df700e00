//! Tests of the whole program.

mod browser;
mod chain;
mod commands;
mod determinism;
mod exact;
mod figures;
mod malformed;
mod manual;
mod methods;
mod problems;
mod reference;
mod resume;
mod run;
mod support;
mod tail_index;
mod theory;
