use super::scene::{Area, Item, Scene};
use super::*;

fn curve(label: &str, style: Style) -> Layer {
    let x: Vec<f64> = (1..=40).map(|i| f64::from(i) * 0.1).collect();
    let y = x.iter().map(|x| 3.0 * (-x).exp()).collect();
    Layer::line(x, y, style).labelled(label)
}

fn measured() -> Layer {
    Layer::points_with_errors(
        vec![0.5, 1.0, 2.0],
        vec![1.8, 1.1, 0.4],
        vec![1.6, 0.9, 0.3],
        vec![2.0, 1.3, 0.5],
        Style::series(1).open(),
    )
    .labelled("measured, 95 %")
}

fn decay() -> Panel {
    Panel::new(
        Axis::linear(r"time $t$"),
        Axis::log(r"$\Pr(\tau_\varepsilon>t)$"),
        vec![curve("law & theory", Style::series(0)), measured()],
    )
}

fn heat() -> Panel {
    let edges: Vec<f64> = (0..=8).map(f64::from).collect();
    let mut z: Vec<f64> = (0..64).map(|i| f64::from(i % 8) + f64::from(i / 8)).collect();
    z[63] = f64::NAN;
    let layer = Layer::Heat { x_edges: edges.clone(), y_edges: edges, z, contours: vec![5.0] };
    Panel::new(Axis::linear("$x$"), Axis::linear("$y$"), vec![layer])
}

/// Every kind of layer, panel and bar.
fn everything() -> Figure {
    let x = vec![0.0, 1.0, 2.0, 3.0];
    let kinds = Panel::new(
        Axis::linear("position $x$").from_to(-0.5, 3.5),
        Axis::linear(r"$q_{12}^{(n)}$"),
        vec![
            Layer::band(x.clone(), vec![-1.0; 4], vec![1.0; 4], Style::series(2)).labelled("band"),
            Layer::HorizontalLine { y: 0.5, style: Style::grey(), label: None },
            Layer::VerticalLine { x: 1.5, style: Style::grey(), label: Some("saddle".into()) },
            Layer::text(0.2, 0.1, "here", Anchor::Left),
            Layer::dimension([0.5, -0.5], [2.5, -0.5], "$L=2$"),
            Layer::Contour {
                x: x.clone(),
                y: vec![-1.0, 0.0, 1.0],
                z: (0..12).map(f64::from).collect(),
                levels: vec![3.5],
                style: Style::ink(),
                label: Some("level".into()),
            },
        ],
    )
    .titled("All kinds");
    let mut own_bar = heat();
    own_bar.colour_bar = Some(ColourBar::new("own"));
    Figure {
        width_mm: TWO_COLUMNS_MM,
        columns: 2,
        colour_bar: Some(ColourBar::new(r"shared $\mathrm{E}\,\tau$")),
        caption: "A test <figure> & its caption".to_string(),
        ..Figure::new("everything", vec![decay(), kinds, heat(), own_bar])
    }
}

fn compose(figure: &Figure) -> Scene {
    layout::compose(figure, &Theme::paper()).unwrap()
}

fn svg(figure: &Figure) -> String {
    String::from_utf8(render(figure, Format::Svg, Theme::paper()).unwrap()).unwrap()
}

fn assert_legible(scene: &Scene) {
    let page = Area::new(0.0, 0.0, scene.width, scene.height);
    for (index, label) in scene.labels.iter().enumerate().filter(|(_, label)| label.width() > 0.0) {
        assert!(
            page.contains((label.left, label.top)) && page.contains((label.right, label.bottom)),
            "{label:?}"
        );
        for other in scene.labels[index + 1..].iter().filter(|label| label.width() > 0.0) {
            // Boxes hold room for accents and descenders: a tenth of a millimetre is not a touch.
            assert!(!label.grown(-0.05).overlaps(other), "{label:?} {other:?}");
        }
    }
}

#[test]
fn a_name_must_be_a_safe_file_stem() {
    for name in ["", ".hidden", "a/b", "a b", "ä"] {
        assert!(matches!(check_name(name), Err(FigureError::Name(_))), "{name}");
    }
    assert!(check_name("exit_time-1.5").is_ok());
}

