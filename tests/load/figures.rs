//! The figures of a benchmark, in the shape that all benchmarks of the project have.

use std::path::Path;

use serde::Serialize;

use crate::Fault;

/// All of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) bench: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// One figure. The name says the whole case.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) ratio_to: Option<String>,
    pub(crate) ratio: Option<f64>,
}

impl Row {
    /// A figure that stands alone.
    pub(crate) const fn alone(name: String, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit, ratio_to: None, ratio: None }
    }
}

impl Figures {
    /// Prints one line for each figure, and writes them all.
    pub(crate) fn show(&self, json: Option<&Path>) -> Result<(), Fault> {
        for row in &self.rows {
            let ratio = row.ratio.zip(row.ratio_to.as_ref());
            let ratio = ratio.map(|(ratio, to)| format!("  {ratio:.2} × {to}")).unwrap_or_default();
            println!("{:<58} {:>10} {}{ratio}", row.name, (row.value * 100.0).round() / 100.0, row.unit);
        }
        if let Some(path) = json {
            let text = serde_json::to_string_pretty(self)? + "\n";
            std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }
}
