//! A small design system: plain HTML with our own look. Each component has its own style file.
//!
//! # Invariants
//! - No domain and no rpc: components take text and views. The one exception is `form`, whose whole task is the answer
//!   of a server function.
//! - Everything works, or is absent, without WebAssembly.

pub mod auto_save;
pub mod avatar;
pub mod breadcrumbs;
pub mod button;
pub mod copy;
pub mod dialog;
pub mod dom;
pub mod empty;
pub mod field;
pub mod focus;
pub mod form;
pub mod icon;
pub mod markup;
pub mod menu;
pub mod meter;
pub mod note;
pub mod pages;
pub mod select;
pub mod selection;
pub mod server_only;
pub mod table;
pub mod toast;
