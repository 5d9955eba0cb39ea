//! The compatibility matrix: every case in every run, compared with the page in a browser without the extension.

use std::{collections::BTreeMap, pin::pin, time::Duration};

use slipstream_stage::{Fault, Scene, Seat, Visit};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{Case, Sources, differences};

/// In what surroundings a page is visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Run {
    /// For the first time, by a browser that is alone.
    Cold,
    /// For the second time, by the same.
    Shelf,
    /// For the first time, with a member nearby that was here before; all rules are in force before the page's first
    /// byte, so it is certain what comes from where.
    Peer,
    /// The same in haste: rules come while the page is already asking.
    Raced,
    /// The same, and every body that the member has was altered behind its back.
    Hostile,
    /// The same, and the member's engine ends while the page is loading.
    Dying,
}

impl Run {
    /// Every run.
    pub const ALL: [Self; 6] = [Self::Cold, Self::Shelf, Self::Peer, Self::Raced, Self::Hostile, Self::Dying];
    /// Those that every change is tested by.
    pub const QUICK: [Self; 3] = [Self::Cold, Self::Shelf, Self::Peer];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Shelf => "shelf",
            Self::Peer => "peer",
            Self::Raced => "raced",
            Self::Hostile => "hostile",
            Self::Dying => "dying",
        }
    }

    /// What the case expects to come from where, as far as it can say.
    #[must_use]
    pub const fn expectation(self, case: &Case) -> Option<&Sources> {
        match self {
            Self::Shelf => Some(&case.expected.again),
            Self::Peer => Some(&case.expected.near),
            Self::Cold | Self::Raced | Self::Hostile | Self::Dying => None,
        }
    }
}

/// What came of one case in one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What came from where.
    pub sources: Sources,
    /// What the page, or who looks at it, could notice; nothing, if all is well.
    pub faults: Vec<String>,
    /// What came from elsewhere than it should have, and nobody could notice.
    pub detours: Vec<String>,
}

/// What came of one case.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// By run.
    pub outcomes: BTreeMap<Run, Outcome>,
}

impl Row {
    /// What could be noticed, each with its run before it.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        self.told(|outcome| &outcome.faults)
    }

    /// What came from elsewhere than it should have, each with its run before it.
    pub fn detours(&self) -> impl Iterator<Item = String> {
        self.told(|outcome| &outcome.detours)
    }

    fn told(&self, of: fn(&Outcome) -> &Vec<String>) -> impl Iterator<Item = String> {
        self.outcomes.iter().flat_map(move |(run, outcome)| {
            of(outcome).iter().map(|told| format!("{} {}: {told}", self.case.name, run.name()))
        })
    }
}

/// Plays every case in each of these runs.
///
/// # Errors
/// The stage could not be set. What goes wrong on it is in the rows.
pub async fn play(cases: Vec<Case>, runs: &'static [Run]) -> Result<Vec<Row>, Fault> {
    // A visit mostly waits, so several stages are busy at once, each with a share of the cases that is as mixed as any.
    let mut shares = vec![Vec::new(); STAGES.min(cases.len())];
    for (at, case) in cases.into_iter().enumerate() {
        let share = at % shares.len();
        shares[share].push(case);
    }
    let mut stages = JoinSet::new();
    for share in shares {
        stages.spawn(async move { Stage::set(share).await?.play(runs).await });
    }
    let mut rows = Vec::new();
    while let Some(played) = stages.join_next().await {
        rows.extend(played??);
    }
    rows.sort_by(|a, b| (&a.case.group, &a.case.name).cmp(&(&b.case.group, &b.case.name)));
    Ok(rows)
}

/// Stages at once.
const STAGES: usize = 4;
/// Browsers are not started all at once: each takes the whole machine for a moment.
static STARTING: Semaphore = Semaphore::const_new(1);

/// One visit to each case, by the case's name.
type Visits = BTreeMap<String, Result<Visit, Fault>>;

