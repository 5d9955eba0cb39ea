//! Calling other programs: what is called is shown, and so is whatever they print.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::failure::Failure;

/// Cargo, the very one that runs us, in the checkout at `root`.
#[must_use]
pub fn cargo(root: &Path) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root);
    command
}

/// Runs `command` on our own terminal, so that its progress is seen.
///
/// # Errors
/// [`Failure::Command`] when it fails, [`Failure::File`] when it cannot be started.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let line = line_of(command);
    eprintln!("> {line}");
    let status = command.status().map_err(Failure::file(command.get_program()))?;
    if status.success() { Ok(()) } else { Err(Failure::Command { line, status: status.to_string() }) }
}

/// The standard output of `command`; what it says on standard error stays on the terminal.
///
/// # Errors
/// As [`run`].
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let result = command.stderr(Stdio::inherit()).output().map_err(Failure::file(command.get_program()))?;
    if result.status.success() {
        Ok(String::from_utf8_lossy(&result.stdout).into_owned())
    } else {
        Err(Failure::Command { line: line_of(command), status: result.status.to_string() })
    }
}

/// The first line of what `program arguments` prints, or `None` when it fails or does not exist.
#[must_use]
pub fn first_line(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let result = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&result.stdout);
    let line = text.lines().next()?.trim();
    (result.status.success() && !line.is_empty()).then(|| line.to_owned())
}

/// Where `program` lies on the search path.
#[must_use]
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// `command` as a person would type it, with the program's name instead of its path.
fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_named() {
        let failure = run(Command::new("false").arg("please")).expect_err("false succeeds");
        assert_eq!(failure.to_string(), "`false please` ended with exit status: 1");
    }

    #[test]
    fn a_program_that_does_not_exist_has_no_first_line() {
        assert_eq!(first_line("no-such-program-here", &["--version"]), None);
        assert_eq!(on_path("no-such-program-here"), None);
    }
}
