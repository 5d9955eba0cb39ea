//! One run: a scene of its own, three browsers, five visits, and one thing that goes wrong where one is wanted.

use std::io::Write as _;

use slipstream_stage::{Fault, Scene, Seat, Visit};

use crate::{
    audit::{Audit, Truth},
    counted::Counted,
    mishap::{Effect, Mishap, restart_with_altered_shelf, visit_and_kill},
    record::{Likeness, Record},
    run::Options,
    scenario::{FaultKind, Scenario},
    table,
};

/// One run's visits, in their order.
#[derive(Debug)]
pub(crate) struct Run {
    /// One for each of [`Scenario::ALL`].
    pub(crate) records: Vec<Record>,
    /// What went wrong on purpose, and what came of it.
    pub(crate) fault: Option<Mishap>,
}

/// Plays one run and prints a line for each visit.
///
/// # Errors
/// A browser, the origin or the server did not do what they should; the text says what.
pub(crate) async fn play(options: &Options, number: u32, truth: &Truth) -> Result<Run, Fault> {
    let scene =
        Scene::of_site(options.site.name())?.link(options.link.link()).headed(options.headed).build().await?;
    let mut stage = Play { options, number, truth, scene, plain: None, records: Vec::new() };

    let browser = stage.scene.plain().await?;
    stage.visit(Scenario::Plain, &browser).await?;
    browser.close().await?;

    let profile = tempfile::tempdir()?;
    let mut a = stage.scene.member_on(profile.path()).await?;
    stage.visit(Scenario::First, &a).await?;
    let mut altered = 0;
    if options.fault == Some(FaultKind::Corrupt) {
        (a, altered) = restart_with_altered_shelf(&stage.scene, a, profile.path()).await?;
    }

    let b = stage.scene.member().await?;
    b.wait_for_peers(1).await?;
    let (a, fault) = stage.visit_near(a, &b, altered).await?;

    stage.visit(Scenario::Again, &b).await?;
    if let Some(a) = a {
        a.kill();
    }
    stage.visit(Scenario::Gone, &b).await?;
    b.close().await?;
    Ok(Run { records: stage.records, fault })
}

struct Play<'a> {
    options: &'a Options,
    number: u32,
    truth: &'a Truth,
    scene: Scene,
    plain: Option<Visit>,
    records: Vec<Record>,
}

impl Play<'_> {
    async fn visit(&mut self, scenario: Scenario, seat: &Seat) -> Result<(), Fault> {
        self.begin(scenario);
        let before = counted(seat).await?;
        let visit = seat.visit(&self.scene).await?;
        self.keep(scenario, seat, &before, visit).await
    }

    /// B's first visit, and the fault, if there is to be one. Gives A back if it is still there.
    async fn visit_near(
        &mut self,
        a: Seat,
        b: &Seat,
        altered: u64,
    ) -> Result<(Option<Seat>, Option<Mishap>), Fault> {
        let scenario = Scenario::Near;
        let Some(kind) = self.options.fault else {
            self.visit(scenario, b).await?;
            return Ok((Some(a), None));
        };
        self.begin(scenario);
        let before = counted(b).await?;
        let before_of_a = counted(&a).await?;
        if kind == FaultKind::ServerDies {
            self.scene.kill_server().await;
        }
        let (a, hit) = if kind == FaultKind::PeerDies {
            let enough = self.records[0].origin.image_bytes / 4;
            let (visit, hit) = visit_and_kill(&self.scene, a, b, enough).await?;
            self.keep(scenario, b, &before, visit).await?;
            (None, hit)
        } else {
            let visit = b.visit(&self.scene).await?;
            self.keep(scenario, b, &before, visit).await?;
            (Some(a), true)
        };
        let counted_by_a = match &a {
            Some(a) => Some(counted_since(a, &before_of_a).await?),
            None => None,
        };
        let near = self.records.last().ok_or("the visit left no record")?;
        let images = self.records[0].origin.image_bytes;
        let mishap = Mishap::of(kind, near, counted_by_a, Effect { altered, hit, images });
        Ok((a, Some(mishap)))
    }

    /// Says what begins: a visit on a slow line takes its time.
    fn begin(&self, scenario: Scenario) {
        print!("run {} of {}  {:<6}", self.number, self.options.runs(), scenario.name());
        // A terminal that cannot be written to is told so by the next line.
        let _ = std::io::stdout().flush();
    }

    async fn keep(
        &mut self,
        scenario: Scenario,
        seat: &Seat,
        before: &Counted,
        visit: Visit,
    ) -> Result<(), Fault> {
        let (counted, audit) = if seat.desk().is_ok() {
            let stats = Counted::of_all(&seat.stats().await?);
            (stats.since(before, &visit.tab), self.truth.audit(&seat.stored().await?))
        } else {
            (Counted::default(), Audit::default())
        };
        let rtt_ms = self.options.link.rtt_ms;
        let record = Record::of(scenario, &visit, self.plain.as_ref(), counted, audit, rtt_ms)?;
        println!("{}", table::line(&record, self.records.first()));
        if let (Likeness::Different { .. }, Some(plain)) = (record.likeness, &self.plain) {
            self.keep_evidence(scenario, plain, &visit)?;
        }
        self.records.push(record);
        if scenario == Scenario::Plain {
            self.plain = Some(visit);
        }
        Ok(())
    }

    /// Pictures that differ are written out, with what differs in red.
    fn keep_evidence(&self, scenario: Scenario, plain: &Visit, visit: &Visit) -> Result<(), Fault> {
        let dir = self.options.report_dir()?;
        let name = format!("run{}-{}", self.number, scenario.name());
        let pictures = [
            ("", visit.picture.to_png()?),
            ("-plain", plain.picture.to_png()?),
            ("-difference", plain.picture.highlight(&visit.picture).to_png()?),
        ];
        for (which, png) in pictures {
            std::fs::write(dir.join(format!("{name}{which}.png")), png)?;
        }
        println!("  the pictures differ: see {name}*.png in {}", dir.display());
        Ok(())
    }
}

async fn counted(seat: &Seat) -> Result<Counted, Fault> {
    if seat.desk().is_err() {
        return Ok(Counted::default());
    }
    Ok(Counted::of_all(&seat.stats().await?))
}

/// What a browser whose page is not looked at has counted in the meantime.
async fn counted_since(seat: &Seat, before: &Counted) -> Result<Counted, Fault> {
    let now = counted(seat).await?;
    let refusals = now.refusals.clone();
    Ok(Counted { refusals, ..now.since(before, &serde_json::Value::Null) })
}
