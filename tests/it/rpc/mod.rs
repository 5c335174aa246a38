//! Pages and forms in a browser without WebAssembly.

mod access;
mod account;
mod forms;
mod pages;
mod public_forms;
