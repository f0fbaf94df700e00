//! Puts panels, axes, legends, colour bars and remarks on the page.

use super::FigureError;
use super::colour::{ColourScale, colour};
use super::legend::Legend;
use super::placed::{Placed, PlacedBar, PlacedPanel, PlacedTicks, PlacedWords};
use super::plot::{OVERLAP, Obstacle, Plot, level_colour};
use super::prepare::{Prepared, PreparedFigure, Span, prepare};
use super::scene::{Area, Group, Item, Scene};
use super::spec::{Anchor, Axis, ColourBar, Figure, Inset, Joined, Layer, LegendPlace, Tick};
use super::text::{self, Line, set, set_bold, set_within};
use super::theme::Theme;
use super::ticks::candidates;

/// White rim of the page (mm).
const RIM: f64 = 0.8;
/// Between a tick and its number (mm).
const TICK_PAD: f64 = 0.6;
/// Between numbers and axis label, and between other stacked lines (mm).
const PAD: f64 = 0.9;
/// Between neighbouring panels, and between panels that share an axis (mm).
const PANEL_GAP: f64 = 3.0;
const JOINED_GAP: f64 = 0.9;
/// Between an inset and the frame around it (mm).
const INSET_GAP: f64 = 1.2;
/// Least distance of two numbers along an axis (mm).
const NUMBER_GAP: f64 = 1.4;
/// Between a panel and its colour bar, and width of the bar (mm).
const BAR_GAP: f64 = 2.0;
const BAR_WIDTH: f64 = 2.8;
/// Height of a frame relative to its width, where the figure has no height of its own.
const ASPECT: f64 = 0.72;
/// A frame smaller than this (mm) shows nothing.
const SMALLEST_FRAME: f64 = 8.0;

/// Draws a figure on a page.
pub(super) fn compose(figure: &Figure, theme: &Theme) -> Result<Scene, FigureError> {
    if theme.magnification != 1.0 {
        let small = figure.clone().at_width(figure.width_mm / theme.magnification);
        let plain = Theme { magnification: 1.0, ..theme.clone() };
        return Ok(compose(&small, &plain)?.magnified(theme.magnification));
    }
    lay_out(figure, &prepare(figure)?, theme).map(|(scene, _)| scene)
}

/// As [`compose`], without magnification, and says what stands where.
pub(super) fn lay_out(
    figure: &Figure,
    prepared: &PreparedFigure<'_>,
    theme: &Theme,
) -> Result<(Scene, Placed), FigureError> {
    let mut places: Vec<LegendPlace> = figure.panels.iter().map(|panel| panel.legend).collect();
    // A legend without a free place inside moves above its panel, which then has less room; that may
    // displace others, but each moves once at most.
    loop {
        let layout =
            Layout::new(figure, &prepared.panels, prepared.shared.as_ref(), &prepared.notes, &places, theme)?;
        let mut scene =
            Scene { width: figure.width_mm, height: layout.height, paper: theme.paper, ..Scene::default() };
        let mut placed = Placed { width: scene.width, height: scene.height, ..Placed::default() };
        let mut crowded = Vec::new();
        for (index, panel) in prepared.panels.iter().enumerate() {
            match layout.draw_panel(index, panel, places[index], theme, &mut scene)? {
                Some(panel) => placed.panels.push(panel),
                None => crowded.push(index),
            }
        }
        if crowded.is_empty() {
            layout.draw_rest(theme, &mut scene, &mut placed);
            return Ok((scene, placed));
        }
        crowded.into_iter().for_each(|index| places[index] = LegendPlace::Top);
    }
}

/// Measured numbers of an axis.
pub(super) struct AxisTicks {
    pub(super) major: Vec<(f64, Line)>,
    pub(super) minor: Vec<f64>,
}

