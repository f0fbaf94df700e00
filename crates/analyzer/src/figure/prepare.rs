//! Checks a description and settles the ranges of its axes and colours.

use super::colour::ColourScale;
use super::spec::{Axis, ColourBar, Figure, Joined, Layer, Panel, Scale};
use super::{FigureError, text};

/// An axis with its ends settled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
}

impl Span {
    /// Share of the way from the low to the high end, beyond [0, 1] outside; None where the axis has
    /// no place for the number.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        if !usable(self.scale, value) {
            return None;
        }
        Some(match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
        })
    }
}

/// A panel that can be drawn.
pub(super) struct Prepared<'a> {
    pub panel: &'a Panel,
    /// (a), (b), ... in a figure of several panels.
    pub letter: Option<String>,
    pub x: Span,
    pub y: Span,
    pub colours: Option<ColourScale>,
    /// Whether a layer has anything to draw.
    pub empty: bool,
    /// Whether numbers and label of the axis stand at the panel that it is shared with.
    pub bare_x: bool,
    pub bare_y: bool,
    pub inset: Option<Box<Prepared<'a>>>,
}

/// A figure that can be drawn.
pub(super) struct PreparedFigure<'a> {
    pub panels: Vec<Prepared<'a>>,
    /// The colour scale of the whole figure.
    pub shared: Option<(&'a ColourBar, ColourScale)>,
    /// What could not be shown, in words.
    pub notes: Vec<String>,
}

/// Larger numbers count as infinite, so that differences and margins of those left stay finite.
const LARGEST: f64 = 1e300;
/// A narrower axis could not carry ticks: its numbers would lose digits to underflow.
const NARROWEST: f64 = 1e-290;

fn finite(value: f64) -> bool {
    value.abs() <= LARGEST
}

fn usable(scale: Scale, value: f64) -> bool {
    finite(value) && (scale == Scale::Linear || value > 0.0)
}

pub(super) fn prepare(figure: &Figure) -> Result<PreparedFigure<'_>, FigureError> {
    let sizes = [Some(figure.width_mm), figure.height_mm];
    if sizes.into_iter().flatten().any(|size| !(size.is_finite() && size > 0.0 && size <= 1000.0)) {
        return Err(FigureError::Size { width_mm: figure.width_mm, height_mm: figure.height_mm });
    }
    if figure.panels.is_empty() {
        return Err(FigureError::NoPanels);
    }
    for (number, panel) in figure.panels.iter().enumerate() {
        for (layer_number, layer) in panel.layers.iter().enumerate() {
            check_layer(layer).map_err(|reason| FigureError::Layer {
                panel: number + 1,
                layer: layer_number + 1,
                reason,
            })?;
        }
        if let Some(inset) = &panel.inset {
            for (layer_number, layer) in inset.panel.layers.iter().enumerate() {
                let place = |reason| FigureError::Layer {
                    panel: number + 1,
                    layer: layer_number + 1,
                    reason: format!("inset: {reason}"),
                };
                check_layer(layer).map_err(place)?;
            }
            if !inset.size.iter().all(|share| (0.1..=1.0).contains(share)) {
                return Err(FigureError::Inset { panel: number + 1 });
            }
        }
    }
    for (what, shares) in [("row_heights", &figure.row_heights), ("column_widths", &figure.column_widths)] {
        if shares.iter().any(|share| !(share.is_finite() && (0.05..=20.0).contains(share))) {
            return Err(FigureError::Shares { what });
        }
    }
    // A panel with nothing in it only fills a place of the grid.
    let blank = |panel: &Panel| !panel.axes && panel.layers.is_empty() && panel.title.is_none();
    let stands = |panel: &Panel| panel.joined == Joined::No && !blank(panel);
    let standing = figure.panels.iter().filter(|panel| stands(panel)).count();
    let mut letters = 0u8;
    let shared_panels = figure.panels.iter().filter(|panel| panel.colour_bar.is_none());
    let shared = match &figure.colour_bar {
        Some(bar) => Some((bar, colour_scale(bar, shared_panels)?)),
        None => None,
    };
    let mut panels = Vec::new();
    let mut notes = Vec::new();
    for (number, panel) in figure.panels.iter().enumerate() {
        let lettered = standing > 1 && stands(panel) && letters < 26;
        let letter = lettered.then(|| format!("({})", char::from(b'a' + letters)));
        letters = letters.saturating_add(u8::from(lettered));
        let has_heat = panel.layers.iter().any(|layer| matches!(layer, Layer::Heat { .. }));
        let colours = match (&panel.colour_bar, &shared) {
            (Some(bar), _) => Some(colour_scale(bar, std::iter::once(panel))?),
            (None, Some((_, scale))) => Some(scale.clone()),
            (None, None) if has_heat => Some(colour_scale(&ColourBar::new(""), std::iter::once(panel))?),
            (None, None) => None,
        };
        let (x, y, empty) = spans(panel, number + 1)?;
        let inset = match &panel.inset {
            Some(inset) => Some(Box::new(inner(&inset.panel, number + 1)?)),
            None => None,
        };
        let bare = [false; 2];
        panels.push(Prepared {
            panel,
            letter,
            x,
            y,
            colours,
            empty,
            bare_x: bare[0],
            bare_y: bare[1],
            inset,
        });
    }
    join(&mut panels, figure.columns.clamp(1, figure.panels.len()))?;
    for prepared in &panels {
        notes.extend(left_out(prepared)?);
        if let Some(inset) = &prepared.inset {
            notes.extend(left_out(inset)?);
        }
    }
    Ok(PreparedFigure { panels, shared, notes })
}

