mod cli;
mod corpora;
mod crash;
mod faults;
mod modes;
mod program;
mod run;
mod tidy;
