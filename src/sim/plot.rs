//! A report as a picture: over the time of the run, where the bytes of pages came from.

use std::fmt::Write as _;

use crate::report::Report;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 420;
/// Room beside and below the columns, for their scale.
const LEFT: u32 = 70;
const TOP: u32 = 60;
const BOTTOM: u32 = 60;
/// From origins, peers and shelves: three colours that differ also for who sees few (Okabe and Ito, 2008).
const COLOURS: [&str; 3] = ["#d55e00", "#0072b2", "#999999"];
const NAMES: [&str; 3] = ["origin", "peers", "own shelf"];

impl Report {
    /// The run as SVG: stacked columns, the same bytes for the same report.
    pub fn to_svg(&self) -> String {
        let most = self.timeline.iter().map(|point| point.iter().sum::<u64>()).max().unwrap_or(0).max(1);
        let mut svg = String::new();
        // Writing to a String cannot fail.
        let _ = self.draw(&mut svg, most);
        svg
    }

    fn draw(&self, svg: &mut String, most: u64) -> std::fmt::Result {
        writeln!(
            svg,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>
<text x="{LEFT}" y="24" font-size="16">{}: {} browsers, seed {}</text>"##,
            self.scenario, self.peers, self.seed
        )?;
        for (n, (name, colour)) in (0..).zip(NAMES.iter().zip(COLOURS)) {
            let x = LEFT + n * 120;
            writeln!(svg, r#"<rect x="{x}" y="36" width="12" height="12" fill="{colour}"/>"#)?;
            writeln!(svg, r#"<text x="{}" y="47">{name}</text>"#, x + 18)?;
        }
        let (floor, room) = (HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP);
        let count = u32::try_from(self.timeline.len()).unwrap_or(u32::MAX).max(1);
        // In hundredths of a unit: whole numbers are the same on every machine.
        let width = (WIDTH - LEFT - 20) * 100 / count;
        for (n, point) in (0..).zip(&self.timeline) {
            let mut top = u64::from(floor) * 100;
            for (bytes, colour) in point.iter().zip(COLOURS) {
                let height = u128::from(*bytes) * u128::from(room) * 100 / u128::from(most);
                let height = u64::try_from(height).unwrap_or(u64::MAX);
                top = top.saturating_sub(height);
                if height > 0 {
                    let (x, y) = (hundredths((LEFT * 100 + n * width).into()), hundredths(top));
                    let (w, h) = (hundredths(width.into()), hundredths(height));
                    writeln!(svg, r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{colour}"/>"#)?;
                }
            }
        }
        writeln!(
            svg,
            r##"<path d="M{LEFT} {TOP}V{floor}H{}" fill="none" stroke="#333333"/>
<text x="{}" y="{}" text-anchor="end">{}</text>
<text x="{}" y="{floor}" text-anchor="end">0</text>
<text x="{LEFT}" y="{}">first visit</text>
<text x="{}" y="{}" text-anchor="end">last resource</text>
</svg>"##,
            WIDTH - 20,
            LEFT - 6,
            TOP + 10,
            megabytes(most),
            LEFT - 6,
            floor + 22,
            WIDTH - 20,
            floor + 22,
        )
    }
}

fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

#[cfg(test)]
mod tests {
    use crate::scenario::Scenario;

    #[test]
    fn a_picture_is_well_formed_and_as_reproducible_as_its_report() {
        let svg = Scenario::Classroom.run(2, 4).to_svg();
        assert_eq!(svg, Scenario::Classroom.run(2, 4).to_svg());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        let (mut open, mut closed) = (0, 0);
        for tag in svg.split('<').skip(1) {
            if tag.starts_with('/') {
                closed += 1;
            } else if !tag.split('>').next().unwrap_or_default().ends_with('/') {
                open += 1;
            }
        }
        assert_eq!(open, closed);
        assert!(svg.matches("<rect").count() > 10);
    }
}
