//! Pictures of every page of the extension in every state that its stage knows: light and dark, and at the width that
//! is left at 100 and at 200 % zoom. Called by `cargo xtask shots`.

use std::{fs, path::PathBuf, time::Duration};

use slipstream_browser::ColorScheme;
use slipstream_journeys::{PAGES, stage_of_pages, stage_url};
use slipstream_stage::{Fault, Scene};

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: slipstream-shots FOLDER [LANGUAGE] [FILTER]")?);
    let language = arguments.next().unwrap_or_else(|| "en".into());
    let filter = arguments.next().unwrap_or_default();
    fs::create_dir_all(&folder)?;
    let scene = Scene::of(stage_of_pages()?).build().await?;
    let browser = scene.plain().await?;
    let page = browser.browser().new_page().await?;
    let mut count = 0;
    for shot in PAGES.iter().filter(|shot| format!("{}-{}", shot.page, shot.state).contains(&filter)) {
        for (scheme, light) in [(ColorScheme::Light, "light"), (ColorScheme::Dark, "dark")] {
            for zoom in [100, 200] {
                page.emulate_color_scheme(scheme).await?;
                page.set_viewport(shot.width * 100 / zoom, 800 * 100 / zoom).await?;
                page.goto(&stage_url(shot, &language), PATIENCE).await?;
                page.wait_for(shot.shown, PATIENCE).await?;
                let name = format!("{}-{}-{light}-{zoom}.png", shot.page, shot.state);
                fs::write(folder.join(&name), page.screenshot_full().await?.to_png()?)?;
                count += 1;
            }
        }
    }
    println!("{count} pictures in {}", folder.display());
    browser.close().await?;
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(20);