#[test]
fn svg_has_its_size_in_millimetres_and_text_as_text() {
    let mut figure = Figure::new("decay", vec![decay()]);
    figure.height_mm = Some(60.0);
    let drawn = svg(&figure);
    assert!(drawn.contains("width=\"85mm\" height=\"60mm\" viewBox=\"0 0 8500 6000\""));
    for label in ["time", "measured, 95 %", "law &amp; theory", "ε", "τ"] {
        assert!(drawn.contains(&format!(">\n{label}\n</text>")), "{label}");
    }
    assert!(drawn.contains("Arial, Helvetica, sans-serif"));
    // A curve of 40 points in one piece, solid.
    assert_eq!(drawn.matches("stroke=\"#0072B2\" stroke-width=\"35\"").count(), 2);
    // Three bars of two halves with a cap each, and the sample in the legend.
    assert_eq!(drawn.matches("stroke=\"#D55E00\" stroke-width=\"25\"").count(), 13);
    assert!(svg(&everything()).contains("<desc>A test &lt;figure&gt; &amp; its caption</desc>"));
}

#[test]
fn png_has_three_hundred_pixels_per_inch() {
    let mut figure = Figure::new("decay", vec![decay()]);
    figure.height_mm = Some(60.0);
    let bytes = render(&figure, Format::Png, Theme::paper()).unwrap();
    let mut reader = ::png::Decoder::new(bytes.as_slice()).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (1004, 709));
    assert_eq!(reader.info().pixel_dims.unwrap().xppu, 11811);
    let mut pixels = vec![0; reader.output_buffer_size()];
    reader.next_frame(&mut pixels).unwrap();
    let dark = pixels.chunks(3).filter(|pixel| pixel.iter().all(|channel| *channel < 40)).count();
    assert!((2_000..60_000).contains(&dark), "{dark}");
}

#[test]
fn pdf_embeds_the_fonts_it_uses() {
    let bytes = render(&everything(), Format::Pdf, Theme::paper()).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("%PDF-"));
    assert_eq!(text.matches("/FontFile2").count(), 3);
    assert_eq!(text.matches("/ToUnicode").count(), 3);
    // 175 mm.
    assert!(text.contains("/MediaBox [0 0 496.06"), "page size");
    assert!(bytes.len() < 400_000);
}

#[test]
fn the_same_description_gives_the_same_bytes() {
    let figure = everything();
    let again: Figure = serde_json::from_str(&serde_json::to_string(&figure).unwrap()).unwrap();
    for format in Format::ALL {
        let first = render(&figure, format, Theme::paper()).unwrap();
        assert!(first == render(&again, format, Theme::paper()).unwrap(), "{format:?}");
    }
}

#[test]
fn descriptions_survive_json() {
    let figure = everything();
    let text = serde_json::to_string(&figure).unwrap();
    let again: Figure = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    assert!(text.contains("null"));
    let layer = Layer::line(vec![0.1 + 0.2, f64::INFINITY], vec![1e-300, f64::NAN], Style::default());
    let text = serde_json::to_string(&layer).unwrap();
    let Layer::Line { x, y, .. } = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
    assert!(x[0] == 0.1 + 0.2 && x[1].is_nan() && y[0] == 1e-300 && y[1].is_nan());
    let short =
        r#"{"name":"n","panels":[{"x":{},"y":{"scale":"log"},"layers":[{"kind":"line","x":[1],"y":[2]}]}]}"#;
    let figure: Figure = serde_json::from_str(short).unwrap();
    assert_eq!((figure.width_mm, figure.columns), (85.0, 1));
    assert!(serde_json::from_str::<Figure>(&short.replace("scale", "scales")).is_err());
}

#[test]
fn labels_neither_overlap_nor_leave_the_page() {
    assert_legible(&compose(&everything()));
    assert_legible(&compose(&Figure::new("decay", vec![decay()])));
    assert_legible(&compose(&Figure::new("heat", vec![heat(), decay()])));
    let mut long = decay();
    long.x.label = "a label that goes on and on and on and on ".repeat(4);
    long.y.label = long.x.label.clone();
    long.title = Some(long.x.label.clone());
    long.layers.push(curve(&long.x.label, Style::series(3)));
    assert_legible(&compose(&Figure::new("long", vec![long])));
    for (low, high) in [(0.0, 1.0), (-1e-7, 1e-7), (1e9, 1.0001e9), (0.3, 0.30001), (-2e5, 17.0)] {
        for scale in [Scale::Linear, Scale::Log] {
            let low = if scale == Scale::Log && low <= 0.0 { 1e-9 } else { low };
            let axis = Axis { label: "$x$".into(), scale, range: Some([low, high]), ..Axis::default() };
            assert_legible(&compose(&Figure::new("axes", vec![Panel::new(axis.clone(), axis, vec![])])));
        }
    }
}