impl AxisTicks {
    /// The richest ticks whose numbers do not touch on an axis of this length (mm).
    fn fit(
        span: &Span,
        given: &[Tick],
        length: f64,
        level: bool,
        theme: &Theme,
    ) -> Result<AxisTicks, FigureError> {
        if !given.is_empty() {
            let shown = given.iter().filter(|tick| {
                span.share(tick.at).is_some_and(|share| (-1e-9..=1.0 + 1e-9).contains(&share))
            });
            let major = shown.map(|tick| Ok((tick.at, set(&tick.label, theme.tick_mm())?)));
            return Ok(AxisTicks { major: major.collect::<Result<_, FigureError>>()?, minor: Vec::new() });
        }
        let most = (length / if level { 11.0 } else { 8.0 }).floor().clamp(2.0, 9.0) as usize;
        let mut chosen = AxisTicks { major: Vec::new(), minor: Vec::new() };
        // On a low panel one number alone would not say how far apart values are: then more are tried.
        for most in [most, 5] {
            for ticks in candidates(span.scale, span.low, span.high, most) {
                let lines =
                    ticks.major.into_iter().map(|(value, label)| Ok((value, set(&label, theme.tick_mm())?)));
                chosen = AxisTicks { major: lines.collect::<Result<_, FigureError>>()?, minor: ticks.minor };
                if chosen.fits(span, length, level) && chosen.major.len() > 1 {
                    return Ok(chosen);
                }
            }
        }
        // Not even the sparsest choice fits: the first number alone does.
        chosen.major.truncate(1);
        Ok(chosen)
    }

    fn fits(&self, span: &Span, length: f64, level: bool) -> bool {
        self.major.windows(2).all(|pair| {
            let distance =
                (span.share(pair[1].0).unwrap_or(0.0) - span.share(pair[0].0).unwrap_or(0.0)) * length;
            if level {
                distance >= (pair[0].1.width + pair[1].1.width) / 2.0 + NUMBER_GAP
            } else {
                distance >= (pair[0].1.height() + pair[1].1.height()) / 2.0
            }
        })
    }

    fn widest(&self) -> f64 {
        self.major.iter().fold(0.0, |most, (_, line)| most.max(line.width))
    }

    fn highest(&self) -> f64 {
        self.major.iter().fold(0.0, |most, (_, line)| most.max(line.height()))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Margins {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Everything around one frame, measured.
struct Surroundings<'a> {
    x_ticks: AxisTicks,
    y_ticks: AxisTicks,
    x_label: Line,
    y_label: Line,
    letter: Line,
    title: Line,
    outer_legend: Option<Legend<'a>>,
    bar: Option<BarParts<'a>>,
    margins: Margins,
}

/// A measured colour bar.
struct BarParts<'a> {
    scale: &'a ColourScale,
    ticks: AxisTicks,
    label: Line,
}

impl<'a> BarParts<'a> {
    fn new(bar: &ColourBar, scale: &'a ColourScale, height: f64, theme: &Theme) -> Result<Self, FigureError> {
        let span = bar_span(scale);
        Ok(BarParts {
            scale,
            ticks: AxisTicks::fit(&span, &[], height, false, theme)?,
            label: set_within(&bar.label, theme.text_mm(), height)?,
        })
    }

    fn width(&self, theme: &Theme) -> f64 {
        let label = if self.label.width > 0.0 { PAD + self.label.height() } else { 0.0 };
        BAR_GAP + BAR_WIDTH + theme.tick_length + TICK_PAD + self.ticks.widest() + label
    }

