//! What this node keeps of a name in memory, where an operator says what becomes of it.
//!
//! Nothing is kept that is not on the store, so neither changes what anybody is answered.

use super::Engine;
use super::places::Party;
use crate::error::Result;
use crate::model::{Consistency, Namespace, Warmth};

impl Engine {
    /// Its rows are in memory when this is answered. Tells which of them had to be read for it.
    pub async fn heat(&self, name: &Namespace) -> Result<Warmth> {
        self.over_view(name, Party::ONE, Consistency::Strong, None, |view, _| Ok(view.warmth)).await
    }

    /// Closes a name that is there: whoever asks for it next has all of it read again.
    pub async fn cool(&self, name: &Namespace) -> Result<()> {
        self.schema(name).await?;
        self.names.close(name).await;
        Ok(())
    }
}
