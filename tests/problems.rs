//! Equations of every form, through the program, against exact values.
//!
//! Seeds are fixed. `z` is the distance from the exact value in units of the error that the program
//! stands behind; a single |z| above 6 (probability 2e-9) fails.

use serde_json::Value;

use crate::support::Folder;

fn results(scenario: &str) -> Vec<Value> {
    let folder = Folder::with_scenario(scenario);
    let ended = folder.run(&["run", "s.toml", "--force", "--out", "out", "--quiet"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let summary: Value = serde_json::from_str(&folder.text("out/summary.json")).expect("a summary");
    let points = summary["points"].as_array().expect("points").clone();
    points.iter().flat_map(|point| point["results"].as_array().cloned().unwrap_or_default()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn find<'a>(results: &'a [Value], quantity: &str) -> &'a Value {
    results.iter().find(|result| result["quantity"] == quantity).expect("the quantity")
}

/// Checks the estimate against a value and returns it.
fn compare(what: &str, result: &Value, exact: f64) {
    let half = 0.5 * (number(&result["ci95"][1]) - number(&result["ci95"][0])) / 1.96;
    let z = (number(&result["estimate"]) - exact) / half;
    println!("{what:<40} {} +- {half:.4}, exact {exact:.5}, z = {z:.2}", result["estimate"]);
    assert!(z.abs() < 6.0, "{what}: {} +- {half}, exact {exact}", result["estimate"]);
    assert!(half < 0.05 * exact.abs().max(0.2), "{what}: the error {half} is too large to tell anything");
}

fn scenario(potential: &str, noise: &str, rest: &str) -> String {
    format!(
        "[potential]\n{potential}\n[noise]\n{noise}\n[ensemble]\npaths = 6000\nseed = 5\n[output]\nformats = [\"svg\"]\n\
         [scheme]\nstep = 0.002\n[[task]]\nkind = \"exit\"\n{rest}\n"
    )
}

#[test]
fn skewed_noise_leaves_an_interval_as_the_formulas_say() {
    for (alpha, beta, mean, right) in [
        (1.5, 0.5, 0.672_84, 0.375_51),
        (0.8, 0.5, 0.585_04, 0.913_19),
        (1.5, 1.0, 0.531_92, 0.292_89),
        (1.5, -1.0, 0.531_92, 1.0 - 0.292_89),
    ] {
        let noise = format!("kind = \"stable\"\nalpha = {alpha}\nbeta = {beta}\nepsilon = 1.0");
        let results = results(&scenario("name = \"free\"", &noise, "start = 0.0\ndomain = [-1.0, 1.0]"));
        let name = format!("alpha {alpha}, beta {beta}");
        compare(&name, find(&results, "mean_exit_time"), mean);
        compare(&name, find(&results, "exit_right_probability"), right);
        assert!((number(&find(&results, "mean_exit_time")["exact"]) - mean).abs() < 1e-5);
    }
}

#[test]
fn a_multiplicative_amplitude_means_what_its_interpretation_says() {
    // X = exp(Z) solves dX = X dZ in Marcus' and Stratonovich's sense: leaving (1/e, e) is Z's leaving
    // (-1, 1). In Itô's sense log X has the drift -1/2.
    let e = std::f64::consts::E;
    let task = format!("start = 1.0\ndomain = [{}, {e}]", 1.0 / e);
    for (noise, mean) in [
        ("kind = \"stable\"\nalpha = 1.5\ninterpretation = \"marcus\"", 0.752_252_778),
        ("kind = \"brownian\"\ninterpretation = \"stratonovich\"", 1.0),
        ("kind = \"brownian\"\ninterpretation = \"marcus\"", 1.0),
        ("kind = \"brownian\"", 2.0 * 0.5_f64.tanh()),
    ] {
        let noise = format!("{noise}\nepsilon = \"x\"");
        let text = scenario("drift = [\"0*x\"]", &noise, &task).replace("paths = 6000", "paths = 4000");
        compare(&noise.replace('\n', ", "), find(&results(&text), "mean_exit_time"), mean);
    }
}

#[test]
fn forces_of_every_form_are_one_force() {
    let folder = Folder::with_scenario("");
    let table: String = (-40..=40)
        .map(|k| f64::from(k) * 0.1)
        .map(|x| format!("{x},{}\n", 0.25 * x.powi(4) - 0.5 * x * x))
        .collect();
    folder.write("u.csv", format!("x,u\n{table}"));
    let mut means = Vec::new();
    for potential in [
        "expression = \"x^4/4 - x^2/2\"",
        "drift = [\"x - x^3\"]",
        "name = \"double_well\"",
        "expression = \"if(x < 0, x^4/4 - x^2/2, x^2*(x^2 - 2)/4)\"",
        "table = \"u.csv\"",
    ] {
        let noise = "kind = \"stable\"\nalpha = 1.5\nepsilon = 0.4";
        let text = scenario(potential, noise, "start = \"minimum:1\"\ndomain = \"basin\"");
        folder.write("s.toml", text.replace("paths = 6000", "paths = 500"));
        let ended = folder.run(&["run", "s.toml", "--force", "--out", "out", "--quiet"]);
        assert_eq!(ended.status, Some(0), "{potential}: {}", ended.stderr);
        let summary: Value = serde_json::from_str(&folder.text("out/summary.json")).expect("a summary");
        means.push(number(&summary["points"][0]["results"][0]["estimate"]));
    }
    // The same noise: what differs is rounding.
    for mean in &means[..4] {
        assert!((mean / means[0] - 1.0).abs() < 1e-3, "{means:?}");
    }
    // Beyond the table the force goes on linearly, so that far landings return a little later.
    assert!((means[4] / means[0] - 1.0).abs() < 0.03, "{means:?}");
}

#[test]
fn a_sum_of_noises_is_between_its_parts() {
    // sqrt(1 - w^2) B + w B' is B; the jump part of a sum keeps its law.
    let brownian = "kind = \"sum\"\nepsilon = 1.0\nparts = [{ kind = \"brownian\", weight = 0.6 }, \
                    { kind = \"brownian\", weight = 0.8 }]";
    let stable = "kind = \"sum\"\nepsilon = 1.0\nparts = [{ kind = \"stable\", alpha = 1.5, weight = 0.629960525 }, \
                  { kind = \"stable\", alpha = 1.5, weight = 0.629960525 }]";
    let task = "start = 0.0\ndomain = [-1.0, 1.0]";
    let free = "expression = \"0*x\"";
    compare("two Brownian parts", find(&results(&scenario(free, brownian, task)), "mean_exit_time"), 1.0);
    compare(
        "two stable parts",
        find(&results(&scenario(free, stable, task)), "mean_exit_time"),
        0.752_252_778,
    );
    // With jumps of rate 1 that always leave, the time is the smaller of a Brownian exit and an
    // exponential time: 1 - E exp(-tau) = 1 - 1/cosh(sqrt 2).
    let mixed = "kind = \"sum\"\nepsilon = 1.0\nparts = [{ kind = \"brownian\" }, \
                 { kind = \"compound_poisson\", rate = 1.0, jump = { kind = \"two_sided_fixed\", size = 5.0 } }]";
    let exact = 1.0 - 1.0 / 2.0_f64.sqrt().cosh();
    compare("Brownian with jumps", find(&results(&scenario(free, mixed, task)), "mean_exit_time"), exact);
}

#[test]
fn capped_and_tempered_noise_take_longer() {
    let mean = |noise: &str| {
        let text = scenario("name = \"ornstein_uhlenbeck\"", noise, "start = 0.0\ndomain = [-1.0, 1.0]");
        let text = text.replace("paths = 6000", "paths = 2000").replace("step = 0.002", "step = 0.02");
        number(&find(&results(&text), "mean_exit_time")["estimate"])
    };
    let plain = mean("kind = \"stable\"\nalpha = 1.2\nepsilon = 0.2");
    // 58.0 by another program; the standard error is 2 %.
    let tempered = mean("kind = \"tempered_stable\"\nalpha = 1.2\nmu = 0.2\nepsilon = 0.2");
    assert!((tempered / 58.0 - 1.0).abs() < 0.14, "{tempered}");
    // A cap beyond every jump that matters changes nothing but the place of landing.
    let wide = mean("kind = \"capped_stable\"\nalpha = 1.2\ncap = 50.0\nepsilon = 0.2");
    assert!((wide / plain - 1.0).abs() < 0.2, "{wide} {plain}");
    let narrow = mean("kind = \"capped_stable\"\nalpha = 1.2\ncap = 0.7\nepsilon = 0.2");
    assert!(narrow > 3.0 * plain, "{narrow} {plain}");
}

#[test]
fn two_dimensions_through_the_program() {
    let text = scenario(
        "expression = \"0*x*y\"\nvariables = [\"x\", \"y\"]",
        "kind = \"stable\"\nalpha = 1.5\nepsilon = 1.0\ndependence = \"isotropic\"",
        "start = [0.0, 0.0]\ndomain = { ball = 1.0 }",
    );
    let results = results(&text);
    compare("isotropic, unit disc", find(&results, "mean_exit_time"), 0.418_566_907);
    assert!((number(&find(&results, "mean_exit_time")["exact"]) - 0.418_566_907).abs() < 1e-8);
    let axes: Vec<&Value> =
        results.iter().filter(|result| result["quantity"] == "exit_axis_probability").collect();
    assert_eq!(axes.len(), 2);
    assert_eq!(axes[1]["axis"], 2);
    assert!((number(&axes[0]["estimate"]) - 0.5).abs() < 0.05);
}

#[test]
fn the_scenario_as_run_can_be_read_again() {
    for potential in
        ["name = \"double_well\"", "name = \"muller_brown\"", "table = \"data/u.csv\"", "drift = [\"-x\"]"]
    {
        let folder = Folder::with_scenario("");
        std::fs::create_dir(folder.path("data")).expect("a folder");
        folder.write("data/u.csv", "-2 2\n-1 0.5\n0 0\n1 0.5\n2 2\n");
        let task = match potential {
            "name = \"muller_brown\"" => {
                "start = [0.6, 0.03]\ndomain = { union = [{ ball = 0.1 }, [[0.5, 0.7], [0.0, 0.2]], { sublevel = -100 }] }\n\
                 targets = [{ ball = 0.01, centre = [0.6, 0.1] }, [[0.6, 0.61], [-0.06, -0.05]]]"
            }
            _ => "start = 0.1\ndomain = { ball = 0.2 }",
        };
        // Beside Brownian noise alpha and beta are kept for the sweep of the kind.
        let noise = "kind = \"brownian\"\nalpha = 1.5\nbeta = 0.5\nepsilon = 0.5";
        let text = scenario(potential, noise, task).replace("paths = 6000", "paths = 20");
        folder.write("s.toml", text);
        let first = folder.good(&["run", "s.toml", "--force", "--out", "out", "--quiet"]);
        let again = folder.good(&["run", "out/scenario.toml", "--out", "again", "--quiet"]);
        assert_eq!(first.status, again.status);
        let results = |out: &str| folder.json(&format!("{out}/summary.json"))["points"][0]["results"].clone();
        assert_eq!(results("out"), results("again"), "{potential}");
        let as_run = folder.text("out/scenario.toml");
        assert!(as_run.contains("beta = 0.5") && as_run.contains("alpha = 1.5"), "{as_run}");
    }
}

#[test]
fn a_cap_is_one_of_each_coordinate() {
    // The same problem with its axes exchanged; the standard errors are 4 %.
    let mean = |epsilon: &str| {
        let noise = format!("kind = \"capped_stable\"\nalpha = 1.2\ncap = 0.7\nepsilon = {epsilon}");
        let field = "expression = \"(x^2 + y^2)/2\"\nvariables = [\"x\", \"y\"]";
        let text = scenario(field, &noise, "start = [0, 0]\ndomain = { ball = 1.0 }");
        let text = text.replace("paths = 6000", "paths = 600").replace("step = 0.002", "step = 0.02");
        number(&find(&results(&text), "mean_exit_time")["estimate"])
    };
    let (one, other) = (mean("[0.1, 0.3]"), mean("[0.3, 0.1]"));
    assert!((one / other - 1.0).abs() < 0.35, "{one} {other}");
}

#[test]
fn theory_in_the_plane_is_for_one_well() {
    let asymptotic = |expression: &str, start: &str, domain: &str| {
        let field = format!("expression = \"{expression}\"\nvariables = [\"x\", \"y\"]");
        let noise = "kind = \"stable\"\nalpha = 1.5\nepsilon = 0.3";
        let task = format!("start = {start}\ndomain = {domain}");
        let text = scenario(&field, noise, &task).replace("paths = 6000", "paths = 20");
        let text = text.replace("step = 0.002", "step = 0.02");
        find(&results(&text), "mean_exit_time")["asymptotic"].as_f64()
    };
    let wells = "x^4/4 - x^2/2 + y^2/2";
    assert!(asymptotic("(x^2 + y^2)/2", "[0.1, 0]", "{ ball = 1.0, centre = [0, 0] }").is_some());
    assert!(asymptotic(wells, "[-1, 0]", "[[-1.5, -0.2], [-1, 1]]").is_some());
    // Two wells in the domain; a start on the saddle between them.
    assert_eq!(asymptotic(wells, "[-1, 0]", "[[-1.5, 1.5], [-1, 1]]"), None);
    assert_eq!(asymptotic(wells, "[0, 0]", "[[-1.5, 1.5], [-1, 1]]"), None);
}

/// A field in the plane.
fn plane(expression: &str) -> String {
    format!("expression = \"{expression}\"\nvariables = [\"x\", \"y\"]")
}

#[test]
fn a_sublevel_set_is_the_ellipse() {
    // Small isotropic jumps leave the ellipse x^2 + 4 y^2 < 1 at the rate
    // (C/alpha) eps^alpha int R(t)^-alpha dt, R = 1/sqrt(cos^2 t + 4 sin^2 t).
    let (alpha, epsilon) = (1.5_f64, 0.02_f64);
    let noise =
        format!("kind = \"stable\"\nalpha = {alpha}\nepsilon = {epsilon}\ndependence = \"isotropic\"");
    let text = scenario(&plane("x^2/2 + 2*y^2"), &noise, "start = [0, 0]\ndomain = { sublevel = 0.5 }");
    let results =
        results(&text.replace("step = 0.002", "step = 0.04").replace("paths = 6000", "paths = 1000"));
    // 0.71698 is the rate of the unit disc.
    let mean_power = (0..4096)
        .map(|k| 2.0 * std::f64::consts::PI * f64::from(k) / 4096.0)
        .map(|t: f64| (t.cos().powi(2) + 4.0 * t.sin().powi(2)).powf(0.5 * alpha) / 4096.0)
        .sum::<f64>();
    let exact = 1.0 / (0.716_98 * epsilon.powf(alpha) * mean_power);
    let mean = find(&results, "mean_exit_time");
    assert!((number(&mean["asymptotic"]) / exact - 1.0).abs() < 1e-4, "{mean}, {exact}");
    // The limit is reached up to about one percent; the standard error is 3.2 %.
    assert!((number(&mean["estimate"]) / exact - 1.0).abs() < 0.22, "{mean}, {exact}");
}

#[test]
fn a_basin_in_the_plane_has_the_rate_of_its_rays() {
    // The separatrix of the double well is x = 0, at distance 1: of isotropic noise the first coordinate
    // counts, with the rate c_alpha/alpha eps^alpha to one side; 0.19947 = c_1.5/1.5.
    let noise = "kind = \"stable\"\nalpha = 1.5\nepsilon = 0.05\ndependence = \"isotropic\"";
    let field = plane("x^4/4 - x^2/2 + y^2/2");
    let text = scenario(&field, noise, "start = [-1, 0]\ndomain = \"basin\"");
    let results =
        results(&text.replace("step = 0.002", "step = 0.04").replace("paths = 6000", "paths = 1000"));
    let exact = 1.0 / (0.199_471_14 * 0.05_f64.powf(1.5));
    let mean = find(&results, "mean_exit_time");
    assert!((number(&mean["asymptotic"]) / exact - 1.0).abs() < 1e-3, "{mean}, {exact}");
    // As far from the limit as on the line at this epsilon; the standard error is 3.2 %.
    assert!((number(&mean["estimate"]) / exact - 1.0).abs() < 0.24, "{mean}, {exact}");
}

#[test]
fn unions_and_targets_in_the_plane_and_on_the_line() {
    let brownian = "kind = \"brownian\"\nepsilon = 1.0";
    let mean = |field: &str, task: &str| {
        let text = scenario(field, brownian, task).replace("paths = 6000", "paths = 1000");
        find(&results(&text.replace("step = 0.002", "step = 0.01")), "mean_exit_time").clone()
    };
    let free = plane("0*x*y");
    let one = mean(&free, "start = [0.3, 0.4]\ndomain = { ball = 1.0, centre = [0, 0] }");
    let balls = "{ ball = 0.8, centre = [0, 0] }, { ball = 1.0, centre = [0, 0] }";
    let nested = mean(&free, &format!("start = [0.3, 0.4]\ndomain = {{ union = [{balls}] }}"));
    assert_eq!(one["estimate"], nested["estimate"]);
    // (1 - |x|^2)/2.
    assert!((number(&one["estimate"]) - 0.375).abs() < 6.0 * number(&one["std_error"]) + 0.02, "{one}");
    // The strip between two half-planes is the line between two barriers.
    let halves = "[[[1, \"inf\"], [\"-inf\", \"inf\"]], [[\"-inf\", -1], [\"-inf\", \"inf\"]]]";
    let strip = mean(&free, &format!("start = [0.5, 0.0]\ntargets = {halves}"));
    assert!((number(&strip["estimate"]) - 0.75).abs() < 6.0 * number(&strip["std_error"]) + 0.02, "{strip}");
    // On the line all of these are one interval.
    let line = "expression = \"x^2\"";
    let interval = mean(line, "start = 0.5\ndomain = [-1.0, 1.0]");
    for domain in ["{ union = [[-1.0, 0.2], [0.1, 0.6], { ball = 0.5 }] }", "{ sublevel = 1.0 }"] {
        let other = mean(line, &format!("start = 0.5\ndomain = {domain}"));
        let ratio = number(&other["estimate"]) / number(&interval["estimate"]);
        assert!((ratio - 1.0).abs() < 1e-9, "{domain}: {other}, {interval}");
    }
}
