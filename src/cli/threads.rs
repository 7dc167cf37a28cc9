//! The threads that a command runs on while it lasts.

use tokio::runtime::Builder;

use crate::error::{Error, Result};

/// What comes of it; or there are no threads to be had.
pub(super) fn run<T>(work: impl Future<Output = T>) -> Result<T> {
    let threads = Builder::new_multi_thread().enable_all().build();
    let runtime =
        threads.map_err(|error| Error::unavailable("starting threads").with_source(error))?;
    let done = runtime.block_on(work);
    // What still computes has nobody to answer to.
    runtime.shutdown_background();
    Ok(done)
}

/// The same of what somebody waits for, who may have waited enough.
pub(super) fn run_unless_stopped<T>(work: impl Future<Output = T>) -> Result<T> {
    run(async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => {
                Err(Error::unavailable("it was stopped before its end"))
            }
            done = work => Ok(done),
        }
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_it_is_handed_back() {
        assert_eq!(run(async { tokio::spawn(async { 7 }).await.unwrap() }).unwrap(), 7);
        assert_eq!(run_unless_stopped(async { 7 }).unwrap(), 7);
    }
}
