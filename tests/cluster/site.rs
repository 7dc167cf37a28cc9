//! Where a store lies, and what a server is told of it. Everything of a run is in one folder, which
//! goes when the run ends well and stays when it fails.

use std::path::PathBuf;

use elacsym::env::Dice;

use crate::minio::Minio;
use crate::small_disk::SmallDisk;

/// So that tails are folded and names reopened many times in a short run.
const SMALL: [(&str, &str); 6] = [
    ("ELACSYM_HOST", "127.0.0.1"),
    ("ELACSYM_PORT", "0"),
    ("ELACSYM__INDEXER__FOLD_SLOTS", "8"),
    ("ELACSYM__INDEXER__FOLD_BYTES", "1MiB"),
    ("ELACSYM__INDEXER__MEMORY_LIMIT", "512MiB"),
    // A line for each request would bury the rest.
    ("ELACSYM__LOG__LEVEL", "info,elacsym::api=warn"),
];
const LOG_LINES: usize = 40;

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) title: &'static str,
    pub(crate) vars: Vec<(String, String)>,
    pub(crate) minio: Option<Minio>,
    pub(crate) disk: Option<SmallDisk>,
    folder: PathBuf,
}

impl Site {
    pub(crate) fn local() -> Self {
        let mut site = Self::empty("a local folder");
        site.tell("ELACSYM_STORAGE_PATH", site.data());
        site
    }

    pub(crate) async fn minio() -> Self {
        let mut site = Self::empty("MinIO");
        let minio = Minio::start(&site.folder).await;
        let root = Dice::from_os().draw();
        site.tell("ELACSYM_STORAGE_URL", format!("s3://test/{root:032x}/deep"));
        site.tell("AWS_ENDPOINT_URL", format!("http://{}", minio.at));
        site.tell("AWS_ACCESS_KEY_ID", "test".to_owned());
        site.tell("AWS_SECRET_ACCESS_KEY", "testtest123".to_owned());
        site.tell("AWS_REGION", "us-east-1".to_owned());
        site.minio = Some(minio);
        site
    }

    /// A local folder on a disk of so many bytes, as `mount` takes them.
    pub(crate) async fn small_disk(size: &str) -> Self {
        let mut site = Self::local();
        site.title = "a small disk";
        site.disk = Some(SmallDisk::mount(&site.data(), size, &site.log()).await);
        site
    }

    fn empty(title: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        std::fs::create_dir(folder.join("data")).unwrap();
        let vars = SMALL.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { title, vars, minio: None, disk: None, folder }
    }

    fn tell(&mut self, name: &str, value: String) {
        self.vars.push((name.to_owned(), value));
    }

    pub(crate) fn data(&self) -> String {
        self.folder.join("data").to_str().unwrap().to_owned()
    }

    /// The words of a command that sees the store.
    pub(crate) fn command(&self, words: &[&str]) -> Vec<String> {
        let mut command = self.disk.as_ref().map(SmallDisk::inside).unwrap_or_default();
        command.extend(words.iter().map(|word| (*word).to_owned()));
        command
    }

    /// What all servers of this site say on stderr.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("servers.log")
    }

    pub(crate) fn log_end(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: the log\n{}", self.title, self.log_end());
            eprintln!("{}: logs and data are kept in {}", self.title, self.folder.display());
            return;
        }
        if let Some(minio) = &mut self.minio {
            minio.kill();
        }
        if let Some(disk) = self.disk.take() {
            disk.unmount();
        }
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
