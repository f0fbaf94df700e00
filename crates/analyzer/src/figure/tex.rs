//! A figure as LaTeX source for pgfplots, for authors who want to restyle it.
//!
//! Axes stand where the layout has put them, curves are thinned to what can be seen. Places are computed
//! on the page and written as values of the axes.

mod words;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::FigureError;
use super::colour::{ColourScale, anchors};
use super::contour::contour;
use super::layout::lay_out;
use super::legend::named_layers;
use super::placed::{PlacedBar, PlacedPanel, PlacedTicks, PlacedWords};
use super::plot::{Bow, HEAD, arc_head, clip_polygon, level_colour, middles};
use super::prepare::{Prepared, Span, prepare};
use super::scene::{Area, Point, thin_below};
use super::spec::{Anchor, Axis, Colour, ColourMap, Figure, Heads, Layer, Marker, Scale, Style};
use super::text::Line;
use super::theme::{MM_PER_POINT, Rgb, Theme};
use words::latex;

/// Points of one curve that pdflatex takes without effort.
const MOST_POINTS: usize = 2000;
/// Beyond the frame (mm), where it is cut off: a curve that leaves it ends here.
const BEYOND: f64 = 2.0;

/// Greek capitals in the order of TeX's text fonts: Helvetica has none, so they come from another one.
const CAPITALS: [&str; 11] =
    ["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"];

/// The source of a document of one page with the figure, for pdflatex.
///
/// # Errors
/// As [`super::render`].
pub(super) fn write(figure: &Figure, theme: &Theme) -> Result<String, FigureError> {
    let small;
    let figure = if theme.magnification == 1.0 {
        figure
    } else {
        small = figure.clone().at_width(figure.width_mm / theme.magnification);
        &small
    };
    let plain = Theme { magnification: 1.0, ..theme.clone() };
    let prepared = prepare(figure)?;
    let (_, placed) = lay_out(figure, &prepared, &plain)?;
    let mut writer =
        Writer { theme: plain, height: placed.height, body: String::new(), colours: BTreeMap::new() };
    for (prepared, placed) in prepared.panels.iter().zip(&placed.panels) {
        writer.panel(prepared, placed)?;
        if let (Some(bar), Some(scale)) = (&placed.bar, &prepared.colours) {
            writer.bar(bar, scale)?;
        }
    }
    if let (Some(bar), Some((_, scale))) = (&placed.bar, &prepared.shared) {
        writer.bar(bar, scale)?;
    }
    for (note, at) in &placed.notes {
        let (size, at, note) = (writer.font(writer.theme.note_mm()), writer.page(*at), latex(note)?);
        let grey = writer.colour(Colour::Grey);
        writer.line(&format!("\\node[words, {grey}, anchor=base west, {size}] at {at} {{{note}}};"));
    }
    writer.document(figure, (placed.width, placed.height), theme.magnification)
}

struct Writer {
    theme: Theme,
    /// Height of the page (mm).
    height: f64,
    body: String,
    /// The colours in use by name.
    colours: BTreeMap<String, Rgb>,
}

/// An axis on the page: turns places (mm) into values.
struct Ruler {
    span: Span,
    /// Where the low end is (mm), and how far from it the high end.
    start: f64,
    length: f64,
    /// Whether TeX can calculate with the values. It has seven digits: where they do not suffice, places
    /// are written as shares of the axis.
    plain: bool,
}

impl Ruler {
    fn new(span: Span, start: f64, length: f64) -> Self {
        let largest = span.low.abs().max(span.high.abs());
        let plain = match span.scale {
            Scale::Linear => {
                let width = span.high - span.low;
                width > 1e-3 * largest && width > 1e-30 && largest < 1e30
            }
            Scale::Log => span.low > 1e-90 && span.high < 1e90 && span.high > 1.02 * span.low,
        };
        Ruler { span, start, length, plain }
    }

    fn place(&self, value: f64) -> Option<f64> {
        self.span.share(value).map(|share| self.start + share * self.length)
    }

    /// The value at a place, in as many digits as can be seen.
    fn at(&self, place: f64) -> String {
        let share = (place - self.start) / self.length;
        let (low, high) = (self.span.low, self.span.high);
        match self.span.scale {
            _ if !self.plain => tidy(format!("{share:.5}")),
            Scale::Linear => linear(low + share * (high - low), high - low),
            Scale::Log => significant(libm::exp(libm::log(low) + share * (libm::log(high) - libm::log(low)))),
        }
    }

    fn value(&self, value: f64) -> Option<String> {
        self.place(value).map(|place| self.at(place))
    }

    fn mode(&self) -> &'static str {
        if self.plain && self.span.scale == Scale::Log { "log" } else { "linear" }
    }
}

/// A number on a linear axis of this width, to a hundred-thousandth of it.
fn linear(value: f64, width: f64) -> String {
    let exponent = libm::floor(libm::log10(width)) as i32;
    if !(-4..=6).contains(&exponent) {
        return significant(if value.abs() < 1e-6 * width { 0.0 } else { value });
    }
    let decimals = (5 - exponent).max(0) as usize;
    tidy(format!("{value:.decimals$}"))
}

/// Six significant digits.
fn significant(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-3..1e5).contains(&rounded.abs()) {
        tidy(format!("{rounded}"))
    } else {
        format!("{rounded:e}")
    }
}

