//! Exits and transitions at small jump noise from paths far shorter than one exit.
//!
//! A path of `dX = b(X) dt + epsilon dZ` that has stayed in a well for a while has the well's
//! quasi-stationary law, and from then on it leaves at a constant rate, to a place that is independent of
//! the time. Jump noise leaves by one large jump, and the rate of large jumps from a place is known:
//!
//! ```text
//! lambda_k(x) = nu{ y : |y| > r, x + epsilon y in I_k },
//! ```
//!
//! a difference of tails of the Lévy measure for every destination `I_k` (a stop, another well). So
//! [`Hazard`] does not wait for exits. It splits `Z` at a radius `r` into small jumps (and a Gaussian part)
//! and a compound Poisson process of large ones, takes an interval about each minimum, the heart of the
//! well, and works in two phases.
//!
//! **Within a heart** a path walks without the large jumps that would leave; `Lambda_t` is the integral of
//! `lambda = sum lambda_k` along it. What leaves the heart otherwise is a real exit, after which the path
//! starts again from the minimum. With a window `t_1` of some relaxation times and the weight `w_t =
//! exp(-(Lambda_t - Lambda_{t - t_1}))`, 0 where the path started again within the window, the formula of
//! Feynman and Kac makes `E sum_t w_t f(X_t)/E sum_t w_t` the quasi-stationary mean of `f` up to
//! `exp(-gamma t_1)`, `gamma` the gap between the first two eigenvalues of the killed process. Hence the
//! rate `kappa = E sum (w lambda h + exits)/E sum w h` at which paths leave the heart, and where they go,
//! without a single large exit. Near the edge of a well `lambda` would be large but seldom: that is why
//! only the heart is integrated over, and the shell between it and the edge is one more destination.
//!
//! **From the landing on** a path from a place drawn with the weight `w lambda_k`, then by the law of the
//! jump, walks freely (all jumps made) until it stops, or until it has stayed in one heart for a window: so
//! early exits, returns over the saddle and the time of the slide to the next minimum are all in. Landings
//! near an edge decide most, and are drawn more often. Close to an edge where paths stop the steps are
//! shorter.
//!
//! The start is treated in the same way, the weight being counted from the start until the first window has
//! passed; a start outside the hearts is a free path. A linear system over the wells puts these pieces
//! together. Every replica does all this on two grids, of step `h` and `2 h`, with the same random numbers.
//! Both have a step error of order 2 in the well; exits by small jumps, which no one step decides, leave
//! one of a lower order.
//!
//! Nothing is assumed of the noise but jumps: as `epsilon` goes to 0 the work for a given relative error
//! falls, and for noise that is not small it grows, but the estimates stay right as long as paths do stay
//! in the heart for a window now and then.

mod geometry;
mod solve;
mod walk;

use levyscape_integrator::math::{exp_m1, ln, pow, uniform};
use levyscape_integrator::noise::{BLOCK, LargeJumps, Noise, Side};
use levyscape_integrator::rng::{LANES, LaneRng};
use levyscape_integrator::{Amplitude, IntegratorError, SchemeKind, Sde, StreamKey};

use crate::ensemble::Control;
use crate::error::EngineError;
use crate::event::{Region, StopRegion};
use crate::record::Stop;
use crate::replicas::{Output, Replicated};

use geometry::{Channel, Jumps, Map, Place, Rates, Target};
use solve::Layout;
use walk::{Class, End, FINER, Job, Level, Owner, Purpose, Track, stream};

/// The basin of attraction of a minimum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Well {
    /// The point of rest.
    pub minimum: f64,
    /// Left end of the basin; may be minus infinity.
    pub left: f64,
    /// Right end; may be infinity.
    pub right: f64,
    /// Rate at which paths come to rest, `-b'(minimum)` where that is not 0: the steps and the
    /// window are in units of its inverse. Above 0.
    pub relaxation_rate: f64,
}