    fn draw(&self, area: Area, levels: &[f64], theme: &Theme, scene: &mut Scene) -> PlacedBar {
        const STEPS: usize = 128;
        for step in 0..STEPS {
            let edge = |step: usize| area.bottom - area.height() * step as f64 / STEPS as f64;
            let shade = colour(self.scale.map, (step as f64 + 0.5) / STEPS as f64);
            let top = (edge(step + 1) - OVERLAP).max(area.top);
            let strip = Area { left: area.left, right: area.right, top, bottom: edge(step) };
            scene.items.push(Item::Box { area: strip, colour: shade });
        }
        let span = bar_span(self.scale);
        let height_of = |value: f64| area.bottom - span.share(value).unwrap_or(0.0) * area.height();
        let mut placed = PlacedBar {
            area,
            ticks: PlacedTicks::of(&self.ticks),
            label: self.label.clone(),
            levels: Vec::new(),
        };
        for &level in levels {
            if span.share(level).is_some_and(|share| (0.0..=1.0).contains(&share)) {
                let y = height_of(level);
                let shade = level_colour(theme, self.scale, level);
                placed.levels.push((y, shade));
                scene.stroke(vec![(area.left, y), (area.right, y)], theme.axis_width, shade);
            }
        }
        outline(area, theme, scene);
        let end = area.right + theme.tick_length;
        for &value in &self.ticks.minor {
            let y = height_of(value);
            let short = area.right + theme.minor_tick_length;
            scene.stroke(vec![(area.right, y), (short, y)], theme.axis_width, theme.ink);
        }
        for (value, line) in &self.ticks.major {
            let y = height_of(*value);
            scene.stroke(vec![(area.right, y), (end, y)], theme.axis_width, theme.ink);
            scene.text(line, (end + TICK_PAD, y + digit_middle(theme)), theme.ink);
        }
        if self.label.width > 0.0 {
            let x = end + TICK_PAD + self.ticks.widest() + PAD + self.label.ascent;
            let y = (area.top + area.bottom + self.label.width) / 2.0;
            scene.text_upwards(&self.label, (x, y), theme.ink);
        }
        placed
    }
}

fn bar_span(scale: &ColourScale) -> Span {
    Span { scale: scale.scale, low: scale.low, high: scale.high }
}

/// From the middle of a digit of a tick's number down to its baseline.
fn digit_middle(theme: &Theme) -> f64 {
    0.345 * theme.tick_mm()
}

fn outline(area: Area, theme: &Theme, scene: &mut Scene) {
    // Begun in the middle of a side, so that all four corners are joints.
    let middle = ((area.left + area.right) / 2.0, area.bottom);
    let corners = [
        middle,
        (area.right, area.bottom),
        (area.right, area.top),
        (area.left, area.top),
        (area.left, area.bottom),
        middle,
    ];
    scene.stroke(corners.to_vec(), theme.axis_width, theme.ink);
}

impl<'a> Surroundings<'a> {
    fn new(
        prepared: &'a Prepared<'a>,
        frame: (f64, f64),
        place: LegendPlace,
        theme: &Theme,
    ) -> Result<Self, FigureError> {
        let (width, height) = frame;
        let panel = prepared.panel;
        let size = theme.text_mm();
        let x_ticks = AxisTicks::fit(&prepared.x, &panel.x.ticks, width, true, theme)?;
        let y_ticks = AxisTicks::fit(&prepared.y, &panel.y.ticks, height, false, theme)?;
        let shown = |axis: &'a Axis, bare: bool| if bare || !panel.axes { "" } else { axis.label.as_str() };
        let x_label = set_within(shown(&panel.x, prepared.bare_x), size, width)?;
        let y_label = set_within(shown(&panel.y, prepared.bare_y), size, height)?;
        let letter = set_bold(prepared.letter.as_deref().unwrap_or(""), size)?;
        let title_room = width - letter.width - PAD;
        let title = set_within(panel.title.as_deref().unwrap_or(""), size, title_room)?;
        let outer = matches!(place, LegendPlace::Top | LegendPlace::Below);
        let outer_legend = if outer { Legend::new(panel, theme, width, false)? } else { None };
        let bar = match (&panel.colour_bar, &prepared.colours) {
            (Some(bar), Some(scale)) => Some(BarParts::new(bar, scale, height, theme)?),
            _ => None,
        };
        let mut margins = Margins::default();
        if panel.axes {
            margins.left = theme.tick_length;
            margins.bottom = theme.tick_length;
        }
        let (numbers_below, numbers_beside) =
            (panel.axes && !prepared.bare_x, panel.axes && !prepared.bare_y);
        if numbers_beside {
            margins.left += TICK_PAD + y_ticks.widest();
        }
        if numbers_below {
            margins.bottom += TICK_PAD + x_ticks.highest();
        }
        if y_label.width > 0.0 {
            margins.left += PAD + y_label.height();
        }
        if x_label.width > 0.0 {
            margins.bottom += PAD + x_label.height();
        }
        // Numbers at the ends of an axis stick out by half.
        let share_of = |value: f64| prepared.x.share(value).unwrap_or(0.5);
        for (value, line) in x_ticks.major.iter().filter(|_| numbers_below) {
            margins.right = margins.right.max(line.width / 2.0 - (1.0 - share_of(*value)) * width);
            margins.left = margins.left.max(line.width / 2.0 - share_of(*value) * width);
        }
        if letter.width > 0.0 || title.width > 0.0 {
            margins.top += PAD + letter.height().max(title.height());
        }
        if let Some(legend) = &outer_legend {
            if place == LegendPlace::Top {
                margins.top += PAD + legend.height();
            } else {
                margins.bottom += PAD + legend.height();
            }
        }
        if numbers_beside {
            let last_number = y_ticks.major.last().map_or(0.0, |(_, line)| line.height() / 2.0);
            margins.top = margins.top.max(last_number);
        }
        if let Some(bar) = &bar {
            margins.right = margins.right.max(bar.width(theme));
        }
        Ok(Surroundings { x_ticks, y_ticks, x_label, y_label, letter, title, outer_legend, bar, margins })
    }

