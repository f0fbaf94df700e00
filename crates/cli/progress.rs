//! What a run says while it goes on: a bar, or lines of JSON.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use levyscape_engine::Control;

/// Between two looks of the bar.
const REDRAW: Duration = Duration::from_millis(100);
/// Between two lines of JSON.
const LINE: Duration = Duration::from_secs(1);

/// What the simulation tells whoever watches.
#[derive(Default)]
struct Shared {
    paths: AtomicU64,
    events: AtomicU64,
    /// Paths at which the task ends; 0 where they are not known beforehand.
    most: AtomicU64,
    /// Bits of the relative error now and of the one that is asked for; 0 for none.
    error: AtomicU64,
    target: AtomicU64,
    /// What is being simulated, and since when.
    task: Mutex<(String, Option<Instant>)>,
}

/// The state of a task at one moment.
struct Moment {
    what: String,
    paths: u64,
    most: Option<u64>,
    events: u64,
    error: Option<f64>,
    target: Option<f64>,
    steps_a_second: f64,
    left: Option<f64>,
}

impl Shared {
    fn moment(&self, steps: u64, begun: Instant) -> Moment {
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let positive = |x: f64| (x > 0.0 && x.is_finite()).then_some(x);
        let (what, since) = self.task.lock().map(|task| task.clone()).unwrap_or_default();
        let (paths, most) = (get(&self.paths), get(&self.most));
        let error = positive(f64::from_bits(get(&self.error)));
        let target = positive(f64::from_bits(get(&self.target)));
        // Errors fall like the root of the number of paths.
        let share = match (error, target) {
            (Some(error), Some(target)) => Some((target / error).powi(2).min(1.0)),
            _ if most > 0 && paths > 0 => Some(paths as f64 / most as f64),
            _ => None,
        };
        let left = share.zip(since).map(|(share, since)| since.elapsed().as_secs_f64() * (1.0 / share - 1.0));
        Moment {
            what,
            paths,
            most: (most > 0).then_some(most),
            events: get(&self.events),
            error,
            target,
            steps_a_second: steps as f64 / begun.elapsed().as_secs_f64().max(1e-9),
            left,
        }
    }
}

impl Moment {
    fn line(&self) -> String {
        let number = |x: Option<f64>| x.map_or(serde_json::Value::Null, Into::into);
        serde_json::json!({
            "what": self.what,
            "paths": self.paths,
            "paths_wanted": self.most,
            "events": self.events,
            "relative_error": number(self.error),
            "relative_error_wanted": number(self.target),
            "steps_per_second": self.steps_a_second.round(),
            "seconds_left": number(self.left),
        })
        .to_string()
    }

    fn words(&self) -> String {
        let mut words = format!("{} events", self.events);
        if let Some(error) = self.error {
            words += &format!("  error {:.2} %", 100.0 * error);
        }
        if let Some(target) = self.target {
            words += &format!(" (of {:.2} %)", 100.0 * target);
        }
        words += &format!("  {:.1}M steps/s", self.steps_a_second / 1e6);
        if let Some(left) = self.left {
            words += &format!("  {} left", indicatif::HumanDuration(Duration::from_secs_f64(left.min(1e9))));
        }
        words
    }
}

/// Watches a run from a thread of its own; silent where standard error is no terminal, unless lines of
/// JSON are asked for.
pub struct Progress {
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts watching.
    pub fn start(control: Arc<Control>, quiet: bool, json: bool) -> Self {
        let (shared, stop) = (Arc::new(Shared::default()), Arc::new(AtomicBool::new(false)));
        let (seen, done) = (Arc::clone(&shared), Arc::clone(&stop));
        let watcher = if json {
            Some(std::thread::spawn(move || lines(&seen, &control, &done)))
        } else if quiet || !std::io::stderr().is_terminal() {
            None
        } else {
            Some(std::thread::spawn(move || bar(&seen, &control, &done)))
        };
        Self { shared, stop, watcher }
    }

    /// Says what is being simulated.
    pub fn say(&self, what: &str) {
        if let Ok(mut task) = self.shared.task.lock() {
            *task = (what.to_owned(), None);
        }
    }

    /// A task begins that ends after so many paths, or at this relative error.
    pub fn begin(&self, most: Option<u64>, target: Option<f64>) {
        self.note(0, 0);
        self.note_error(0.0);
        self.shared.most.store(most.unwrap_or(0), Ordering::Relaxed);
        self.shared.target.store(target.unwrap_or(0.0).to_bits(), Ordering::Relaxed);
        if let Ok(mut task) = self.shared.task.lock() {
            task.1 = Some(Instant::now());
        }
    }

    /// So many paths have been taken in, and so many of them ended.
    pub fn note(&self, paths: u64, events: u64) {
        self.shared.paths.store(paths, Ordering::Relaxed);
        self.shared.events.store(events, Ordering::Relaxed);
    }

    /// The relative error now.
    pub fn note_error(&self, error: f64) {
        self.shared.error.store(error.to_bits(), Ordering::Relaxed);
    }
}

fn lines(shared: &Shared, control: &Control, done: &AtomicBool) {
    let begun = Instant::now();
    let mut last: Option<Instant> = None;
    loop {
        let over = done.load(Ordering::Relaxed);
        if over || last.is_none_or(|last| last.elapsed() >= LINE) {
            let steps = control.steps.load(Ordering::Relaxed);
            // Nobody reads any more: that must not end the run.
            let _ = writeln!(std::io::stderr(), "{}", shared.moment(steps, begun).line());
            last = Some(Instant::now());
        }
        if over {
            return;
        }
        std::thread::sleep(REDRAW);
    }
}

fn bar(shared: &Shared, control: &Control, done: &AtomicBool) {
    let begun = Instant::now();
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let known = ProgressStyle::with_template("{prefix} {bar:20} {percent:>3} %  {msg}");
    let unknown = ProgressStyle::with_template("{prefix} {spinner} {pos} paths  {msg}");
    while !done.load(Ordering::Relaxed) {
        let moment = shared.moment(control.steps.load(Ordering::Relaxed), begun);
        if let Ok(style) = if moment.most.is_some() { &known } else { &unknown } {
            bar.set_style(style.clone());
        }
        if let Some(most) = moment.most {
            bar.set_length(most);
        }
        bar.set_position(moment.paths);
        bar.set_message(moment.words());
        bar.set_prefix(moment.what);
        std::thread::sleep(REDRAW);
    }
    bar.finish_and_clear();
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            // A panic in the drawing thread is not worth another one.
            let _ = watcher.join();
        }
    }
}
