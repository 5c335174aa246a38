//! Accepts connections and serves the router on them.
//!
//! axum's own `serve` has no timeout for request headers: a client that sends them byte by byte would hold its connection for
//! ever, and a few hundred of these would block the server (attack 60).

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::Service;

/// How long a client may take to send the headers of a request, and how long a connection may be idle between two requests.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves until `stop`, then lets requests in progress finish.
pub async fn serve(listener: TcpListener, app: Router, headers: Duration, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(headers);
    let mut services = app.into_make_service_with_connect_info::<SocketAddr>();
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                // Most likely too many open files. Waiting lets some of them close.
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        // The answer with a file is written in pieces. Without this option the last piece waits until the client has acknowledged the
        // one before, which clients put off for 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its small pieces back");
        }
        let Ok(service) = services.call(peer).await;
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    // Closed first, so that nobody waits for a connection that is accepted no more.
    drop(listener);
    connections.shutdown().await;
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