    fn placed(&self, frame: Area, words: Vec<PlacedWords>) -> PlacedPanel {
        PlacedPanel {
            frame,
            x_ticks: PlacedTicks::of(&self.x_ticks),
            y_ticks: PlacedTicks::of(&self.y_ticks),
            x_label: self.x_label.clone(),
            y_label: self.y_label.clone(),
            letter: self.letter.clone(),
            title: self.title.clone(),
            words,
            ..PlacedPanel::default()
        }
    }
}

struct Layout<'a> {
    height: f64,
    frames: Vec<Area>,
    surroundings: Vec<Surroundings<'a>>,
    shared_bar: Option<BarParts<'a>>,
    /// Contour levels marked in the shared colour bar.
    shared_levels: Vec<f64>,
    notes: Vec<Line>,
}

impl<'a> Layout<'a> {
    fn new(
        figure: &'a Figure,
        panels: &'a [Prepared<'a>],
        shared: Option<&'a (&'a ColourBar, ColourScale)>,
        remarks: &[String],
        places: &[LegendPlace],
        theme: &Theme,
    ) -> Result<Self, FigureError> {
        let columns = figure.columns.clamp(1, panels.len());
        let rows = panels.len().div_ceil(columns);
        let notes = wrap(remarks, figure.width_mm - 2.0 * RIM, theme)?;
        let notes_height = match notes.len() {
            0 => 0.0,
            count => PAD + count as f64 * note_step(theme),
        };
        let share_of = |list: &[f64], index: usize| list.get(index).copied().unwrap_or(1.0);
        let wide: Vec<f64> = (0..columns).map(|column| share_of(&figure.column_widths, column)).collect();
        let high: Vec<f64> = (0..rows).map(|row| share_of(&figure.row_heights, row)).collect();
        let widest = wide.iter().fold(0.0f64, |most, share| most.max(*share));
        // Size of a frame of weight 1.
        let mut unit = (figure.width_mm / wide.iter().sum::<f64>() - 15.0, 40.0);
        unit.0 = unit.0.max(SMALLEST_FRAME);
        let joined = |index: usize, how: Joined| {
            panels.iter().enumerate().any(|(panel, prepared)| {
                let place = if how == Joined::Left { panel % columns } else { panel / columns };
                place == index && prepared.panel.joined == how
            })
        };
        // Free space before each column and row.
        let gap = |index: usize, how: Joined| match index {
            0 => 0.0,
            _ if joined(index, how) => JOINED_GAP,
            _ => PANEL_GAP,
        };
        let before: Vec<f64> = (0..columns).map(|column| gap(column, Joined::Left)).collect();
        let over: Vec<f64> = (0..rows).map(|row| gap(row, Joined::Above)).collect();
        // Margins depend on the numbers at the ticks, those on the size of the frame, that on the
        // margins: a few rounds settle it, and the last round is the one that is drawn.
        let mut rounds = 0;
        loop {
            let surroundings = panels
                .iter()
                .zip(places)
                .enumerate()
                .map(|(index, (panel, place))| {
                    let frame = (unit.0 * wide[index % columns], unit.1 * high[index / columns]);
                    Surroundings::new(panel, frame, *place, theme)
                })
                .collect::<Result<Vec<_>, FigureError>>()?;
            let shared_bar = match shared {
                Some((bar, scale)) => Some(BarParts::new(bar, scale, unit.1 * high[0], theme)?),
                None => None,
            };
            let most = |index: usize, by_column: bool, side: fn(&Margins) -> f64| {
                surroundings
                    .iter()
                    .enumerate()
                    .filter(|(panel, _)| index == if by_column { panel % columns } else { panel / columns })
                    .fold(0.0f64, |most, (_, around)| most.max(side(&around.margins)))
            };
            let sides: Vec<(f64, f64)> =
                (0..columns).map(|c| (most(c, true, |m| m.left), most(c, true, |m| m.right))).collect();
            let ends: Vec<(f64, f64)> =
                (0..rows).map(|r| (most(r, false, |m| m.top), most(r, false, |m| m.bottom))).collect();
            let taken_across = 2.0 * RIM
                + sides.iter().map(|(left, right)| left + right).sum::<f64>()
                + before.iter().sum::<f64>()
                + shared_bar.as_ref().map_or(0.0, |bar| bar.width(theme));
            let taken_down = 2.0 * RIM
                + ends.iter().map(|(top, bottom)| top + bottom).sum::<f64>()
                + over.iter().sum::<f64>()
                + notes_height;
            let width = (figure.width_mm - taken_across) / wide.iter().sum::<f64>();
            let total = high.iter().sum::<f64>();
            let height = match figure.height_mm {
                Some(height) => (height - taken_down) / total,
                None => ASPECT * width * widest,
            };
            let least = |shares: &[f64]| shares.iter().copied().fold(f64::INFINITY, f64::min);
            if width * least(&wide) < SMALLEST_FRAME || height * least(&high) < SMALLEST_FRAME {
                return Err(FigureError::TooSmall {
                    name: figure.name.clone(),
                    width_mm: figure.width_mm,
                    height_mm: figure.height_mm,
                });
            }
            let settled = (unit.0 - width).abs() < 1e-6 && (unit.1 - height).abs() < 1e-6;
            rounds += 1;
            if !settled && rounds < 6 {
                unit = (width, height);
                continue;
            }
            let mut frames = Vec::new();
            let mut top = RIM;
            for (row, (above, below)) in ends.iter().enumerate() {
                let mut left = RIM;
                top += over[row];
                let down = height * high[row];
                for (column, (space, after)) in sides.iter().enumerate() {
                    left += before[column];
                    let across = width * wide[column];
                    if row * columns + column < panels.len() {
                        frames.push(Area::new(left + space, top + above, across, down));
                    }
                    left += space + across + after;
                }
                top += above + down + below;
            }
            let height = figure.height_mm.unwrap_or(taken_down + total * height);
            let sharing = panels.iter().filter(|prepared| prepared.panel.colour_bar.is_none());
            let shared_levels = levels(sharing);
            return Ok(Layout { height, frames, surroundings, shared_bar, shared_levels, notes });
        }
    }

    /// Draws one panel and says where its parts are. None when its legend finds no place inside.
    fn draw_panel(
        &self,
        index: usize,
        prepared: &Prepared<'_>,
        place: LegendPlace,
        theme: &Theme,
        scene: &mut Scene,
    ) -> Result<Option<PlacedPanel>, FigureError> {
        let frame = self.frames[index];
        let around = &self.surroundings[index];
        scene.begin(Group::new("panel", prepared.letter.clone().unwrap_or_default()));
        let placed = self.draw_inside(frame, around, prepared, place, theme, scene)?;
        scene.end();
        Ok(placed)
    }

    fn draw_inside(
        &self,
        frame: Area,
        around: &Surroundings<'_>,
        prepared: &Prepared<'_>,
        place: LegendPlace,
        theme: &Theme,
        scene: &mut Scene,
    ) -> Result<Option<PlacedPanel>, FigureError> {
        let panel = prepared.panel;
        let (mut obstacles, words) = draw_layers(frame, prepared, theme, scene)?;
        let mut placed = around.placed(frame, words);
        draw_axes(frame, around, prepared, theme, scene);
        if let (Some(inset), Some(inner)) = (&panel.inset, &prepared.inset) {
            let (taken, inside) = draw_inset(frame, inset, inner, &obstacles, theme, scene)?;
            obstacles.push(Obstacle::Block(taken));
            placed.inset = Some((taken, Box::new(inside)));
        }
        if let Some(bar) = &around.bar {
            let left = frame.right + BAR_GAP;
            let area = Area { left, right: left + BAR_WIDTH, ..frame };
            placed.bar = Some(bar.draw(area, &levels(std::iter::once(prepared)), theme, scene));
        }
        let mut above = frame.top - PAD;
        if let Some(legend) = &around.outer_legend {
            let left = (frame.left + frame.right - legend.width()) / 2.0;
            let top = if place == LegendPlace::Top {
                above - legend.height()
            } else {
                frame.bottom + around.margins.bottom - legend.height()
            };
            legend.draw(scene, theme, (left, top));
            placed.legend = Some((Area::new(left, top, legend.width(), legend.height()), legend.columns()));
            if place == LegendPlace::Top {
                above = top - PAD;
            }
        }
        if around.letter.width > 0.0 || around.title.width > 0.0 {
            let baseline = above - around.letter.descent.max(around.title.descent);
            placed.title_at = baseline;
            scene.text(&around.letter, (frame.left, baseline), theme.ink);
            let indent = if around.letter.width > 0.0 { around.letter.width + PAD } else { 0.0 };
            scene.text(&around.title, (frame.left + indent, baseline), theme.ink);
        }
        if matches!(place, LegendPlace::None | LegendPlace::Top | LegendPlace::Below) {
            return Ok(Some(placed));
        }
        let Some(legend) = Legend::new(panel, theme, frame.width() - 3.0, true)? else {
            return Ok(Some(placed));
        };
        let Some(area) = legend.find_place(place, frame, &obstacles) else { return Ok(None) };
        legend.draw(scene, theme, (area.left, area.top));
        placed.legend = Some((area, 1));
        Ok(Some(placed))
    }

    fn draw_rest(&self, theme: &Theme, scene: &mut Scene, placed: &mut Placed) {
        if let Some(bar) = &self.shared_bar {
            let right = self.frames.iter().zip(&self.surroundings);
            let right =
                right.fold(0.0f64, |most, (frame, around)| most.max(frame.right + around.margins.right));
            let top = self.frames.iter().fold(f64::INFINITY, |least, frame| least.min(frame.top));
            let bottom = self.frames.iter().fold(0.0f64, |most, frame| most.max(frame.bottom));
            let area = Area { left: right + BAR_GAP, right: right + BAR_GAP + BAR_WIDTH, top, bottom };
            placed.bar = Some(bar.draw(area, &self.shared_levels, theme, scene));
        }
        let step = note_step(theme);
        for (index, line) in self.notes.iter().enumerate() {
            let bottom = self.height - RIM - (self.notes.len() - 1 - index) as f64 * step;
            let start = (RIM, bottom - line.descent);
            scene.text(line, start, theme.grey);
            placed.notes.push((line.source.clone(), start));
        }
    }
}

