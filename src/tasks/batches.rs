//! Inputs that run as they come, so that a long text is never in memory as all its inputs.

use crate::error::Result;
use crate::heads::HeadKind;
use crate::inputs::ModelInputs;
use crate::luke::{Luke, Output};

/// Runs a head on inputs, as many at once as the device takes with profit, and shows the outputs of each in order.
///
/// # Errors
/// Those of [`Luke::forward_head`], and that of `visit`.
pub async fn for_each<T>(
    luke: &Luke,
    head: HeadKind,
    inputs: impl Iterator<Item = (ModelInputs, T)>,
    mut visit: impl FnMut(T, Vec<Output>) -> Result<()>,
) -> Result<()> {
    let mut inputs = inputs.peekable();
    while let Some((first, label)) = inputs.next() {
        let mut rows = first.rows();
        let (mut batch, mut labels) = (vec![first], vec![label]);
        while let Some((next, label)) = inputs.next_if(|(next, _)| rows + next.rows() <= luke.batch_rows()) {
            rows += next.rows();
            batch.push(next);
            labels.push(label);
        }
        for (label, outputs) in labels.into_iter().zip(luke.forward_head(&batch, Some(head)).await?) {
            visit(label, outputs)?;
        }
    }
    Ok(())
}