/// The panel of an inset.
fn inner(panel: &Panel, number: usize) -> Result<Prepared<'_>, FigureError> {
    let (x, y, empty) = spans(panel, number)?;
    let bar = ColourBar::new("");
    let colours = Some(colour_scale(&bar, std::iter::once(panel))?);
    Ok(Prepared { panel, letter: None, x, y, colours, empty, bare_x: false, bare_y: false, inset: None })
}

/// Gives panels that share an axis the same range of it: the one that is asked for, else what holds all
/// their data.
fn join(panels: &mut [Prepared<'_>], columns: usize) -> Result<(), FigureError> {
    // Where the chain of panels that share the horizontal, and the vertical, axis begins.
    let mut first_x: Vec<usize> = (0..panels.len()).collect();
    let mut first_y = first_x.clone();
    for index in 0..panels.len() {
        let joined = panels[index].panel.joined;
        let partner = match joined {
            Joined::No => continue,
            Joined::Above => index.checked_sub(columns),
            Joined::Left => index.checked_sub(1).filter(|_| index % columns > 0),
        };
        let Some(partner) = partner else { return Err(FigureError::Joined { panel: index + 1 }) };
        let [own, other] = [index, partner]
            .map(|at| if joined == Joined::Above { panels[at].x.scale } else { panels[at].y.scale });
        if own != other {
            return Err(FigureError::Joined { panel: index + 1 });
        }
        if joined == Joined::Above {
            first_x[index] = first_x[partner];
            panels[partner].bare_x = true;
        } else {
            first_y[index] = first_y[partner];
            panels[index].bare_y = true;
        }
    }
    for begin in 0..panels.len() {
        let chain = |first: &[usize]| (0..first.len()).filter(|&at| first[at] == begin).collect::<Vec<_>>();
        let (across, upright) = (chain(&first_x), chain(&first_y));
        if let Some(span) = common(&across, panels, |one| (one.x, one.panel.x.range.is_some())) {
            across.into_iter().for_each(|at| panels[at].x = span);
        }
        if let Some(span) = common(&upright, panels, |one| (one.y, one.panel.y.range.is_some())) {
            upright.into_iter().for_each(|at| panels[at].y = span);
        }
    }
    Ok(())
}

/// The range of an axis for all panels of a chain; `axis` gives the range that a panel has by itself and
/// whether it was asked for.
fn common(
    chain: &[usize],
    panels: &[Prepared<'_>],
    axis: impl Fn(&Prepared<'_>) -> (Span, bool),
) -> Option<Span> {
    let spans = || chain.iter().map(|&at| axis(&panels[at]));
    if let Some((span, _)) = spans().find(|(_, asked)| *asked) {
        return Some(span);
    }
    let filled = chain.iter().map(|&at| &panels[at]).filter(|one| !one.empty).map(|one| axis(one).0);
    let (low, high) = extremes(filled.flat_map(|span| [span.low, span.high]))?;
    spans().next().map(|(span, _)| Span { low, high, ..span })
}

fn check_layer(layer: &Layer) -> Result<(), String> {
    let same = |lists: &[(&str, usize)]| {
        let (first, length) = lists[0];
        match lists.iter().find(|(_, other)| *other != length) {
            Some((name, other)) => Err(format!("{first} has {length} numbers and {name} has {other}")),
            None => Ok(()),
        }
    };
    let increasing = |name: &str, values: &[f64]| {
        let good =
            values.iter().all(|value| value.is_finite()) && values.windows(2).all(|pair| pair[0] < pair[1]);
        if good { Ok(()) } else { Err(format!("{name} must be finite and strictly increasing")) }
    };
    if let Some(style) = layer.style()
        && !(style.weight.is_finite() && style.weight > 0.0 && style.weight <= 20.0)
    {
        return Err(format!("the weight of a line is {} and must be in (0, 20]", style.weight));
    }
    if let Some(style) = layer.style()
        && !(style.size.is_finite() && style.size > 0.0 && style.size <= 20.0)
    {
        return Err(format!("the size of a marker is {} and must be in (0, 20]", style.size));
    }
    match layer {
        Layer::Line { x, y, .. } => same(&[("x", x.len()), ("y", y.len())]),
        Layer::Points { x, y, lo, hi, .. } => {
            same(&[("x", x.len()), ("y", y.len())])?;
            if lo.is_empty() && hi.is_empty() {
                return Ok(());
            }
            same(&[("x", x.len()), ("lo", lo.len()), ("hi", hi.len())])
        }
        Layer::Band { x, lo, hi, .. } => same(&[("x", x.len()), ("lo", lo.len()), ("hi", hi.len())]),
        Layer::Heat { x_edges, y_edges, z, .. } => {
            increasing("x_edges", x_edges)?;
            increasing("y_edges", y_edges)?;
            if x_edges.len() < 2 || y_edges.len() < 2 {
                return Err("a heat map needs at least two edges in x and in y".to_string());
            }
            let cells = (x_edges.len() - 1) * (y_edges.len() - 1);
            same(&[("z", z.len()), ("the grid", cells)])
        }
        Layer::Contour { x, y, z, .. } => {
            increasing("x", x)?;
            increasing("y", y)?;
            same(&[("z", z.len()), ("the grid", x.len() * y.len())])
        }
        Layer::HorizontalLine { .. }
        | Layer::VerticalLine { .. }
        | Layer::Text { .. }
        | Layer::Arrow { .. } => Ok(()),
        Layer::Arc { bend, gap, .. } => {
            let good = bend.abs() <= 2.0 && *gap >= 0.0 && *gap <= 100.0;
            if good {
                Ok(())
            } else {
                Err(format!("an arc of bend {bend} and gap {gap} mm: at most 2 and 0 to 100"))
            }
        }
    }
}

fn colour_scale<'a>(
    bar: &ColourBar,
    panels: impl Iterator<Item = &'a Panel>,
) -> Result<ColourScale, FigureError> {
    let (low, high) = match bar.range {
        Some(range) => checked_range(range, bar.scale, "colour bar")?,
        None => {
            let values = panels.flat_map(|panel| &panel.layers).flat_map(|layer| match layer {
                Layer::Heat { z, .. } => z.as_slice(),
                _ => &[],
            });
            let found = extremes(values.copied().filter(|value| usable(bar.scale, *value)));
            settle(bar.scale, found, 0.0)
        }
    };
    let name = Some(text::plain(&bar.label)?).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "value".into());
    Ok(ColourScale { name, map: bar.map, scale: bar.scale, low, high })
}

fn extremes(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |found, value| match found {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

fn checked_range([low, high]: [f64; 2], scale: Scale, what: &str) -> Result<(f64, f64), FigureError> {
    let good = low < high && usable(scale, low) && usable(scale, high);
    // Fewer than about a thousand distinct numbers between the ends cannot carry ticks.
    let resolved = high - low > (1e-13 * low.abs().max(high.abs())).max(NARROWEST);
    if good && resolved {
        Ok((low, high))
    } else {
        Err(FigureError::Range { what: what.to_string(), low, high, scale })
    }
}

/// Ends of an axis for data between these extremes, with this share of the span as margin.
fn settle(scale: Scale, found: Option<(f64, f64)>, margin: f64) -> (f64, f64) {
    match (scale, found) {
        (Scale::Linear, None) => (0.0, 1.0),
        (Scale::Log, None) => (1.0, 10.0),
        (Scale::Linear, Some((low, high))) => {
            let size = low.abs().max(high.abs());
            if high - low <= (1e-12 * size).max(NARROWEST) {
                let room = if size > NARROWEST { 0.1 * size } else { 1.0 };
                return (low - room, high + room);
            }
            let room = margin * (high - low);
            (low - room, high + room)
        }
        (Scale::Log, Some((low, high))) => {
            let decades = high.log10() - low.log10();
            let room = if decades < 1e-6 { 0.15 } else { margin * decades };
            let factor = 10f64.powf(room);
            ((low / factor).max(NARROWEST), (high * factor).max(10.0 * NARROWEST))
        }
    }
}

fn spans(panel: &Panel, number: usize) -> Result<(Span, Span, bool), FigureError> {
    let fixed = |axis: &Axis, name: &str| {
        axis.range
            .map(|range| checked_range(range, axis.scale, &format!("{name} axis of panel {number}")))
            .transpose()
    };
    let (fixed_x, fixed_y) = (fixed(&panel.x, "x")?, fixed(&panel.y, "y")?);
    let visible = |axis: &Axis, fixed: Option<(f64, f64)>, value: Option<f64>| {
        value.is_none_or(|value| {
            usable(axis.scale, value) && fixed.is_none_or(|(low, high)| value >= low && value <= high)
        })
    };
    let places: Vec<(Option<f64>, Option<f64>)> = panel
        .layers
        .iter()
        .flat_map(places)
        .filter(|(x, y)| visible(&panel.x, fixed_x, *x) && visible(&panel.y, fixed_y, *y))
        .collect();
    // Cells fill their frame exactly; curves get room.
    let filled = panel.layers.iter().any(|layer| matches!(layer, Layer::Heat { .. } | Layer::Contour { .. }));
    let margin = if filled { 0.0 } else { 0.04 };
    // Words hang above or below their place.
    let has_words = panel.layers.iter().any(|layer| matches!(layer, Layer::Text { .. }));
    let margin_y = if has_words && !filled { 0.1 } else { margin };
    let span = |axis: &Axis, fixed: Option<(f64, f64)>, found, margin| {
        let (low, high) = fixed.unwrap_or_else(|| settle(axis.scale, found, margin));
        Span { scale: axis.scale, low, high }
    };
    let x = span(&panel.x, fixed_x, extremes(places.iter().filter_map(|(x, _)| *x)), margin);
    let y = span(&panel.y, fixed_y, extremes(places.iter().filter_map(|(_, y)| *y)), margin_y);
    Ok((x, y, places.is_empty()))
}

/// What the axes should show of a layer: points, or one coordinate alone.
fn places(layer: &Layer) -> Vec<(Option<f64>, Option<f64>)> {
    let pairs = |x: &[f64], y: &[f64]| -> Vec<(Option<f64>, Option<f64>)> {
        x.iter().zip(y).map(|(x, y)| (Some(*x), Some(*y))).collect()
    };
    let grid = |x: &[f64], y: &[f64]| -> Vec<(Option<f64>, Option<f64>)> {
        x.iter().map(|x| (Some(*x), None)).chain(y.iter().map(|y| (None, Some(*y)))).collect()
    };
    match layer {
        Layer::Line { x, y, .. } => pairs(x, y),
        Layer::Points { x, y, lo, hi, .. } => [pairs(x, y), pairs(x, lo), pairs(x, hi)].concat(),
        Layer::Band { x, lo, hi, .. } => [pairs(x, lo), pairs(x, hi)].concat(),
        Layer::HorizontalLine { y, .. } => vec![(None, Some(*y))],
        Layer::VerticalLine { x, .. } => vec![(Some(*x), None)],
        Layer::Text { x, y, .. } => vec![(Some(*x), Some(*y))],
        Layer::Arrow { from, to, .. } | Layer::Arc { from, to, .. } => {
            [from, to].map(|[x, y]| (Some(*x), Some(*y))).to_vec()
        }
        Layer::Heat { x_edges, y_edges, .. } => grid(x_edges, y_edges),
        Layer::Contour { x, y, .. } => grid(x, y),
    }
}

/// Remarks on what a panel cannot show: nothing is dropped in silence.
fn left_out(prepared: &Prepared<'_>) -> Result<Vec<String>, FigureError> {
    let mut notes = Vec::new();
    for (number, layer) in prepared.panel.layers.iter().enumerate() {
        let mut infinite = 0;
        let mut not_positive = 0;
        let mut outside = 0;
        // Gaps in curves are meant; a missing point, word or arrow is a loss.
        let (gaps_count, cuts_count) = match layer {
            Layer::Points { .. } | Layer::Text { .. } => (true, true),
            Layer::HorizontalLine { .. } | Layer::VerticalLine { .. } => (true, true),
            Layer::Arrow { .. } | Layer::Arc { .. } => (true, false),
            Layer::Line { .. } | Layer::Band { .. } | Layer::Heat { .. } | Layer::Contour { .. } => {
                (false, false)
            }
        };
        let mut look = |x: Option<f64>, y: Option<f64>| {
            let values = [(&prepared.x, x), (&prepared.y, y)];
            let present = || values.iter().filter_map(|(span, value)| value.map(|value| (*span, value)));
            if present().any(|(_, value)| !finite(value)) {
                infinite += usize::from(gaps_count);
            } else if present().any(|(span, value)| !usable(span.scale, value)) {
                not_positive += 1;
            } else if cuts_count
                && present().any(|(span, value)| {
                    span.share(value).is_none_or(|share| !(-1e-9..=1.0 + 1e-9).contains(&share))
                })
            {
                outside += 1;
            }
        };
        match layer {
            Layer::Line { x, y, .. } => x.iter().zip(y).for_each(|(x, y)| look(Some(*x), Some(*y))),
            Layer::Points { x, y, .. } => x.iter().zip(y).for_each(|(x, y)| look(Some(*x), Some(*y))),
            Layer::Band { x, hi, .. } => x.iter().zip(hi).for_each(|(x, y)| look(Some(*x), Some(*y))),
            Layer::HorizontalLine { y, .. } => look(None, Some(*y)),
            Layer::VerticalLine { x, .. } => look(Some(*x), None),
            Layer::Text { x, y, .. } => look(Some(*x), Some(*y)),
            Layer::Arrow { from, to, .. } | Layer::Arc { from, to, .. } => {
                for [x, y] in [from, to] {
                    look(Some(*x), Some(*y));
                }
            }
            Layer::Heat { x_edges, y_edges, z, .. } => {
                x_edges.iter().for_each(|x| look(Some(*x), None));
                y_edges.iter().for_each(|y| look(None, Some(*y)));
                if let Some(colours) = &prepared.colours {
                    not_positive += z.iter().filter(|z| z.is_finite() && !usable(colours.scale, **z)).count();
                }
            }
            Layer::Contour { x, y, .. } => {
                x.iter().for_each(|x| look(Some(*x), None));
                y.iter().for_each(|y| look(None, Some(*y)));
            }
        }
        let reasons: Vec<String> = [
            (infinite, "without a finite value"),
            (not_positive, "not above 0 on a logarithmic scale"),
            (outside, "outside the axes"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, reason)| format!("{count} {reason}"))
        .collect();
        if reasons.is_empty() {
            continue;
        }
        let letter = prepared.letter.as_deref().map(|letter| format!(" in {letter}")).unwrap_or_default();
        let name = match layer.label() {
            Some(label) => {
                text::plain(label)?;
                format!("of “{label}”")
            }
            None => format!("of layer {}", number + 1),
        };
        notes.push(format!("Not shown{letter}: {name}, {}.", reasons.join(", ")));
    }
    Ok(notes)
}
