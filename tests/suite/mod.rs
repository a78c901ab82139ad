mod cli;
mod program;
mod run;
mod tidy;
