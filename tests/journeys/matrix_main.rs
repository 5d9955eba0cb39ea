//! Every case in every run. Called by `cargo xtask matrix`.

use std::{fs, path::PathBuf, process::ExitCode};

use slipstream_journeys::{Case, Run, page, play, table};
use slipstream_stage::Fault;

#[tokio::main]
async fn main() -> Result<ExitCode, Fault> {
    let mut arguments = std::env::args().skip(1);
    let file = PathBuf::from(arguments.next().ok_or("usage: slipstream-matrix FILE [FILTER]")?);
    let filter = arguments.next().unwrap_or_default();
    let mut cases = Case::all()?;
    cases.retain(|case| case.name.contains(&filter) || case.group == filter);
    let rows = play(cases, &Run::ALL).await?;
    print!("{}", table(&rows, &Run::ALL));
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&file, page(&rows, &Run::ALL))?;
    println!("wrote {}", file.display());
    let faults: Vec<_> =
        rows.iter().flat_map(|row| row.faults().chain(row.detours()).collect::<Vec<_>>()).collect();
    for fault in &faults {
        println!("{fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
