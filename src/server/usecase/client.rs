//! What clients are told apart by: the network that they come from.

use super::super::{
    context::Client,
    limit::{Key, network},
};

/// The client's name where clients wait in turn, for example to have a password hashed.
pub fn client_name(client: &Client) -> String {
    network(client.address.as_deref())
}

/// What failures of a client are counted under.
pub fn client_key(client: &Client) -> Key {
    Key::failures(format!("client {}", client_name(client)))
}
