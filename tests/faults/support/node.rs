//! The program as a process of its own: started, stopped, killed, halted, and its log read.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use url::Url;

/// A start or an end that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a node listens; kept over restarts, as a payer's browser and a partner keep its address.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub public: u16,
    pub gateway: u16,
    pub operations: u16,
}

impl Ports {
    /// Free ports below those that the system gives to outgoing connections, so that nobody takes them while
    /// the node is dead.
    pub fn free() -> Self {
        Self {
            public: free_port(),
            gateway: free_port(),
            operations: free_port(),
        }
    }
}

pub fn free_port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes begin at different places and step through the range.
    let begin = u16::try_from(std::process::id() % 9000).unwrap();
    loop {
        let port = 10_100 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 9_800;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The program under test.
pub fn binary() -> PathBuf {
    std::env::var_os("SMARTPAY_BINARY").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_smartpay")), PathBuf::from)
}

/// How a node is started.
#[derive(Clone, Debug)]
pub struct Start {
    pub settings: PathBuf,
    pub clock: PathBuf,
    pub fail_points: String,
    /// Settings that go over those of the file.
    pub environment: Vec<(&'static str, String)>,
    pub ports: Ports,
}

/// A running node; killed when dropped.
pub struct Node {
    pub ports: Ports,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    name: String,
}

impl Node {
    /// Starts the program; it is not ready yet.
    pub fn spawn(start: &Start) -> Self {
        // A write beyond the file size limit is to fail, not to end the process.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(binary());
        command.arg("serve").arg("--config").arg(&start.settings);
        command
            .env("SMARTPAY_CLOCK_FILE", &start.clock)
            .env("SMARTPAY_FAIL_POINTS", &start.fail_points);
        let ports = start.ports;
        for (name, port) in [
            ("PUBLIC", ports.public),
            ("GATEWAY", ports.gateway),
            ("OPERATIONS", ports.operations),
        ] {
            command.env(format!("SMARTPAY__{name}__BIND"), format!("127.0.0.1:{port}"));
        }
        command.envs(start.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        keep_lines(child.stdout.take().unwrap(), &log);
        keep_lines(child.stderr.take().unwrap(), &log);
        let name = start.settings.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self { ports, child, log, name }
    }

    /// Waits until it says that it is ready; answers how long that took.
    pub async fn ready(&mut self) -> Duration {
        let begun = Instant::now();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let url = format!("http://127.0.0.1:{}/health/ready", self.ports.operations);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the node ended at once with {status}: {}", self.log().join("\n"));
            }
            let answer = http.get(&url).timeout(Duration::from_secs(2)).send().await;
            if answer.is_ok_and(|a| a.status().is_success()) {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < PATIENCE, "not ready: {}", self.log().join("\n"));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The status of `/health/ready`.
    pub async fn readiness(&self) -> u16 {
        let url = format!("http://127.0.0.1:{}/health/ready", self.ports.operations);
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        http.get(url).send().await.map_or(0, |answer| answer.status().as_u16())
    }

    pub fn gateway(&self) -> Url {
        Url::parse(&format!("https://127.0.0.1:{}", self.ports.gateway)).unwrap()
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGSTOP: the process stalls in the middle of whatever it does.
    pub fn halt(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGTERM; the process is still at work on what it has begun.
    pub fn ask_to_stop(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for a fail point to kill it.
    pub async fn died(&mut self) {
        let status = self.ended().await;
        assert_eq!(status.signal(), Some(9), "{status}: {}", self.log().join("\n"));
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "still alive: {}", self.log().join("\n"));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What it has said so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// How often a text stands in the log.
    pub fn said(&self, text: &str) -> usize {
        self.log().iter().filter(|l| l.contains(text)).count()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let last = log.len().saturating_sub(60);
            eprintln!("--- the end of the log of {}\n{}", self.name, log[last..].join("\n"));
        }
    }
}

fn keep_lines(from: impl Read + Send + 'static, log: &Arc<Mutex<Vec<String>>>) {
    let log = log.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            log.lock().unwrap().push(line);
        }
    });
}

/// Runs a command of the program to its end; answers whether it went well, and all that it said.
pub fn run_to_end(settings: &Path, command: &[&str], environment: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(binary())
        .args(command)
        .arg("--config")
        .arg(settings)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
