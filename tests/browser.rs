//! The report in a browser: Chromium, driven over a pipe by the protocol of its developer tools.
//!
//! Where there is no Chromium the tests say so and end well.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Folder, number};

const SCENARIO: &str = r#"
title = "Two wells & a <b>test</b>"
[potential]
expression = "x^4/4 - x^2/2"
[noise]
kind = "brownian"
epsilon = 0.7
[ensemble]
paths = 40
seed = 1
[[task]]
kind = "exit"
start = "minimum:1"
domain = "basin"
[[task]]
kind = "transition"
[sweep]
noise.epsilon = [0.7, 0.6]
[output]
formats = ["svg"]
"#;

/// A whole browser with one page.
struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    events: VecDeque<Value>,
    session: String,
    last: u64,
    _profile: TempDir,
}

impl Browser {
    /// Starts the browser; `None` where there is none.
    fn start() -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let program = names.iter().find_map(|name| {
            std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
        });
        let Some(program) = program else {
            // Straight to the stream: what a test prints is not shown when it ends well.
            let _ = writeln!(std::io::stderr(), "SKIPPED the browser test: none of {names:?} is in the PATH");
            return None;
        };
        let profile = TempDir::new().unwrap();
        // The protocol is spoken on the descriptors 3 and 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--no-first-run", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (send, from) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while answers.read_until(0, &mut bytes).is_ok_and(|length| length > 0) {
                bytes.pop();
                if send.send(serde_json::from_slice(&bytes).unwrap()).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            events: VecDeque::new(),
            session: String::new(),
            last: 0,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", target);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    fn receive(&mut self) -> Value {
        self.from.recv_timeout(Duration::from_secs(60)).expect("the browser answers")
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let answer = self.receive();
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push_back(answer);
        }
    }

    fn open(&mut self, path: &Path) {
        self.events.clear();
        let url = format!("file://{}", path.display());
        self.call("Page.navigate", json!({ "url": url }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.receive();
            self.events.push_back(event);
        }
    }

    fn size(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// The value of an expression in the page, as of a click of the reader.
    fn value(&mut self, expression: &str) -> Value {
        let asked = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    fn until(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.value(expression) != json!(true) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{expression} does not become true");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn key(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" {
            "\r"
        } else if key.len() == 1 {
            key
        } else {
            ""
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    fn pointer(&mut self, x: f64, y: f64) {
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }));
    }

    /// What the page wrote to the console, what it asked the network for, what it threw.
    fn complaints(&mut self) -> Vec<String> {
        // Events that are on their way come before this answer.
        self.value("1");
        let complaint = |event: &Value| match event["method"].as_str() {
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded") => true,
            Some("Network.requestWillBeSent") => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or("");
                !url.starts_with("file:") || !url.ends_with("/report.html")
            }
            _ => false,
        };
        self.events.iter().filter(|event| complaint(event)).map(Value::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends by itself when the pipe is closed; its profile must not go before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const OVERFLOW: &str = "document.scrollingElement.scrollWidth - innerWidth";

#[test]
fn the_report_in_a_browser() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::with_scenario(SCENARIO);
    folder.good(&["run", "s.toml", "--quiet", "--out", "out"]);
    let page = folder.path("out/report.html");

    for (width, height) in [(400, 800), (1100, 800), (1400, 900)] {
        browser.size(width, height);
        browser.open(&page);
        assert_eq!(browser.value("innerWidth"), json!(width));
        assert!(number(&browser.value(OVERFLOW)) <= 0.0, "wider than the window of {width}");
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{width}");
        if width >= 1100 {
            let verdicts = "Math.max(...[...document.querySelectorAll('td.words')].map(cell => cell.getBoundingClientRect().right))";
            let right = number(&browser.value(verdicts));
            assert!(right > 400.0 && right <= f64::from(width), "verdicts end at {right} of {width}");
        }
    }
    let summary = "document.getElementById('summary').getBoundingClientRect().bottom";
    let bottom = number(&browser.value(summary));
    assert!(bottom <= 900.0, "the summary ends at {bottom}");

    copying(&mut browser, &folder);
    themes(&mut browser);
    enlarging(&mut browser);
    points(&mut browser);
    printing(&mut browser);
    // The reader can do without the script.
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.open(&page);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": false }));
    let seen = "[...document.querySelectorAll('button')].filter(button => button.checkVisibility()).length";
    assert_eq!(browser.value(seen), json!(0));
}

/// Every button fills the clipboard with the text that it belongs to.
fn copying(browser: &mut Browser, folder: &Folder) {
    let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    let session = std::mem::take(&mut browser.session);
    browser.call("Browser.grantPermissions", permissions);
    browser.session = session;
    browser.call("Page.bringToFront", json!({}));
    let buttons = number(&browser.value("document.querySelectorAll('button[data-copy]').length"));
    assert!(buttons >= 6.0, "{buttons}");
    for place in 0..buttons as usize {
        let button = format!("document.querySelectorAll('button[data-copy]')[{place}]");
        browser.value(&format!("{button}.click()"));
        browser.until(&format!("{button}.textContent === 'Copied'"));
        let copied = browser.value("navigator.clipboard.readText()");
        let text = browser.value(&format!("document.getElementById({button}.dataset.copy).textContent"));
        assert_eq!(copied, text);
        assert!(copied.as_str().is_some_and(|text| text.len() > 20), "{copied}");
    }
    let scenario = browser.value("document.getElementById('scenario').textContent");
    assert_eq!(scenario.as_str(), Some(folder.text("out/scenario.toml").as_str()));
    let table = browser.value("document.getElementById('latex-all').textContent");
    assert!(table.as_str().is_some_and(|text| text.contains(r"\toprule")), "{table}");
    let line = browser.value("document.getElementById('origin').textContent");
    assert!(line.as_str().is_some_and(|line| line.ends_with(", levyscape run s.toml")), "{line}");
}

/// Light and dark, by the reader's system and by the switch.
fn themes(browser: &mut Browser) {
    let paper = "getComputedStyle(document.body).backgroundColor";
    let scheme = |scheme: &str| json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser.call("Emulation.setEmulatedMedia", scheme("light"));
    let light = browser.value(paper);
    browser.call("Emulation.setEmulatedMedia", scheme("dark"));
    let dark = browser.value(paper);
    assert_ne!(light, dark);
    browser.value("document.getElementById('theme').click()");
    assert_eq!(browser.value(paper), light);
    browser.value("document.getElementById('theme').click()");
    assert_eq!(browser.value(paper), dark);
    browser.call("Emulation.setEmulatedMedia", scheme("light"));
}

/// Figures in the whole window, by the pointer and by the keyboard.
fn enlarging(browser: &mut Browser) {
    let open = "document.querySelector('dialog').open";
    browser.value("document.querySelector('button.zoom').click()");
    assert_eq!(browser.value(open), json!(true));
    let width = "document.querySelector('dialog svg').getBoundingClientRect().width";
    let fitted = number(&browser.value(width));
    assert!(fitted > 500.0 && fitted <= 1400.0, "{fitted}");
    browser.key("+", 187);
    let larger = number(&browser.value(width));
    assert!((larger / fitted - 1.25).abs() < 0.01, "{fitted} {larger}");
    browser.key("-", 189);
    browser.key("Escape", 27);
    browser.until("!document.querySelector('dialog').open");
    assert_eq!(browser.value("document.querySelectorAll('dialog svg').length"), json!(0));
    browser.value("document.querySelector('.card').focus()");
    browser.key("Enter", 13);
    assert_eq!(browser.value(open), json!(true));
    browser.key("Escape", 27);
    browser.until("!document.querySelector('dialog').open");
    assert_eq!(browser.value("document.activeElement.className"), json!("card opens"));
}

/// The values of a point show where the pointer is, and by the arrow keys.
fn points(browser: &mut Browser) {
    let drawn = "(() => { \
        const svg = document.querySelector('.card svg'); \
        svg.querySelectorAll('g.mark').forEach(mark => mark.remove()); \
        const box = svg.viewBox.baseVal; \
        svg.insertAdjacentHTML('beforeend', [0.3, 0.6].map((share, place) => '<g class=\"mark\"><title>point ' + place \
            + '</title><circle r=\"' + box.width / 40 + '\" cx=\"' + share * box.width + '\" cy=\"' + box.height / 2 \
            + '\"/></g>').join('')); \
        svg.scrollIntoView({ block: 'center' }); \
        return true; })()";
    browser.value(drawn);
    let middle = |browser: &mut Browser, axis: &str, side: &str| {
        let box_of = "document.querySelector('.card g.mark').getBoundingClientRect()";
        number(&browser.value(&format!("{box_of}.{axis} + {box_of}.{side} / 2")))
    };
    browser.until("document.querySelectorAll('.card svg')[0].querySelectorAll('g.mark').length === 2");
    let (x, y) = (middle(browser, "x", "width"), middle(browser, "y", "height"));
    let tip = "document.querySelector('.tip').hidden ? '' : document.querySelector('.tip').textContent";
    // The scrolling above may be told to the page only now, and hides what is shown: whoever reads moves again.
    let begun = Instant::now();
    let mut to = 0.0;
    while browser.value(tip) != json!("point 0") {
        assert!(begun.elapsed() < Duration::from_secs(20), "the values of the point do not show");
        to = 1.0 - to;
        browser.pointer(x + to, y);
        std::thread::sleep(Duration::from_millis(50));
    }
    let inside = "(() => { const box = document.querySelector('.tip').getBoundingClientRect(); \
        return box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight; })()";
    assert_eq!(browser.value(inside), json!(true));
    // Beside the point is near enough, further away is not.
    let right =
        number(&browser.value("document.querySelector('.card g.mark').getBoundingClientRect().right"));
    browser.pointer(right + 20.0, y);
    browser.until(&format!("({tip}) === ''"));
    browser.pointer(right + 5.0, y);
    browser.until(&format!("({tip}) === 'point 0'"));
    browser.pointer(1.0, 1.0);
    browser.until(&format!("({tip}) === ''"));
    browser.value("document.querySelector('.card').focus()");
    browser.key("ArrowRight", 39);
    browser.key("ArrowRight", 39);
    assert_eq!(browser.value(tip), json!("point 1"));
    browser.key("ArrowLeft", 37);
    assert_eq!(browser.value(tip), json!("point 0"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// On paper: pages of A4, upright or lying, and nothing left out on the right.
fn printing(browser: &mut Browser) {
    let printed =
        browser.call("Page.printToPDF", json!({ "preferCSSPageSize": true, "printBackground": true }));
    let pdf = decoded(printed["data"].as_str().unwrap());
    let text = String::from_utf8_lossy(&pdf);
    let boxes: Vec<[f64; 2]> = text
        .split("/MediaBox")
        .skip(1)
        .map(|rest| {
            let inside = rest.trim_start().trim_start_matches('[').split(']').next().unwrap_or("");
            let sides: Vec<f64> = inside.split_whitespace().filter_map(|side| side.parse().ok()).collect();
            [sides[2] - sides[0], sides[3] - sides[1]]
        })
        .collect();
    assert!(boxes.len() >= 3, "{} pages", boxes.len());
    for [width, height] in boxes {
        let (short, long) = (width.min(height), width.max(height));
        assert!((short - 595.3).abs() < 1.5 && (long - 841.9).abs() < 1.5, "{width} x {height} is not A4");
    }
    // As wide as an upright page within its margins: 186 mm at 96 pixels an inch.
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    browser.size(703, 1000);
    let wide = "[...document.querySelectorAll('section, header, dl')] \
        .filter(part => part.id !== 'comparisons' && part.id !== 'numbers' && part.scrollWidth > part.clientWidth + 1) \
        .map(part => part.id || part.tagName)";
    assert_eq!(browser.value(wide), json!([]));
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "" }));
    browser.size(1400, 900);
}

/// Base64 of RFC 4648.
fn decoded(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<u8> = text.bytes().filter(|&letter| letter != b'=').map(value).collect();
    let bytes = letters.chunks(4).flat_map(|chunk| {
        let bits = chunk.iter().chain(&[0; 3]).take(4).fold(0, |bits: u32, six| bits << 6 | u32::from(*six));
        bits.to_be_bytes()[1..].iter().take(chunk.len() - 1).copied().collect::<Vec<u8>>()
    });
    bytes.collect()
}
