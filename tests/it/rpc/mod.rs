//! Pages and forms as a browser without WebAssembly meets them.

mod account;
mod forms;
mod pages;
