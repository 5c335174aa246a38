//! The nginx configuration of docs/operations.md (attack 42), exactly as people copy it, in front of the real server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use commonhold::server::{
    config::{Network, Settings},
    listen, router,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    time::Instant,
};

use crate::support::{PASSWORD, TestApp, closed_port, setting};

/// Where nginx is: on the path, where Debian has it, or where `scripts/setup test` unpacks it.
fn nginx() -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/nginx/usr/sbin");
    let path = setting("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into(), unpacked]);
    folders.map(|folder| folder.join("nginx")).find(|file| file.is_file())
}

/// The sample of the document with our ports and without TLS.
fn sample(listen: SocketAddr, upstream: SocketAddr) -> String {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).expect("a document");
    let sample = text.split("```nginx\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a sample");
    let replaced = |text: String, from: &str, to: &str| {
        assert!(text.contains(from), "the sample says {from}");
        text.replace(from, to)
    };
    let sample = replaced(sample.to_owned(), "listen 443 ssl;", &format!("listen {listen};"));
    let sample = replaced(sample, "http://127.0.0.1:3000", &format!("http://{upstream}"));
    sample.lines().filter(|line| !line.trim_start().starts_with("ssl_")).collect::<Vec<_>>().join("\n")
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn start(program: &Path, folder: &Path, sample: &str, listen: SocketAddr) -> Running {
    let at = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|what| format!("    {what}_temp_path {at}/{what};\n"))
        .collect();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\nevents {{ worker_connections 256; }}\n\
         http {{\n    access_log off;\n{temporary}{sample}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, text).expect("written");
    let child = Command::new(program)
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&file)
        .arg("-e")
        .arg(folder.join("error.log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("nginx starts");
    let running = Running(child);
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(listen).await.is_err() {
        let log = std::fs::read_to_string(folder.join("error.log")).unwrap_or_default();
        assert!(Instant::now() < until, "nginx answers within half a minute: {log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running
}

/// Sends a request from 127.0.0.2, so that the client differs from the proxy.
async fn ask(proxy: SocketAddr, path: &str, headers: &str, body: &Value) -> (u16, String, Value) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0))).expect("another address of this machine");
    let mut stream = socket.connect(proxy).await.expect("a connection");
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: hold.example.com\r\nConnection: close\r\nContent-Type: application/json\r\n\
         X-Requested-With: commonhold\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let json = body.find('{').and_then(|from| body.rfind('}').map(|to| &body[from..=to]));
    let json = json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    (status, head.to_owned(), json)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_42_behind_the_documented_nginx_a_client_cannot_choose_its_address() {
    let Some(program) = nginx() else {
        eprintln!("skipped: nginx is missing; `scripts/setup test` brings it");
        return;
    };
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let settings = Settings {
        public_url: "https://hold.example.com".to_owned(),
        rate_limits: true,
        inbox: false,
        trusted_proxies: vec![Network::parse("127.0.0.1").expect("an address")],
    };
    let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let upstream = server.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listen::serve(
        server,
        router::router(app.ctx(), &settings, crate::support::site()),
        Duration::from_secs(20),
        async {
            let _ = stopped.await;
        },
    ));
    let folder = tempfile::tempdir().expect("a folder");
    let proxy = closed_port().await;
    let nginx = start(&program, folder.path(), &sample(proxy, upstream), proxy).await;

    // Through the location for sign-ins: the session has the client's address.
    let forged = "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n";
    let body = json!({ "email": anna.email, "password": PASSWORD });
    let (status, head, answer) = ask(proxy, "/api/v1/session", forged, &body).await;
    assert_eq!(status, 200, "{answer}");
    let began = "SELECT CAST(COUNT(*) AS BIGINT) FROM session WHERE ip_address = '127.0.0.2'";
    assert_eq!(app.count(began).await, 1);
    // Through the other location: the audit log has the client's address.
    let cookie = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("set-cookie:").then(|| line.split_once(": ")))
        .flatten()
        .and_then(|(_, cookie)| cookie.split(';').next())
        .expect("a cookie");
    let body = json!({ "name": "Alpine Survey", "kind": "individual", "country": "CH" });
    let (status, _, answer) = ask(proxy, "/api/v1/orgs", &format!("{forged}Cookie: {cookie}\r\n"), &body).await;
    assert_eq!(status, 201, "{answer}");
    let noted =
        "SELECT CAST(COUNT(*) AS BIGINT) FROM audit WHERE action = 'organization.created' AND ip_address = '127.0.0.2'";
    assert_eq!(app.count(noted).await, 1);
    for table in [
        "SELECT CAST(COUNT(*) AS BIGINT) FROM session WHERE ip_address LIKE '%6.6.6.6%'",
        "SELECT CAST(COUNT(*) AS BIGINT) FROM audit WHERE ip_address LIKE '%6.6.6.6%'",
    ] {
        assert_eq!(app.count(table).await, 0);
    }
    // Fifty guesses, each with a forged address. Requests that nginx limits are answered 503.
    let mut tried = 0;
    for n in 0..50 {
        let body = json!({ "email": format!("nobody.{n}@example.com"), "password": "wrong" });
        let (status, _, _) = ask(proxy, "/api/v1/session", &format!("X-Forwarded-For: 6.6.6.{n}\r\n"), &body).await;
        assert!(matches!(status, 401 | 429 | 503), "{status}");
        tried += usize::from(status == 401);
    }
    assert!(tried <= 20, "{tried} were tried");

    drop(nginx);
    stop.send(()).expect("it listens");
    tokio::time::timeout(Duration::from_secs(10), serving).await.expect("it stops").expect("well");
    app.finish().await;
}
