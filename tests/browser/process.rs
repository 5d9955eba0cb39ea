//! The browser as a group of processes, of which none may be left behind.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::{BrowserError, Launch};

/// A running browser: the leader of its own process group, its profile, and the end of what it writes to stderr.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    profile: PathBuf,
    stderr: StderrTail,
    /// The browser's TMPDIR, where a killed browser leaves its socket, and the profile unless one was given. Removed
    /// when this is dropped, after the processes are gone.
    _scratch: TempDir,
}

impl Process {
    /// Starts the program. It may still fail on its own; see [`Self::endpoint`].
    pub(crate) fn spawn(launch: &Launch) -> Result<Self, BrowserError> {
        let scratch = TempDir::with_prefix("slipstream-")
            .map_err(|source| BrowserError::Files { path: std::env::temp_dir(), source })?;
        let profile = launch.profile.clone().unwrap_or_else(|| scratch.path().join("profile"));
        let profile = fs::create_dir_all(&profile)
            .and_then(|()| fs::canonicalize(&profile))
            .map_err(|source| BrowserError::Files { path: profile, source })?;
        // What an earlier run on this profile has left would be taken for the new endpoint.
        let _ = fs::remove_file(profile.join(PORT_FILE));
        let program = launch.command();
        let mut child = Command::new(&program)
            .args(launch.arguments(&profile)?)
            .env("TMPDIR", scratch.path())
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| BrowserError::Missing { program, source })?;
        let stderr = StderrTail::default();
        if let Some(pipe) = child.stderr.take() {
            let tail = stderr.clone();
            thread::spawn(move || tail.follow(pipe));
        }
        Ok(Self { child, profile, stderr, _scratch: scratch })
    }

    /// Waits until the browser listens; gives the WebSocket address of its DevTools endpoint (fact B102).
    pub(crate) async fn endpoint(&mut self, deadline: Duration) -> Result<String, BrowserError> {
        let begin = Instant::now();
        let file = self.profile.join(PORT_FILE);
        loop {
            if let Ok(text) = fs::read_to_string(&file)
                && let Some((port, path)) = text.split_once('\n')
                && path.starts_with("/devtools/browser/")
            {
                return Ok(format!("ws://127.0.0.1:{}{}", port.trim(), path.trim()));
            }
            let fault = match self.child.try_wait() {
                Ok(Some(status)) => Some(format!("it ended with {status}; is the profile in use?")),
                Ok(None) if begin.elapsed() > deadline => {
                    Some(format!("it did not listen within {} ms", deadline.as_millis()))
                }
                Ok(None) => None,
                Err(error) => Some(error.to_string()),
            };
            if let Some(fault) = fault {
                return Err(BrowserError::Start { fault, stderr: self.stderr.lines() });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until all processes have ended by themselves. False when the deadline passed first.
    pub(crate) async fn ended(&mut self, deadline: Duration) -> bool {
        let begin = Instant::now();
        loop {
            if matches!(self.child.try_wait(), Ok(Some(_))) && living(self.id()) == 0 {
                return true;
            }
            if begin.elapsed() > deadline {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// SIGKILL to every process of the group at once, and the leader reaped.
    pub(crate) fn kill(&mut self) {
        // Once the leader is reaped and its group is empty, the number may belong to a stranger.
        let leader_lives = matches!(self.child.try_wait(), Ok(None));
        if !leader_lives && living(self.id()) == 0 {
            return;
        }
        if let Some(group) = i32::try_from(self.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
        // The kernel ends the others within moments; until then they may still write to the profile.
        let begin = Instant::now();
        while living(self.id()) > 0 && begin.elapsed() < KILL_DEADLINE {
            thread::sleep(Duration::from_millis(2));
        }
        for lock in ["SingletonLock", "SingletonCookie", "SingletonSocket"] {
            let _ = fs::remove_file(self.profile.join(lock));
        }
    }

    /// The group's number, which is the leader's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn profile(&self) -> &Path {
        &self.profile
    }

    pub(crate) fn stderr(&self) -> StderrTail {
        self.stderr.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of the browser's standard error.
#[derive(Clone, Debug, Default)]
pub(crate) struct StderrTail(Arc<Mutex<VecDeque<String>>>);

impl StderrTail {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn follow(&self, pipe: impl Read) {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader.by_ref().take(STDERR_LINE_BYTES).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if tail.len() == STDERR_LINES {
                tail.pop_front();
            }
            tail.push_back(text);
        }
    }
}

/// How many processes of the group run. Ended ones that nobody has reaped yet do not count.
fn living(group: u32) -> usize {
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    let group = group.to_string();
    entries
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .filter(|stat| {
            // `pid (name) state parent group ...`; the name may hold spaces and brackets.
            let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
            let state = fields.next();
            !matches!(state, None | Some("Z" | "X")) && fields.nth(1) == Some(group.as_str())
        })
        .count()
}

const PORT_FILE: &str = "DevToolsActivePort";
const POLL: Duration = Duration::from_millis(10);
const KILL_DEADLINE: Duration = Duration::from_secs(5);
/// Enough to show why a browser failed; Chromium writes about twenty harmless lines at each start.
const STDERR_LINES: usize = 200;
const STDERR_LINE_BYTES: u64 = 4096;
