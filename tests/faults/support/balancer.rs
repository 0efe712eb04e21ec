//! What stands before several nodes: one address for payers and one for partners, each connection passed to
//! the next node that is open.

use super::node::Ports;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

#[derive(Debug, Default)]
struct Shared {
    nodes: Mutex<Vec<(Ports, bool)>>,
    next: AtomicUsize,
    /// Connections to the gateways since the start.
    partners: AtomicUsize,
}

/// The balancer; it passes nothing before [`Balancer::serve_with`].
#[derive(Debug)]
pub struct Balancer {
    /// The port payers use.
    pub public: u16,
    gateway: u16,
    shared: Arc<Shared>,
}

impl Balancer {
    pub async fn start() -> Self {
        let shared = Arc::<Shared>::default();
        Self {
            public: listen(&shared, |_, ports| ports.public).await,
            gateway: listen(&shared, |shared, ports| {
                shared.partners.fetch_add(1, Ordering::SeqCst);
                ports.gateway
            })
            .await,
            shared,
        }
    }

    /// The address partners use.
    pub fn gateway(&self) -> Url {
        Url::parse(&format!("https://127.0.0.1:{}", self.gateway)).unwrap()
    }

    pub fn serve_with(&self, nodes: [Ports; 2]) {
        *self.shared.nodes.lock().unwrap() = nodes.map(|n| (n, true)).to_vec();
    }

    /// How many connections partners have made.
    pub fn partners(&self) -> usize {
        self.shared.partners.load(Ordering::SeqCst)
    }

    /// Whether a node gets new connections.
    pub fn open(&self, node: usize, open: bool) {
        self.shared.nodes.lock().unwrap()[node].1 = open;
    }
}

async fn listen(shared: &Arc<Shared>, port: fn(&Shared, Ports) -> u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shared = shared.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let open: Vec<Ports> = {
                let nodes = shared.nodes.lock().unwrap();
                nodes.iter().filter(|n| n.1).map(|n| n.0).collect()
            };
            if open.is_empty() {
                continue;
            }
            let to = port(&shared, open[shared.next.fetch_add(1, Ordering::SeqCst) % open.len()]);
            tokio::spawn(async move {
                if let Ok(mut node) = TcpStream::connect(("127.0.0.1", to)).await {
                    // Either side may hang up.
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut node).await;
                }
            });
        }
    });
    address.port()
}
