//! The files of figures, read by other programs: pdflatex and the tools of poppler. A program that is not there
//! skips its test with a message.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use levyscape_analyzer::figure::{
    Anchor, Axis, ColourBar, Figure, Format, Inset, Joined, Layer, LegendPlace, Panel, Scale, Style,
    TWO_COLUMNS_MM, ThemeName, write_figure, write_figure_with,
};
use serde_json::Value;

use crate::support::Folder;

const TINY: &str = r#"
title = "Out of the left well: 100 % é & Lévy_1"
[potential]
expression = "x^4/4 - x^2/2"
[noise]
kind = "stable"
alpha = 1.5
epsilon = 0.4
[ensemble]
paths = 40
[[task]]
kind = "exit"
start = "minimum:1"
domain = "basin"
[[task]]
kind = "transition"
[[task]]
kind = "path"
start = "minimum:1"
end_time = 50.0
count = 2
[sweep]
"noise.epsilon" = [0.3, 0.5]
"#;

fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        // Straight to the stream: what a test prints is not shown when it ends well.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: {program} is not installed, so what it reads is not tested"
        );
    }
    found.is_ok()
}

/// Whether an empty document with what our sources load compiles: an installation may be broken off or small.
fn it_has_pgfplots() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let document = r"\documentclass{standalone}\usepackage[T1]{fontenc}\usepackage{amsmath,amssymb,helvet,sansmath}
        \usepackage{pgfplots}\pgfplotsset{compat=1.18}\begin{document}\sffamily x\end{document}";
    fs::write(folder.path().join("empty.tex"), document).unwrap();
    let ended = Command::new("pdflatex")
        .args(["-halt-on-error", "-interaction=batchmode", "empty.tex"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .status();
    let whole = ended.is_ok_and(|status| status.success());
    if !whole {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: this pdflatex has no standalone, pgfplots, helvet or sansmath, so .tex files are not compiled"
        );
    }
    whole
}

fn with_extension(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|kind| kind == extension)).collect();
    found.sort();
    assert!(!found.is_empty(), "no {extension} in {}", folder.display());
    found
}

/// Every kind of layer, axis, legend and bar, letters that TeX reads as commands, extreme numbers.
fn figures() -> Vec<Figure> {
    let x: Vec<f64> = (1..=50).map(|i| f64::from(i) * 0.1).collect();
    let y: Vec<f64> = x.iter().map(|x| 3.0 / (x * x)).collect();
    let low: Vec<f64> = y.iter().map(|y| y - 0.5).collect();
    let high: Vec<f64> = y.iter().map(|y| y + 0.5).collect();
    let main = Panel::new(
        Axis::log(r"time $t\,/\,\mathbb{E}\,\tau_\varepsilon$ in 10² s"),
        Axis::log(r"$\mathbb{P}(\tau > t)$, 50 % & #1_{x} ~ ^ \\ é ł – “α” \$"),
        vec![
            Layer::band(x.clone(), low.clone(), high.clone(), Style::series(0)).labelled("law"),
            Layer::line(x.clone(), y.clone(), Style::series(0)).labelled("law"),
            Layer::points_with_errors(x.clone(), y.clone(), low, high, Style::series(1).open())
                .labelled("measured & more"),
            Layer::HorizontalLine {
                y: 1.0,
                style: Style::grey(),
                label: Some(r"$\hat{\sigma}^2 \le 1$".into()),
            },
            Layer::VerticalLine { x: 2.0, style: Style::ink(), label: None },
            Layer::text(1.0, 1.0, "here, [there]", Anchor::Left),
            Layer::dimension([0.5, 0.5], [2.5, 0.5], "$L=2$"),
        ],
    )
    .titled(r"A [title], with = and $x_1$, $\Delta U$");
    let mut with_inset = main.clone();
    let inner = Panel::new(
        Axis::linear("model"),
        Axis::linear("data"),
        vec![Layer::line(vec![0.0, 1.0], vec![0.0, 1.0], Style::ink())],
    );
    with_inset.inset = Some(Box::new(Inset::new(inner)));
    with_inset.legend = LegendPlace::Top;
    let below = Panel::new(
        Axis::log("time"),
        Axis::linear("ratio").from_to(0.5, 1.5),
        vec![Layer::points(vec![0.5, 2.0], vec![0.9, 1.1], Style::series(4))],
    )
    .joined(Joined::Above);
    let edges: Vec<f64> = (0..=12).map(|i| 0.1 * 1.5f64.powi(i)).collect();
    let mut z: Vec<f64> = (0..144).map(|i| 10f64.powi(i % 12) * f64::from(1 + i / 12)).collect();
    z[17] = f64::NAN;
    let mut heat = Panel::new(
        Axis::log("$x$"),
        Axis::log("$y$"),
        vec![
            Layer::Heat {
                x_edges: edges.clone(),
                y_edges: edges.clone(),
                z: z.clone(),
                contours: vec![1e3, 1e9],
            },
            Layer::Contour {
                x: edges[..12].to_vec(),
                y: edges[..12].to_vec(),
                z,
                levels: vec![1e5],
                style: Style::ink(),
                label: Some("theory".into()),
            },
        ],
    );
    heat.colour_bar = Some(ColourBar { scale: Scale::Log, ..ColourBar::new(r"$\mathbb{E}\,\tau$") });
    heat.legend = LegendPlace::Below;
    let arc = |from: [f64; 2], to: [f64; 2]| Layer::Arc {
        from,
        to,
        bend: 0.3,
        gap: 3.0,
        text: Some("$q_{12}$".into()),
        style: Style::series(2).weight(3.0),
    };
    let mut graph = Panel::new(
        Axis::linear("").from_to(0.0, 1.0),
        Axis::linear("").from_to(0.0, 1.0),
        vec![arc([0.2, 0.5], [0.8, 0.5]), arc([0.8, 0.5], [0.2, 0.5])],
    );
    graph.axes = false;
    let far = [1e300, 2e300];
    let extreme = Panel::new(
        Axis::linear("$x$"),
        Axis::log("$y$"),
        vec![Layer::line(far.to_vec(), vec![1e-200, 1e200], Style::series(3))],
    );
    let near = Panel::new(
        Axis::linear("$x$").from_to(1e9, 1.000_01e9),
        Axis::linear("$y$"),
        vec![Layer::line(vec![0.0, 1e9, 2e9], vec![-1e12, 0.0, 1e-12], Style::series(5)).labelled("steep")],
    );
    let mut joined = Figure::new("joined", vec![with_inset, below]);
    joined.row_heights = vec![1.0, 0.4];
    let wide = Figure {
        width_mm: TWO_COLUMNS_MM,
        columns: 2,
        caption: "All kinds: 50 % & more.\nSecond line with $\\alpha$".into(),
        ..Figure::new("wide", vec![main, heat, graph, extreme, near])
    };
    let empty = Figure::new("empty", vec![Panel::new(Axis::linear("$x$"), Axis::log("$y$"), Vec::new())]);
    vec![joined, wide, empty]
}

