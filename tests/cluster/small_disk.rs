//! A disk that is soon full, and can grow: a file system in memory that only a space of our own
//! sees. It needs no rights but that to make such spaces.

use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use crate::leash::{Leash, run};

const MOUNT_LIMIT: Duration = Duration::from_secs(20);
const MOUNTED: &str = "mounted";
/// Mounts, says so, and holds the space until it is killed.
const MOUNT_AND_HOLD: &str =
    "mount -t tmpfs -o size=\"$2\" none \"$1\" && echo mounted && exec sleep infinity";

#[derive(Debug)]
pub(crate) struct SmallDisk {
    folder: String,
    holder: String,
    leash: Leash,
}

impl SmallDisk {
    pub(crate) async fn mount(folder: &str, size: &str, log: &Path) -> Self {
        let space = ["unshare", "--user", "--map-root-user", "--mount"];
        let words = [&space[..], &["sh", "-c", MOUNT_AND_HOLD, "sh", folder, size]].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let mut leash = Leash::tie(&words, &[], log);
        let said = timeout(MOUNT_LIMIT, leash.greeting()).await;
        match said {
            Ok(Some((holder, word))) if word == MOUNTED => {
                Self { folder: folder.to_owned(), holder, leash }
            }
            other => panic!(
                "no small disk: {other:?}; `unshare` of util-linux must be allowed to make spaces \
                 of users and mounts (sysctl kernel.unprivileged_userns_clone, \
                 kernel.apparmor_restrict_unprivileged_userns)"
            ),
        }
    }

    /// What stands before a command, so that it sees the disk.
    pub(crate) fn inside(&self) -> Vec<String> {
        let words = ["nsenter", "--target", &self.holder, "--user", "--mount"];
        let rest = ["--preserve-credentials", "--"];
        words.into_iter().chain(rest).map(str::to_owned).collect()
    }

    pub(crate) fn grow(&self, size: &str) {
        let option = format!("remount,size={size}");
        self.run(&["mount", "-o", &option, "none", &self.folder]);
    }

    pub(crate) fn free_kib(&self) -> u64 {
        let table = self.run(&["df", "-k", "--output=avail", &self.folder]);
        table.lines().last().unwrap().trim().parse().unwrap()
    }

    pub(crate) fn unmount(self) {
        self.leash.cut();
    }

    fn run(&self, words: &[&str]) -> String {
        let mut all = self.inside();
        all.extend(words.iter().map(|word| (*word).to_owned()));
        run(&all)
    }
}
