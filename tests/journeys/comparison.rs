//! Whether a visit looked the same to person and page as the one without the extension.

use slipstream_stage::{ConsoleEntry, Visit};

/// What a visit shows that the one without the extension did not, or the other way round: pixels, what the page
/// itself noted and says of itself, complaints. Empty: nobody can tell the two apart.
#[must_use]
pub fn differences(control: &Visit, visit: &Visit) -> Vec<String> {
    let mut found = Vec::new();
    let pixels = control.picture.diff(&visit.picture);
    if pixels.different_pixels > 0 || !pixels.size_equal {
        found.push(format!("the picture differs: {pixels:?}"));
    }
    let (expected, noted) = (sorted(&control.events), sorted(&visit.events));
    if expected != noted {
        let lost: Vec<_> = without(&expected, &noted);
        let new: Vec<_> = without(&noted, &expected);
        found.push(format!("the page noted something else: lost {lost:?}, new {new:?}"));
    }
    if control.report != visit.report {
        let lines =
            |visit: &Visit| serde_json::from_value::<Vec<String>>(visit.report.clone()).unwrap_or_default();
        let (expected, said) = (lines(control), lines(visit));
        let only = |these: &[String], those: &[String]| {
            these.iter().filter(|line| !those.contains(line)).cloned().collect::<Vec<_>>()
        };
        let (lost, new) = (only(&expected, &said), only(&said, &expected));
        found.push(format!("the page says of itself {new:#?}, and not {lost:#?}"));
    }
    found.extend(new_complaints(&control.console, &visit.console));
    found
}

/// Complaints in `console` that are not in `control`.
#[must_use]
pub fn new_complaints(control: &[ConsoleEntry], console: &[ConsoleEntry]) -> Vec<String> {
    let is_new = |entry: &&ConsoleEntry| !control.contains(entry);
    console.iter().filter(is_new).map(|entry| format!("a new complaint: {entry:?}")).collect()
}

fn sorted(events: &[String]) -> Vec<&str> {
    let mut events: Vec<_> = events.iter().map(String::as_str).collect();
    events.sort_unstable();
    events
}

/// The multiset difference of two sorted lists.
fn without<'a>(all: &[&'a str], some: &[&'a str]) -> Vec<&'a str> {
    let mut left = some.to_vec();
    let mut rest = Vec::new();
    for one in all {
        match left.iter().position(|other| other == one) {
            Some(at) => drop(left.swap_remove(at)),
            None => rest.push(*one),
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_came_twice_is_missed_when_it_comes_once() {
        assert_eq!(without(&["load:a", "load:a"], &["load:a"]), ["load:a"]);
        assert_eq!(without(&["load:a"], &["load:a", "load:a"]), Vec::<&str>::new());
    }
}
