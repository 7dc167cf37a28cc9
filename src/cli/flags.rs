//! The flags that say a part of the configuration, the same before and after every sub-command.
//!
//! They are words here: `config` reads them, so that a port that is none is told beside all other
//! problems. This is also where the file is found and read.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::{CONFIG_ENV, ConfigFile, Inputs, Origin};

const DEFAULT_FILE: &str = "elacsym.toml";

#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub(super) struct Flags {
    /// File to read instead of ./elacsym.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Local folder that holds everything [default: ./data]
    #[arg(long, global = true, value_name = "FOLDER")]
    storage_path: Option<String>,
    /// Store that holds everything: s3://bucket/prefix, file:///folder, memory://
    #[arg(long, global = true, value_name = "URL")]
    storage_url: Option<String>,
    /// Name of this node in its cluster
    #[arg(long, global = true, value_name = "NAME")]
    node_id: Option<String>,
    /// IP address to listen on [default: 127.0.0.1 without API keys, 0.0.0.0 with them]
    #[arg(long, global = true, value_name = "ADDRESS")]
    host: Option<String>,
    /// TCP port to listen on [default: 3000]
    #[arg(long, global = true, value_name = "PORT")]
    port: Option<String>,
    /// How logs are written to stderr: text or json [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged: off, error, warn, info, debug, trace; MODULE=LEVEL for exceptions
    /// [default: info]
    #[arg(long, global = true, value_name = "LEVELS")]
    log_level: Option<String>,
}

impl Flags {
    pub(super) fn into_inputs(self, env: Vec<(OsString, OsString)>) -> Inputs {
        let file = self.file(&env);
        let flags = [
            ("--storage-path", self.storage_path),
            ("--storage-url", self.storage_url),
            ("--node-id", self.node_id),
            ("--host", self.host),
            ("--port", self.port),
            ("--log-format", self.log_format),
            ("--log-level", self.log_level),
        ];
        let flags = flags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Inputs { file, env, flags }
    }

    /// A file that was asked for must be there; the default one may be absent.
    fn file(&self, env: &[(OsString, OsString)]) -> Option<ConfigFile> {
        if let Some(path) = &self.config {
            return Some(read(path, Some(Origin::Flag("--config"))));
        }
        if let Some((_, path)) = env.iter().find(|(name, _)| name == CONFIG_ENV) {
            return Some(read(Path::new(path), Some(Origin::Env(CONFIG_ENV.to_owned()))));
        }
        match fs::exists(DEFAULT_FILE) {
            Ok(false) => None,
            Ok(true) | Err(_) => Some(read(Path::new(DEFAULT_FILE), None)),
        }
    }
}

fn read(path: &Path, named_by: Option<Origin>) -> ConfigFile {
    ConfigFile { path: path.display().to_string(), named_by, text: text_of(path) }
}

/// The text of a file, or why there is none.
pub(super) fn text_of(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::cli::Cli;
    use crate::config::KEYS;

    #[test]
    fn the_table_of_keys_and_the_command_line_have_the_same_flags() {
        let command = Cli::command();
        let mut here: Vec<String> = command
            .get_arguments()
            .filter_map(|arg| arg.get_long())
            .filter(|long| !matches!(*long, "config" | "help" | "version"))
            .map(|long| format!("--{long}"))
            .collect();
        let mut table: Vec<&str> = KEYS.iter().filter_map(|key| key.flag).collect();
        here.sort();
        table.sort();
        assert_eq!(here, table);
    }
}
