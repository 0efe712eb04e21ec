//! A bank's front door that can be told to misbehave: one request a connection, and for each the next rule
//! that fits.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// The connection is closed; the bank never saw the request.
    CutBefore,
    /// The bank acted; the connection is closed before a byte of its answer came.
    CutAfter,
    /// The bank acted; half of its answer comes.
    CutMidAnswer,
    /// The bank acted; its answer never comes.
    SwallowAnswer,
    /// Nobody reads it and nothing ever comes.
    BlackHole,
    /// The bank acted; its answer comes later.
    Delay(Duration),
    /// Somebody else answers this; the bank never saw the request.
    Say(Vec<u8>),
    /// Somebody else answers this after a while.
    SayLate(Duration, Vec<u8>),
    /// The bank acted; this comes instead of its answer.
    SayAfter(Vec<u8>),
    /// Nothing special.
    Pass,
}

#[derive(Debug)]
struct Rule {
    fits: String,
    act: Act,
    again: bool,
}

#[derive(Debug, Default)]
struct Shared {
    rules: Mutex<VecDeque<Rule>>,
    seen: Mutex<Vec<String>>,
    /// The last answer that was held back.
    late: Mutex<Vec<u8>>,
}

/// The front door.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens for as long as the runtime lives.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::default(),
        };
        let shared = proxy.shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                // A connection that breaks is what this is for.
                tokio::spawn(async move { serve(stream, target, &shared).await.ok() });
            }
        });
        proxy
    }

    /// The next request whose first line begins like this.
    pub fn once(&self, fits: &str, act: Act) {
        self.add(fits, act, false);
    }

    /// Every request whose first line begins like this.
    pub fn always(&self, fits: &str, act: Act) {
        self.add(fits, act, true);
    }

    fn add(&self, fits: &str, act: Act, again: bool) {
        let fits = fits.to_owned();
        self.shared.rules.lock().unwrap().push_back(Rule { fits, act, again });
    }

    /// Good behaviour from now on.
    pub fn clear(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// The answer that is held back last ([`Act::Delay`]), as the bank gave it.
    pub fn late_answer(&self) -> String {
        String::from_utf8_lossy(&self.shared.late.lock().unwrap()).into_owned()
    }

    /// The first lines of the requests that arrived and begin like this.
    pub fn lines(&self, begin: &str) -> Vec<String> {
        let seen = self.shared.seen.lock().unwrap();
        seen.iter().filter(|line| line.starts_with(begin)).cloned().collect()
    }

    /// How many requests arrived whose first lines begin like this.
    pub fn seen(&self, begin: &str) -> usize {
        self.shared
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.starts_with(begin))
            .count()
    }
}

impl Shared {
    fn act_for(&self, line: &str) -> Act {
        let mut rules = self.rules.lock().unwrap();
        let Some(at) = rules.iter().position(|r| line.starts_with(&r.fits)) else {
            return Act::Pass;
        };
        if rules[at].again {
            return rules[at].act.clone();
        }
        rules.remove(at).map_or(Act::Pass, |r| r.act)
    }
}

async fn serve(mut stream: TcpStream, target: SocketAddr, shared: &Shared) -> std::io::Result<()> {
    let request = read_request(&mut stream).await?;
    let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
    let act = shared.act_for(&line);
    shared.seen.lock().unwrap().push(line);
    match act {
        Act::CutBefore => Ok(()),
        Act::BlackHole => forever().await,
        Act::Say(bytes) => stream.write_all(&bytes).await,
        Act::SayLate(time, bytes) => {
            tokio::time::sleep(time).await;
            stream.write_all(&bytes).await
        }
        Act::Pass => pass(&mut stream, target, &request).await,
        Act::CutAfter => ask(target, &request).await.map(drop),
        Act::SwallowAnswer => {
            ask(target, &request).await?;
            forever().await
        }
        Act::CutMidAnswer => {
            let answer = ask(target, &request).await?;
            stream.write_all(&answer[..answer.len() / 2]).await
        }
        Act::Delay(time) => {
            let answer = ask(target, &request).await?;
            shared.late.lock().unwrap().clone_from(&answer);
            tokio::time::sleep(time).await;
            stream.write_all(&answer).await
        }
        Act::SayAfter(bytes) => {
            ask(target, &request).await?;
            stream.write_all(&bytes).await
        }
    }
}

async fn forever() -> std::io::Result<()> {
    tokio::time::sleep(Duration::from_secs(3600)).await;
    Ok(())
}

async fn pass(stream: &mut TcpStream, target: SocketAddr, request: &[u8]) -> std::io::Result<()> {
    let answer = ask(target, request).await?;
    stream.write_all(&answer).await?;
    stream.shutdown().await
}

/// Asks the bank and reads its whole answer.
async fn ask(target: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut bank = TcpStream::connect(target).await?;
    bank.write_all(request).await?;
    let mut answer = Vec::new();
    bank.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// One request, changed so that the bank closes the connection after its answer.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let length = text
        .lines()
        .find_map(|l| {
            l.to_ascii_lowercase()
                .strip_prefix("content-length:")
                .map(|v| v.trim().parse().unwrap_or(0))
        })
        .unwrap_or(0_usize);
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let mut closing: Vec<u8> = text
        .trim_end_matches("\r\n")
        .lines()
        .filter(|l| !l.to_ascii_lowercase().starts_with("connection:"))
        .flat_map(|l| format!("{l}\r\n").into_bytes())
        .collect();
    closing.extend_from_slice(b"Connection: close\r\n\r\n");
    closing.extend_from_slice(&bytes[head..head + length]);
    Ok(closing)
}

/// An HTTP answer as bytes.
pub fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}").into_bytes()
}
