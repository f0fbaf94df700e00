//! The progress bar.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use levyscape_engine::Control;

/// Draws a bar from a thread of its own while a run goes on; nothing where standard error is no
/// terminal.
pub struct Progress {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts watching. `paths` is the number of paths expected, if it is known.
    pub fn start(control: Arc<Control>, paths: Option<u64>, quiet: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        if quiet || !std::io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), stop, watcher: None };
        }
        let bar = ProgressBar::with_draw_target(paths, ProgressDrawTarget::stderr());
        let template = if paths.is_some() {
            "{prefix} {bar:30} {percent:>3} %  {pos}/{len} paths  {msg}  {eta} left"
        } else {
            "{prefix} {spinner} {pos} paths  {msg}  {elapsed}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let (watched, done) = (bar.clone(), Arc::clone(&stop));
        let watcher = std::thread::spawn(move || {
            let begun = Instant::now();
            while !done.load(Ordering::Relaxed) {
                let steps = control.steps.load(Ordering::Relaxed) as f64;
                watched.set_position(control.paths.load(Ordering::Relaxed));
                watched.set_message(format!("{:.1}M steps/s", steps / 1e6 / begun.elapsed().as_secs_f64()));
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Self { bar, stop, watcher: Some(watcher) }
    }

    /// Says what is being simulated.
    pub fn say(&self, what: String) {
        self.bar.set_prefix(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            // A panic in the drawing thread is not worth another one.
            let _ = watcher.join();
        }
        self.bar.finish_and_clear();
    }
}
