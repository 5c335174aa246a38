//! Pages and forms as a browser without WebAssembly meets them.

mod access;
mod account;
mod forms;
mod pages;
mod public_forms;
