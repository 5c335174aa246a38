//! Pages and forms as a browser without WebAssembly meets them.

mod forms;
mod pages;
