//! The layers around every request, one file each.

pub mod view_as;