/// The figures above and those of a run, in all formats.
fn drawn() -> Folder {
    let folder = Folder::with_scenario(TINY);
    folder.good(&["run", "s.toml", "--out", "out"]);
    let figures_folder = folder.path("out/figures");
    for figure in figures() {
        write_figure(&figure, &figures_folder, &Format::ALL).unwrap();
        let mut slide = figure.clone();
        slide.name += "_slide";
        write_figure_with(&slide, &figures_folder, &[Format::Pdf], ThemeName::Slides).unwrap();
    }
    folder
}

#[test]
fn the_tex_sources_compile() {
    if !(is_there("pdflatex") && it_has_pgfplots()) {
        return;
    }
    let folder = drawn();
    let figures = folder.path("out/figures");
    for path in with_extension(&figures, "tex") {
        let made = folder.path("made");
        fs::create_dir_all(&made).unwrap();
        let ended = Command::new("pdflatex")
            .args(["-interaction=nonstopmode", "-halt-on-error", "-output-directory"])
            .arg(&made)
            .arg(&path)
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success(), "{}\n{log}", path.display());
        let warnings: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("Package pgfplots Warning") || line.contains("Missing character"))
            .collect();
        assert!(warnings.is_empty(), "{}: {warnings:?}", path.display());
    }
}

#[test]
fn the_pdf_files_have_embedded_subsets_and_no_bitmap() {
    if !(is_there("pdffonts") && is_there("pdftoppm") && is_there("pdfimages")) {
        return;
    }
    let folder = drawn();
    for path in with_extension(&folder.path("out/figures"), "pdf") {
        let said = |program: &str, arguments: &[&str]| {
            let ended = Command::new(program)
                .args(arguments)
                .current_dir(folder.path(""))
                .arg(&path)
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(ended.status.success() && errors.is_empty(), "{program} {}: {errors}", path.display());
            ended.stdout
        };
        let fonts = String::from_utf8(said("pdffonts", &[])).unwrap();
        let rows: Vec<&str> = fonts.lines().skip(2).collect();
        for row in &rows {
            // Name with the tag of a subset, type, encoding, then: embedded, subset, has its characters.
            let words: Vec<&str> = row.split_whitespace().collect();
            assert!(words[0].as_bytes()[6] == b'+' && !row.contains("Type 3"), "{}: {row}", path.display());
            let flags = words.iter().filter(|word| **word == "yes").count();
            assert_eq!(flags, 3, "{}: {row}", path.display());
        }
        assert!(!rows.is_empty(), "{}", path.display());
        assert_eq!(String::from_utf8(said("pdfimages", &["-list"])).unwrap().lines().count(), 2);
        assert!(said("pdftoppm", &["-r", "60"]).starts_with(b"P6"));
    }
}

