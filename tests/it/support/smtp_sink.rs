//! A mail server that takes everything (RFC 5321, as much of it as one client needs).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What arrived: whole messages, dots unstuffed.
#[derive(Clone, Default)]
pub struct SmtpSink(Arc<Mutex<Vec<String>>>);

impl SmtpSink {
    /// Listens until the process ends.
    pub fn start(at: SocketAddr) -> Self {
        let sink = Self::default();
        let listener = TcpListener::bind(at).unwrap();
        let shared = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || shared.serve(&stream));
            }
        });
        sink
    }

    /// The messages so far.
    pub fn messages(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut out = stream;
        let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes()).ok();
        let mut lines = BufReader::new(stream).lines();
        say("220 sink")?;
        while let Some(Ok(line)) = lines.next() {
            match line.to_ascii_uppercase().get(..4) {
                Some("DATA") => {
                    say("354 go on")?;
                    let body: Vec<String> = lines.by_ref().map_while(Result::ok).take_while(|l| l != ".").collect();
                    self.0.lock().unwrap().push(body.join("\n"));
                    say("250 taken")?;
                }
                Some("QUIT") => {
                    say("221 bye")?;
                    return None;
                }
                Some("EHLO") => say("250-sink\r\n250 8BITMIME")?,
                _ => say("250 ok")?,
            }
        }
        None
    }
}