/// How a [`Hazard`] works, and what is asked beyond the moments and the ways to stop.
#[derive(Debug, Clone, PartialEq)]
pub struct HazardSettings {
    /// Time step of the fine grid in each well, in units of its relaxation time.
    pub step: f64,
    /// The window `t_1`, in the same units.
    pub window: f64,
    /// Time in equilibrium that a replica spends in each well, in windows.
    pub span: f64,
    /// Jumps of X larger than this part of the distance from the minimum to the nearest edge of the well are
    /// large ones. Smaller ones are, too, while few come in a step.
    pub cut: f64,
    /// The heart of a well reaches from its minimum over this part of the distance to each edge.
    pub heart: f64,
    /// Sets `[lo, hi]` whose landing probability is asked for.
    pub landing: Vec<[f64; 2]>,
    /// Times `t` for which `P(T > t)` is asked for; there is an answer where the start's well is left by
    /// stopping only.
    pub survival: Vec<f64>,
}

impl Default for HazardSettings {
    fn default() -> Self {
        let (landing, survival) = (Vec::new(), Vec::new());
        Self { step: 0.1, window: 6.0, span: 2.0, cut: 0.15, heart: 0.7, landing, survival }
    }
}

/// The exit or transition problem of one start by the integrated hazard; see the [module](self).
///
/// A group is [`LANES`] replicas. A replica has `2^32` random streams of its own, numbered from `2^63` on,
/// where no path of an [`Ensemble`](crate::Ensemble) has its stream.
///
/// The outputs are the mean time and its second moment, the probability of every possible stop, of every
/// landing set, the exit rate of every well, and, where paths settle in one well only, the survival
/// probabilities. The exit rate is one over the mean time, from equilibrium, until the path stops or comes
/// to equilibrium in another well; where there is one well only, it is the rate at which the survival
/// probability falls.
pub struct Hazard<'a> {
    map: Map,
    epsilon: f64,
    /// Variance of the Gaussian part of `Z` over a unit of time.
    gaussian_variance: f64,
    /// Edges at which paths stop although the drift does not lead there.
    edges: Vec<f64>,
    /// By what the noise of a step shrinks from level to level.
    finer: f64,
    key: StreamKey,
    start: f64,
    /// The wells, and what lies between them.
    classes: Vec<Class<'a>>,
    stops: Vec<Stop>,
    sets: Vec<[f64; 2]>,
    times: Vec<f64>,
    span: f64,
    layout: Layout,
}

/// Part of the landings in another well that counts as near one of its edges.
const NEAR: f64 = 0.125;
/// Free paths that a destination can have.
const MOST_WAYS: usize = 3;
/// An early exit of this probability is always followed, a rarer one with a probability in proportion.
const EARLY: f64 = 1.0 / 32.0;