/// A decimal number without zeros at its end.
fn tidy(number: String) -> String {
    let short = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        number
    };
    if short == "-0" { "0".to_string() } else { short }
}

/// A length on the page.
fn mm(length: f64) -> String {
    tidy(format!("{length:.3}"))
}

/// A panel being written.
struct Plane<'a> {
    frame: Area,
    x: Ruler,
    y: Ruler,
    theme: Theme,
    prepared: &'a Prepared<'a>,
}

impl Plane<'_> {
    fn place(&self, x: f64, y: f64) -> Option<Point> {
        Some((self.x.place(x)?, self.y.place(y)?))
    }

    fn at(&self, (x, y): Point) -> String {
        format!("({},{})", self.x.at(x), self.y.at(y))
    }

    /// For drawing that is not a plot.
    fn axis_cs(&self, (x, y): Point) -> String {
        format!("(axis cs:{},{})", self.x.at(x), self.y.at(y))
    }

    fn chains(&self, x: &[f64], y: &[f64]) -> Vec<Vec<Point>> {
        let places: Vec<Option<Point>> = x.iter().zip(y).map(|(x, y)| self.place(*x, *y)).collect();
        places.split(Option::is_none).map(|chain| chain.iter().flatten().copied().collect()).collect()
    }
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.body.push_str(line);
        self.body.push('\n');
    }

    /// A point of the page.
    fn page(&self, (x, y): Point) -> String {
        format!("({}mm,{}mm)", mm(x), mm(self.height - y))
    }

    fn font(&self, size: f64) -> String {
        format!("font={}", font(size))
    }

    fn named(&mut self, name: &str, colour: Rgb) -> String {
        self.colours.insert(name.to_string(), colour);
        name.to_string()
    }

    fn colour(&mut self, colour: Colour) -> String {
        let value = self.theme.colour(colour);
        match colour {
            Colour::Series(_) if self.theme.palette.is_empty() => self.named("ink", value),
            Colour::Series(index) => {
                let index = index % self.theme.palette.len();
                self.named(&format!("series{index}"), value)
            }
            Colour::Ink => self.named("ink", value),
            Colour::Grey => self.named("remark", value),
        }
    }

    /// A colour of the drawing by its value.
    fn shade(&mut self, value: Rgb) -> String {
        match value {
            [0, 0, 0] => "black".into(),
            [255, 255, 255] => "white".into(),
            _ if value == self.theme.ink => self.named("ink", value),
            _ if value == self.theme.grey => self.named("remark", value),
            _ => {
                let index = self.theme.palette.iter().position(|known| *known == value);
                match index {
                    Some(index) => self.named(&format!("series{index}"), value),
                    None => {
                        let [red, green, blue] = value;
                        self.named(&format!("c{red:02X}{green:02X}{blue:02X}"), value)
                    }
                }
            }
        }
    }

    fn panel(&mut self, prepared: &Prepared<'_>, placed: &PlacedPanel) -> Result<(), FigureError> {
        self.axis(prepared, placed, &self.theme.clone())?;
        let title = &placed.title;
        if placed.letter.width > 0.0 || title.width > 0.0 {
            let letter = latex(&placed.letter.source)?;
            let mut words =
                if letter.is_empty() { String::new() } else { format!("\\textbf{{{letter}}}\\enspace ") };
            let smaller = title.width > 0.0 && title.size < 0.999 * self.theme.text_mm();
            if smaller {
                words.push_str(&font(title.size));
                words.push(' ');
            }
            words.push_str(&latex(&title.source)?);
            let at = self.page((placed.frame.left, placed.title_at));
            self.line(&format!("\\node[words, anchor=base west] at {at} {{{}}};", words.trim_end()));
        }
        if let (Some((area, inner)), Some(inset)) = (&placed.inset, &prepared.inset) {
            let paper = self.named("paper", self.theme.paper);
            let (from, to) = (self.page((area.left, area.bottom)), self.page((area.right, area.top)));
            self.line(&format!("\\fill[{paper}] {from} rectangle {to};"));
            let theme = self.theme.inset();
            self.axis(inset, inner, &theme)?;
            if inner.title.width > 0.0 {
                let (size, title) = (self.font(inner.title.size), latex(&inner.title.source)?);
                let at = self.page((inner.frame.left, inner.title_at));
                self.line(&format!("\\node[words, anchor=base west, {size}] at {at} {{{title}}};"));
            }
        }
        Ok(())
    }

    fn axis(
        &mut self,
        prepared: &Prepared<'_>,
        placed: &PlacedPanel,
        theme: &Theme,
    ) -> Result<(), FigureError> {
        let (panel, frame) = (prepared.panel, placed.frame);
        let plane = Plane {
            frame,
            x: Ruler::new(prepared.x, frame.left, frame.width()),
            y: Ruler::new(prepared.y, frame.bottom, -frame.height()),
            theme: theme.clone(),
            prepared,
        };
        let at = self.page((frame.left, frame.bottom));
        self.line("");
        if let Some(letter) = &prepared.letter {
            self.line(&format!("% Panel {letter}"));
        }
        self.line("\\begin{axis}[");
        self.line(&format!("  at={{{at}}}, width={}mm, height={}mm,", mm(frame.width()), mm(frame.height())));
        self.axis_options("x", &panel.x, &plane.x, &placed.x_ticks, &placed.x_label, prepared.bare_x, theme)?;
        self.axis_options("y", &panel.y, &plane.y, &placed.y_ticks, &placed.y_label, prepared.bare_y, theme)?;
        if !panel.axes {
            self.line("  hide axis,");
        }
        if theme.line_width != self.theme.line_width {
            self.line(&format!("  every axis plot/.append style={{line width={}mm}},", mm(theme.line_width)));
            self.line(&format!(
                "  major tick length={}mm, minor tick length={}mm,",
                mm(theme.tick_length),
                mm(theme.minor_tick_length)
            ));
        }
        if let Some((area, columns)) = placed.legend {
            self.legend_options(&plane, area, columns);
        }
        self.line("]");
        let legend = if placed.legend.is_some() { named_layers(panel) } else { Vec::new() };
        for layer in &panel.layers {
            let entry = legend.iter().find(|(label, _)| layer.label() == Some(*label));
            let explained = match entry {
                Some((label, layers)) if std::ptr::eq(layers[0], layer) => {
                    if let [_] = layers[..] {
                        Some(latex(label)?)
                    } else {
                        self.shared_entry(&plane, label, layers)?;
                        None
                    }
                }
                _ => None,
            };
            self.layer(&plane, layer, explained.as_deref())?;
        }
        for words in &placed.words {
            self.words(&plane, words)?;
        }
        self.line("\\end{axis}");
        Ok(())
    }

    #[expect(clippy::too_many_arguments)]
    fn axis_options(
        &mut self,
        name: &str,
        axis: &Axis,
        ruler: &Ruler,
        ticks: &PlacedTicks,
        label: &Line,
        bare: bool,
        theme: &Theme,
    ) -> Result<(), FigureError> {
        let (start, end) = (ruler.start, ruler.start + ruler.length);
        self.line(&format!(
            "  {name}mode={}, {name}min={}, {name}max={},",
            ruler.mode(),
            ruler.at(start),
            ruler.at(end)
        ));
        self.tick_options(name, ruler, ticks, bare)?;
        let mut style = format!("  {name}ticklabel style={{{}", self.font(theme.tick_mm()));
        if name == "x" {
            // All numbers stand on one line, whatever their height.
            let _ = write!(style, ", text height={}mm, text depth=0.21em", mm(ticks.ascent));
        }
        if theme.tick_mm() != self.theme.tick_mm() || name == "x" {
            self.line(&format!("{style}}},"));
        }
        if label.width > 0.0 && !axis.label.is_empty() {
            let words = latex(&label.source)?;
            self.line(&format!("  {name}label={{{words}}},"));
            let mut style = strut(label);
            if (label.size - self.theme.text_mm()).abs() > 1e-9 {
                let _ = write!(style, ", {}", self.font(label.size));
            }
            if !style.is_empty() {
                self.line(&format!("  {name}label style={{{}}},", style.trim_start_matches(", ")));
            }
        }
        Ok(())
    }

    fn tick_options(
        &mut self,
        name: &str,
        ruler: &Ruler,
        ticks: &PlacedTicks,
        bare: bool,
    ) -> Result<(), FigureError> {
        let mut places = Vec::new();
        let mut words = Vec::new();
        for (value, label) in &ticks.major {
            places.extend(ruler.value(*value));
            words.push(format!("{{{}}}", latex(label)?));
        }
        let words = if bare { "\\empty".to_string() } else { words.join(", ") };
        self.line(&format!("  {name}tick={{{}}}, {name}ticklabels={{{words}}},", places.join(", ")));
        if !ticks.minor.is_empty() {
            let minor: Vec<String> = ticks.minor.iter().filter_map(|value| ruler.value(*value)).collect();
            self.line(&format!("  minor {name}tick={{{}}},", minor.join(", ")));
        }
        Ok(())
    }

    fn legend_options(&mut self, plane: &Plane<'_>, area: Area, columns: usize) {
        let frame = plane.frame;
        let (x, y) = ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0);
        let (middle_x, middle_y) = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
        // Held at the side that is nearest, from where other letters make it grow or shrink.
        let (across, at_x) = match x - middle_x {
            shift if columns > 1 || shift.abs() < 0.5 => ("", x),
            shift if shift < 0.0 => (" west", area.left),
            _ => (" east", area.right),
        };
        let (down, at_y) = if y > middle_y { ("south", area.bottom) } else { ("north", area.top) };
        let share_x = (at_x - frame.left) / frame.width();
        let share_y = (frame.bottom - at_y) / frame.height();
        self.line(&format!(
            "  legend columns={columns}, legend style={{at={{({},{})}}, anchor={down}{across}}},",
            mm(share_x),
            mm(share_y)
        ));
    }

    /// Colour, width and dash of a line.
    fn stroke(&mut self, plane: &Plane<'_>, style: &Style, colour: &str) -> String {
        let mut out = colour.to_string();
        if style.weight != 1.0 {
            let _ = write!(out, ", line width={}mm", mm(plane.theme.line_width * style.weight));
        }
        out + &self.dash(style)
    }

    fn dash(&self, style: &Style) -> String {
        let pattern = self.theme.dash_pattern(self.theme.dash(style));
        if pattern.is_empty() {
            return String::new();
        }
        let lengths: Vec<String> = pattern
            .iter()
            .enumerate()
            .map(|(index, length)| {
                format!("{} {}mm", if index % 2 == 0 { "on" } else { "off" }, mm(length * style.weight))
            })
            .collect();
        format!(", dash pattern={}", lengths.join(" "))
    }

    fn marks(&mut self, plane: &Plane<'_>, style: &Style, colour: &str) -> String {
        let theme = &plane.theme;
        let radius = style.size * theme.marker_size / 2.0;
        let edge = 0.8 * theme.line_width;
        let (mark, reach, turn) = match theme.marker(style) {
            Marker::Circle => ("*", radius - edge / 2.0, ""),
            Marker::Square => ("square*", 0.884 * radius - edge / 2.0, ""),
            Marker::TriangleUp => ("triangle*", 1.35 * radius - edge, ""),
            Marker::TriangleDown => ("triangle*", 1.35 * radius - edge, ", rotate=180"),
            Marker::Diamond => ("diamond*", 1.3 * radius - 0.7 * edge, ""),
            Marker::Cross => ("x", 1.2 * radius, ""),
            Marker::Plus => ("+", 1.15 * radius, ""),
        };
        let fill = if style.open { self.named("paper", self.theme.paper) } else { colour.to_string() };
        format!(
            "mark={mark}, mark size={}mm, mark options={{solid, line width={}mm, fill={fill}{turn}}}",
            mm(reach.max(0.05)),
            mm(edge)
        )
    }

    /// A plot through the points, with an entry in the legend or without.
    fn plot(&mut self, plane: &Plane<'_>, options: &str, points: &[Point], more: &str, entry: Option<&str>) {
        let written: Vec<String> = points.iter().map(|point| plane.at(*point)).collect();
        self.plot_of(options, &written, more, entry);
    }

    fn plot_of(&mut self, options: &str, points: &[String], more: &str, entry: Option<&str>) {
        let hidden = if entry.is_some() { "" } else { ", forget plot" };
        let short = points.len() <= 3;
        let open = format!("\\addplot[{options}{hidden}] coordinates {{");
        if short {
            self.line(&format!("{open}{}}}{more};", points.join(" ")));
        } else {
            self.line(&open);
            for row in points.chunks(6) {
                self.line(&format!("  {}", row.join(" ")));
            }
            self.line(&format!("}}{more};"));
        }
        if let Some(entry) = entry {
            self.line(&format!("\\addlegendentry{{{entry}}}"));
        }
    }

    fn curve(&mut self, plane: &Plane<'_>, chains: &[Vec<Point>], options: &str, mut entry: Option<&str>) {
        let around = plane.frame.grown(BEYOND);
        for piece in chains.iter().flat_map(|chain| around.clip_chain(chain)) {
            self.plot(plane, options, &thin_below(&piece, MOST_POINTS), "", entry.take());
        }
        // A curve of which nothing is seen keeps its entry.
        if let Some(entry) = entry {
            self.line(&format!("\\addlegendimage{{{options}}}\\addlegendentry{{{entry}}}"));
        }
    }

    fn layer(&mut self, plane: &Plane<'_>, layer: &Layer, entry: Option<&str>) -> Result<(), FigureError> {
        let colour = match layer.style() {
            Some(style) => self.colour(style.colour),
            None => String::new(),
        };
        let Area { left, right, top, bottom } = plane.frame;
        match layer {
            Layer::Line { x, y, style, .. } => {
                let options = self.stroke(plane, style, &colour);
                self.curve(plane, &plane.chains(x, y), &options, entry);
            }
            Layer::HorizontalLine { y, style, .. } => {
                let options = self.stroke(plane, style, &colour);
                let chain = plane.y.place(*y).map(|y| vec![(left, y), (right, y)]);
                let chain = chain.filter(|chain| plane.frame.grown(1e-6).contains(chain[0]));
                self.curve(plane, chain.as_slice(), &options, entry);
            }
            Layer::VerticalLine { x, style, .. } => {
                let options = self.stroke(plane, style, &colour);
                let chain = plane.x.place(*x).map(|x| vec![(x, bottom), (x, top)]);
                let chain = chain.filter(|chain| plane.frame.grown(1e-6).contains(chain[0]));
                self.curve(plane, chain.as_slice(), &options, entry);
            }
            Layer::Points { x, y, lo, hi, style, .. } => {
                self.points(plane, [x, y, lo, hi], style, &colour, entry);
            }
            Layer::Band { x, lo, hi, .. } => self.band(plane, [x, lo, hi], &colour, entry),
            // Words stand where the layout has put them.
            Layer::Text { .. } => {}
            Layer::Arrow { from, to, heads, style, .. } => {
                if let (Some(from), Some(to)) = (plane.place(from[0], from[1]), plane.place(to[0], to[1])) {
                    self.arrow(plane, from, to, *heads, style, &colour);
                }
            }
            Layer::Arc { from, to, bend, gap, style, .. } => {
                if let (Some(from), Some(to)) = (plane.place(from[0], from[1]), plane.place(to[0], to[1])) {
                    self.arc(plane, [from, to], *bend, *gap, style, &colour);
                }
            }
            Layer::Heat { x_edges, y_edges, z, contours } => {
                if let Some(colours) = &plane.prepared.colours {
                    self.heat(plane, [x_edges, y_edges, z], colours);
                    let (x, y) = (middles(x_edges, &plane.x.span), middles(y_edges, &plane.y.span));
                    let style = Style::ink().weight(0.7);
                    for level in contours {
                        let shade = self.shade(level_colour(&self.theme, colours, *level));
                        let options = self.stroke(plane, &style, &shade);
                        self.curve(plane, &level_lines(plane, &x, &y, z, *level), &options, None);
                    }
                }
            }
            Layer::Contour { x, y, z, levels, style, .. } => {
                let options = self.stroke(plane, style, &colour);
                let chains: Vec<Vec<Point>> =
                    levels.iter().flat_map(|level| level_lines(plane, x, y, z, *level)).collect();
                self.curve(plane, &chains, &options, entry);
            }
        }
        Ok(())
    }

    fn points(
        &mut self,
        plane: &Plane<'_>,
        [x, y, lo, hi]: [&[f64]; 4],
        style: &Style,
        colour: &str,
        entry: Option<&str>,
    ) {
        let inside = plane.frame.grown(1e-6);
        let mut points = Vec::new();
        let mut bars = Vec::new();
        let mut last: Option<Point> = None;
        for (index, (&x, &y)) in x.iter().zip(y).enumerate() {
            let Some(centre) = plane.place(x, y).filter(|place| inside.contains(*place)) else { continue };
            // Of markers that cannot be told apart one is enough.
            if lo.is_empty() && last.is_some_and(|(x, y)| (centre.0 - x).hypot(centre.1 - y) < 0.02) {
                continue;
            }
            last = Some(centre);
            let mut point = plane.at(centre);
            for (end, edge, sign) in
                [(hi.get(index), plane.frame.top, '+'), (lo.get(index), plane.frame.bottom, '-')]
            {
                let Some(&end) = end.filter(|end| end.is_finite()) else { continue };
                let reached = plane.y.place(end).filter(|tip| inside.contains((centre.0, *tip)));
                // pgfplots takes distances: one that is lost in the digits of the value, and a bar that
                // leaves the frame, is a line of its own.
                let whole = plane.y.plain && (plane.y.span.scale == Scale::Linear || end > 1e-3 * y);
                match reached {
                    Some(_) if whole => {
                        let _ = write!(point, " {sign}= (0,{})", significant((end - y).abs()));
                    }
                    _ => bars.push([centre, (centre.0, reached.unwrap_or(edge))]),
                }
            }
            points.push(point);
        }
        let errors = if lo.is_empty() && hi.is_empty() { "" } else { ", with errors" };
        for bar in bars {
            self.plot(
                plane,
                &format!("{colour}, line width={}mm", mm(plane.theme.error_bar_width)),
                &bar,
                "",
                None,
            );
        }
        let marks = self.marks(plane, style, colour);
        let options = format!("{colour}, only marks, {marks}{errors}");
        if points.is_empty() {
            if let Some(entry) = entry {
                self.line(&format!("\\addlegendimage{{{options}}}\\addlegendentry{{{entry}}}"));
            }
            return;
        }
        self.plot_of(&options, &points, "", entry);
    }

    fn band(&mut self, plane: &Plane<'_>, [x, lo, hi]: [&[f64]; 3], colour: &str, entry: Option<&str>) {
        let mut entry = entry;
        let around = plane.frame.grown(BEYOND);
        let columns: Vec<Option<(Point, Point)>> = x
            .iter()
            .zip(lo)
            .zip(hi)
            .map(|((x, lo), hi)| {
                let low = match plane.y.place(*lo) {
                    Some(low) => low,
                    None if lo.is_finite() => plane.frame.bottom,
                    None => return None,
                };
                let x = plane.x.place(*x)?;
                Some(((x, low), (x, plane.y.place(*hi)?)))
            })
            .collect();
        let opacity = mm(self.theme.band_opacity);
        let options = format!("{colour}, fill, fill opacity={opacity}, draw opacity=0, area legend");
        for run in columns.split(Option::is_none) {
            let (low, high): (Vec<Point>, Vec<Point>) = run.iter().flatten().copied().unzip();
            let mut corners = thin_below(&high, MOST_POINTS / 2);
            corners.extend(thin_below(&low, MOST_POINTS / 2).into_iter().rev());
            let points = clip_polygon(&corners, &around);
            if low.len() > 1 && points.len() > 2 {
                self.plot(plane, &options, &points, " -- cycle", entry.take());
            }
        }
    }

    fn arrow(
        &mut self,
        plane: &Plane<'_>,
        from: Point,
        to: Point,
        heads: Heads,
        style: &Style,
        colour: &str,
    ) {
        let Some((start, end)) = plane.frame.clip(from, to) else { return };
        let length = (end.0 - start.0).hypot(end.1 - start.1);
        if length == 0.0 {
            return;
        }
        let size = (0.4 * length / HEAD.0).min(1.0);
        let head =
            format!("{{Triangle[length={}mm, width={}mm]}}", mm(HEAD.0 * size), mm(2.0 * HEAD.1 * size));
        let tip = |wanted: bool| if wanted { head.clone() } else { String::new() };
        let (first, last) = (heads == Heads::Both && start == from, heads != Heads::None && end == to);
        let width = mm(self.theme.axis_width * style.weight);
        let (from, to) = (plane.axis_cs(start), plane.axis_cs(end));
        self.line(&format!(
            "\\draw[{colour}, line width={width}mm, {}-{}] {from} -- {to};",
            tip(first),
            tip(last)
        ));
    }

    fn arc(
        &mut self,
        plane: &Plane<'_>,
        [from, to]: [Point; 2],
        bend: f64,
        gap: f64,
        style: &Style,
        colour: &str,
    ) {
        let distance = |one: Point, other: Point| (one.0 - other.0).hypot(one.1 - other.1);
        if distance(from, to) == 0.0 {
            return;
        }
        let bow = Bow::new(from, to, bend);
        let shown: Vec<f64> = (0..=Bow::PIECES)
            .map(|k| k as f64 / Bow::PIECES as f64)
            .filter(|t| distance(bow.at(*t), from) >= gap && distance(bow.at(*t), to) >= gap)
            .collect();
        let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return };
        let points = bow.part(*first, *last).map(|point| plane.axis_cs(point));
        let (length, half) = arc_head(style.weight);
        let width = mm(plane.theme.line_width * style.weight);
        let [start, one, other, end] = points;
        self.line(&format!(
            "\\draw[{colour}, line width={width}mm, -{{Triangle[length={}mm, width={}mm]}}]\n  {start} .. controls \
             {one} and {other} .. {end};",
            mm(length),
            mm(2.0 * half)
        ));
    }

    /// Cells by the values at their lower left corners; the last row and column only close the grid.
    fn heat(&mut self, plane: &Plane<'_>, [x_edges, y_edges, z]: [&[f64]; 3], colours: &ColourScale) {
        let columns = x_edges.len() - 1;
        let limit = |place: Option<f64>, low: f64, high: f64| place.map(|place| place.clamp(low, high));
        let around = plane.frame.grown(BEYOND);
        let xs: Vec<(usize, f64)> = (0..x_edges.len())
            .filter_map(|k| Some((k, limit(plane.x.place(x_edges[k]), around.left, around.right)?)))
            .collect();
        let ys: Vec<(usize, f64)> = (0..y_edges.len())
            .filter_map(|k| Some((k, limit(plane.y.place(y_edges[k]), around.top, around.bottom)?)))
            .collect();
        if xs.len() < 2 || ys.len() < 2 {
            return;
        }
        let meta = Ruler::new(Span { scale: colours.scale, low: colours.low, high: colours.high }, 0.0, 1.0);
        let value = |column: usize, row: usize| {
            let inside = column < columns && row + 1 < y_edges.len();
            inside.then(|| z[row * columns + column]).filter(|value| colours.share(*value).is_some())
        };
        let (low, high) = (metric(&meta, colours.low), metric(&meta, colours.high));
        self.line(&format!(
            "\\addplot[surf, shader=flat corner, mesh/cols={}, point meta=explicit, colormap name={}, point meta \
             min={low}, point meta max={high}, forget plot] coordinates {{",
            xs.len(),
            map_name(colours.map)
        ));
        for (row, y) in &ys {
            let cells: Vec<String> = xs
                .iter()
                .map(|(column, x)| {
                    let value = value(*column, *row).unwrap_or(colours.low);
                    format!(
                        "{} [{}]",
                        plane.at((*x, *y)),
                        metric(&meta, value.clamp(colours.low, colours.high))
                    )
                })
                .collect();
            for (index, part) in cells.chunks(6).enumerate() {
                self.line(&format!("{}{}", if index == 0 { "  " } else { "    " }, part.join(" ")));
            }
        }
        self.line("};");
        for rows in ys.windows(2) {
            for cell in xs.windows(2) {
                if value(cell[0].0, rows[0].0).is_none() {
                    let missing = self.named("missing", self.theme.missing);
                    let (from, to) = ((cell[0].1, rows[0].1), (cell[1].1, rows[1].1));
                    let corners = [from, (to.0, from.1), to, (from.0, to.1)];
                    self.plot(plane, &format!("fill={missing}, draw opacity=0"), &corners, " -- cycle", None);
                }
            }
        }
    }

    fn bar(&mut self, bar: &PlacedBar, colours: &ColourScale) -> Result<(), FigureError> {
        let area = bar.area;
        let span = Span { scale: colours.scale, low: colours.low, high: colours.high };
        let meta = Ruler::new(span, 0.0, 1.0);
        let at = self.page((area.left, area.bottom));
        self.line("");
        self.line("% Colour bar");
        self.line("\\begin{axis}[");
        self.line("  hide axis, at={(0mm,0mm)}, width=1mm, height=1mm, xmin=0, xmax=1, ymin=0, ymax=1,");
        self.line("  colorbar shift/.style={},");
        self.line(&format!(
            "  colorbar, colormap name={}, point meta min={}, point meta max={},",
            map_name(colours.map),
            metric(&meta, colours.low),
            metric(&meta, colours.high)
        ));
        self.line("  colorbar style={");
        self.line(&format!(
            "    at={{{at}}}, anchor=south west, width={}mm, height={}mm, ytick pos=right,",
            mm(area.width()),
            mm(area.height())
        ));
        // The bar itself is linear in what the colour is of.
        let mut places = Vec::new();
        let mut words = Vec::new();
        for (value, label) in &bar.ticks.major {
            places.push(metric(&meta, *value));
            words.push(format!("{{{}}}", latex(label)?));
        }
        self.line(&format!("    ytick={{{}}}, yticklabels={{{}}},", places.join(", "), words.join(", ")));
        let minor: Vec<String> = bar.ticks.minor.iter().map(|value| metric(&meta, *value)).collect();
        self.line(&format!("    minor ytick={{{}}},", minor.join(", ")));
        if bar.label.width > 0.0 {
            let (label, size) = (latex(&bar.label.source)?, self.font(bar.label.size));
            self.line(&format!("    ylabel={{{label}}}, ylabel style={{{size}}},"));
        }
        self.line("  },");
        self.line("]");
        self.line("\\addplot[draw=none] coordinates {(0,0)};");
        self.line("\\end{axis}");
        for (height, shade) in &bar.levels {
            let (shade, from, to) =
                (self.shade(*shade), self.page((area.left, *height)), self.page((area.right, *height)));
            self.line(&format!(
                "\\draw[{shade}, line width={}mm] {from} -- {to};",
                mm(self.theme.axis_width)
            ));
        }
        Ok(())
    }

    fn words(&mut self, plane: &Plane<'_>, words: &PlacedWords) -> Result<(), FigureError> {
        let mut options = "words".to_string();
        let shade = self.shade(words.colour);
        if words.colour != self.theme.ink {
            let _ = write!(options, ", {shade}");
        }
        let anchor = match words.anchor {
            Anchor::Centre => "center",
            Anchor::Left => "west",
            Anchor::Right => "east",
            Anchor::Top => "north",
            Anchor::Bottom => "south",
            Anchor::TopLeft => "north west",
            Anchor::TopRight => "north east",
            Anchor::BottomLeft => "south west",
            Anchor::BottomRight => "south east",
        };
        let _ = write!(options, ", anchor={anchor}");
        if words.plate {
            let paper = self.named("paper", self.theme.paper);
            let _ = write!(options, ", fill={paper}, fill opacity=0.8, text opacity=1");
        }
        if (words.line.size - self.theme.text_mm()).abs() > 1e-9 {
            let _ = write!(options, ", {}", self.font(words.line.size));
        }
        options += &strut(&words.line);
        let (at, text) = (plane.axis_cs(words.at), latex(&words.line.source)?);
        self.line(&format!("\\node[{options}] at {at} {{{text}}};"));
        Ok(())
    }

    /// An entry that several layers share: a sample with all of them.
    fn shared_entry(&mut self, plane: &Plane<'_>, label: &str, layers: &[&Layer]) -> Result<(), FigureError> {
        let mut sample = String::new();
        for layer in layers {
            let Some(style) = layer.style() else { continue };
            let colour = self.colour(style.colour);
            let piece = match layer {
                Layer::Band { .. } => format!(
                    "\\fill[{colour}, fill opacity={}] (0mm,-0.9mm) rectangle (6mm,0.9mm);",
                    mm(self.theme.band_opacity)
                ),
                Layer::Points { .. } => {
                    let marks = self.marks(plane, style, &colour);
                    format!("\\draw[{colour}] plot[{marks}] coordinates {{(3mm,0mm)}};")
                }
                _ => {
                    let width = mm(plane.theme.line_width * style.weight);
                    let dash = self.dash(style);
                    format!("\\draw[{colour}, line width={width}mm{dash}] (0mm,0mm) -- (6mm,0mm);")
                }
            };
            let _ = write!(sample, "\n  {piece}");
        }
        let label = latex(label)?;
        self.line(&format!(
            "\\addlegendimage{{legend image code/.code={{{sample}\n}}}}\\addlegendentry{{{label}}}"
        ));
        Ok(())
    }

    fn document(
        &mut self,
        figure: &Figure,
        (width, height): (f64, f64),
        magnification: f64,
    ) -> Result<String, FigureError> {
        let theme = self.theme.clone();
        let ink = self.named("ink", theme.ink);
        let paper = self.named("paper", theme.paper);
        let mut out = format!("% {}: pgfplots source, for pdflatex\n", figure.name);
        let caption = latex(&figure.caption)?;
        if !caption.is_empty() {
            let _ = writeln!(out, "% \\caption{{{caption}}}");
        }
        out.push_str(
            "\\documentclass[border=1pt]{standalone}\n\
             \\usepackage[T1]{fontenc}\n\
             \\usepackage[utf8]{inputenc}\n\
             \\usepackage{amsmath,amssymb}\n\
             \\usepackage{helvet,sansmath}\n\
             \\renewcommand{\\familydefault}{\\sfdefault}\n\
             \\usepackage{pgfplots}\n\
             \\pgfplotsset{compat=1.18}\n\
             \\usetikzlibrary{arrows.meta}\n",
        );
        let used = |name: &str| self.body.contains(&format!("\\{name}"));
        if CAPITALS.iter().any(|name| used(name)) {
            out.push_str("\\DeclareSymbolFont{capitals}{OT1}{cmss}{m}{n}\n");
        }
        for (index, name) in CAPITALS.iter().enumerate().filter(|(_, name)| used(name)) {
            let _ =
                writeln!(out, "\\DeclareMathSymbol{{\\{name}}}{{\\mathord}}{{capitals}}{{\"{index:02X}}}");
        }
        for (name, [red, green, blue]) in &self.colours {
            let _ = writeln!(out, "\\definecolor{{{name}}}{{RGB}}{{{red},{green},{blue}}}");
        }
        let mut maps: Vec<ColourMap> = figure
            .panels
            .iter()
            .filter_map(|panel| panel.colour_bar.as_ref())
            .chain(&figure.colour_bar)
            .map(|bar| bar.map)
            .collect();
        let heat = |layer: &Layer| matches!(layer, Layer::Heat { .. });
        let coloured = figure.panels.iter().any(|panel| {
            let inner = panel.inset.iter().flat_map(|inset| &inset.panel.layers);
            panel.layers.iter().chain(inner).any(heat)
        });
        if coloured {
            // The one of a heat map without a bar.
            maps.push(ColourMap::default());
        }
        for (index, map) in maps.iter().enumerate() {
            if !maps[..index].contains(map) {
                define_map(*map, &mut out);
            }
        }
        let (text, tick) = (font(theme.text_mm()), font(theme.tick_mm()));
        let (axis, line) = (mm(theme.axis_width), mm(theme.line_width));
        let _ = write!(
            out,
            "\\pgfplotsset{{\n  \
               every axis/.append style={{\n    \
                 scale only axis, anchor=south west, clip mode=individual,\n    \
                 tick align=outside, tick pos=lower, major tick length={}mm, minor tick length={}mm,\n    \
                 axis line style={{{ink}, line width={axis}mm}}, tick style={{{ink}, line width={axis}mm}},\n    \
                 ticklabel style={{font={tick}, inner sep=0.6mm}}, label style={{inner sep=0.3mm, strut}},\n    \
                 scaled ticks=false, every axis plot/.append style={{line width={line}mm, line join=round}},\n    \
                 legend style={{draw=none, fill=none, inner sep=0pt, row sep=0pt, cells={{anchor=west}},\n      \
                   nodes={{inner xsep=0.6mm, inner ysep=0.25mm, strut}}}},\n  \
               }},\n  \
               with errors/.style={{error bars/y dir=both, error bars/y explicit,\n    \
                 error bars/error bar style={{solid, line width={}mm}},\n    \
                 error bars/error mark options={{solid, rotate=90, mark size={}mm, line width={}mm}}}},\n\
             }}\n\
             \\tikzset{{strut/.style={{text height=0.75em, text depth=0.21em}},\n  \
             words/.style={{inner sep=0mm, outer sep=0pt, strut}}}}\n\
             \\begin{{document}}\n\\sansmath{text}\\color{{{ink}}}%\n",
            mm(theme.tick_length),
            mm(theme.minor_tick_length),
            mm(theme.error_bar_width),
            mm(theme.error_bar_cap / 2.0),
            mm(theme.error_bar_width),
        );
        if magnification != 1.0 {
            let _ = writeln!(out, "\\scalebox{{{}}}{{%", mm(magnification));
        }
        let _ = writeln!(
            out,
            "\\begin{{tikzpicture}}[x=1mm, y=1mm]\n\\useasboundingbox (0,0) rectangle ({},{});\n\\fill[{paper}] \
             (-1,-1) rectangle ({},{});",
            mm(width),
            mm(height),
            mm(width + 1.0),
            mm(height + 1.0)
        );
        out.push_str(&self.body);
        out.push_str("\\end{tikzpicture}%\n");
        if magnification != 1.0 {
            out.push_str("}%\n");
        }
        out.push_str("\\end{document}\n");
        Ok(out)
    }
}

