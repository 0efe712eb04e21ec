//! The connection to PostgreSQL, which can be cut after a COMMIT has reached the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// Passes connections on.
#[derive(Clone, Debug)]
pub struct Wire {
    port: u16,
    /// Commits that still pass before one is cut off; below zero: none is.
    countdown: Arc<AtomicI64>,
    /// Commits that came by.
    commits: Arc<AtomicU64>,
}

impl Wire {
    pub async fn start(server: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            port: listener.local_addr().unwrap().port(),
            countdown: Arc::new(AtomicI64::new(-1)),
            commits: Arc::default(),
        };
        let target = (server.host_str().unwrap().to_owned(), server.port().unwrap_or(5432));
        let (countdown, commits) = (wire.countdown.clone(), wire.commits.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, countdown, commits) = (target.clone(), countdown.clone(), commits.clone());
                // Connections end when either side hangs up.
                tokio::spawn(async move { pass(client, target, &countdown, &commits).await.ok() });
            }
        });
        wire
    }

    /// The same database, through this wire.
    pub fn through(&self, url: &str) -> String {
        let mut url = Url::parse(url).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }

    /// The answer to the n-th COMMIT from now (from 0) is lost, with the connection. Waits until the timers' own
    /// work has been done: for a second nobody has committed anything.
    pub async fn lose_answer_of(&self, nth: i64) {
        let mut before = None;
        while before != Some(self.commits.load(Ordering::SeqCst)) {
            before = Some(self.commits.load(Ordering::SeqCst));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.countdown.store(nth, Ordering::SeqCst);
    }

    /// Whether it has happened.
    pub fn has_cut(&self) -> bool {
        self.countdown.load(Ordering::SeqCst) < 0
    }
}

async fn pass(client: TcpStream, target: (String, u16), countdown: &AtomicI64, commits: &AtomicU64) -> std::io::Result<()> {
    let server = TcpStream::connect(target).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            n = from_client.read(&mut asked) => {
                let n = n?;
                if n == 0 {
                    return Ok(());
                }
                let commit = asked[..n].windows(6).any(|w| w == b"COMMIT");
                commits.fetch_add(u64::from(commit), Ordering::SeqCst);
                to_server.write_all(&asked[..n]).await?;
                if commit && countdown.load(Ordering::SeqCst) >= 0 && countdown.fetch_sub(1, Ordering::SeqCst) == 0 {
                    // The server has done it and says so, to nobody.
                    let _ = from_server.read(&mut answered).await?;
                    return Ok(());
                }
            }
            n = from_server.read(&mut answered) => {
                let n = n?;
                if n == 0 {
                    return Ok(());
                }
                to_client.write_all(&answered[..n]).await?;
            }
        }
    }
}