impl<'a> Hazard<'a> {
    /// The first time at which a path from `start` stops in `region`; `wells` are all basins of attraction
    /// that reach into the domain. Those whose minimum lies outside, or in a target, hold no path for long.
    ///
    /// # Errors
    /// [`EngineError::Hazard`] for noise without jumps, amplitudes that are not constant, no well in which
    /// paths could stay, wells that do not hold their minimum or that overlap;
    /// [`EngineError::StartStopped`]; [`EngineError::Integrator`] for other dimensions than one, settings
    /// that are not positive, or a noise whose jumps cannot be split.
    pub fn new(
        sde: &'a Sde<'a>,
        start: f64,
        region: &StopRegion,
        wells: &[Well],
        settings: &HazardSettings,
        key: StreamKey,
    ) -> Result<Self, EngineError> {
        sde.check_start(&[start])?;
        Region::Line(region.clone()).check_start(&[start])?;
        let Amplitude::Constant(epsilon) = sde.amplitude() else {
            return Err(EngineError::Hazard("the amplitude must be a number; take the method \"plain\""));
        };
        if !sde.noise().has_jumps() {
            return Err(EngineError::Hazard(
                "noise without jumps has no large jump to wait for; take the method \"splitting\" or \"fleming_viot\"",
            ));
        }
        for (name, value) in [("the step", settings.step), ("the window", settings.window)]
            .into_iter()
            .chain([("the span", settings.span), ("the cut", settings.cut), ("the heart", settings.heart)])
        {
            if !(value > 0.0 && value.is_finite()) {
                return Err(IntegratorError::NotPositive { name, value }.into());
            }
        }
        for well in wells {
            let holds = well.left < well.minimum && well.minimum < well.right;
            // A well that never relaxes has no step.
            let relaxes = well.relaxation_rate.is_finite() && settings.step / well.relaxation_rate < 1e100;
            if !(holds && well.relaxation_rate > 0.0 && relaxes) {
                return Err(EngineError::Hazard(
                    "a well must hold its minimum and have a positive rate of relaxation",
                ));
            }
            if wells.iter().any(|other| other != well && other.left < well.right && well.left < other.right) {
                return Err(EngineError::Hazard("the wells must not overlap"));
            }
        }
        let epsilon = epsilon[0];
        let map = Map::new(region, wells);
        let settles = |i: usize| map.place(wells[i].minimum) == Place::Class(i);
        if !(0..wells.len()).any(settles) {
            return Err(EngineError::Hazard(
                "no well has its minimum where paths go on; take the method \"plain\"",
            ));
        }
        let stops = possible_stops(region);
        let edges = guarded_edges(sde, region);
        let window = extent(&map, wells, start);
        let mut classes = Vec::new();
        for (i, well) in wells.iter().enumerate() {
            let home = well.minimum;
            let piece = if settles(i) { map.piece(home) } else { [well.left, well.right] };
            let distance =
                piece.map(|end| (end - well.minimum).abs()).into_iter().fold(f64::INFINITY, f64::min);
            if settles(i) && distance == f64::INFINITY {
                return Err(EngineError::Hazard("there is nothing that a path from the minimum could leave"));
            }
            let heart = if settles(i) {
                piece.map(|end| home + settings.heart.min(1.0) * (end - home))
            } else {
                [f64::NAN; 2]
            };
            // How far the noise carries within a relaxation time, in units of the distance.
            let noise = epsilon * pow(well.relaxation_rate, -1.0 / sde.noise().scaling_index());
            let near = (noise / distance).clamp(1e-6, 0.5);
            let reach = if distance == f64::INFINITY { window[1] - window[0] } else { distance };
            let mut channels = Vec::new();
            if settles(i) {
                channels = channels_from(&map, i, heart, &stops, &settings.landing);
            }
            let plan = Plan {
                step: settings.step / well.relaxation_rate,
                window: settings.window / settings.step,
                radius: rare_radius(sde.noise(), settings.step / well.relaxation_rate)
                    .min(settings.cut * reach / epsilon),
                heart,
                near,
                edges: edges.iter().any(|edge| (well.left..=well.right).contains(edge)),
                home,
                settles: settles(i),
            };
            classes.push(plan.build(sde, epsilon, channels, window)?);
        }
        if map.has_gaps() {
            let steps = wells.iter().map(|well| settings.step / well.relaxation_rate);
            let radii = classes.iter().map(|class: &Class<'_>| class.rates.jumps.radius());
            let plan = Plan {
                step: steps.fold(f64::INFINITY, f64::min),
                window: settings.window / settings.step,
                radius: radii.fold(f64::INFINITY, f64::min),
                heart: [f64::NAN; 2],
                near: 1.0,
                edges: !edges.is_empty(),
                home: f64::NAN,
                settles: false,
            };
            classes.push(plan.build(sde, epsilon, Vec::new(), window)?);
        }
        let layout = Layout::new(stops.len(), settings.landing.len(), wells.len(), settings.survival.len());
        Ok(Self {
            map,
            epsilon,
            gaussian_variance: sde.noise().gaussian_variance(),
            edges,
            finer: pow(FINER, 1.0 / sde.noise().scaling_index()),
            key,
            start,
            classes,
            stops,
            sets: settings.landing.clone(),
            times: settings.survival.clone(),
            span: settings.span,
            layout,
        })
    }

    /// The time step in the start's well or, where it has none, of paths between the wells.
    #[must_use]
    pub fn step(&self) -> f64 {
        self.classes[self.map.class(self.start)].step
    }

    /// The estimates on the grids of step `h` and of step `2 h`, from the mean row.
    #[must_use]
    pub fn fine_and_coarse(&self, mean: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (fine, coarse) = mean.split_at(self.layout.width());
        (self.solve(fine, 1), self.solve(coarse, 2))
    }

    /// The well whose heart holds the start.
    fn start_well(&self) -> Option<usize> {
        let class = self.map.class(self.start);
        self.classes[class].holds(self.start).then_some(class)
    }

    /// The well in which paths settle, where there is only one: then survival has a closed form.
    fn only_well(&self) -> Option<usize> {
        let mut wells = (0..self.classes.len()).filter(|&i| self.classes[i].settles);
        wells.next().filter(|_| wells.next().is_none())
    }

    fn stop_index(&self, stop: Stop) -> Option<usize> {
        self.stops.iter().position(|&other| other == stop)
    }

    /// Adds a stop to a block of a row.
    fn add_stop(&self, block: &mut [f64], stop: Stop, place: f64, weight: f64, time: f64) {
        if let Some(index) = self.stop_index(stop) {
            block[self.layout.stop(index)] += weight;
        }
        for (set, &[lo, hi]) in self.sets.iter().enumerate() {
            if place >= lo && place <= hi {
                block[self.layout.set(set)] += weight;
            }
        }
        block[self.layout.time_to_stop()] += weight * time;
        block[self.layout.square_time()] += weight * time * time;
    }

    /// Adds to the mass that has stopped, since the start, within the first window and by the times asked
    /// for.
    fn add_early(&self, part: &mut [f64], owner: Owner, weight: f64, time: f64) {
        if owner == Owner::Start {
            // Where there are several wells, nothing asks for this.
            if self.only_well().is_some_and(|i| time <= self.classes[i].window as f64 * self.classes[i].step)
            {
                part[self.layout.early()] += weight;
                part[self.layout.early() + 1] += weight * time;
            }
            for (k, &asked) in self.times.iter().enumerate() {
                if time <= asked {
                    part[self.layout.survival(k)] += weight;
                }
            }
        }
    }

    /// Adds the end of a free path to the block of a row.
    fn add_fate(&self, block: &mut [f64], weight: f64, time: f64, end: End) {
        match end {
            End::Stopped(stop, place) => self.add_stop(block, stop, place, weight, time),
            End::Settled(well) => {
                block[self.layout.settled(well)] += weight;
                block[self.layout.time_to_settle(well)] += weight * time;
                block[self.layout.square_time()] += weight * time * time;
            }
        }
    }

    /// Steps of the fine grid in well `i`.
    fn steps(&self, i: usize) -> usize {
        let window = self.classes[i].window;
        (window + (self.span * window as f64).ceil() as usize).div_ceil(BLOCK) * BLOCK
    }

    /// What a walk in well `i` says, into the rows; the free paths that go on from there, into `jobs`.
    fn read(
        &self,
        i: usize,
        track: &Track,
        factor: usize,
        first: u64,
        rows: &mut [Vec<f64>],
        jobs: &mut Vec<Job>,
    ) {
        let class = &self.classes[i];
        let (layout, rates) = (&self.layout, &class.rates);
        let (h, window) = (class.step * factor as f64, class.window / factor);
        let count = track.gain.len();
        let grid = layout.width() * (factor - 1);
        let started = self.start_well() == Some(i);
        let well = grid + layout.well(i);
        for weight in &track.weight[window..count] {
            for (row, weight) in rows.iter_mut().zip(weight) {
                row[well + layout.occupation()] += weight;
            }
        }
        let mut choices = Choices::new(self, i, first);
        // The rates into the channels that lead to other classes, step by step.
        let mut early = Vec::new();
        for (c, channel) in rates.channels.iter().enumerate() {
            let mut flux = vec![[0.0; LANES]; count];
            for ((flux, gain), place) in flux.iter_mut().zip(&track.gain).zip(&track.place) {
                for lane in 0..LANES {
                    flux[lane] = gain[lane] * rates.channel(c, place[lane]);
                }
            }
            let settled = sums(&flux[window..]);
            let entry = match channel.target {
                Target::Stop(stop) => Some(layout.stop(stop)),
                Target::Set(set) => Some(layout.set(set)),
                Target::Class(_) => None,
            };
            if let Some(entry) = entry {
                for (row, flux) in rows.iter_mut().zip(settled) {
                    row[well + entry] += flux;
                }
                if started {
                    let stop = matches!(channel.target, Target::Stop(_));
                    for (n, flux) in flux[..window].iter().enumerate() {
                        let time = (n as f64 + 0.5) * h;
                        for (row, flux) in rows.iter_mut().zip(flux) {
                            let block = &mut row[grid + layout.start()..];
                            block[entry] += flux;
                            if stop {
                                block[layout.early()] += flux;
                                block[layout.early() + 1] += flux * time;
                                for (k, &asked) in self.times.iter().enumerate() {
                                    let part = ((asked - time) / h + 0.5).clamp(0.0, 1.0);
                                    block[layout.survival(k)] += flux * part;
                                }
                                block[layout.time_to_stop()] += flux * time;
                                block[layout.square_time()] += flux * time * time;
                            }
                        }
                    }
                }
                continue;
            }
            for (lane, &settled) in settled.iter().enumerate() {
                for (number, (u, share)) in
                    class.landings(channel, &mut choices, lane).into_iter().enumerate()
                {
                    let origin = choices.next(lane) * settled;
                    if settled > 0.0 {
                        let n = window + pick(&flux[window..], lane, origin);
                        jobs.push(Job {
                            lane,
                            owner: Owner::Well(i),
                            weight: settled * share,
                            place: rates.land(c, track.place[n][lane], u),
                            time: 0.0,
                            slot: self.slot(Owner::Well(i), 1 + c, number),
                        });
                    }
                }
            }
            if started {
                flux.truncate(window);
                early.push((c, flux));
            }
        }
        let slips = |lane, early: bool| {
            track.slips.iter().filter(move |slip| slip.lane == lane && (slip.step < window) == early)
        };
        for (lane, row) in rows.iter_mut().enumerate() {
            let [choice, start_choice, origin, landing] = [(); 4].map(|()| choices.next(lane));
            // The exits without a large jump: those that stop are counted, one of the others is followed.
            let owners = [(Owner::Well(i), false, choice), (Owner::Start, true, start_choice)];
            for (owner, early, choice) in owners.into_iter().take(1 + usize::from(started)) {
                let block = grid + self.block(owner);
                let time = |slip: &walk::Slip| if early { (slip.step as f64 + 0.5) * h } else { 0.0 };
                let mut going = Vec::new();
                for slip in slips(lane, early) {
                    match self.map.place(slip.place) {
                        Place::Stop(stop) => {
                            self.add_stop(&mut row[block..], stop, slip.place, slip.weight, time(slip));
                            self.add_early(&mut row[grid..], owner, slip.weight, time(slip));
                        }
                        Place::Class(_) => going.push(slip),
                    }
                }
                let total: f64 = going.iter().map(|slip| slip.weight).sum();
                let mut left = choice * total;
                let chosen = going.iter().position(|slip| {
                    left -= slip.weight;
                    left < 0.0
                });
                if let Some(slip) = chosen.and_then(|index| going.get(index)) {
                    jobs.push(Job {
                        lane,
                        owner,
                        weight: total,
                        place: slip.place,
                        time: time(slip),
                        slot: self.slot(owner, 0, 0),
                    });
                }
            }
            if !started {
                continue;
            }
            let stayed = track.weight[window][lane];
            self.add_fate(&mut row[grid + layout.start()..], stayed, window as f64 * h, End::Settled(i));
            // One of the early exits, at random, and if they are rare not in every replica.
            let totals: Vec<f64> =
                early.iter().map(|(_, flux)| flux.iter().map(|row| row[lane]).sum()).collect();
            let total: f64 = totals.iter().sum();
            let share = (total / EARLY).min(1.0);
            if total == 0.0 || origin >= share {
                continue;
            }
            let mut left = origin / share * total;
            for ((c, flux), of_channel) in early.iter().zip(&totals) {
                if left < *of_channel {
                    let n = pick(flux, lane, left);
                    jobs.push(Job {
                        lane,
                        owner: Owner::Start,
                        weight: total / share,
                        place: rates.land(*c, track.place[n][lane], landing),
                        time: (n as f64 + 0.5) * h,
                        slot: self.slot(Owner::Start, 0, 1),
                    });
                    break;
                }
                left -= of_channel;
            }
        }
    }

    /// The number of the streams of a free path among those of its replica; `way` is 0 without a large jump.
    fn slot(&self, owner: Owner, way: usize, number: usize) -> u64 {
        let owner = match owner {
            Owner::Start => 0,
            Owner::Well(i) => i + 1,
        };
        // No well has more channels than there are stops, sets, other classes and sides.
        let ways = self.stops.len() + self.sets.len() + self.classes.len() + 4;
        ((owner * ways + way) * MOST_WAYS + number) as u64
    }

    fn block(&self, owner: Owner) -> usize {
        match owner {
            Owner::Start => self.layout.start(),
            Owner::Well(i) => self.layout.well(i),
        }
    }
}

/// The uniform numbers by which the replicas choose.
struct Choices(LaneRng);

impl Choices {
    fn new(problem: &Hazard<'_>, i: usize, first: u64) -> Self {
        let mut rng = LaneRng::default();
        for lane in 0..LANES {
            rng.seed_lane(lane, &problem.key, stream(first + lane as u64, Purpose::Well(i, 2)));
        }
        Self(rng)
    }