fn define_map(map: ColourMap, out: &mut String) {
    let colours: Vec<String> = anchors(map)
        .iter()
        .map(|rgb| format!("rgb255=({},{},{})", rgb >> 16, (rgb >> 8) & 0xFF, rgb & 0xFF))
        .collect();
    let _ = writeln!(out, "\\pgfplotsset{{colormap={{{}}}{{\n  {}}}}}", map_name(map), colours.join("\n  "));
}

fn map_name(map: ColourMap) -> &'static str {
    match map {
        ColourMap::Viridis => "viridis",
        ColourMap::Cividis => "cividis",
        ColourMap::Diverging => "diverging",
    }
}

fn font(size: f64) -> String {
    let points = size / MM_PER_POINT;
    format!("\\fontsize{{{}bp}}{{{}bp}}\\selectfont", mm(points), mm(1.2 * points))
}

/// Options for a text that is higher or deeper than one without formulas.
fn strut(line: &Line) -> String {
    let mut out = String::new();
    if line.ascent > 0.76 * line.size {
        let _ = write!(out, ", text height={}mm", mm(line.ascent));
    }
    if line.descent > 0.22 * line.size {
        let _ = write!(out, ", text depth={}mm", mm(line.descent));
    }
    out
}

/// What the colour of a value is chosen by: the value, or the decimal logarithm of it.
fn metric(ruler: &Ruler, value: f64) -> String {
    match ruler.span.scale {
        _ if !ruler.plain => ruler.value(value).unwrap_or_else(|| "0".into()),
        Scale::Linear => significant(value),
        Scale::Log => tidy(format!("{:.5}", libm::log10(value))),
    }
}

fn level_lines(plane: &Plane<'_>, x: &[f64], y: &[f64], z: &[f64], level: f64) -> Vec<Vec<Point>> {
    let xs: Vec<f64> = x.iter().map(|x| plane.x.place(*x).unwrap_or(f64::NAN)).collect();
    let ys: Vec<f64> = y.iter().map(|y| plane.y.place(*y).unwrap_or(f64::NAN)).collect();
    contour(&xs, &ys, z, level)
        .iter()
        .flat_map(|chain| chain.split(|(x, y)| !(x.is_finite() && y.is_finite())))
        .map(<[Point]>::to_vec)
        .collect()
}
