//! Text in HTML and SVG.

/// Text that is safe between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A coordinate with one decimal: finer than any screen, shorter than all digits.
pub(super) fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The step of an axis that ends at `end` and has about `marks` of them: 1, 2 or 5 times a power of ten.
pub(super) fn step(end: f64, marks: f64) -> f64 {
    let rough = (end / marks).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|times| times * power);
    steps.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(
            escape("<img src='x' onerror=\"a&b\">"),
            "&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;"
        );
    }

    #[test]
    fn steps_are_round() {
        assert_eq!([step(7_180.0, 6.0), step(900.0, 6.0), step(6.0, 6.0)], [2_000.0, 200.0, 1.0]);
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!([at(3.0), at(3.06), at(-0.5)], ["3", "3.1", "-0.5"]);
    }
}