    fn next(&mut self, lane: usize) -> f64 {
        uniform(self.0.next_of(lane))
    }
}

impl Class<'_> {
    /// The quantiles of the landings that a replica follows, and what each counts for.
    ///
    /// Whether a path returns is decided near the edges, within a part `v_0` of the landings that shrinks
    /// with the noise; so there the quantile `v` from the edge is drawn half of the time uniformly, half of
    /// the time with the density `1/((v + v_0) ln(1 + 1/v_0))` on (0, 1). For landings just outside the
    /// heart this is all: a path that comes back counts among the exits and the returns alike, so its
    /// random weight is lost again. Landings in another well have an edge on both sides, and a third path
    /// from the middle counts for the rest, whatever the other two count for.
    fn landings(&self, channel: &Channel, choices: &mut Choices, lane: usize) -> Vec<(f64, f64)> {
        let (near, log) = (self.near, ln(1.0 + 1.0 / self.near));
        let mut draw = || {
            let [which, u] = [(); 2].map(|()| choices.next(lane));
            let v = if which < 0.5 { u } else { near * exp_m1(u * log) };
            (v, 2.0 / (1.0 + 1.0 / ((v + near) * log)))
        };
        let (far, far_share) = draw();
        if !channel.elsewhere {
            return vec![(1.0 - far, far_share)];
        }
        let (near, near_share) = draw();
        let middle = choices.next(lane);
        vec![
            (NEAR * near, NEAR * near_share),
            (NEAR + (1.0 - 2.0 * NEAR) * middle, 1.0 - NEAR * (near_share + far_share)),
            (1.0 - NEAR * far, NEAR * far_share),
        ]
    }
}

