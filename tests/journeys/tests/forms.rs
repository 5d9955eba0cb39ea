//! Images in every form that pages have them in: each looks, and tells the page, the same as without the extension,
//! whether its bytes come from a member, from the shelf or from the origin. The forms are the folders under `cases/`.

use std::{collections::BTreeMap, env};

use slipstream_journeys::{Case, Sources, differences};
use slipstream_stage::{Fault, Scene, Seat, Visit};

/// One visit to each case, by the case's name.
type Visits = BTreeMap<String, Result<Visit, Fault>>;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_any_form_is_shown_as_without_the_extension() -> Result<(), Fault> {
    let mut cases = Case::all()?;
    // One case by its name, for whoever works on it.
    if let Ok(only) = env::var("CASE") {
        cases.retain(|case| case.name == only);
    }
    let scene = Scene::of(Case::site(&cases)?).build().await?;
    let (control, a) = (scene.plain().await?, scene.member().await?);
    let plain = visits(&scene, &control, &cases).await;
    control.close().await?;
    let first = visits(&scene, &a, &cases).await;

    let b = scene.member().await?;
    b.wait_for_peers(1).await?;
    let near = planned_visits(&scene, &b, &cases, |case| &case.expected.near).await;
    let again = planned_visits(&scene, &b, &cases, |case| &case.expected.again).await;

    // And in haste: rules come while the page is already asking, and nobody can say what comes from where.
    let c = scene.member().await?;
    c.wait_for_peers(1).await?;
    let raced = visits(&scene, &c, &cases).await;

    let mut found = Vec::new();
    for case in &cases {
        let expected = &case.expected;
        let looks = [
            ("first", &first, None),
            ("near", &near, Some(&expected.near)),
            ("again", &again, Some(&expected.again)),
            ("raced", &raced, None),
        ];
        for (when, visits, sources) in looks {
            let faults = judge(case, &plain[&case.name], &visits[&case.name], sources);
            found.extend(faults.into_iter().map(|fault| format!("{} {when}: {fault}", case.name)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

/// What is wrong with a visit.
fn judge(
    case: &Case,
    plain: &Result<Visit, Fault>,
    visit: &Result<Visit, Fault>,
    expected: Option<&Sources>,
) -> Vec<String> {
    let (plain, visit) = match (plain, visit) {
        (Ok(plain), Ok(visit)) => (plain, visit),
        (Err(fault), _) => return vec![format!("without the extension: {fault}")],
        (_, Err(fault)) => return vec![fault.to_string()],
    };
    let known = |difference: &String| case.expected.differs.values().any(|known| known.contains(difference));
    let mut found: Vec<_> = differences(plain, visit).into_iter().filter(|found| !known(found)).collect();
    let sources = case.sources(visit);
    if expected.is_some_and(|expected| !expected.admits(&sources)) {
        found.push(format!("{sources:?}, and not {expected:?}, {}", visit.tab));
    }
    found
}

async fn visits(scene: &Scene, seat: &Seat, cases: &[Case]) -> Visits {
    let mut visits = BTreeMap::new();
    for case in cases {
        visits.insert(case.name.clone(), seat.visit_at(scene, &case.url()).await);
    }
    visits
}

/// The same, each with all rules in force before the page's first byte: then it is certain what comes from where.
async fn planned_visits(
    scene: &Scene,
    seat: &Seat,
    cases: &[Case],
    expected: fn(&Case) -> &Sources,
) -> Visits {
    let mut visits = BTreeMap::new();
    for case in cases {
        let rules = expected(case).peer.len() + expected(case).shelf.len();
        let ready = format!(
            "chrome.declarativeNetRequest.getSessionRules().then((rules) => \
             rules.filter((rule) => rule.condition.urlFilter.includes('/{}/')).length >= {rules})",
            case.name
        );
        visits.insert(case.name.clone(), seat.visit_once(scene, &case.url(), &ready).await);
    }
    visits
}
