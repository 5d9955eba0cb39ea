//! Why a task ended, told so that the reader knows what to do next.

use std::{fmt, io, path::PathBuf};

/// Why a task could not be done.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// A program that we called said no; its own words stand above on the terminal.
    Command {
        /// The command line as a person would type it.
        line: String,
        /// Its exit status in words.
        status: String,
    },
    /// A file of the project is wrong. The likely cause is the last edit of that file.
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file or folder could not be read or written.
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The machine lacks something, and it could not be installed from here.
    Missing {
        /// What is missing.
        what: String,
        /// The command that installs it.
        install: String,
    },
    /// Something grew beyond its budget in DESIGN.md.
    OverBudget {
        /// What grew.
        what: &'static str,
        /// Its size in bytes.
        bytes: usize,
        /// Its budget in bytes.
        budget: usize,
    },
    /// Steps of `test` failed; the lines above name them.
    Steps {
        /// How many.
        failed: usize,
    },
}

impl Failure {
    /// For `map_err` on anything that touches `path`.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// `path` holds something that it must not hold.
    pub fn content(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self::Content { path: path.into(), problem: problem.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { line, status } => write!(f, "`{line}` ended with {status}"),
            Self::Content { path, problem } => write!(f, "{}: {problem}", path.display()),
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Missing { what, install } => write!(f, "{what} is missing; install it with: {install}"),
            Self::OverBudget { what, bytes, budget } => {
                write!(f, "{what} has {bytes} bytes, its budget is {budget}")
            }
            Self::Steps { failed } => write!(f, "{failed} of the steps failed"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