fn sums(rows: &[[f64; LANES]]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for row in rows {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += x;
        }
    }
    sums
}

/// The row where the running sum of a lane passes `level`.
fn pick(rows: &[[f64; LANES]], lane: usize, mut level: f64) -> usize {
    let passed = rows.iter().position(|row| {
        level -= row[lane];
        level < 0.0
    });
    // Rounding may leave a crumb: the last row with something in it.
    passed.or_else(|| rows.iter().rposition(|row| row[lane] > 0.0)).unwrap_or(0)
}

impl Replicated for Hazard<'_> {
    fn width(&self) -> usize {
        2 * self.layout.width()
    }

    fn group(&self) -> u64 {
        LANES as u64
    }

    fn simulate(&self, group: u64, rows: &mut Vec<f64>, control: &Control) -> Result<u64, EngineError> {
        let first = group * self.group();
        let mut own = vec![vec![0.0; self.width()]; LANES];
        let mut steps = 0;
        for factor in [1, 2] {
            let mut jobs = Vec::new();
            for i in (0..self.classes.len()).filter(|&i| self.classes[i].settles) {
                let start = if self.start_well() == Some(i) { self.start } else { self.classes[i].home };
                let count = self.steps(i);
                let track = self.track(i, start, count, factor, first, control)?;
                steps += (count / factor * LANES) as u64;
                self.read(i, &track, factor, first, &mut own, &mut jobs);
            }
            if self.start_well().is_none() {
                let slot = self.slot(Owner::Start, 0, 0);
                let (owner, place) = (Owner::Start, self.start);
                jobs.extend((0..LANES).map(|lane| Job { lane, owner, weight: 1.0, place, time: 0.0, slot }));
            }
            let fates = self.follow(&jobs, factor, first, &mut steps, control)?;
            for (job, fate) in jobs.iter().zip(fates) {
                let part = &mut own[job.lane][self.layout.width() * (factor - 1)..];
                if matches!(fate.end, End::Stopped(..)) {
                    self.add_early(part, job.owner, job.weight, fate.time);
                }
                self.add_fate(&mut part[self.block(job.owner)..], job.weight, fate.time, fate.end);
            }
        }
        rows.extend(own.iter().flatten());
        Ok(steps)
    }

    fn outputs(&self) -> Vec<Output> {
        let mut outputs = vec![Output::MeanTime, Output::SecondMoment];
        outputs.extend(self.stops.iter().map(|&stop| Output::StopProbability(stop)));
        outputs.extend(self.sets.iter().map(|&set| Output::Landing(set)));
        let wells = (0..self.classes.len()).filter(|&i| self.classes[i].settles);
        outputs.extend(wells.map(Output::ExitRate));
        if self.only_well().is_some() {
            outputs.extend(self.times.iter().map(|&time| Output::Survival(time)));
        }
        outputs
    }

    fn evaluate(&self, mean: &[f64]) -> Vec<f64> {
        self.fine_and_coarse(mean).0
    }

    fn evaluate_coarse(&self, mean: &[f64]) -> Option<Vec<f64>> {
        Some(self.fine_and_coarse(mean).1)
    }
}