#[test]
fn less_than_a_decade_is_labelled_plainly() {
    let points = Layer::points(vec![0.1, 0.2, 0.4], vec![1.0, 2.0, 3.0], Style::series(0));
    let drawn =
        svg(&Figure::new("short", vec![Panel::new(Axis::log("$x$"), Axis::log("$y$"), vec![points])]));
    for label in ["0.1", "0.2", "1", "2"] {
        assert!(drawn.contains(&format!(">\n{label}\n</text>")), "{label}");
    }
}

#[test]
fn an_empty_panel_says_so() {
    let empty = Layer::line(vec![], vec![], Style::default());
    for layers in [vec![], vec![empty]] {
        let figure = Figure::new("empty", vec![Panel::new(Axis::linear("$x$"), Axis::log("$y$"), layers)]);
        assert!(svg(&figure).contains("no data"));
    }
}

#[test]
fn nothing_is_left_out_in_silence() {
    let points = Layer::points(
        vec![1.0, 2.0, 3.0, 4.0, 9.0],
        vec![1.0, f64::NAN, 0.0, f64::INFINITY, 5.0],
        Style::default(),
    );
    let panel =
        |layer: Layer| Panel::new(Axis::linear("$x$").from_to(0.0, 5.0), Axis::log("$y$"), vec![layer]);
    let drawn = svg(&Figure::new("holes", vec![panel(points.labelled("data"))]));
    // The remark is broken into lines, each a text of its own.
    let words: String = drawn.split("</text>").filter_map(|piece| piece.rsplit(">\n").next()).collect();
    let remark =
        "of “data”, 2 without a finite value, 1 not above 0 on a logarithmic scale, 1 outside the axes.";
    assert!(words.replace('\n', " ").contains(remark), "{words}");
    let whole = svg(&Figure::new("whole", vec![decay()]));
    assert!(!whole.contains("Not shown"));
}

#[test]
fn a_curve_is_interrupted_where_it_is_missing() {
    let y = vec![1.0, 2.0, f64::NAN, 2.0, 1.0];
    let layer = Layer::line(vec![0.0, 1.0, 2.0, 3.0, 4.0], y, Style::series(0));
    let scene =
        compose(&Figure::new("gap", vec![Panel::new(Axis::linear(""), Axis::linear(""), vec![layer])]));
    let blue = Theme::paper().palette[0];
    let pieces =
        scene.items.iter().filter(|item| matches!(item, Item::Stroke { colour, .. } if *colour == blue));
    assert_eq!(pieces.count(), 2);
}

#[test]
fn error_bars_below_zero_run_to_the_frame() {
    let layer = Layer::points_with_errors(vec![1.0], vec![1.0], vec![-1.0], vec![2.0], Style::series(0));
    let axis = Axis::log("").from_to(0.1, 10.0);
    let scene = compose(&Figure::new("bar", vec![Panel::new(Axis::linear(""), axis, vec![layer])]));
    let blue = Theme::paper().palette[0];
    let strokes: Vec<_> = scene
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Stroke { points, colour, .. } if *colour == blue => Some(points.clone()),
            _ => None,
        })
        .collect();
    // Two halves and the cap of the upper one.
    assert_eq!(strokes.len(), 3);
}

#[test]
fn a_crowded_panel_has_its_legend_above() {
    let busy: Vec<Layer> = (0..30)
        .map(|i| {
            let y = f64::from(i);
            Layer::line(vec![0.0, 1.0], vec![y, y], Style::series(0)).labelled("all over")
        })
        .collect();
    let free = compose(&Figure::new("free", vec![decay()]));
    let crowded =
        compose(&Figure::new("crowded", vec![Panel::new(Axis::linear(""), Axis::linear(""), busy)]));
    let highest =
        |scene: &Scene| scene.labels.iter().fold(f64::INFINITY, |least, label| least.min(label.top));
    assert!(highest(&crowded) < 2.0);
    assert_legible(&free);
    assert_legible(&crowded);
}

