//! The pages that people set things with, driven as people do.

use std::{fs, os::unix::fs::PermissionsExt, process::Command, time::Duration};

use serde_json::{Value, json};
use slipstream_browser::{Chromium, Launch};
use slipstream_journeys::{SHOP, SocketWatch, shop};
use slipstream_stage::{Fault, Page, Scene, built_extension};

const PATIENCE: Duration = Duration::from_secs(20);
const STORED: &str = "chrome.storage.local.get('settings').then(({ settings }) => settings ?? {})";

/// Puts a value into a field as typing does.
async fn fill(page: &Page, id: &str, value: &str) -> Result<(), Fault> {
    let script = format!(
        "(() => {{ const field = document.getElementById('{id}'); field.value = {};
          field.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        json!(value)
    );
    page.evaluate(&script).await?;
    Ok(())
}

async fn click(page: &Page, id: &str) -> Result<(), Fault> {
    Ok(page.click(&format!("#{id}"), PATIENCE).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_can_be_imported_elsewhere_and_is_the_same() -> Result<(), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let (one, other) = (scene.alone().await?, scene.alone().await?);
    let page = one.desk()?;
    fill(page, "peers-max", "12").await?;
    fill(page, "slower-than", "never").await?;
    fill(page, "policy-idle", "receive").await?;
    fill(page, "month", "1234").await?;
    click(page, "add-ice").await?;
    page.evaluate(
        "(() => { const input = document.querySelector('#ice-servers input'); input.value = 'stun:stun.example.org';
          input.dispatchEvent(new Event('change', { bubbles: true })); })()",
    )
    .await?;
    let all_set = format!(
        "{STORED}.then((s) => s.peers?.max === 12 && s.limits?.uploadMiBPerMonth === 1234 && s.ice?.servers?.length === 1
          && s.policy?.idle === 'receive' && s.policy?.network?.slowerThan === 'never')"
    );
    page.wait_for(&all_set, PATIENCE).await?;
    click(page, "show").await?;
    page.wait_for("document.getElementById('json').value !== ''", PATIENCE).await?;
    let exported = page.evaluate("document.getElementById('json').value").await?;
    let exported = exported.as_str().ok_or("text")?.to_owned();

    let page = other.desk()?;
    page.evaluate(&format!("document.getElementById('json').value = {}", json!(exported))).await?;
    click(page, "import").await?;
    click(page, "confirm-yes").await?;
    page.wait_for(&all_set, PATIENCE).await?;
    let (ours, theirs) = (one.desk()?.evaluate(STORED).await?, page.evaluate(STORED).await?);
    assert_eq!(ours, theirs);
    assert_eq!(serde_json::from_str::<Value>(&exported)?, theirs);

    // What is wrong is named, and changes nothing.
    let damaged = exported.replace("\"receive\"", "\"sometimes\"");
    page.evaluate(&format!("document.getElementById('json').value = {}", json!(damaged))).await?;
    click(page, "import").await?;
    page.wait_for("document.getElementById('json-fault').textContent.includes('policy.idle')", PATIENCE)
        .await?;
    assert_eq!(page.evaluate(STORED).await?, theirs);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_welcome_page_opens_by_itself_and_its_choices_do_what_they_say() -> Result<(), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let launch = Launch::new().extension(built_extension()?).loopback_peers(true);
    let launch = launch.resolver_rules(scene.origin().resolver_rules()).spki(scene.origin().spki());
    let browser = Chromium::launch(launch).await?;
    browser.extension_id(PATIENCE).await?;
    let opened = async {
        for _ in 0..400 {
            let targets = browser.targets().await?;
            if targets.iter().any(|target| target.url.ends_with("popup/welcome.html")) {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok::<_, Fault>(false)
    };
    assert!(opened.await?, "installed, and no page says what it is");

    // This browser only: everything is set up for sharing, and still nobody but the origin is contacted.
    let page = browser.open_extension_page("popup/welcome.html", PATIENCE).await?;
    let mut settings = scene.member_settings();
    settings["sharing"] = json!("group");
    page.evaluate(&format!("chrome.storage.local.set({{ settings: {settings} }})")).await?;
    page.reload(PATIENCE).await?;
    page.wait_for("document.querySelector('[value=group]').checked", PATIENCE).await?;
    page.click("[value=off]", PATIENCE).await?;
    page.click("[type=submit]", PATIENCE).await?;
    page.wait_for(&format!("{STORED}.then((s) => s.sharing === 'off')"), PATIENCE).await?;
    page.wait_for("!document.getElementById('next').hidden", PATIENCE).await?;
    while scene.introduced().await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let watch = SocketWatch::on(browser.process_group());
    let visit = browser.new_page().await?;
    visit.goto(scene.page(), PATIENCE).await?;
    let settled = format!("document.images.length === 3 && location.host === '{SHOP}'");
    visit.wait_for(&settled, PATIENCE).await?;
    visit.reload(PATIENCE).await?;
    let server: std::net::SocketAddr =
        scene.signal_url().trim_start_matches("ws://").trim_end_matches("/v1").parse()?;
    let seen = watch.seen();
    assert!(seen.iter().all(|socket| socket.remote != server), "{seen:?}");
    assert_eq!(scene.introduced().await, 0);

    // My group: the server is asked for members.
    page.click("[value=group]", PATIENCE).await?;
    page.click("[type=submit]", PATIENCE).await?;
    page.wait_for(&format!("{STORED}.then((s) => s.sharing === 'group')"), PATIENCE).await?;
    let connected = "chrome.runtime.sendMessage({type: 'stats'}).then((s) => s.server === 'connected')";
    page.wait_for(connected, PATIENCE).await?;
    assert_eq!(scene.introduced().await, 1);

    // Everyone is not offered yet.
    assert_eq!(page.evaluate("document.querySelector('[value=everyone]').disabled").await?, json!(true));
    browser.close().await?;
    Ok(())
}

/// A browser that sees a policy folder of its own, without touching the machine's: in a mount namespace.
fn program_with_policies(folder: &std::path::Path) -> Result<Option<std::path::PathBuf>, Fault> {
    let flags = ["-m", "-rm"].into_iter().find(|flags| {
        let tried = Command::new("unshare").args([flags, "true"]).output();
        tried.is_ok_and(|output| output.status.success())
    });
    let Some(flags) = flags else { return Ok(None) };
    let browser = xtask::ensure::chromium()?;
    let program = folder.join("chromium-with-policies");
    let script = format!(
        "#!/bin/sh\nexec unshare {flags} sh -c 'mount --bind {} /etc/chromium && exec {} \"$@\"' sh \"$@\"\n",
        folder.join("etc").display(),
        browser.display()
    );
    fs::write(&program, script)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(Some(program))
}

/// The id that the key in `manifest/granted.json` gives, taken from a browser.
async fn extension_id() -> Result<String, Fault> {
    let browser = Chromium::launch(Launch::new().extension(built_extension()?)).await?;
    let id = browser.extension_id(PATIENCE).await?.to_owned();
    browser.close().await?;
    Ok(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_organisation_has_fixed_wins_and_is_shown_as_such() -> Result<(), Fault> {
    let folder = tempfile::tempdir()?;
    let policies = folder.path().join("etc/policies/managed");
    fs::create_dir_all(&policies)?;
    let Some(program) = program_with_policies(folder.path())? else {
        println!("not checked: this machine allows no mount namespaces");
        return Ok(());
    };
    let id = extension_id().await?;
    let policy = json!({ "3rdparty": { "extensions": { id: {
        "firstRun": false,
        "limits": { "uploadMiBPerDay": 7 },
        "types": { "script": false },
        "sites": { "https://exams.school.example": "off" },
    } } } });
    fs::write(policies.join("school.json"), policy.to_string())?;
    let browser = Chromium::launch(Launch::new().program(program).extension(built_extension()?)).await?;
    let page = browser.open_extension_page("popup/options.html", PATIENCE).await?;
    page.wait_for("!document.getElementById('managed').hidden", PATIENCE).await?;
    let day = "document.getElementById('day')";
    assert_eq!(page.evaluate(&format!("[{day}.value, {day}.disabled]")).await?, json!(["7", true]));
    assert_eq!(page.evaluate("document.getElementById('month').disabled").await?, json!(false));
    // Whatever a person stores, the organisation's word is laid over it: in the pages and in the engine.
    page.evaluate(
        "chrome.storage.local.set({ settings: { limits: { uploadMiBPerDay: 500, storeMiB: 64 } } })",
    )
    .await?;
    page.wait_for("document.getElementById('store').value === '64'", PATIENCE).await?;
    assert_eq!(page.evaluate(&format!("{day}.value")).await?, json!("7"));
    let engine = "chrome.runtime.sendMessage({type: 'stats'}).then((s) => s.shelf?.limit === 64 * 2 ** 20)";
    page.wait_for(engine, PATIENCE).await?;
    let exams = "[...document.querySelectorAll('#sites li')].some((li) => li.textContent.includes('exams') && li.querySelector('button').disabled)";
    page.wait_for(exams, PATIENCE).await?;
    // What is exported is the person's own.
    page.click("#show", PATIENCE).await?;
    page.wait_for("document.getElementById('json').value !== ''", PATIENCE).await?;
    let exported =
        page.evaluate("JSON.parse(document.getElementById('json').value).limits.uploadMiBPerDay").await?;
    assert_eq!(exported, json!(500));
    let targets = browser.targets().await?;
    assert!(!targets.iter().any(|target| target.url.ends_with("welcome.html")), "firstRun is false");
    browser.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_created_its_invite_shown_as_a_code_and_one_site_cleared() -> Result<(), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let seat = scene.alone().await?;
    let page = seat.desk()?;
    fill(page, "new-name", "Room 12").await?;
    page.click("#create button", PATIENCE).await?;
    page.wait_for("!document.getElementById('in-group').hidden", PATIENCE).await?;
    click(page, "show-invite").await?;
    click(page, "show-code").await?;
    page.wait_for("document.querySelector('#code-picture path')?.getAttribute('d').length > 1000", PATIENCE)
        .await?;

    seat.visit(&scene).await?;
    assert_eq!(seat.stored().await?.len(), 3);
    page.evaluate("document.getElementById('by-site').open = true").await?;
    page.click("#kept button", PATIENCE).await?;
    click(page, "confirm-yes").await?;
    let empty = "chrome.runtime.sendMessage({type: 'stats'}).then((s) => s.shelf?.bodies === 0)";
    page.wait_for(empty, PATIENCE).await?;
    page.wait_for("!document.getElementById('kept-none').hidden", PATIENCE).await?;
    Ok(())
}