/// What a class is built from.
struct Plan {
    step: f64,
    /// In steps of the fine grid.
    window: f64,
    radius: f64,
    heart: [f64; 2],
    near: f64,
    /// Whether short steps are needed near edges.
    edges: bool,
    home: f64,
    settles: bool,
}

impl Plan {
    fn build<'a>(
        self,
        sde: &'a Sde<'a>,
        epsilon: f64,
        channels: Vec<Channel>,
        window: [f64; 2],
    ) -> Result<Class<'a>, EngineError> {
        let (drift, noise) = (sde.drift(), sde.noise());
        let small = noise.small_jumps(self.radius)?;
        let flow = |step| SchemeKind::Splitting.build(drift, noise, step, &[window]);
        let mut levels = Vec::new();
        let mut step = self.step;
        for _ in 0..if self.edges { LEVELS } else { 1 } {
            levels.push(Level { flows: [flow(0.5 * step), flow(step)], sampler: small.sampler(step)? });
            step *= FINER;
        }
        let jumps = Jumps::new(LargeJumps::new(noise, self.radius)?, noise.is_self_similar());
        Ok(Class {
            step: self.step,
            // Coarse steps are pairs of fine ones.
            window: 2 * (0.5 * self.window).ceil() as usize,
            levels,
            reach: REACH * epsilon * pow(self.step, 1.0 / noise.scaling_index()),
            rates: Rates::new(jumps, channels, epsilon, window),
            heart: self.heart,
            near: self.near,
            home: self.home,
            settles: self.settles,
        })
    }
}