#[test]
fn impossible_descriptions_are_refused() {
    let refuse = |figure: &Figure| layout::compose(figure, &Theme::paper()).unwrap_err();
    assert!(matches!(refuse(&Figure::new("none", vec![])), FigureError::NoPanels));
    let with_layer =
        |layer: Layer| Figure::new("bad", vec![Panel::new(Axis::linear(""), Axis::linear(""), vec![layer])]);
    for layer in [
        Layer::line(vec![1.0], vec![], Style::default()),
        Layer::points_with_errors(vec![1.0], vec![1.0], vec![1.0], vec![], Style::default()),
        Layer::band(vec![1.0], vec![1.0], vec![], Style::default()),
        Layer::Heat { x_edges: vec![0.0, 1.0], y_edges: vec![1.0, 0.0], z: vec![1.0], contours: vec![] },
        Layer::Heat { x_edges: vec![0.0, 1.0], y_edges: vec![0.0, 1.0], z: vec![], contours: vec![] },
        Layer::Heat { x_edges: vec![], y_edges: vec![], z: vec![], contours: vec![] },
        Layer::line(vec![1.0], vec![1.0], Style::series(0).weight(f64::NAN)),
    ] {
        assert!(matches!(refuse(&with_layer(layer)), FigureError::Layer { panel: 1, layer: 1, .. }));
    }
    for (scale, low, high) in [
        (Scale::Log, 0.0, 1.0),
        (Scale::Linear, 1.0, 1.0),
        (Scale::Linear, 0.0, f64::NAN),
        (Scale::Linear, -f64::MAX, f64::MAX),
    ] {
        let mut figure = Figure::new("range", vec![decay()]);
        figure.panels[0].x =
            Axis { label: String::new(), scale, range: Some([low, high]), ..Axis::default() };
        assert!(matches!(refuse(&figure), FigureError::Range { .. }), "{scale:?} {low} {high}");
    }
    let mut small = everything();
    small.width_mm = 40.0;
    assert!(matches!(refuse(&small), FigureError::TooSmall { .. }));
    small.width_mm = f64::INFINITY;
    assert!(matches!(refuse(&small), FigureError::Size { .. }));
    let mut broken = Figure::new("markup", vec![decay()]);
    broken.panels[0].x.label = "$x".to_string();
    assert!(matches!(refuse(&broken), FigureError::Markup { .. }));
}

#[test]
fn extreme_numbers_are_drawn() {
    for (x, y) in [
        (vec![-f64::MAX, f64::MAX], vec![0.0, 5e-324]),
        (vec![1e300, 1e300], vec![-1e-300, 1e-300]),
        (vec![f64::MIN_POSITIVE, f64::MAX], vec![5e-324, 1e-310]),
    ] {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = Axis { scale, ..Axis::default() };
            let layers = vec![
                Layer::line(x.clone(), y.clone(), Style::series(1)),
                Layer::points(x.clone(), y.clone(), Style::series(2)),
                Layer::dimension([x[0], y[0]], [x[1], y[1]], "far"),
            ];
            let scene = compose(&Figure::new("extreme", vec![Panel::new(axis.clone(), axis, layers)]));
            assert!(scene.labels.iter().all(|label| label.left.is_finite() && label.top.is_finite()));
        }
    }
}

#[test]
fn the_table_holds_the_numbers_drawn() {
    let mut figure = everything();
    figure.panels[0].layers[1] = measured().labelled("a, \"b\"");
    let table = data_csv(&figure);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "panel,layer,kind,label,x,y,lo,hi,x_end,y_end,value");
    assert!(lines.contains(&"1,2,points,\"a, \"\"b\"\"\",0.5,1.8,1.6,2.0,,,"));
    assert!(lines.contains(&"3,1,heat,,6.0,7.0,,,7.0,8.0,13.0"));
    assert!(lines.contains(&"3,1,heat,,7.0,7.0,,,8.0,8.0,"));
    assert!(lines.contains(&"2,5,arrow,$L=2$,0.5,-0.5,,,2.5,-0.5,"));
    assert_eq!(lines.iter().filter(|line| line.starts_with("3,1,heat,")).count(), 64);

    let table = data_csv(&joined());
    assert!(table.contains("\n1,3,inset_line,,1.0,1.0,"), "{table}");
}