#[test]
fn plot_dresses_figures_and_keeps_numbers_and_descriptions() {
    let folder =
        Folder::with_scenario(&TINY.replace("[sweep]", "[output]\nformats = [\"svg\", \"png\"]\n[sweep]"));
    folder.good(&["run", "s.toml", "--out", "out"]);
    let kept = |extension: &str| folder.bytes(&format!("out/figures/landscape.{extension}"));
    let before = ["svg", "png", "tex", "csv", "json"].map(kept);
    let ended = folder.good(&["plot", "out"]);
    assert!(ended.stdout.starts_with("drew "), "{}", ended.stdout);
    assert!(["svg", "png", "tex", "csv", "json"].map(kept) == before);

    folder.good(&["plot", "out", "--figure", "landscape", "--theme", "slides", "--width", "12cm"]);
    let svg = folder.text("out/figures/landscape.svg");
    assert!(svg.contains("width=\"120mm\""), "{}", &svg[..300]);
    assert!(kept("tex") != before[2] && kept("csv") == before[3] && kept("json") == before[4]);
    assert!(!folder.path("out/figures/landscape.pdf").exists());
    folder.good(&["plot", "out"]);
    assert!(["svg", "png", "tex", "csv", "json"].map(kept) == before);

    folder.good(&["plot", "out", "--format", "pdf,tex", "--out", "elsewhere", "--figure", "survival"]);
    let names: Vec<PathBuf> = folder.listing().into_iter().map(|(path, _)| path).collect();
    let there: Vec<&PathBuf> = names.iter().filter(|path| path.starts_with("elsewhere")).collect();
    assert_eq!(there, ["elsewhere", "elsewhere/survival.pdf", "elsewhere/survival.tex"].map(Path::new));

    for (arguments, words) in [
        (&["--figure", "landscap"][..], &["no figure \"landscap\"", "mean \"landscape\"", "`survival`"][..]),
        (&["--width", "9mm"], &["9 mm", "too small"]),
        (&["--theme", "drak"], &["`paper`, `slides` or `dark`", "mean \"dark\""]),
        (&["--format", "eps"], &["`tex`"]),
    ] {
        let ended = folder.run(&[&["plot", "out"], arguments].concat());
        assert_eq!(ended.status, Some(2), "{arguments:?} {}", ended.stderr);
        for word in words {
            assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
        }
    }
}

#[test]
fn the_theme_of_the_scenario_holds_for_run_and_plot() {
    let scenario = TINY.replace("[sweep]", "[output]\nformats = [\"svg\"]\ntheme = \"dark\"\n[sweep]");
    let folder = Folder::with_scenario(&scenario);
    let summary = folder.summary(&[]);
    assert_eq!(summary["scenario"]["output"]["theme"], Value::from("dark"));
    let dark = folder.bytes("out/figures/landscape.svg");
    assert!(String::from_utf8_lossy(&dark).contains("fill=\"#16191D\""));
    // The report is read on paper and on the screen of a reader who has a theme of his own.
    assert!(!folder.text("out/report.html").contains("fill=\"#16191D\""));
    folder.good(&["plot", "out", "--theme", "paper"]);
    assert!(folder.bytes("out/figures/landscape.svg") != dark);
    folder.good(&["plot", "out"]);
    assert!(folder.bytes("out/figures/landscape.svg") == dark);

    folder.write("s.toml", scenario.replace("\"dark\"", "\"drak\""));
    let ended = folder.run(&["check", "s.toml"]);
    assert_eq!(ended.status, Some(2));
    for word in ["s.toml:", "output.theme", "`paper`, `slides` or `dark`", "did you mean \"dark\"?"] {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
}

#[test]
fn plot_says_that_exact_draws_nothing() {
    let folder = Folder::with_scenario(
        "[potential]\nexpression = \"x^4/4 - x^2/2\"\n[noise]\nkind = \"brownian\"\nepsilon = 0.4\n[[task]]\n\
         kind = \"transition\"\n",
    );
    folder.good(&["exact", "s.toml", "--out", "solved"]);
    let ended = folder.run(&["plot", "solved"]);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("levyscape exact"), "{}", ended.stderr);
}
