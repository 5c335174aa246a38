//! An SMTP server for tests: it keeps every mail it accepts, and fails on request.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use commonhold::server::mail::smtp::Delivery;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A fault that happens once, at the next conversation that reaches it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The greeting comes after this long.
    SlowGreeting(Duration),
    /// 421 instead of a greeting.
    Busy,
    /// 550 to MAIL FROM.
    SenderRefused,
    /// 450 to RCPT TO.
    RecipientLater,
    /// 550 to RCPT TO.
    RecipientNever,
    /// 554 to the message.
    MessageNever,
    /// The message is accepted, and the connection closes before the answer.
    DroppedAfterData,
}

/// A mail that the server accepted.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: Vec<String>,
    pub text: String,
}

impl Mail {
    /// A header's value, if there is exactly one such header.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let wanted = format!("{}:", name.to_lowercase());
        let mut found = head.split("\r\n").filter(|line| line.to_lowercase().starts_with(&wanted));
        let value = found.next().map(|line| line[wanted.len()..].trim().to_owned());
        value.filter(|_| found.next().is_none())
    }

    /// The whole mail, decoded from quoted-printable.
    pub fn readable(&self) -> String {
        self.text.replace("=\r\n", "").replace("=3D", "=")
    }
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    faults: VecDeque<Fault>,
    conversations: usize,
}

pub struct MailServer {
    pub address: SocketAddr,
    kept: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// An address where connections are refused.
pub async fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address")
}

/// Delivery to a server on this machine, with a short timeout.
pub fn delivery_to(address: SocketAddr) -> Delivery {
    let mut delivery =
        Delivery::parse(&format!("smtp://{address}"), None, "http://localhost:3000").expect("an address");
    delivery.timeout = Duration::from_secs(20);
    delivery
}

impl MailServer {
    pub async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().expect("an address")).await
    }

    pub async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let kept = Arc::new(Mutex::new(State::default()));
        let accepting = tokio::spawn({
            let kept = kept.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    kept.lock().expect("not poisoned").conversations += 1;
                    let kept = kept.clone();
                    // The client may close the connection at any time.
                    tokio::spawn(async move { converse(stream, &kept).await.ok() });
                }
            }
        });
        Self { address, kept, accepting }
    }

    /// Requests faults, which happen in this order.
    pub fn order(&self, faults: impl IntoIterator<Item = Fault>) {
        self.kept.lock().expect("not poisoned").faults.extend(faults);
    }

    /// Every accepted mail, in order.
    pub fn mails(&self) -> Vec<Mail> {
        self.kept.lock().expect("not poisoned").mails.clone()
    }

    pub fn conversations(&self) -> usize {
        self.kept.lock().expect("not poisoned").conversations
    }

    pub fn delivery(&self) -> Delivery {
        delivery_to(self.address)
    }
}

fn comes(kept: &Mutex<State>, fault: Fault) -> bool {
    let mut kept = kept.lock().expect("not poisoned");
    let now = kept.faults.front() == Some(&fault);
    if now {
        kept.faults.pop_front();
    }
    now
}

async fn converse(stream: TcpStream, kept: &Mutex<State>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    let slow = kept.lock().expect("not poisoned").faults.front().copied();
    if let Some(fault @ Fault::SlowGreeting(wait)) = slow
        && comes(kept, fault)
    {
        tokio::time::sleep(wait).await;
    }
    if comes(kept, Fault::Busy) {
        return write.write_all(b"421 too busy\r\n").await;
    }
    write.write_all(b"220 mail.example.com ESMTP\r\n").await?;
    let mut to = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" | "HELO" => "250-mail.example.com\r\n250-8BITMIME\r\n250 SIZE 1000000",
            "MAIL" if comes(kept, Fault::SenderRefused) => "550 5.7.1 You may not send as this",
            "RCPT" if comes(kept, Fault::RecipientLater) => "450 4.2.0 Greylisted, try again later",
            "RCPT" if comes(kept, Fault::RecipientNever) => "550 5.1.1 No such mailbox",
            "MAIL" | "RSET" => {
                to.clear();
                "250 OK"
            }
            "RCPT" => {
                to.push(command.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                "250 OK"
            }
            "DATA" if to.is_empty() => "503 Whom to?",
            "DATA" => {
                write.write_all(b"354 Go on\r\n").await?;
                let mut text = String::new();
                loop {
                    line.clear();
                    if lines.read_line(&mut line).await? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                if comes(kept, Fault::MessageNever) {
                    "554 5.7.1 It has http://localhost:3000/verify?token=secret in it"
                } else {
                    kept.lock().expect("not poisoned").mails.push(Mail { to: std::mem::take(&mut to), text });
                    if comes(kept, Fault::DroppedAfterData) {
                        return Ok(());
                    }
                    "250 Taken"
                }
            }
            "NOOP" => "250 OK",
            "QUIT" => {
                write.write_all(b"221 Bye\r\n").await?;
                return Ok(());
            }
            _ => "502 What?",
        };
        write.write_all(answer.as_bytes()).await?;
        write.write_all(b"\r\n").await?;
    }
}
