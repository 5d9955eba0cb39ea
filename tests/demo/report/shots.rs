//! Small pictures of the page, each distinct one in the file once.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::markup::escape;
use crate::{record::Likeness, scenario::Scenario, summary::Summary};

/// The pictures of the visits that are drawn.
pub(super) struct Shots<'a> {
    /// Distinct pictures, as PNG.
    pictures: Vec<&'a [u8]>,
    /// Which of them each scenario shows, and how it compares.
    shown: Vec<(Scenario, usize, Likeness)>,
}

impl<'a> Shots<'a> {
    /// Of the typical visits.
    pub(super) fn of(summaries: &[Summary<'a>]) -> Self {
        let mut shots = Self { pictures: Vec::new(), shown: Vec::new() };
        for summary in summaries {
            let record = summary.typical();
            let place =
                shots.pictures.iter().position(|picture| *picture == record.thumbnail).unwrap_or_else(|| {
                    shots.pictures.push(&record.thumbnail);
                    shots.pictures.len() - 1
                });
            shots.shown.push((summary.scenario, place, record.likeness));
        }
        shots
    }

    /// Rules that hold the pictures.
    pub(super) fn style(&self) -> String {
        let rule = |(place, png): (usize, &&[u8])| {
            format!(".shot-{place}{{background-image:url(data:image/png;base64,{})}}\n", STANDARD.encode(png))
        };
        self.pictures.iter().enumerate().map(rule).collect()
    }

    /// One scenario's picture with its caption.
    pub(super) fn picture(&self, scenario: Scenario) -> String {
        let Some((_, place, likeness)) = self.shown.iter().find(|(of, ..)| *of == scenario) else {
            return String::new();
        };
        let caption = match (scenario, likeness) {
            (Scenario::Plain, _) => "the page as it is",
            (_, Likeness::Equal) => "equal in every pixel",
            (_, Likeness::Different { .. }) => "NOT equal",
        };
        let label = escape(&format!("Picture of the page, top of it: {caption}"));
        format!(
            "<figure><div class=\"shot shot-{place}\" role=\"img\" aria-label=\"{label}\"></div><figcaption>{}\
             </figcaption></figure>",
            escape(caption)
        )
    }
}