fn draw_axes(
    frame: Area,
    around: &Surroundings<'_>,
    prepared: &Prepared<'_>,
    theme: &Theme,
    scene: &mut Scene,
) {
    let panel = prepared.panel;
    if !panel.axes {
        return;
    }
    outline(frame, theme, scene);
    let across = |value: f64| frame.left + prepared.x.share(value).unwrap_or(0.0) * frame.width();
    let down = |value: f64| frame.bottom - prepared.y.share(value).unwrap_or(0.0) * frame.height();
    let (width, long, short) = (theme.axis_width, theme.tick_length, theme.minor_tick_length);
    // Markup that cannot be read has failed when the label was measured.
    let name = |axis: &Axis| text::plain(&axis.label).unwrap_or_default();

    scene.begin(Group::new("axis x", name(&panel.x)));
    for &value in &around.x_ticks.minor {
        let x = across(value);
        scene.stroke(vec![(x, frame.bottom), (x, frame.bottom + short)], width, theme.ink);
    }
    let highest = around.x_ticks.major.iter().fold(0.0f64, |most, (_, line)| most.max(line.ascent));
    let end = frame.bottom + long;
    for (value, line) in &around.x_ticks.major {
        let x = across(*value);
        scene.stroke(vec![(x, frame.bottom), (x, end)], width, theme.ink);
        if !prepared.bare_x {
            scene.text(line, (x - line.width / 2.0, end + TICK_PAD + highest), theme.ink);
        }
    }
    let label = &around.x_label;
    if label.width > 0.0 {
        let x = (frame.left + frame.right - label.width) / 2.0;
        let top = end + TICK_PAD + around.x_ticks.highest() + PAD;
        scene.text(label, (x, top + label.ascent), theme.ink);
    }
    scene.end();

    scene.begin(Group::new("axis y", name(&panel.y)));
    for &value in &around.y_ticks.minor {
        let y = down(value);
        scene.stroke(vec![(frame.left, y), (frame.left - short, y)], width, theme.ink);
    }
    let end = frame.left - long;
    for (value, line) in &around.y_ticks.major {
        let y = down(*value);
        scene.stroke(vec![(frame.left, y), (end, y)], width, theme.ink);
        if !prepared.bare_y {
            scene.text(line, (end - TICK_PAD - line.width, y + digit_middle(theme)), theme.ink);
        }
    }
    let label = &around.y_label;
    if label.width > 0.0 {
        let right = end - TICK_PAD - around.y_ticks.widest() - PAD;
        let y = (frame.top + frame.bottom + label.width) / 2.0;
        scene.text_upwards(label, (right - label.descent, y), theme.ink);
    }
    scene.end();
}

