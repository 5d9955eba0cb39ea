//! Images in every form that pages have them in: each looks, and tells the page, the same as without the extension, whether
//! its bytes come from a member, from the shelf or from the origin. `cargo xtask matrix` visits pages of all other kinds,
//! too, in more surroundings, judges what came from where, and prints the table.

use std::env;

use slipstream_journeys::{Case, Run, play};
use slipstream_stage::Fault;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "some pages race with themselves when stages share two cores (in_hand); run by hand until they do not"]
async fn an_image_of_any_form_is_shown_as_without_the_extension() -> Result<(), Fault> {
    let mut cases = Case::all()?;
    // Another group, or one case, by its name, for whoever works on it.
    let only = env::var("CASE").unwrap_or_else(|_| "images".to_owned());
    cases.retain(|case| case.name == only || case.group == only);
    let rows = play(cases, &Run::QUICK).await?;
    let faults: Vec<_> = rows.iter().flat_map(|row| row.faults().collect::<Vec<_>>()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}
