//! TLS: the certificate that this server shows, and handshakes.
//!
//! Certificate and key are read again when either file changes. New connections see the new ones from
//! then on, those that are there go on; what cannot be used, such as a key of another certificate,
//! leaves all as it was.

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use super::followed::{Change, Followed};
use crate::config::TlsFiles;
use crate::env::Clock;
use crate::error::{Context, Error, Result};
use crate::model::{Figure, FigureKind, Sample};

/// The best first. What a client speaks in the end, its first bytes tell.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A handle; all of its clones are one.
#[derive(Clone)]
pub struct Tls(Arc<Desk>);

struct Desk {
    files: Followed,
    shown: Mutex<Shown>,
    failed: AtomicU64,
}

struct Shown {
    config: Arc<ServerConfig>,
    /// Of both files.
    hash: blake3::Hash,
}

impl Tls {
    pub fn open(files: &TlsFiles) -> Result<Self> {
        let place = || {
            let (cert, key) = (files.cert.display(), files.key.display());
            format!("server.tls.cert ({cert}) and server.tls.key ({key})")
        };
        let files = Followed::new("certificate", vec![files.cert.clone(), files.key.clone()]);
        let shown = files.read().and_then(|contents| shown(&contents)).context(place())?;
        let desk = Desk { files, shown: Mutex::new(shown), failed: AtomicU64::new(0) };
        Ok(Self(Arc::new(desk)))
    }

    /// Shows the certificate as it changes, for as long as this is polled.
    pub async fn follow(self, clock: Clock) {
        self.0.files.follow(clock, |contents| self.take(contents)).await;
    }

    pub(super) fn followed(&self) -> &Followed {
        &self.0.files
    }

    /// It waits for the client as long as that likes.
    pub(super) async fn shake_hands<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.config()).accept(stream).await
    }

    /// The client speaks something else, trusts somebody else, or took too long.
    pub(super) fn count_failure(&self) {
        self.0.failed.fetch_add(1, Relaxed);
    }

    fn config(&self) -> Arc<ServerConfig> {
        self.0.shown.lock().unwrap_or_else(PoisonError::into_inner).config.clone()
    }

    fn take(&self, contents: &[Vec<u8>]) -> Result<Change> {
        let new = shown(contents)?;
        let mut shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.hash == new.hash {
            return Ok(Change::None);
        }
        *shown = new;
        Ok(Change::Taken)
    }
}

/// Without TLS, a name without a number.
pub(super) fn figure(tls: Option<&Tls>) -> Figure {
    let sample = |tls: &Tls| {
        let value = tls.0.failed.load(Relaxed) as f64;
        Sample { suffix: "", labels: Vec::new(), value }
    };
    Figure {
        name: "elacsym_tls_handshakes_failed_total",
        help: "Connections that came to no TLS",
        kind: FigureKind::Counter,
        samples: tls.map(sample).into_iter().collect(),
    }
}

/// What the certificate and the key in these two come to.
fn shown(contents: &[Vec<u8>]) -> Result<Shown> {
    let [cert, key] = contents else {
        return Err(Error::internal("a certificate is two files".to_owned()));
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert).collect();
    let chain = chain.map_err(|_| Error::invalid("the certificate is not whole PEM"))?;
    if chain.is_empty() {
        let message = "there is no certificate: each begins with -----BEGIN CERTIFICATE-----";
        return Err(Error::invalid(message));
    }
    // What the decoder has to say may repeat a line of the file.
    let private = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
        Error::invalid("there is no private key: one begins with -----BEGIN PRIVATE KEY-----")
    })?;
    let wrong = |error| Error::invalid("certificate and key cannot be used").with_source(error);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(wrong)?;
    let config = builder.with_no_client_auth().with_single_cert(chain, private);
    let mut config = config.map_err(wrong)?;
    config.alpn_protocols = Vec::from(PROTOCOLS.map(<[u8]>::to_vec));
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(cert.len() as u64).to_le_bytes()).update(cert).update(key);
    Ok(Shown { config: Arc::new(config), hash: hasher.finalize() })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    use std::fs;
    use std::path::Path;

    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::pki_types::ServerName;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    /// A certificate for `localhost` that vouches for itself, and its key, in PEM.
    pub(crate) fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    pub(crate) fn files(folder: &Path, (cert, key): &(String, String)) -> TlsFiles {
        let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
        fs::write(&files.cert, cert).unwrap();
        fs::write(&files.key, key).unwrap();
        files
    }

    /// Who trusts that certificate and no other.
    pub(crate) fn client(cert: &str) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    pub(crate) fn localhost() -> ServerName<'static> {
        ServerName::try_from("localhost").unwrap()
    }

    fn told(cert: &str, key: &str) -> String {
        let contents = [cert.as_bytes().to_vec(), key.as_bytes().to_vec()];
        shown(&contents).err().unwrap().chain()
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_its_key_is_not_told() {
        let ((cert, key), (_, other)) = (made(), made());
        assert!(shown(&[cert.clone().into_bytes(), key.clone().into_bytes()]).is_ok());
        assert!(told("", &key).contains("there is no certificate"));
        assert!(told(&key, &key).contains("there is no certificate"));
        assert!(told(&cert[..cert.len() / 2], &key).contains("not whole PEM"));
        for half in ["", &*cert, &key[..key.len() / 2], "-----BEGIN hunter2"] {
            let told = told(&cert, half);
            assert!(
                told.contains("there is no private key") && !told.contains("hunter2"),
                "{told}"
            );
        }
        let told = told(&cert, &other);
        assert!(told.contains("cannot be used: "), "{told}");
    }

    #[test]
    fn a_certificate_is_changed_for_another_that_can_be_used_and_for_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (made(), made());
        let tls = Tls::open(&files(folder.path(), &one)).unwrap();
        let first = tls.config();
        let take = |cert: &str, key: &str| tls.take(&[cert.into(), key.into()]);
        assert_eq!(take(&one.0, &one.1).unwrap(), Change::None);
        // Two files are not changed at the same moment.
        assert!(take(&two.0, &one.1).is_err());
        assert!(Arc::ptr_eq(&tls.config(), &first));
        assert_eq!(take(&two.0, &two.1).unwrap(), Change::Taken);
        assert!(!Arc::ptr_eq(&tls.config(), &first));
        let absent = TlsFiles { cert: "absent".into(), key: "absent".into() };
        let told = Tls::open(&absent).err().unwrap().chain();
        assert!(told.contains("server.tls.cert (absent)") && told.contains("No such"), "{told}");
    }
}