/// Draws the layers of a panel. Returns what must not be covered, and where the words stand.
fn draw_layers(
    frame: Area,
    prepared: &Prepared<'_>,
    theme: &Theme,
    scene: &mut Scene,
) -> Result<(Vec<Obstacle>, Vec<PlacedWords>), FigureError> {
    let mut plot = Plot::new(theme, frame, prepared, scene);
    for layer in &prepared.panel.layers {
        plot.layer(layer, prepared.colours.as_ref());
    }
    plot.finish()?;
    let obstacles = std::mem::take(&mut plot.obstacles);
    let mut words = std::mem::take(&mut plot.words);
    if prepared.empty && prepared.panel.axes {
        let line = set("no data", theme.text_mm())?;
        let (x, y) = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
        scene.text(&line, (x - line.width / 2.0, y), theme.grey);
        words.push(PlacedWords {
            line,
            at: (x, y),
            anchor: Anchor::Bottom,
            colour: theme.grey,
            plate: false,
        });
    }
    Ok((obstacles, words))
}

/// Draws a panel inside a frame, in the corner asked for or the one that hides the least. Returns the area
/// that it takes, and where its parts are.
fn draw_inset(
    around_frame: Area,
    inset: &Inset,
    prepared: &Prepared<'_>,
    obstacles: &[Obstacle],
    theme: &Theme,
    scene: &mut Scene,
) -> Result<(Area, PlacedPanel), FigureError> {
    let theme = theme.inset();
    let (wide, high) = (inset.size[0] * around_frame.width(), inset.size[1] * around_frame.height());
    let (left, top) = (around_frame.left + INSET_GAP, around_frame.top + INSET_GAP);
    let (right, bottom) = (around_frame.right - INSET_GAP - wide, around_frame.bottom - INSET_GAP - high);
    let corners = match inset.place {
        LegendPlace::TopLeft => vec![(left, top)],
        LegendPlace::TopRight => vec![(right, top)],
        LegendPlace::BottomLeft => vec![(left, bottom)],
        LegendPlace::BottomRight => vec![(right, bottom)],
        LegendPlace::Auto | LegendPlace::None | LegendPlace::Top | LegendPlace::Below => {
            vec![(right, top), (left, top), (right, bottom), (left, bottom)]
        }
    };
    let areas = corners.into_iter().map(|(left, top)| Area::new(left, top, wide, high));
    let hidden = |area: &Area| obstacles.iter().map(|obstacle| obstacle.hidden_by(area)).sum::<f64>();
    let area = areas.min_by(|one, other| hidden(one).total_cmp(&hidden(other))).unwrap_or(around_frame);
    let mut frame = (0.75 * wide, 0.7 * high);
    let mut around = Surroundings::new(prepared, frame, LegendPlace::None, &theme)?;
    for _ in 0..4 {
        let Margins { left, right, top, bottom } = around.margins;
        frame = ((wide - left - right).max(3.0), (high - top - bottom).max(3.0));
        around = Surroundings::new(prepared, frame, LegendPlace::None, &theme)?;
    }
    let (left, top) = (area.left + around.margins.left, area.top + around.margins.top);
    let inner = Area::new(left, top, frame.0, frame.1);
    scene.begin(Group::new("panel inset", ""));
    scene.items.push(Item::Box { area, colour: theme.paper });
    let (_, words) = draw_layers(inner, prepared, &theme, scene)?;
    let mut placed = around.placed(inner, words);
    draw_axes(inner, &around, prepared, &theme, scene);
    if around.title.width > 0.0 {
        placed.title_at = inner.top - PAD - around.title.descent;
        scene.text(&around.title, (inner.left, placed.title_at), theme.ink);
    }
    scene.end();
    Ok((area, placed))
}

