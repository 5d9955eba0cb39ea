//! What is played, by name.

use clap::ValueEnum;

/// The five visits of a run, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scenario {
    /// A browser without the extension.
    Plain,
    /// Browser A with the extension, whose shelf is empty.
    First,
    /// Browser B with the extension, whose shelf is empty; A is near.
    Near,
    /// B once more.
    Again,
    /// B a third time; A is gone.
    Gone,
}

impl Scenario {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 5] = [Self::Plain, Self::First, Self::Near, Self::Again, Self::Gone];

    /// The name in tables and in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::First => "first",
            Self::Near => "near",
            Self::Again => "again",
            Self::Gone => "gone",
        }
    }

    /// The name for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Plain => "No extension",
            Self::First => "Browser A, first visit",
            Self::Near => "Browser B, first visit, A is near",
            Self::Again => "Browser B, second visit",
            Self::Gone => "Browser B, third visit, A is gone",
        }
    }

    /// What is to be seen in it.
    pub(crate) const fn story(self) -> &'static str {
        match self {
            Self::Plain => "The page as anybody loads it today: every byte crosses the slow line.",
            Self::First => {
                "Nobody has anything yet. A loads from the origin and fills its shelf from its own cache."
            }
            Self::Near => {
                "B has never been here. It asks A what the page needs, and takes it from A if the bytes are right."
            }
            Self::Again => {
                "B has everything on its own shelf, and compares each body with its hash before use."
            }
            Self::Gone => "A has been killed. B does not need it.",
        }
    }
}

/// What goes wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FaultKind {
    /// A's stored bytes are altered behind its back before B's first visit
    Corrupt,
    /// A is killed while it sends to B
    PeerDies,
    /// The introduction server is killed after it has introduced A and B
    ServerDies,
}

impl FaultKind {
    /// The name on the command line and in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::PeerDies => "peer-dies",
            Self::ServerDies => "server-dies",
        }
    }

    /// The name for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Corrupt => "A's stored bytes were altered behind its back",
            Self::PeerDies => "A was killed while it was sending",
            Self::ServerDies => "the introduction server was killed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_called_by_its_name_on_the_command_line() {
        for kind in FaultKind::value_variants() {
            assert_eq!(kind.to_possible_value().expect("none is hidden").get_name(), kind.name());
        }
    }
}
