//! Pages and forms in a browser without WebAssembly.

mod access;
mod annotations;
mod apps;
mod dataset_files;
mod first_steps;
mod forms;
mod jobs;
mod my_account;
mod pages;
mod public_forms;
mod upload_form;