struct Stage {
    cases: Vec<Case>,
    scene: Scene,
    /// Without the extension: the first visit, and the second where that differs.
    first: Visits,
    second: Visits,
    outcomes: BTreeMap<String, BTreeMap<Run, Outcome>>,
}

impl Stage {
    async fn set(cases: Vec<Case>) -> Result<Self, Fault> {
        let scene = Scene::of(Case::site(&cases)?).build().await?;
        for case in &cases {
            case.arrange(&scene)?;
        }
        let outcomes = cases.iter().map(|case| (case.name.clone(), BTreeMap::new())).collect();
        Ok(Self { cases, scene, first: BTreeMap::new(), second: BTreeMap::new(), outcomes })
    }

    async fn play(mut self, runs: &[Run]) -> Result<Vec<Row>, Fault> {
        let control = start(self.scene.plain()).await?;
        for case in &self.cases {
            self.scene.origin().set_edition(0);
            self.first.insert(case.name.clone(), control.visit_at(&self.scene, &case.url()).await);
            if case.returns() {
                self.scene.origin().set_edition(1);
                self.second.insert(case.name.clone(), control.visit_at(&self.scene, &case.url()).await);
            }
        }
        control.close().await?;

        self.scene.origin().set_edition(0);
        let profile = tempfile::tempdir()?;
        let a = start(self.scene.member_on(profile.path())).await?;
        self.visit_all(&a, Run::Cold).await;
        self.scene.origin().set_edition(1);
        if runs.contains(&Run::Peer) {
            let b = self.neighbour().await?;
            self.visit_planned(&b, Run::Peer).await;
            b.close().await?;
        }
        if runs.contains(&Run::Raced) {
            let b = self.neighbour().await?;
            self.visit_all(&b, Run::Raced).await;
            b.close().await?;
        }
        if runs.contains(&Run::Dying) {
            let b = self.neighbour().await?;
            self.visit_with_dying(&a, &b).await?;
            b.close().await?;
        }
        if runs.contains(&Run::Shelf) {
            self.visit_planned(&a, Run::Shelf).await;
        }
        // Started anew, so that nothing is left in its memory.
        a.close().await?;
        if runs.contains(&Run::Hostile) {
            let a = start(self.scene.member_on(profile.path())).await?;
            a.corrupt_shelf().await?;
            let b = self.neighbour().await?;
            self.visit_all(&b, Run::Hostile).await;
            let wrong: Vec<_> =
                b.stored().await?.into_iter().filter(|body| body.name != body.sha256).collect();
            if !wrong.is_empty() {
                return Err(format!("wrong bytes were kept: {wrong:?}").into());
            }
            b.close().await?;
            a.close().await?;
        }
        let outcomes = &mut self.outcomes;
        let row = |case: Case| {
            let outcomes = outcomes.remove(&case.name).unwrap_or_default();
            Row { case, outcomes }
        };
        Ok(self.cases.into_iter().map(row).collect())
    }

    /// A member that knows nothing yet, and has met the one that is there.
    async fn neighbour(&self) -> Result<Seat, Fault> {
        let b = start(self.scene.member()).await?;
        b.wait_for_peers(1).await?;
        Ok(b)
    }

    async fn visit_all(&mut self, seat: &Seat, run: Run) {
        for case in self.cases.clone() {
            let visit = seat.visit_at(&self.scene, &case.url()).await;
            self.note(&case, run, visit);
        }
    }

    /// Each with all rules in force before the page's first byte.
    async fn visit_planned(&mut self, seat: &Seat, run: Run) {
        for case in self.cases.clone() {
            let expected = run.expectation(&case).cloned().unwrap_or_default();
            let ready = format!(
                "chrome.declarativeNetRequest.getSessionRules().then((rules) => \
                 rules.filter((rule) => rule.condition.urlFilter.includes('/{}/')).length >= {})",
                case.name,
                expected.peer.len() + expected.shelf.len()
            );
            let visit = seat.visit_once(&self.scene, &case.url(), &ready).await;
            self.note(&case, run, visit);
        }
    }

