//! Each policy trips and recovers while a transfer runs: the page has everything, and no peer is left or all come back.
//! The browser's own objects are changed and say so, as they would by themselves; nothing behind them is touched.

use std::time::Duration;

use serde_json::{Value, json};
use slipstream_journeys::{SHOP, noise};
use slipstream_stage::{Fault, Outage, Page, Protocol, Scene, Seat, Site};

const PATIENCE: Duration = Duration::from_secs(20);
/// Images of a page: at the rate of a local network they take some seconds.
const IMAGES: usize = 8;

/// A page of large images for each case: what one has taught helps no other.
fn site(cases: usize) -> Result<Site, Fault> {
    let mut site = Site::builder(format!("https://{SHOP}/page-0.html")).host(SHOP, Protocol::Http2).header(
        SHOP,
        "*.png",
        "cache-control",
        Some("public, max-age=31536000"),
    );
    for case in 0..cases {
        let name = |image: usize| format!("{case}-{image}.png");
        let images: String =
            (0..IMAGES).map(|image| format!("<img src=\"{}\" alt=\"\">\n", name(image))).collect();
        let page = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>{case}</title><link rel=\"icon\" href=\"data:,\">\n{images}"
        );
        site = site.file(SHOP, &format!("/page-{case}.html"), page);
        for image in 0..IMAGES {
            site = site.file(SHOP, &format!("/{}", name(image)), noise(620, 440, &name(image)));
        }
    }
    Ok(site.file(SHOP, "/look.html", "<!doctype html><link rel=\"icon\" href=\"data:,\">").build()?)
}

/// One policy: what happens, what undoes it, and what the statistics say meanwhile.
struct Case {
    reason: &'static str,
    level: &'static str,
    limited: bool,
    trip: Where,
    recover: Where,
}

/// Where a script runs.
#[derive(Clone)]
enum Where {
    Offscreen(String),
    Worker(String),
    Desk(String),
    Settings(Value),
    /// The browser may store so many bytes for the extension. A page that is opened then makes it look.
    Disk(Option<u64>),
}

fn battery(level: f64, charging: bool) -> Where {
    Where::Offscreen(format!(
        "navigator.getBattery().then((battery) => {{
          for (const [key, value] of Object.entries({{ level: {level}, charging: {charging} }}))
            Object.defineProperty(battery, key, {{ value, configurable: true }});
          battery.dispatchEvent(new Event('levelchange'));
        }})"
    ))
}

fn connection(save_data: bool, speed: &str) -> Where {
    Where::Offscreen(format!(
        "(() => {{
          for (const [key, value] of Object.entries({{ saveData: {save_data}, effectiveType: '{speed}' }}))
            Object.defineProperty(navigator.connection, key, {{ value, configurable: true }});
          navigator.connection.dispatchEvent(new Event('change'));
        }})()"
    ))
}

/// The idle state that the service worker reads, and a window that opens and closes, so that it looks.
fn idle(state: &str) -> Where {
    Where::Worker(format!(
        "(async () => {{
          chrome.idle.queryState = async () => '{state}';
          const {{ id }} = await chrome.windows.create({{ focused: false }});
          await chrome.windows.remove(id);
        }})()"
    ))
}

/// Without a desktop the browser tells nobody that it minimised a window: another one that comes and goes makes the
/// service worker look.
fn windows(state: &str) -> Where {
    Where::Desk(format!(
        "chrome.windows.getAll()
          .then((all) => Promise.all(all.map(({{ id }}) => chrome.windows.update(id, {{ state: '{state}' }}))))
          .then(() => chrome.windows.create({{ focused: false }}))
          .then(({{ id }}) => chrome.windows.remove(id))"
    ))
}

async fn run(seat: &Seat, what: &Where) -> Result<(), Fault> {
    let browser = seat.browser();
    match what {
        Where::Offscreen(script) => drop(browser.evaluate_offscreen(script, PATIENCE).await?),
        Where::Worker(script) => drop(browser.evaluate_service_worker(script, PATIENCE).await?),
        Where::Desk(script) => drop(seat.desk()?.evaluate(script).await?),
        Where::Settings(settings) => seat.set(settings).await?,
        Where::Disk(bytes) => {
            seat.desk()?.limit_storage(*bytes).await?;
            let page = browser.new_page().await?;
            page.goto(&format!("https://{SHOP}/look.html"), PATIENCE).await?;
            page.close().await?;
        }
    }
    Ok(())
}

