//! What Chromium says to a person who installs the extension, in its own words.

use std::time::Duration;

use serde_json::json;
use slipstream_journeys::shop;
use slipstream_stage::{Fault, Scene};
use xtask::{
    manifest::{self, Hosts},
    workspace,
};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn the_installation_shows_no_warning_and_no_permission_adds_one() -> Result<(), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let seat = scene.alone().await?;
    let page = seat.browser().open_extension_page("popup/options.html", PATIENCE).await?;
    let mut manifest = manifest::chromium(&workspace::root()?, Hosts::Asked)?;
    // Texts of the manifest are looked up only in a package.
    for key in ["name", "description", "default_locale", "commands", "storage"] {
        manifest.as_object_mut().ok_or("an object")?.remove(key);
    }
    manifest["name"] = json!("Slipstream");
    let warnings = |manifest: &serde_json::Value| {
        format!("chrome.management.getPermissionWarningsByManifest({})", json!(manifest.to_string()))
    };
    let shown = page.evaluate(&warnings(&manifest)).await?;
    println!("at installation: {shown}");
    assert_eq!(shown, json!([]));

    // The same question finds one where there is one.
    let mut greedy = manifest.clone();
    greedy["host_permissions"] = json!(["https://*/*"]);
    let shown = page.evaluate(&warnings(&greedy)).await?;
    println!("with all sites allowed: {shown}");
    assert_eq!(shown.as_array().map(Vec::len), Some(1));
    Ok(())
}
