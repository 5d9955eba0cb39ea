//! A browser that is killed again and again while it stores bodies, on one profile.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::Deserialize;
use slipstream_core::{
    body::ContentId,
    shelf::{Shelf, Snapshot},
};
use slipstream_stage::{Fault, Protocol, Scene, Seat, Site, Stored};

use crate::{SHOP, noise};

/// Images of each page.
const IMAGES: usize = 24;
/// From the first stored body to the kill, in ms: measured, 24 bodies take about this long.
const MOMENTS: std::ops::Range<u64> = 0..250;
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kills {
    /// Browsers that were killed.
    pub kills: usize,
    /// Of these, while some of the page's bodies were stored and others were not.
    pub in_the_middle: usize,
    /// Bodies that were on the shelf at the end.
    pub bodies: usize,
    /// Starts at which bodies were gone that had been there before the kill.
    pub losses: usize,
}

/// What lies in the database, as the browser reads it and not the extension.
#[derive(Deserialize)]
struct OnDisk {
    bodies: Vec<Stored>,
    /// Rows in hexadecimal.
    records: Vec<String>,
    profiles: Vec<String>,
    /// Names of bodies that ready plans point at.
    ready: Vec<String>,
}

/// Kills a browser so many times at a random moment while it stores the bodies of a page that is new to it, starts it
/// again each time, and looks at the shelf. `say` hears of each.
///
/// # Errors
/// The shelf does not open, a record or a ready plan points at a body that is missing or wrong, or a browser does not do
/// what it should.
pub async fn kills(count: usize, seed: u64, say: impl Fn(&str)) -> Result<Kills, Fault> {
    let scene = Scene::of(pages(count)?).build().await?;
    let profile = tempfile::tempdir()?;
    let mut random = StdRng::seed_from_u64(seed);
    let mut done = Kills::default();
    let mut seat = scene.member_on(profile.path()).await?;
    let mut before = 0;
    for number in 0..count {
        let moment = Duration::from_millis(random.random_range(MOMENTS));
        kill_at(seat, number, before, moment).await?;
        seat = scene.member_on(profile.path()).await?;
        let found = look(&seat).await.map_err(|fault| format!("kill {number}, {moment:?}: {fault}"))?;
        let stored = found.saturating_sub(before);
        done.losses += usize::from(found < before);
        before = found;
        done.kills += 1;
        done.in_the_middle += usize::from(stored > 0 && stored < IMAGES);
        done.bodies = found;
        say(&format!(
            "kill {} of {count}, {moment:?} after the first: {stored} of {IMAGES} new bodies stored, {found} in all, each whole",
            number + 1
        ));
    }
    seat.close().await?;
    Ok(done)
}

/// Goes to a page, and ends the browser so long after the first of its bodies was filed.
async fn kill_at(seat: Seat, number: usize, before: usize, moment: Duration) -> Result<(), Fault> {
    let page = seat.browser().new_page().await?;
    page.goto(&address(number), PATIENCE).await?;
    let filed =
        format!("chrome.runtime.sendMessage({{type: 'stats'}}).then((s) => s.shelf.bodies > {before})");
    seat.desk()?.wait_for(&filed, PATIENCE).await?;
    tokio::time::sleep(moment).await;
    tokio::task::block_in_place(|| seat.kill());
    Ok(())
}

/// The number of bodies on the shelf, where all that points at one points at the right one.
async fn look(seat: &Seat) -> Result<usize, Fault> {
    let disk: OnDisk = serde_json::from_value(seat.desk()?.evaluate(ON_DISK).await?)?;
    if let Some(wrong) = disk.bodies.iter().find(|body| body.name != body.sha256) {
        return Err(format!("not what its name says: {wrong:?}").into());
    }
    let id = |name: &String| ContentId::from_hex(name).ok_or("a body without a name");
    let ids = disk.bodies.iter().map(|body| id(&body.name)).collect::<Result<Vec<_>, _>>()?;
    for name in &disk.ready {
        if !ids.contains(&id(name)?) {
            return Err(format!("a ready plan points at {name}, which is not there").into());
        }
    }
    let rows = disk.records.len();
    let [records, profiles] =
        [disk.records, disk.profiles].map(|rows| rows.iter().map(|row| bytes(row)).collect());
    let (shelf, orphans) = Shelf::open(Snapshot { records, profiles, bodies: ids.clone() });
    let mut named = 0;
    for (id, stored) in ids.iter().zip(&disk.bodies) {
        for (_, record) in shelf.records_of(*id) {
            named += 1;
            if record.length != stored.bytes {
                return Err(format!("a record says {} bytes of {stored:?}", record.length).into());
            }
        }
    }
    if named != rows {
        return Err(format!("{named} of {rows} records point at a body that is there").into());
    }
    // The engine takes away what no record names, as it starts.
    if orphans.len() > IMAGES {
        return Err(format!("{} bodies that no record names", orphans.len()).into());
    }
    Ok(ids.len())
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).filter_map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

fn address(number: usize) -> String {
    format!("https://{SHOP}/page-{number}.html")
}

/// A page for each kill, with images that no other page has.
fn pages(count: usize) -> Result<Site, Fault> {
    let mut site = Site::builder(address(0)).host(SHOP, Protocol::Http2);
    for number in 0..count {
        let mut html = format!("<!doctype html>\n<meta charset=\"utf-8\">\n<title>Page {number}</title>\n");
        for image in 0..IMAGES {
            let path = format!("/{number}-{image}.png");
            html += &format!("<img src=\"{path}\" width=\"90\" height=\"60\" alt=\"\">\n");
            site = site.file(SHOP, &path, noise(120, 80, &path));
        }
        site = site.file(SHOP, &format!("/page-{number}.html"), html);
    }
    Ok(site.header(SHOP, "*.png", "cache-control", Some("public, max-age=31536000")).build()?)
}

/// All in one transaction: what lay there when the browser was started, or what the engine has made of it since.
const ON_DISK: &str = r"new Promise((resolve, reject) => {
  const opening = indexedDB.open('slipstream');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const db = opening.result;
    const reading = db.transaction([...db.objectStoreNames]);
    const all = (store) => reading.objectStore(store).getAll();
    const names = reading.objectStore('bodies').getAllKeys();
    const [blobs, records, profiles, ready] = ['bodies', 'records', 'profiles', 'ready'].map(all);
    reading.onerror = () => reject(reading.error);
    reading.oncomplete = async () => {
      db.close();
      const bodies = [];
      for (const [at, name] of names.result.entries()) {
        const bytes = await blobs.result[at].arrayBuffer();
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        bodies.push({ name, sha256: digest.toHex(), bytes: bytes.byteLength });
      }
      resolve({
        bodies,
        records: records.result.map((row) => row.toHex()),
        profiles: profiles.result.map((row) => row.toHex()),
        ready: ready.result.flatMap((plan) => plan.serve.map(({ id }) => id)),
      });
    };
  };
})";