    /// The one that has the bodies ends while the other one asks for them: now when the page is asked for, now when the
    /// first bytes are on their way. It is there again for the next page.
    async fn visit_with_dying(&mut self, a: &Seat, b: &Seat) -> Result<(), Fault> {
        for (at, case) in self.cases.clone().into_iter().enumerate() {
            a.wait_for_peers(1).await?;
            let sent = a.stats().await?["all"]["uploaded"].as_u64().unwrap_or(0);
            let url = case.url();
            let visit = {
                let mut visiting = pin!(b.visit_at(&self.scene, &url));
                let (sending, scene) = (
                    format!(
                        "chrome.runtime.sendMessage({{type: 'stats'}}).then((s) => s.all.uploaded > {sent})"
                    ),
                    &self.scene,
                );
                let dying = async {
                    if at % 2 == 0 {
                        let asked = |counters: &slipstream_origin::Counters| counters.url(&url).requests > 0;
                        drop(scene.origin().until(PATIENCE, asked).await);
                    } else {
                        a.desk()?.wait_for(&sending, PATIENCE).await?;
                    }
                    Ok::<_, Fault>(a.desk()?.evaluate("chrome.offscreen.closeDocument()").await?)
                };
                tokio::select! {
                    // Nothing was asked of it.
                    visit = &mut visiting => visit,
                    died = dying => {
                        let visit = visiting.await;
                        died?;
                        // A change of settings starts the engine again.
                        let mut settings = self.scene.member_settings();
                        settings["group"]["name"] = serde_json::json!(format!("scene {at}"));
                        a.set(&settings).await?;
                        visit
                    }
                }
            };
            self.note(&case, Run::Dying, visit);
        }
        Ok(())
    }

    fn note(&mut self, case: &Case, run: Run, visit: Result<Visit, Fault>) {
        let second = match run {
            Run::Cold => false,
            Run::Shelf => case.returns(),
            Run::Peer | Run::Raced | Run::Hostile | Run::Dying => case.changes(),
        };
        let plain = if second { &self.second } else { &self.first };
        let outcome = judge(case, run, &plain[&case.name], &visit);
        if let Some(outcomes) = self.outcomes.get_mut(&case.name) {
            outcomes.insert(run, outcome);
        }
    }
}

async fn start(seat: impl Future<Output = Result<Seat, Fault>>) -> Result<Seat, Fault> {
    let _turn = STARTING.acquire().await?;
    seat.await
}

fn judge(case: &Case, run: Run, plain: &Result<Visit, Fault>, visit: &Result<Visit, Fault>) -> Outcome {
    let (plain, visit) = match (plain, visit) {
        (Ok(plain), Ok(visit)) => (plain, visit),
        (Err(fault), _) => {
            return Outcome {
                sources: Sources::default(),
                faults: vec![format!("without the extension: {fault}")],
                detours: Vec::new(),
            };
        }
        (_, Err(fault)) => {
            return Outcome {
                sources: Sources::default(),
                faults: vec![fault.to_string()],
                detours: Vec::new(),
            };
        }
    };
    let mut detours = Vec::new();
    let mut faults: Vec<_> =
        differences(plain, visit).into_iter().filter(|found| !case.knows(found)).collect();
    let more = case.asked_more(plain, visit).into_iter();
    detours.extend(
        more.map(|url| format!("the origin was asked more often for {url}")).filter(|it| !case.knows(it)),
    );
    let sources = case.sources(visit);
    if let Some(expected) = run.expectation(case)
        && !expected.admits(&sources)
    {
        detours.push(format!("{sources:?}, and not {expected:?}, {}", visit.tab));
    }
    if run == Run::Hostile && !sources.peer.is_empty() {
        faults.push(format!("altered bodies were taken: {sources:?}"));
    }
    Outcome { sources, faults, detours }
}

/// How long is waited for a peer's part in a visit.
const PATIENCE: Duration = Duration::from_secs(20);