#[test]
fn a_figure_is_written_with_its_numbers_and_description() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("figures");
    let mut figure = Figure::new("decay", vec![decay()]);
    let formats = [Format::Svg, Format::Pdf, Format::Svg];
    let written = write_figure(&figure, &folder, &formats).unwrap();
    let names: Vec<_> = written.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["decay.svg", "decay.pdf", "decay.tex", "decay.csv", "decay.json"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 5);
    let again: Figure = serde_json::from_slice(&fs::read(folder.join("decay.json")).unwrap()).unwrap();
    assert_eq!(again, figure);
    figure.name = "../escape".to_string();
    assert!(matches!(write_figure(&figure, &folder, &formats), Err(FigureError::Name(_))));
    figure.name = "decay".to_string();
    let blocked = write_figure(&figure, &folder.join("decay.csv"), &formats);
    assert!(matches!(blocked, Err(FigureError::Io { .. })));
}

#[test]
fn greyscale_has_no_colour() {
    let scene = layout::compose(&Figure::new("grey", vec![decay()]), &Theme::greyscale()).unwrap();
    assert!(scene.items.iter().all(|item| match item {
        Item::Stroke { colour, .. }
        | Item::Fill { colour, .. }
        | Item::Disc { colour, .. }
        | Item::Box { colour, .. }
        | Item::Run { colour, .. } => colour[0] == colour[1] && colour[1] == colour[2],
        Item::Begin(_) | Item::End => true,
    }));
}

/// A main panel with its ratios underneath and a density at its side, an inset, and a graph.
fn joined() -> Figure {
    let ratio = Panel::new(
        Axis::linear(r"time $t$"),
        Axis::linear("ratio").from_to(0.5, 1.5),
        vec![Layer::points(vec![0.5, 1.0, 3.8], vec![0.9, 1.1, 1.0], Style::series(1))],
    )
    .joined(Joined::Above);
    let side = Panel::new(
        Axis::linear("density"),
        Axis::log(""),
        vec![Layer::line(vec![0.1, 0.5, 0.2], vec![0.1, 1.0, 3.0], Style::series(2))],
    )
    .joined(Joined::Left);
    let mut corner = Panel::new(Axis::linear(""), Axis::linear(""), Vec::new());
    corner.axes = false;
    let mut main = decay();
    main.inset = Some(Box::new(Inset::new(Panel::new(
        Axis::linear("model"),
        Axis::linear("data"),
        vec![Layer::line(vec![0.0, 1.0], vec![0.0, 1.0], Style::ink())],
    ))));
    let mut graph = Panel::new(
        Axis::linear("").from_to(0.0, 1.0),
        Axis::linear("").from_to(0.0, 1.0),
        vec![
            Layer::Arc {
                from: [0.2, 0.5],
                to: [0.8, 0.5],
                bend: 0.3,
                gap: 3.0,
                text: Some("$q_{12}$".into()),
                style: Style::series(0).weight(4.0),
            },
            Layer::Arc {
                from: [0.8, 0.5],
                to: [0.2, 0.5],
                bend: 0.3,
                gap: 3.0,
                text: Some("$q_{21}$".into()),
                style: Style::series(0),
            },
            Layer::points(vec![0.2, 0.8], vec![0.5, 0.5], Style::ink().open().size(3.5)),
            Layer::text(0.2, 0.5, "$m_1$", Anchor::Centre),
            Layer::text(0.8, 0.5, "$m_2$", Anchor::Centre),
        ],
    );
    graph.axes = false;
    let ticks = [(1.0, "$m_1$".to_string()), (2.0, "$m_2$".to_string())];
    let last = Panel::new(
        Axis::linear("minimum").from_to(0.5, 2.5).with_ticks(ticks),
        Axis::linear("mass"),
        vec![Layer::points(vec![1.0, 2.0], vec![0.3, 0.7], Style::series(0))],
    );
    Figure {
        width_mm: TWO_COLUMNS_MM,
        columns: 2,
        row_heights: vec![1.0, 0.35, 0.6],
        column_widths: vec![1.0, 0.4],
        ..Figure::new("joined", vec![main, side, ratio, corner, graph, last])
    }
}

