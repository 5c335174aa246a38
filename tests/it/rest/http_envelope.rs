//! What holds for every response, even if a middleware answers instead of a handler: problem details, timeouts, slow clients,
//! and shutdown.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
    routing::get,
};
use commonhold::server::{listen, router::answering};
use futures::stream;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{Instant, timeout},
};
use tower::ServiceExt;

use crate::{both, support::TestApp};

both!(api_1_method_not_allowed_is_problem_details, async |app| {
    let anna = app.person("Anna").await;
    for (method, path) in [(Method::PUT, "/api/v1/orgs"), (Method::DELETE, "/api/v1/openapi.json")] {
        let answer = anna.call(method, path, None, &[]).await.expect(405);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.header("allow").contains("GET"), "{path}: {:?}", answer.headers);
        assert_eq!((answer.code().as_str(), &answer.json()["status"]), ("invalid", &Value::from(405)));
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
        assert!(answer.header("content-encoding").is_empty());
    }
});

async fn ask(router: &Router, path: &str) -> (u16, String, Value, String) {
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (parts.status.as_u16(), header("content-type"), body, header("x-request-id"))
}

#[tokio::test]
async fn api_1_attack_65_panics_and_timeouts_are_problem_details() {
    let router = Router::new()
        .route("/api/v1/panics", get(async || if true { panic!("with a secret") } else { "never" }))
        .route("/panics", get(async || if true { panic!("with a secret") } else { "never" }))
        .route("/api/v1/sleeps", get(async || tokio::time::sleep(Duration::from_mins(1)).await));
    // The panic comes before the timeout on a busy machine too; the sleep comes after it.
    let (hasty, router) =
        (answering(router.clone(), Duration::from_millis(50)), answering(router, Duration::from_mins(1)));
    for (router, path, status) in [(&router, "/api/v1/panics", 500), (&hasty, "/api/v1/sleeps", 504)] {
        let (answered, kind, problem, id) = ask(router, path).await;
        assert_eq!((answered, kind.as_str()), (status, "application/problem+json"), "{path}");
        assert_eq!((&problem["code"], &problem["status"]), (&Value::from("internal"), &Value::from(status)));
        assert!(!id.is_empty() && problem["request_id"] == id, "{path}: {problem}");
        assert!(!problem.to_string().contains("secret"));
    }
    let (answered, kind, _, _) = ask(&router, "/panics").await;
    assert_eq!((answered, kind.as_str()), (500, "text/html; charset=utf-8"));
}

/// A server with a short timeout for headers: its address, and what stops it.
async fn listening(router: Router) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let serving = listen::serve(listener, router, Duration::from_secs(2), async {
        let _ = stopped.await;
    });
    (address, stop, tokio::spawn(serving))
}

async fn get_once(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quality_no_piece_of_an_answer_waits_for_the_client_to_acknowledge_the_one_before() {
    const PIECES: usize = 3;
    const PIECE_BYTES: usize = 5_000;
    let pieces = get(async || {
        Body::from_stream(stream::unfold(0, async |sent| {
            // Each is written by itself.
            tokio::time::sleep(Duration::from_millis(1)).await;
            (sent < PIECES).then(|| (Ok::<_, Infallible>(vec![b'x'; PIECE_BYTES]), sent + 1))
        }))
    });
    let (address, stop, serving) = listening(Router::new().route("/pieces", pieces)).await;
    let mut client = TcpStream::connect(address).await.expect("a connection");
    let mut fastest = Duration::MAX;
    // A client acknowledges the first answers at once.
    for _ in 0..30 {
        let start = Instant::now();
        client.write_all(b"GET /pieces HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
        let (mut answer, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        while !answer.ends_with(b"\r\n0\r\n\r\n") {
            let read = client.read(&mut buffer).await.expect("more of the answer");
            assert!(read > 0, "the answer is cut");
            answer.extend_from_slice(&buffer[..read]);
        }
        assert!(answer.len() > PIECES * PIECE_BYTES);
        fastest = fastest.min(start.elapsed());
    }
    // Three pieces, one of which would wait for 40 ms each time.
    assert!(fastest < Duration::from_millis(30), "{fastest:?}");
    stop.send(()).expect("it listens");
    timeout(Duration::from_mins(1), serving).await.expect("it stops").expect("well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_60_slow_headers_are_disconnected_and_others_served() {
    let app = TestApp::sqlite().await;
    let (address, stop, serving) = listening(app.router()).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: local").await.expect("written");
        slow.push(stream);
    }
    let start = Instant::now();
    assert!(get_once(address, "/healthz").await.ends_with("ok"));
    assert!(start.elapsed() < Duration::from_secs(30));
    for mut stream in slow {
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "still open");
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    assert!(get_once(address, "/healthz").await.ends_with("ok"));
    stop.send(()).expect("it listens");
    timeout(Duration::from_mins(1), serving).await.expect("it stops").expect("well");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quality_open_requests_are_finished_at_shutdown() {
    let begun = std::sync::Arc::new(tokio::sync::Notify::new());
    let told = begun.clone();
    let slow = get(async move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
        told.notify_one();
        tokio::time::sleep(Duration::from_millis(600)).await;
        format!("for {}", peer.ip())
    });
    let (address, stop, serving) = listening(Router::new().route("/slow", slow)).await;
    let answer = tokio::spawn(async move { get_once(address, "/slow").await });
    begun.notified().await;
    stop.send(()).expect("it listens");
    assert!(answer.await.expect("an answer").ends_with("for 127.0.0.1"));
    timeout(Duration::from_mins(1), serving).await.expect("it stops").expect("well");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