async fn wait_for_policy(seat: &Seat, reason: Option<&str>) -> Result<Value, Fault> {
    let holds = format!(
        "chrome.runtime.sendMessage({{type: 'stats'}}).then((s) => (s.policy?.reason ?? null) === {})",
        json!(reason)
    );
    let waited = seat.desk()?.wait_for(&holds, PATIENCE).await;
    let policy = seat.stats().await?["policy"].clone();
    waited.map_err(|fault| format!("{fault}; the policy is {policy}, not {reason:?}"))?;
    Ok(policy)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_policy_trips_and_recovers_while_a_transfer_runs() -> Result<(), Fault> {
    let cases = [
        Case {
            reason: "battery_low",
            level: "shelf",
            // It runs on its battery, too.
            limited: true,
            trip: battery(0.18, false),
            recover: battery(0.18, true),
        },
        Case {
            reason: "discharging",
            level: "both",
            limited: true,
            trip: battery(0.7, false),
            recover: battery(0.7, true),
        },
        Case {
            reason: "save_data",
            level: "shelf",
            limited: false,
            trip: connection(true, "4g"),
            recover: connection(false, "4g"),
        },
        Case {
            reason: "slow_network",
            level: "shelf",
            limited: false,
            trip: connection(false, "2g"),
            recover: connection(false, "4g"),
        },
        Case { reason: "idle", level: "shelf", limited: false, trip: idle("idle"), recover: idle("active") },
        Case {
            reason: "hidden",
            level: "both",
            limited: true,
            trip: windows("minimized"),
            recover: windows("normal"),
        },
        Case {
            reason: "disk_low",
            level: "shelf",
            limited: false,
            // Less than a few pages' worth is left.
            trip: Where::Disk(Some(60 * 1024 * 1024)),
            recover: Where::Disk(None),
        },
        Case {
            reason: "day_limit",
            level: "receive",
            limited: false,
            trip: Where::Settings(json!({ "uploadMiBPerDay": 0 })),
            recover: Where::Settings(json!({})),
        },
    ];
    let scene = Scene::of(site(cases.len())?).build().await?;
    let (a, b) = (scene.member().await?, scene.member().await?);
    let mut settings = scene.member_settings();
    settings["policy"] = json!({ "idle": "pause" });
    a.set(&settings).await?;
    b.set(&settings).await?;
    for (number, case) in cases.iter().enumerate() {
        let url = format!("https://{SHOP}/page-{number}.html");
        a.visit_at(&scene, &url).await?;
        // The cap on uploads matters to the one who sends, all else to the one who receives.
        let (with, sends) = if case.level == "receive" { (&a, true) } else { (&b, false) };
        let filled = |what: &Where| match what {
            Where::Settings(limits) => {
                let mut settings = settings.clone();
                settings["limits"] = limits.clone();
                Where::Settings(settings)
            }
            other => other.clone(),
        };
        a.wait_for_peers(1).await?;
        b.wait_for_peers(1).await?;
        let before = a.stats().await?["all"]["uploaded"].as_u64().unwrap_or(0);
        let page = b.browser().new_page().await?;
        page.clear_http_cache().await?;
        scene.origin().reset();
        let begun =
            format!("chrome.runtime.sendMessage({{type: 'stats'}}).then((s) => s.all.uploaded > {before})");
        go(&scene, &b, &page, &url).await?;
        a.desk()?.wait_for(&begun, PATIENCE).await.map_err(|fault| format!("{}: {fault}", case.reason))?;

        run(with, &filled(&case.trip)).await?;
        let policy = wait_for_policy(with, Some(case.reason)).await?;
        assert_eq!(
            (&policy["level"], &policy["limited"]),
            (&json!(case.level), &json!(case.limited)),
            "{policy}"
        );
        if case.level == "shelf" {
            assert_eq!(with.stats().await?["peers"]["known"], 0, "{}", case.reason);
        }
        whole(&page).await.map_err(|fault| format!("{}: {fault}", case.reason))?;
        let from_origin = scene.origin().counters().of_type("image/").requests;
        if case.level == "both" {
            let stats = with.stats().await?;
            assert_eq!(stats["peers"]["connected"], 1, "{}: {stats}", case.reason);
        } else {
            assert!(from_origin > 0, "{}: it tripped too late to matter", case.reason);
        }

        run(with, &filled(&case.recover)).await?;
        wait_for_policy(with, None).await?;
        page.close().await?;
        println!("{}: {from_origin} of {IMAGES} images from the origin; sender: {sends}", case.reason);
    }
    Ok(())
}

/// Goes to a page that a peer is to bring. A question that a busy machine did not answer in time is asked again: the
/// line is silent until there is a plan.
async fn go(scene: &Scene, seat: &Seat, page: &Page, url: &str) -> Result<(), Fault> {
    let planned = format!(
        "chrome.runtime.sendMessage({{type: 'loads'}})
          .then((loads) => loads.some(({{ url, plan }}) => url === {} && plan.length === {IMAGES}))",
        json!(url)
    );
    scene.set_outage(Some(Outage::Silent))?;
    for _ in 0..8 {
        page.evaluate(&format!("location.href = {}", json!(url))).await?;
        if seat.desk()?.wait_for(&planned, Duration::from_secs(2)).await.is_ok() {
            return scene.set_outage(None);
        }
    }
    Err(format!("no plan for {url}: {}", seat.stats().await?).into())
}

/// Every image of the page is there, whoever brought it.
async fn whole(page: &Page) -> Result<(), Fault> {
    let shown = format!(
        "document.readyState === 'complete' && document.images.length === {IMAGES} &&
         [...document.images].every((image) => image.complete && image.naturalWidth === 620)"
    );
    Ok(page.wait_for(&shown, PATIENCE * 2).await?)
}