#[test]
fn joined_panels_share_an_axis() {
    let figure = joined();
    let prepared = prepare::prepare(&figure).unwrap().panels;
    assert_eq!(prepared[0].x, prepared[2].x);
    assert_eq!(prepared[0].y, prepared[1].y);
    let letters: Vec<Option<&str>> = prepared.iter().map(|panel| panel.letter.as_deref()).collect();
    assert_eq!(letters, [Some("(a)"), None, None, None, Some("(b)"), Some("(c)")]);
    assert_legible(&compose(&figure));

    let mut alone = figure.clone();
    alone.panels[0].joined = Joined::Above;
    assert!(matches!(prepare::prepare(&alone), Err(FigureError::Joined { panel: 1 })));
    let mut differing = figure;
    differing.panels[2].x.scale = Scale::Log;
    assert!(matches!(prepare::prepare(&differing), Err(FigureError::Joined { panel: 3 })));
}

#[test]
fn the_structure_of_the_figures_is_known() {
    for figure in [everything(), joined()] {
        snapshot::assert_snapshot(&figure.name, &snapshot::structure(&figure));
    }
}

#[test]
fn double_struck_letters_are_embedded_and_named() {
    let mut figure = Figure::new("mean", vec![decay()]);
    figure.panels[0].y.label = r"$\mathbb{E}\,\tau$".to_string();
    let drawn = svg(&figure);
    assert!(drawn.contains(">\n𝔼\n</text>") && drawn.contains("DejaVu Sans"), "{drawn}");
    let bytes = render(&figure, Format::Pdf, Theme::paper()).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("+DejaVuSans"));
    assert!(text::plain(r"$\mathbb{P}(\tau>t)$").unwrap().starts_with("ℙ(τ"));
    assert!(matches!(text::plain(r"$\mathbb{A}$"), Err(FigureError::Markup { .. })));
    assert_legible(&compose(&figure));
}

#[test]
fn the_tex_source_has_every_panel_and_layer() {
    let source = latex(&everything(), &Theme::paper()).unwrap();
    // Four panels and two colour bars.
    assert_eq!(source.matches("\\begin{axis}").count(), 6);
    assert_eq!(source.matches("surf, shader").count(), 2);
    for part in [
        "(0.5,1.8) += (0,0.2) -= (0,0.2)",
        r"\addlegendentry{law \& theory}",
        r"\addlegendentry{measured, 95 \%}",
        r"\textbf{(b)}\enspace All kinds",
        r"ylabel={shared $\mathrm{E}\,\tau$}",
        r"ylabel={$q_{12}^{(n)}$}",
        r"{$L=2$};",
    ] {
        assert!(source.contains(part), "{part} in {source}");
    }
    let source = latex(&joined(), &Theme::paper()).unwrap();
    assert_eq!(source.matches("\\begin{axis}").count(), 7);
    assert_eq!(source.matches("hide axis").count(), 2);
    assert_eq!(source.matches(".. controls").count(), 2);
    // Shared axes are labelled once.
    assert_eq!(source.matches(r"xlabel={time $t$}").count(), 1);
    let long: Vec<f64> = (0..200_000).map(|i| f64::from(i) * 1e-3).collect();
    let wavy = long.iter().map(|x| (x * 7919.0).sin()).collect();
    let line = Layer::line(long, wavy, Style::series(0));
    let source = latex(
        &Figure::new("long", vec![Panel::new(Axis::linear("$x$"), Axis::linear("$y$"), vec![line])]),
        &Theme::paper(),
    );
    assert!(source.unwrap().len() < 60_000);
}

#[test]
fn slides_have_the_same_layout_larger() {
    let figure = everything();
    let (wide, theme) = ThemeName::Slides.dressed(&figure, None);
    let (small, large) = (compose(&figure.clone().at_width(wide.width_mm / theme.magnification)), {
        layout::compose(&wide, &theme).unwrap()
    });
    assert_eq!(small.items.len(), large.items.len());
    assert!((small.width * theme.magnification - large.width).abs() < 1e-9);
    let (narrow, theme) = ThemeName::Slides.dressed(&figure, Some(120.0));
    assert_eq!(narrow.width_mm, 120.0);
    assert_legible(&layout::compose(&narrow, &theme).unwrap());
}

/// Writes the figures above for looking at them: `FIGURES=DIR cargo test -- --ignored drawn_for`.
#[test]
#[ignore = "writes files"]
fn drawn_for_looking() {
    let Some(dir) = std::env::var_os("FIGURES") else { return };
    for name in ThemeName::ALL {
        let dir = Path::new(&dir).join(name.name());
        for figure in [everything(), joined()] {
            write_figure_with(&figure, &dir, &Format::ALL, name).unwrap();
        }
    }
}
