//! The same server over TLS: what it speaks, whom it leaves, and a certificate that is changed under
//! it.

use std::sync::Arc;
use std::time::Duration;

use elacsym::env::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::server::{Options, Server};

const CERT: &str = "cert.pem";
const KEY: &str = "key.pem";
const PATIENCE: Duration = Duration::from_secs(30);
const GET: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct Pair {
    cert: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self { cert: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    /// Who trusts this one, and speaks these.
    fn client(&self, protocols: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.cert.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }

    async fn connect(
        &self,
        server: &Server,
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(server.host()).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let connecting = self.client(protocols).connect(name, stream);
        timeout(PATIENCE, connecting).await.expect("a handshake takes too long")
    }

    /// Whether the server shows this certificate, and answers.
    async fn is_shown_by(&self, server: &Server) -> bool {
        let Ok(mut stream) = self.connect(server, &[]).await else { return false };
        stream.write_all(GET).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        read.expect("no answer").unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("}"), "{answer}");
        true
    }

    async fn comes_to_be_shown_by(&self, server: &Server) {
        let clock = Clock::start();
        while !self.is_shown_by(server).await {
            assert!(clock.now() < PATIENCE, "the certificate is not shown");
            clock.sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn serving(pair: &Pair) -> (Options, Server) {
    let options = Options::memory()
        .with("ELACSYM__SERVER__TLS__CERT", CERT)
        .with("ELACSYM__SERVER__TLS__KEY", KEY);
    options.put(CERT, &pair.cert);
    options.put(KEY, &pair.key);
    let server = Server::start(&options).await;
    (options, server)
}

#[tokio::test]
async fn a_server_speaks_the_protocol_that_it_was_asked_for() {
    let pair = Pair::new();
    let (_, server) = serving(&pair).await;
    for (offered, spoken) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["other", "http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let stream = pair.connect(&server, offered).await.unwrap();
        let spoke = stream.get_ref().1.alpn_protocol().map(String::from_utf8_lossy);
        assert_eq!(spoke.as_deref(), spoken, "{offered:?}");
    }
    assert!(pair.connect(&server, &["other"]).await.is_err());
    let mut stream = pair.connect(&server, &["h2"]).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut head = [0; 9];
    timeout(PATIENCE, stream.read_exact(&mut head)).await.expect("no settings").unwrap();
    assert_eq!(head[3], 4, "it begins with other than its settings: {head:?}");
    assert!(pair.is_shown_by(&server).await);
}

#[tokio::test]
async fn who_speaks_no_tls_is_left_and_who_trusts_another_leaves() {
    let pair = Pair::new();
    let (_, server) = serving(&pair).await;
    for said in [GET, b"\0\0\0\0", b"\x16\x03\x01\xff\xff"] {
        let mut stream = TcpStream::connect(server.host()).await.unwrap();
        stream.write_all(said).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut told = Vec::new();
        // A reset is a connection that was closed.
        let read = timeout(PATIENCE, stream.read_to_end(&mut told)).await;
        let _ = read.expect("it is not closed");
        assert!(!String::from_utf8_lossy(&told).contains("HTTP"), "{told:?}");
    }
    assert!(Pair::new().connect(&server, &[]).await.is_err());
    assert!(pair.is_shown_by(&server).await);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[tokio::test]
async fn a_certificate_is_changed_without_a_restart_and_a_broken_one_is_not_taken() {
    let (first, second, third) = (Pair::new(), Pair::new(), Pair::new());
    let (options, server) = serving(&first).await;
    assert!(first.is_shown_by(&server).await && !second.is_shown_by(&server).await);
    // As whoever renews it does: one file after the other.
    options.put(CERT, &second.cert);
    options.put(KEY, &second.key);
    second.comes_to_be_shown_by(&server).await;
    assert!(!first.is_shown_by(&server).await);

    options.put(KEY, "no key");
    let clock = Clock::start();
    while !server.log().contains("cannot be obeyed") {
        assert!(clock.now() < PATIENCE, "a broken key is not told");
        clock.sleep(Duration::from_millis(50)).await;
    }
    assert!(second.is_shown_by(&server).await);
    options.put(CERT, &third.cert);
    options.put(KEY, &third.key);
    third.comes_to_be_shown_by(&server).await;
}
