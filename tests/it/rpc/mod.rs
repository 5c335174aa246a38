//! Pages and forms as a browser without WebAssembly meets them.

mod access;
mod account;
mod doors;
mod forms;
mod pages;
