mod cli;
mod crash;
mod modes;
mod program;
mod run;
mod tidy;
