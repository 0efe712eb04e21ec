//! A mail server (RFC 5321) that takes, refuses, cuts or hangs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What becomes of a message after its final dot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// 250.
    #[default]
    Take,
    /// 451, try later.
    Refuse,
    /// Kept, but the connection is closed before the 250.
    CutBefore250,
    /// Kept, and the 250 never comes.
    Hang,
    /// 550 to the recipient `poison@…`, 250 to others.
    RefusePoison,
    /// The connection is closed at once.
    Down,
}

/// The mail server and what it kept, in order.
#[derive(Clone, Debug)]
pub struct Sink {
    pub address: SocketAddr,
    shared: Arc<Mutex<(Mood, Vec<String>)>>,
}

impl Sink {
    /// Listens until the process ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::default(),
        };
        let served = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                std::thread::spawn(move || served.serve(&stream));
            }
        });
        sink
    }

    pub fn set(&self, mood: Mood) {
        self.shared.lock().unwrap().0 = mood;
    }

    fn mood(&self) -> Mood {
        self.shared.lock().unwrap().0
    }

    /// The messages kept so far.
    pub fn messages(&self) -> Vec<String> {
        self.shared.lock().unwrap().1.clone()
    }

    /// The Message-ID of each message kept so far.
    pub fn message_ids(&self) -> Vec<String> {
        let id = |m: &String| {
            m.lines()
                .find_map(|l| l.strip_prefix("Message-ID: "))
                .unwrap_or("none")
                .trim()
                .to_owned()
        };
        self.messages().iter().map(id).collect()
    }

    fn serve(&self, stream: &TcpStream) -> Option<()> {
        if self.mood() == Mood::Down {
            return None;
        }
        let mut out = stream;
        let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes()).ok();
        let mut lines = BufReader::new(stream).lines();
        say("220 sink")?;
        while let Some(Ok(line)) = lines.next() {
            if self.mood() == Mood::Down {
                return None;
            }
            let upper = line.to_ascii_uppercase();
            match upper.get(..4) {
                Some("DATA") => {
                    say("354 go on")?;
                    let body: Vec<String> = lines.by_ref().map_while(Result::ok).take_while(|l| l != ".").collect();
                    let mood = self.mood();
                    if mood == Mood::Refuse {
                        say("451 4.3.0 later")?;
                        continue;
                    }
                    self.shared.lock().unwrap().1.push(body.join("\n"));
                    match mood {
                        Mood::CutBefore250 => return None,
                        Mood::Hang => std::thread::sleep(Duration::from_secs(3600)),
                        _ => {}
                    }
                    say("250 taken")?;
                }
                Some("RCPT") if self.mood() == Mood::RefusePoison && upper.contains("POISON@") => say("550 5.1.1 nobody")?,
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
