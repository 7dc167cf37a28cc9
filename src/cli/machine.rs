//! What this machine has for us, as far as a default follows from it: its memory, or that of the
//! container or service that this process runs in, if it was given less.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::engine::Limits;
use crate::namespace::keeper::FoldAt;

/// Of what there is, so much: the rest is for what nobody reserves, and for the system's own cache.
const PART: u64 = 2;
const LEAST_BYTES: u64 = 256 << 20;

const MEMORY: &str = "/proc/meminfo";
const GROUPS: &str = "/proc/self/cgroup";
/// Where groups of version 2 are, and of version 1 those that limit memory.
const GROUP_ROOT: &str = "/sys/fs/cgroup";
const MEMORY_ROOT: &str = "/sys/fs/cgroup/memory";

/// What a node may take here, as far as nothing else was said.
pub(super) fn limits(config: &Config) -> Limits {
    let indexer = &config.indexer;
    let memory = indexer.memory_limit.unwrap_or_else(memory_limit);
    let folds = FoldAt { slots: indexer.fold_slots.into(), bytes: indexer.fold_bytes };
    let places = config.query.concurrent as usize;
    Limits { places, ..Limits::of(memory, folds) }
}

/// The limit of memory where none was said.
fn memory_limit() -> u64 {
    half(memory(|path| fs::read_to_string(path).ok()))
}

fn half(bytes: Option<u64>) -> u64 {
    bytes.map_or(LEAST_BYTES, |bytes| (bytes / PART).max(LEAST_BYTES))
}

/// The least of all that limits us. None: nothing of it can be read.
fn memory(read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let all = read(Path::new(MEMORY)).and_then(|text| total(&text));
    let groups = read(Path::new(GROUPS)).unwrap_or_default();
    let limits = groups.lines().flat_map(limits_of).filter_map(|path| {
        // "max" is no limit.
        read(&path)?.trim().parse::<u64>().ok()
    });
    limits.chain(all).min()
}

/// `MemTotal:       16384 kB`
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    kib.checked_mul(1024)
}

/// The files with the limits of a group and of those that it is in. In a container the path is often
/// as the host has it, and not there: then the root is the container's own.
fn limits_of(line: &str) -> Vec<PathBuf> {
    let mut parts = line.splitn(3, ':');
    let (Some(_), Some(controllers), Some(group)) = (parts.next(), parts.next(), parts.next())
    else {
        return Vec::new();
    };
    let (root, file) = match controllers {
        "" => (GROUP_ROOT, "memory.max"),
        some if some.split(',').any(|one| one == "memory") => {
            (MEMORY_ROOT, "memory.limit_in_bytes")
        }
        _ => return Vec::new(),
    };
    let group = Path::new(group.trim_start_matches('/'));
    group.ancestors().map(|group| Path::new(root).join(group).join(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn with(files: &[(&str, &str)]) -> Option<u64> {
        memory(|path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn the_least_limit_that_holds_for_this_process_counts() {
        let machine = (MEMORY, "MemTotal:        1048576 kB\nMemFree:         500 kB\n");
        let group = (GROUPS, "0::/a.slice/b.service\n");
        let own = ("/sys/fs/cgroup/a.slice/b.service/memory.max", "536870912\n");
        let parent = ("/sys/fs/cgroup/a.slice/memory.max", "268435456\n");
        let none = ("/sys/fs/cgroup/a.slice/memory.max", "max\n");
        let elsewhere = ("/sys/fs/cgroup/c.slice/memory.max", "1\n");
        let container = ("/sys/fs/cgroup/memory.max", "134217728\n");
        for (files, expected) in [
            (vec![machine], 1024),
            (vec![machine, group, elsewhere], 1024),
            (vec![machine, group, own, none], 512),
            (vec![machine, group, own, parent], 256),
            (vec![machine, (GROUPS, "0::/"), container], 128),
            (vec![machine, (GROUPS, "0::/docker/1f"), container], 128),
        ] {
            assert_eq!(with(&files), Some(expected * MIB), "{files:?}");
        }
        assert_eq!(with(&[]), None);
        assert_eq!(with(&[(MEMORY, "MemFree: 1 kB")]), None);
    }

    #[test]
    fn groups_of_the_old_kind_limit_too() {
        let groups = (GROUPS, "9:cpu,cpuacct:/x\n4:hugetlb,memory:/docker/1f\n0::/\n");
        let host = ("/sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes", "1048576");
        let root = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "2097152");
        let unlimited = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
        let cpu = ("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1");
        assert_eq!(with(&[groups, host, root, cpu]), Some(MIB));
        assert_eq!(with(&[groups, root]), Some(2 * MIB));
        let machine = (MEMORY, "MemTotal: 4096 kB");
        assert_eq!(with(&[machine, groups, unlimited]), Some(4 * MIB));
    }

    #[test]
    fn half_of_it_is_for_us_and_never_too_little() {
        assert_eq!(half(Some(4096 * MIB)), 2048 * MIB);
        assert_eq!(half(Some(300 * MIB)), 256 * MIB);
        assert_eq!(half(None), 256 * MIB);
        assert!(memory_limit() >= LEAST_BYTES);
    }
}
