//! What a namespace holds, and what this node has done for it.

use super::Engine;
use crate::error::Result;
use crate::model::{Metadata, Namespace, Usage};

impl Engine {
    /// What it holds is exact, as a strong view has it. The rest is counted on this node alone.
    pub async fn usage(&self, name: &Namespace) -> Result<Usage> {
        let Metadata { rows, logical_bytes, .. } = self.metadata(name).await?;
        let counted = self.names.account(name).counted();
        Ok(Usage { rows, logical_bytes, node: self.node.clone(), counted })
    }
}
