//! A real Chromium does what it is told, and says what went wrong.

use std::{
    collections::HashMap,
    fs, io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;
use slipstream_browser::{BrowserError, Chromium, ColorScheme, ConsoleLevel, Launch};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

type Done = Result<(), Box<dyn std::error::Error>>;

const SOON: Duration = Duration::from_secs(20);
const MOMENT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn scripts_give_values_and_exceptions_are_errors() -> Done {
    let chromium = Chromium::launch(Launch::new()).await?;
    let page = chromium.new_page().await?;
    assert_eq!(page.evaluate("[innerWidth, innerHeight, devicePixelRatio]").await?, json!([1280, 800, 1]));
    assert_eq!(page.evaluate("Promise.resolve({ a: [null, 'b'] })").await?, json!({ "a": [null, "b"] }));
    assert_eq!(page.evaluate("undefined").await?, json!(null));
    // A dialog answers itself instead of stopping the page.
    assert_eq!(page.evaluate("confirm('really?')").await?, json!(true));

    let thrown = page.evaluate("Promise.reject(new TypeError('of no use'))").await;
    assert!(
        matches!(&thrown, Err(BrowserError::Exception { text }) if text.contains("of no use")),
        "{thrown:?}"
    );
    let in_vain = page.wait_for("nothing.at.all", MOMENT).await;
    assert!(
        matches!(in_vain, Err(BrowserError::Deadline { waited_for: "a script's condition", .. })),
        "{in_vain:?}"
    );
    let nonsense = page.wait_for("1 +", SOON).await;
    assert!(matches!(nonsense, Err(BrowserError::Exception { .. })), "{nonsense:?}");

    page.evaluate("setTimeout(() => { globalThis.late = true }, 50)").await?;
    page.wait_for("late", SOON).await?;
    Ok(())
}

#[tokio::test]
async fn complaints_are_kept_until_they_are_taken() -> Done {
    let site = Site::open([("/", "<title>t</title><script src=/gone.js></script>")]).await?;
    let chromium = Chromium::launch(Launch::new()).await?;
    let page = chromium.new_page().await?;
    page.goto(&site.url("/"), SOON).await?;
    page.evaluate("console.log('nothing'); console.warn('a', 1, { b: 2 })").await?;
    page.evaluate("void setTimeout(() => { throw new Error('uncaught') })").await?;
    page.evaluate("new Promise((resolve) => setTimeout(resolve))").await?;

    let complaints = page.take_console();
    let found = |level, source: &str, text: &str| {
        complaints.iter().any(|c| (c.level, c.source.as_str()) == (level, source) && c.text.contains(text))
    };
    assert!(found(ConsoleLevel::Warning, "console", "a 1 Object {b: 2}"), "{complaints:?}");
    assert!(found(ConsoleLevel::Error, "exception", "uncaught"), "{complaints:?}");
    assert!(found(ConsoleLevel::Error, "network", "404"), "{complaints:?}");
    assert!(
        complaints.iter().any(|c| c.url.as_deref() == Some(site.url("/gone.js").as_str())),
        "{complaints:?}"
    );
    assert!(page.console().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_load_is_measured_and_a_failed_one_is_named() -> Done {
    let site = Site::open([("/", "<p>text"), ("/hop", "<script>location.replace('/')</script>")]).await?;
    let chromium = Chromium::launch(Launch::new()).await?;
    let page = chromium.new_page().await?;
    for load in [page.goto(&site.url("/"), SOON).await?, page.reload(SOON).await?] {
        assert!(load.ttfb_ms > 0.0 && load.ttfb_ms <= load.dom_content_loaded_ms, "{load:?}");
        assert!(load.dom_content_loaded_ms <= load.load_ms, "{load:?}");
        assert!(load.first_contentful_paint_ms.is_some(), "{load:?}");
    }
    page.goto(&site.url("/#part"), SOON).await?;
    assert_eq!(site.requests("/"), 2);
    page.goto(&site.url("/hop"), SOON).await?;
    page.wait_for("location.pathname === '/'", SOON).await?;

    let silent = page.goto(&site.url("/silent"), MOMENT).await;
    assert!(
        matches!(
            silent,
            Err(BrowserError::Deadline { waited_for: "the document's answer", after: MOMENT, .. })
        ),
        "{silent:?}"
    );
    let closed = page.goto("http://127.0.0.1:9/", SOON).await;
    assert!(
        matches!(&closed, Err(BrowserError::Navigation { reason, .. }) if reason.starts_with("net::ERR_"))
    );
    Ok(())
}

#[tokio::test]
async fn the_http_cache_can_be_emptied_and_storage_stays() -> Done {
    let site =
        Site::open([("/", "<script src=/kept.js></script>"), ("/kept.js", "globalThis.kept = 1")]).await?;
    let chromium = Chromium::launch(Launch::new()).await?;
    let visit = async || -> Result<_, BrowserError> {
        let page = chromium.new_page().await?;
        page.goto(&site.url("/"), SOON).await?;
        let stored = page.evaluate("localStorage.visits = Number(localStorage.visits ?? 0) + 1").await?;
        page.close().await?;
        Ok(stored)
    };
    visit().await?;
    visit().await?;
    assert_eq!(site.requests("/kept.js"), 1, "the second visit is served by the cache");
    chromium.clear_http_cache().await?;
    assert_eq!(visit().await?, json!(3));
    assert_eq!(site.requests("/kept.js"), 2);
    Ok(())
}

#[tokio::test]
async fn pictures_of_the_same_page_are_equal_and_a_change_shows() -> Done {
    let picture =
        "<svg xmlns='http://www.w3.org/2000/svg' width='50' height='50'><rect width='50' height='50'/></svg>";
    let long = "<body style='margin:0;height:5000px;background:linear-gradient(#fff,#08f)'>Words, also curved ones\
        <img loading=lazy src=/lazy.svg style='position:absolute;top:4900px;left:0;width:50px;height:50px'>";
    let site = Site::open([("/", long), ("/lazy.svg", picture)]).await?;
    let chromium = Chromium::launch(Launch::new()).await?;
    let page = chromium.new_page().await?;
    page.goto(&site.url("/"), SOON).await?;
    assert_eq!(site.requests("/lazy.svg"), 0);
    page.scroll_through(SOON).await?;
    assert_eq!(site.requests("/lazy.svg"), 1);
    assert_eq!(page.evaluate("scrollY").await?, json!(0));

    let first = page.screenshot_full().await?;
    assert_eq!((first.width(), first.height()), (1280, 5000));
    assert_eq!(first.pixel(25, 4925), Some([0, 0, 0, 255]));
    let elsewhere = Chromium::launch(Launch::new()).await?;
    let other_page = elsewhere.new_page().await?;
    other_page.goto(&site.url("/"), SOON).await?;
    other_page.scroll_through(SOON).await?;
    assert_eq!(first.diff(&other_page.screenshot_full().await?).different_pixels, 0);

    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<i style=\"position:absolute;\
        left:700px;top:3000px;width:3px;height:2px;background:red\">')",
    )
    .await?;
    let changed = first.diff(&page.screenshot_full().await?);
    assert_eq!((changed.different_pixels, changed.first, changed.size_equal), (6, Some((700, 3000)), true));
    Ok(())
}

#[tokio::test]
async fn keys_clicks_colours_and_sizes_reach_the_page() -> Done {
    let form = "<style>button{margin-top:3000px}</style><input autofocus><button>Go</button><p id=cover>\
        <script>onclick = (e) => { globalThis.clicked = [e.isTrusted, e.target.localName] };\
        document.querySelector('input').onkeydown = (e) => { globalThis.key = [e.key, e.shiftKey] }</script>";
    let site = Site::open([("/", form)]).await?;
    let chromium = Chromium::launch(Launch::new()).await?;
    let page = chromium.new_page().await?;
    // Another tab in front changes nothing.
    let _front = chromium.new_page().await?;
    page.goto(&site.url("/"), SOON).await?;
    page.click("button", SOON).await?;
    assert_eq!(page.evaluate("clicked").await?, json!([true, "button"]));
    page.click("input", SOON).await?;
    page.type_text("Hé").await?;
    page.press("Space").await?;
    page.press("Shift+Tab").await?;
    assert_eq!(
        page.evaluate("[document.querySelector('input').value, key]").await?,
        json!(["Hé ", ["Tab", true]])
    );
    let absent = page.click("#nowhere", MOMENT).await;
    assert!(matches!(absent, Err(BrowserError::NoElement { .. })), "{absent:?}");
    page.evaluate("document.querySelector('#cover').style = 'position:fixed;inset:0'").await?;
    let covered = page.click("button", MOMENT).await;
    assert!(matches!(covered, Err(BrowserError::Deadline { .. })), "{covered:?}");

    page.set_viewport(400, 300).await?;
    page.wait_for("innerWidth === 400 && innerHeight === 300", SOON).await?;
    for (scheme, dark) in [(ColorScheme::Dark, true), (ColorScheme::Light, false)] {
        page.emulate_color_scheme(scheme).await?;
        assert_eq!(page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches").await?, json!(dark));
    }
    Ok(())
}

#[tokio::test]
async fn a_crashed_page_says_so_and_can_load_again() -> Done {
    let chromium = Chromium::launch(Launch::new()).await?;
    let page = chromium.new_page().await?;
    let hanging = page.evaluate("new Promise(() => {})");
    let crash = page.goto("chrome://crash", SOON);
    let (hanging, crash) = tokio::join!(hanging, crash);
    assert!(matches!(hanging, Err(BrowserError::Crashed | BrowserError::Protocol { .. })), "{hanging:?}");
    assert!(crash.is_err());
    assert!(matches!(page.evaluate("1").await, Err(BrowserError::Crashed)));
    page.goto("data:text/html,alive", SOON).await?;
    assert_eq!(page.evaluate("document.body.textContent").await?, json!("alive"));
    page.close().await?;
    Ok(())
}

#[tokio::test]
async fn a_killed_browser_leaves_neither_process_nor_profile() -> Done {
    let chromium = Chromium::launch(Launch::new()).await?;
    let page = chromium.new_page().await?;
    let (profile, group) = (chromium.profile().to_owned(), chromium.process_group());
    assert!(profile.is_dir() && !members(group)?.is_empty());
    chromium.kill();
    assert_eq!(members(group)?, Vec::<String>::new());
    assert!(!profile.exists());
    let gone = page.evaluate("1").await;
    assert!(matches!(gone, Err(BrowserError::Ended { .. })), "{gone:?}");
    Ok(())
}

#[tokio::test]
async fn a_named_profile_outlives_its_browser_however_that_ends() -> Done {
    let site = Site::open([("/", "<p>text")]).await?;
    let profile = TempDir::new()?;
    let visit = async |chromium: &Chromium| -> Result<_, BrowserError> {
        let page = chromium.new_page().await?;
        page.goto(&site.url("/"), SOON).await?;
        page.evaluate("(localStorage.visits = Number(localStorage.visits ?? 0) + 1)").await
    };
    let first = Chromium::launch(Launch::new().profile(profile.path())).await?;
    visit(&first).await?;
    let taken = Chromium::launch(Launch::new().profile(profile.path())).await;
    assert!(matches!(taken, Err(BrowserError::Start { .. })), "{taken:?}");
    let group = first.process_group();
    first.close().await?;
    assert_eq!(members(group)?, Vec::<String>::new());

    let second = Chromium::launch(Launch::new().profile(profile.path())).await?;
    assert_eq!(visit(&second).await?, json!(2));
    second.kill();
    Chromium::launch(Launch::new().profile(profile.path())).await?.close().await?;
    Ok(())
}

#[tokio::test]
async fn a_missing_browser_names_the_command_that_installs_it() {
    let missing = Chromium::launch(Launch::new().program("/nowhere/chromium")).await.unwrap_err();
    assert!(matches!(missing, BrowserError::Missing { .. }), "{missing:?}");
    assert!(missing.to_string().contains("apt-get install chromium"));
    let silent = Launch::new().program("/bin/false").deadline(SOON);
    let begin = Instant::now();
    assert!(matches!(Chromium::launch(silent).await, Err(BrowserError::Start { .. })));
    assert!(begin.elapsed() < SOON);
}

/// Command lines of the group's processes that still run.
fn members(group: u32) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        if fields.get(2) == Some(&group.to_string().as_str()) && fields.first() != Some(&"Z") {
            found.push(fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default());
        }
    }
    Ok(found)
}

/// A site of fixed bodies, cacheable for an hour, that counts requests. `/silent` never answers.
struct Site {
    address: SocketAddr,
    counts: Arc<Mutex<HashMap<String, usize>>>,
    server: JoinHandle<()>,
}

impl Site {
    async fn open<const N: usize>(bodies: [(&'static str, &'static str); N]) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let counts = Arc::<Mutex<HashMap<String, usize>>>::default();
        let counter = Arc::clone(&counts);
        let server = tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let Ok(path) = requested(&mut stream).await else { continue };
                *counter.lock().unwrap_or_else(PoisonError::into_inner).entry(path.clone()).or_default() += 1;
                if path == "/silent" {
                    silent.push(stream);
                    continue;
                }
                let body = bodies.iter().find(|(known, _)| *known == path).map(|(_, body)| *body);
                let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
                let kind = [("js", "text/javascript"), ("svg", "image/svg+xml")];
                let kind =
                    kind.iter().find(|(end, _)| path.ends_with(end)).map_or("text/html", |(_, kind)| kind);
                let body = body.unwrap_or_default();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: {kind}; charset=utf-8\r\ncache-control: max-age=3600\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Ok(Self { address, counts, server })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self, path: &str) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied().unwrap_or(0)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn requested(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16_384 {
        head.push(stream.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&head);
    Ok(line.split_whitespace().nth(1).unwrap_or_default().to_owned())
}