/// Contour levels of the heat maps of these panels.
fn levels<'a>(panels: impl Iterator<Item = &'a Prepared<'a>>) -> Vec<f64> {
    let mut levels: Vec<f64> = panels
        .flat_map(|prepared| &prepared.panel.layers)
        .flat_map(|layer| match layer {
            Layer::Heat { contours, .. } => contours.clone(),
            _ => Vec::new(),
        })
        .filter(|level| level.is_finite())
        .collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    levels
}

fn note_step(theme: &Theme) -> f64 {
    1.15 * theme.note_mm()
}

/// Breaks remarks into lines no wider than `room` (mm). A formula is never broken.
fn wrap(remarks: &[String], room: f64, theme: &Theme) -> Result<Vec<Line>, FigureError> {
    let size = theme.note_mm();
    let mut lines = Vec::new();
    for remark in remarks {
        let mut current = String::new();
        for word in words(remark) {
            let longer = if current.is_empty() { word.clone() } else { format!("{current} {word}") };
            if !current.is_empty() && set(&longer, size)?.width > room {
                lines.push(set_within(&current, size, room)?);
                current = word;
            } else {
                current = longer;
            }
        }
        lines.push(set_within(&current, size, room)?);
    }
    Ok(lines)
}

/// The words of a remark; blanks inside a formula do not separate.
fn words(remark: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut formula = false;
    let mut escaped = false;
    for character in remark.chars() {
        if character == ' ' && !formula {
            words.push(String::new());
            continue;
        }
        if character == '$' && !escaped {
            formula = !formula;
        }
        escaped = character == '\\' && !escaped;
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words
}