/// Lengths of steps where there are edges.
const LEVELS: usize = 6;
/// Shorter steps are taken where the noise of a step, times this, reaches an edge.
const REACH: f64 = 3.0;

/// The edges at which paths stop although the drift does not lead there: it matters when they are crossed.
fn guarded_edges(sde: &Sde<'_>, region: &StopRegion) -> Vec<f64> {
    let targets = region.targets.iter().flat_map(|&[lo, hi]| [(lo, 1.0), (hi, -1.0)]);
    let edges = [(region.lower, -1.0), (region.upper, 1.0)].into_iter().chain(targets);
    let leads = |edge: f64, direction: f64| {
        let mut drift = [0.0];
        sde.drift().drift_at(&[edge], &mut drift);
        drift[0] * direction > 0.0
    };
    edges
        .filter(|(edge, direction)| edge.is_finite() && !leads(*edge, *direction))
        .map(|(edge, _)| edge)
        .collect()
}

/// Large jumps come no more often than this a step, if the distance allows.
const OFTEN: f64 = 0.0999;

/// The radius beyond which [`OFTEN`] jumps come in a step, to a part in 1000.
fn rare_radius(noise: &dyn Noise, step: f64) -> f64 {
    let often = |r: f64| step * (noise.jump_tail(Side::Lower, r) + noise.jump_tail(Side::Upper, r)) > OFTEN;
    let (mut low, mut high) = (-200.0, 200.0);
    while high - low > 1e-3 {
        let middle = 0.5 * (low + high);
        if often(libm::exp(middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    libm::exp(high)
}

fn possible_stops(region: &StopRegion) -> Vec<Stop> {
    let mut stops = Vec::new();
    if region.lower > f64::NEG_INFINITY {
        stops.push(Stop::Lower);
    }
    if region.upper < f64::INFINITY {
        stops.push(Stop::Upper);
    }
    stops.extend((0..region.targets.len()).map(|k| Stop::Target(k as u32)));
    stops
}

/// The destinations of large jumps from the heart of well `i`.
fn channels_from(map: &Map, i: usize, heart: [f64; 2], stops: &[Stop], sets: &[[f64; 2]]) -> Vec<Channel> {
    let everywhere = [f64::NEG_INFINITY, f64::INFINITY];
    let stops = stops.iter().enumerate().map(|(index, &stop)| Channel {
        target: Target::Stop(index),
        intervals: map.select(everywhere, |place| place == Place::Stop(stop)),
        elsewhere: false,
    });
    let sets = sets.iter().enumerate().map(|(index, &set)| Channel {
        target: Target::Set(index),
        intervals: map.select(set, |place| matches!(place, Place::Stop(_))),
        elsewhere: false,
    });
    let sides = [[f64::NEG_INFINITY, heart[0]], [heart[1], f64::INFINITY]];
    let shells = sides.into_iter().map(|side| Channel {
        target: Target::Class(i),
        intervals: map.select(side, |place| place == Place::Class(i)),
        elsewhere: false,
    });
    let others = (0..=map.between()).filter(|&to| to != i).map(|to| Channel {
        target: Target::Class(to),
        intervals: map.select(everywhere, |place| place == Place::Class(to)),
        elsewhere: true,
    });
    let channels = stops.chain(sets).chain(shells).chain(others);
    channels.filter(|channel| !channel.intervals.is_empty()).collect()
}

/// An interval that holds all that matters, with a margin.
fn extent(map: &Map, wells: &[Well], start: f64) -> [f64; 2] {
    let points = wells.iter().flat_map(|well| [well.left, well.minimum, well.right]);
    let points = points.chain(map.region.targets.iter().flatten().copied()).chain([
        map.region.lower,
        map.region.upper,
        start,
    ]);
    let (mut lo, mut hi) = (start, start);
    for point in points.filter(|point| point.is_finite()) {
        (lo, hi) = (lo.min(point), hi.max(point));
    }
    let margin = 0.5 * (hi - lo);
    [lo - margin, hi + margin]
}
