mod cli;
mod modes;
mod program;
mod run;
mod tidy;
