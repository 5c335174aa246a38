//! A TCP proxy between a node and its PostgreSQL, which a test can cut and restore.

use std::{net::SocketAddr, sync::Mutex};

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct TcpProxy {
    here: SocketAddr,
    there: String,
    carrying: Mutex<Option<JoinHandle<()>>>,
}

impl TcpProxy {
    /// A proxy to the database at an address, and the address that leads through the proxy.
    pub async fn to(url: &str) -> (Self, String) {
        let (before, rest) = url.split_once('@').expect("a user and a host");
        let (there, name) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let here = listener.local_addr().expect("an address");
        let proxy = Self { here, there: there.to_owned(), carrying: Mutex::new(None) };
        proxy.carry(listener);
        (proxy, format!("{before}@{here}/{name}"))
    }

    fn carry(&self, listener: TcpListener) {
        let there = self.there.clone();
        // The task owns the connections, so aborting it closes them.
        let carrying = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let there = there.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(&there).await {
                        drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
                    }
                });
            }
        });
        *self.carrying.lock().expect("not poisoned") = Some(carrying);
    }

    /// Closes all connections and refuses new ones.
    pub async fn cut(&self) {
        let carrying = self.carrying.lock().expect("not poisoned").take().expect("it is not cut");
        carrying.abort();
        assert!(carrying.await.is_err_and(|error| error.is_cancelled()));
    }

    /// Accepts connections again.
    pub async fn restore(&self) {
        self.carry(TcpListener::bind(self.here).await.expect("the port is still free"));
    }
}
