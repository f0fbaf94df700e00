//! The command `tail_index`: samples read, estimates written, and what is refused.

use rand::SeedableRng;
use rand_distr::{Cauchy, Distribution};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::support::{Folder, items, number};

/// Cauchy variables: tail index 1.
fn cauchy(n: usize, seed: u64) -> Vec<f64> {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
    let law = Cauchy::new(0.0, 1.0).unwrap();
    (0..n).map(|_| law.sample(&mut generator)).collect()
}

/// A NumPy file.
fn npy(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), data].concat()
}

fn little(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// The same sample in every form gives the same estimates, within 6 standard errors of the truth; folder and table
/// are complete.
#[test]
fn samples_in_every_form() {
    let folder = Folder::new();
    let values = cauchy(3000, 1);
    let lines: String = values.iter().map(|x| format!("{x}\n")).collect();
    folder.write("plain.csv", &lines);
    let named: String = values.iter().map(|x| format!("a, {x}, 0\r\n")).collect();
    folder.write("named.csv", format!("# noise\nlabel, noise, zero\n\n{named}"));
    let semicolons: String = values.iter().map(|x| format!("1;{x}\n")).collect();
    folder.write("semicolons.csv", &semicolons);
    folder.write("little.npy", npy("<f8", "False", "(3000,)", &little(&values)));
    let big: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
    folder.write("big.npy", npy(">f8", "True", "(3000, 1)", &big));
    let pairs: Vec<f64> = values.iter().flat_map(|x| [7.0, *x]).collect();
    folder.write("rows.npy", npy("<f8", "False", "(3000, 2)", &little(&pairs)));
    let columns = [vec![7.0; 3000], values.clone()].concat();
    folder.write("columns.npy", npy("<f8", "True", "(3000, 2)", &little(&columns)));

    let said = folder.good(&["tail_index", "plain.csv"]).stdout;
    assert!(said.contains("3000 values") && said.contains("ecf") && said.contains("hill"), "{said}");
    let plain = folder.json("output/tail_index_plain/summary.json");
    let estimators = items(&plain["estimators"]);
    let names: Vec<&str> = estimators.iter().filter_map(|one| one["estimator"].as_str()).collect();
    assert_eq!(names, ["ecf", "mcculloch", "hill"]);
    for estimate in estimators {
        let (alpha, error) = (number(&estimate["alpha"]), number(&estimate["std_error"]));
        assert!((alpha - 1.0).abs() < 6.0 * error && error < 0.2, "{estimate}");
        let ends = items(&estimate["ci95"]);
        assert!(number(&ends[0]) < alpha && alpha < number(&ends[1]));
    }
    assert_eq!(plain["n"], 3000);
    assert!(number(&plain["median"]).abs() < 0.2);
    assert_eq!(items(&plain["diagnosis"]).len(), 0);
    for ending in ["svg", "png", "pdf", "csv", "json"] {
        assert!(!folder.bytes(&format!("output/tail_index_plain/figures/tail_index.{ending}")).is_empty());
    }
    for (file, column) in [
        ("named.csv", Some("noise")),
        ("semicolons.csv", Some("2")),
        ("little.npy", None),
        ("big.npy", Some("1")),
        ("rows.npy", Some("2")),
        ("columns.npy", Some("2")),
    ] {
        let mut arguments = vec!["tail_index", file, "--out", "out"];
        arguments.extend(column.iter().flat_map(|column| ["--column", column]));
        folder.good(&arguments);
        assert_eq!(folder.json("out/summary.json")["estimators"], plain["estimators"], "{file}");
    }
}

/// A matrix: all values together and each column, of which one is constant.
#[test]
fn a_matrix_has_a_coordinate_a_column() {
    let folder = Folder::new();
    let (x, y) = (cauchy(500, 1), cauchy(500, 2));
    let rows: String = x.iter().zip(&y).map(|(x, y)| format!("{x},{y},3\n")).collect();
    folder.write("noise.csv", format!("x,y,constant\n{rows}"));
    let said = folder.good(&["tail_index", "noise.csv", "--out", "out"]).stdout;
    assert!(said.contains("1500 values in 3 columns") && said.contains("each column:"), "{said}");
    let summary = folder.json("out/summary.json");
    assert_eq!(summary["n"], 1500);
    let coordinates = items(&summary["coordinates"]);
    assert_eq!(coordinates.len(), 3);
    for (coordinate, name) in coordinates[..2].iter().zip(["x", "y"]) {
        assert_eq!(coordinate["column"], name);
        assert_eq!(coordinate["n"], 500);
        let ecf = &items(&coordinate["estimators"])[0];
        assert!((number(&ecf["alpha"]) - 1.0).abs() < 6.0 * number(&ecf["std_error"]), "{ecf}");
    }
    assert!(coordinates[2]["reason"].as_str().is_some_and(|reason| reason.contains("no scale")));
    for name in ["tail_index", "tail_index_1", "tail_index_2"] {
        assert!(!folder.bytes(&format!("out/figures/{name}.svg")).is_empty());
    }
    // Of another sample in the same folder: figures of columns that it does not have would pass for its own.
    folder.write("out/figures/mine.svg", "mine");
    folder.good(&["tail_index", "noise.csv", "--column", "x", "--out", "out"]);
    assert_eq!(folder.json("out/summary.json")["n"], 500);
    assert!(
        folder.path("out/figures/tail_index.svg").exists() && folder.path("out/figures/mine.svg").exists()
    );
    assert!(!folder.path("out/figures/tail_index_1.svg").exists());
}

/// A file's name and contents, more arguments, and what the message says.
type Case = (&'static str, Vec<u8>, &'static [&'static str], &'static [&'static str]);

/// Wrong samples: status 2, the file, the place and the words, and nothing written.
#[test]
fn what_is_refused() {
    let folder = Folder::new();
    let good: Vec<f64> = (0..200).map(f64::from).collect();
    let rows: String = good.iter().map(|x| format!("{x},1\n")).collect();
    let with = |head: &str, tail: &str| format!("{head}{rows}{tail}").into_bytes();
    let data = little(&good);
    let broken = |values: &[f64]| npy("<f8", "False", "(200,)", &little(values));
    let mut holes = good.clone();
    holes[6] = f64::NAN;
    let cases: Vec<Case> = vec![
        ("a.csv", with("x,y\n", "3,abc\n"), &[], &["a.csv:202: column 2 (`y`): `abc` is no finite number"]),
        (
            "m.csv",
            with("# c\r\n\r\n", "\n# d\n\nx,2\n"),
            &[],
            &["m.csv:206: column 1: `x` is no finite number"],
        ),
        ("b.csv", with("", "nan,2\n"), &[], &["b.csv:201: column 1: `nan` is no finite number"]),
        ("c.csv", with("", "4,\n"), &[], &["c.csv:201: column 2: an empty field"]),
        ("d.csv", with("", "4,5,6\n"), &[], &["d.csv:201: 3 fields where 2 are expected"]),
        ("e.csv", with("x,y\n", ""), &["--column", "z"], &["there is no column `z`", "x, y"]),
        ("f.csv", with("x,y\n", ""), &["--column", "0"], &["there is no column `0`"]),
        ("g.csv", Vec::new(), &[], &["g.csv: there are no numbers in the file"]),
        ("h.csv", b"x\n".to_vec(), &[], &["there are no numbers in the file"]),
        (
            "i.csv",
            with("", "\u{e9}\n").iter().map(|byte| if *byte == 0xc3 { 0xff } else { *byte }).collect(),
            &[],
            &["i.csv:201"],
        ),
        ("j.csv", b"1\n2\n3\n".to_vec(), &[], &["j.csv: the sample has 3 values", "100 at least"]),
        ("k.csv", "1\n".repeat(300).into_bytes(), &[], &["no scale"]),
        ("a.npy", b"\x93NUMPX\x01\x00".to_vec(), &[], &["no NumPy array file"]),
        ("b.npy", b"\x93NUM".to_vec(), &[], &["ends within its header"]),
        ("c.npy", npy("<i8", "False", "(200,)", &data), &[], &["`<i8`", "f4 and f8 are read"]),
        ("d.npy", npy("<f8", "False", "(201,)", &data), &[], &["201 x 1 numbers of 8 bytes"]),
        ("e.npy", npy("<f8", "False", "(10, 5, 4)", &data), &[], &["3 dimensions"]),
        ("f.npy", broken(&holes), &[], &["f.npy: row 7, column 1: NaN is no finite number"]),
        ("g.npy", npy("<f8", "False", "(4294967296, 4294967296)", &data), &[], &["does not have 1600 bytes"]),
        ("h.npy", npy("<f8", "False", "(x,)", &data), &[], &["`x` is no length"]),
        ("i.npy", npy("<f8", "Maybe", "(200,)", &data), &[], &["neither True nor False"]),
        ("j.npy", broken(&good), &["--column", "2"], &["there is no column `2`"]),
        ("k.npy", npy("<f8", "False", "(0,)", &[]), &[], &["no numbers"]),
        ("l.txt", b"1\n".to_vec(), &[], &["a .csv or a .npy file"]),
    ];
    for (name, contents, more, phrases) in cases {
        folder.write(name, contents);
        let mut arguments = vec!["tail_index", name];
        arguments.extend_from_slice(more);
        let ended = folder.run(&arguments);
        assert_eq!(ended.status, Some(2), "{name}: {} {}", ended.stdout, ended.stderr);
        for phrase in phrases {
            assert!(ended.stderr.contains(phrase), "{name}: {}", ended.stderr);
        }
        assert!(!ended.stderr.contains("panicked"), "{name}: {}", ended.stderr);
    }
    let missing = folder.run(&["tail_index", "missing.csv"]);
    assert_eq!(missing.status, Some(2), "{}", missing.stderr);
    assert!(!folder.path("output").exists());
}
