//! A page is loaded by one member of a group; another one nearby loads it from the first, and then from its own shelf.

use std::time::Duration;

use slipstream_journeys::differences;
use slipstream_stage::{Fault, Link, Scene, Visit};

/// What the visits of one site were like.
struct Visits {
    plain: Visit,
    first: Visit,
    near: Visit,
    again: Visit,
}

impl Visits {
    async fn of(site: &str) -> Result<Self, Fault> {
        // Quick, but with a way to go: a page that is there at once leaves nobody the time to be quicker.
        let scene = Scene::of_site(site)?.link(Link::mbit(40.0, Duration::from_millis(80))).build().await?;
        let control = scene.plain().await?;
        let plain = control.visit(&scene).await?;
        control.close().await?;
        let a = scene.member().await?;
        let first = a.visit(&scene).await?;
        let b = scene.member().await?;
        b.wait_for_peers(1).await?;
        let near = b.visit(&scene).await?;
        let again = b.visit(&scene).await?;
        Ok(Self { plain, first, near, again })
    }

    fn differences(&self) -> Vec<String> {
        let visits = [("first", &self.first), ("near", &self.near), ("again", &self.again)];
        let found = |(name, visit)| {
            differences(&self.plain, visit).into_iter().map(move |difference| format!("{name}: {difference}"))
        };
        visits.into_iter().flat_map(found).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gallery_comes_from_the_peer_and_then_from_the_shelf() -> Result<(), Fault> {
    let visits = Visits::of("gallery").await?;
    assert_eq!(visits.differences(), Vec::<String>::new());
    assert_eq!(visits.first.served.peer + visits.first.served.shelf, 0, "{:?}", visits.first.tab);
    assert!(visits.plain.images().body_bytes > 3_000_000, "{:?}", visits.plain.images());

    // By the origin's own count: of what it sends without the extension, at most a tenth is left.
    let (asked, all) = (visits.near.images(), visits.plain.images());
    assert!(asked.body_bytes * 10 <= all.body_bytes, "{asked:?} of {all:?}, {:?}", visits.near.tab);
    assert!(visits.near.served.peer * 10 >= all.body_bytes * 9, "{:?}", visits.near.served);

    assert_eq!(visits.again.images().requests, 0, "{:?}", visits.again.counters.by_url);
    assert_eq!(visits.again.served.peer, 0, "{:?}", visits.again.tab);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_scripts_and_fonts_from_many_hosts_stays_as_it_is() -> Result<(), Fault> {
    let visits = Visits::of("median").await?;
    assert_eq!(visits.differences(), Vec::<String>::new());
    assert!(visits.near.served.peer > 0, "{:?}", visits.near.tab);
    assert!(visits.again.served.shelf > visits.near.served.peer / 2, "{:?}", visits.again.tab);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_a_strict_policy_stays_as_it_is() -> Result<(), Fault> {
    let visits = Visits::of("textbook").await?;
    assert_eq!(visits.differences(), Vec::<String>::new());
    assert!(visits.near.served.peer > 0, "{:?}", visits.near.tab);
    assert!(visits.again.served.shelf > 0, "{:?}", visits.again.tab);
    Ok(())
}
