//! Pages of every kind: each looks, and tells the page, the same as without the extension, whether its bytes come from a
//! member, from the shelf or from the origin. The pages are the folders under `cases/`; `cargo xtask matrix` visits them in
//! more surroundings, and prints the table.

use std::env;

use slipstream_journeys::{Case, Run, play};
use slipstream_stage::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_any_kind_is_shown_as_without_the_extension() -> Result<(), Fault> {
    let mut cases = Case::all()?;
    // One case or one group by its name, for whoever works on it.
    if let Ok(only) = env::var("CASE") {
        cases.retain(|case| case.name == only || case.group == only);
    }
    let rows = play(cases, &Run::QUICK).await?;
    let faults: Vec<_> = rows.iter().flat_map(|row| row.faults().collect::<Vec<_>>()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}
