"use strict";
// Everything in the page can be read and printed without this; it adds the switch between light and dark, copying,
// enlarged figures and the values of points. It loads nothing and stores nothing.
{
  const root = document.documentElement;
  const make = (name, attributes, ...content) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...content);
    return element;
  };
  for (const button of document.querySelectorAll("button[hidden]")) button.hidden = false;

  // Light and dark.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const name = () => { theme.textContent = isDark() ? "Light page" : "Dark page"; };
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
  dark.addEventListener("change", name);
  name();

  // Copying.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Browsers that refuse it to pages of the disk let a selection be copied.
      const area = make("textarea", { readonly: "", "aria-hidden": "true", class: "away" });
      area.value = text;
      const before = document.activeElement;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      before?.focus({ preventScroll: true });
      return done;
    }
  };
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const done = await copy(source.textContent);
      if (!done) source.closest("details")?.setAttribute("open", "");
      button.textContent = done ? "Copied" : "Select the text instead";
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }

  // The values of a point, at once and in the look of the page.
  const tip = make("div", { class: "tip", role: "status", hidden: "" });
  document.body.append(tip);
  let shown = null;
  const words = (mark) => {
    const title = mark.querySelector(":scope > title");
    if (title) {
      // The browser's own box would come up over ours.
      mark.dataset.words = title.textContent;
      mark.setAttribute("aria-label", title.textContent);
      title.remove();
    }
    return mark.dataset.words ?? "";
  };
  const hide = () => {
    shown?.classList.remove("on");
    shown = null;
    tip.hidden = true;
  };
  const show = (mark) => {
    const text = words(mark);
    if (mark === shown || !text) return;
    hide();
    shown = mark;
    mark.classList.add("on");
    (mark.closest("dialog") ?? document.body).append(tip);
    tip.textContent = text;
    tip.hidden = false;
    const box = mark.getBoundingClientRect();
    const left = box.left + box.width / 2 - tip.offsetWidth / 2;
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${Math.max(4, Math.min(left, root.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${above < 4 ? box.bottom + 8 : above}px`;
  };
  // How far from a point, in pixels, the pointer still means it: symbols are 5 pixels wide, error bars 1.
  const NEAR = 8;
  const markOf = (event) => {
    const hit = event.target.closest?.("g.mark");
    const svg = event.target.closest?.(".card svg, .stage svg");
    if (hit || !svg || event.clientX === undefined) return hit;
    let best = null;
    let least = [NEAR, Infinity];
    for (const mark of svg.querySelectorAll("g.mark")) {
      const box = mark.getBoundingClientRect();
      const x = Math.max(box.left - event.clientX, 0, event.clientX - box.right);
      const y = Math.max(box.top - event.clientY, 0, event.clientY - box.bottom);
      // Boxes of error bars overlap: among those, the middle that is nearest.
      const middle = Math.hypot((box.left + box.right) / 2 - event.clientX, (box.top + box.bottom) / 2 - event.clientY);
      const apart = Math.hypot(x, y);
      if (apart < least[0] || (apart === least[0] && middle < least[1])) {
        best = mark;
        least = [apart, middle];
      }
    }
    return best;
  };
  for (const kind of ["pointerover", "pointermove", "focusin"]) {
    document.addEventListener(kind, (event) => { const mark = markOf(event); if (mark) show(mark); else hide(); });
  }
  document.addEventListener("scroll", hide, { capture: true, passive: true });
  // Goes on to the next point of the figure that has the focus, or back.
  const step = (inside, by) => {
    const marks = [...inside.querySelectorAll("g.mark")];
    if (!marks.length) return false;
    const at = marks.indexOf(shown);
    const next = at < 0 ? (by > 0 ? 0 : marks.length - 1) : (at + by + marks.length) % marks.length;
    show(marks[next]);
    return true;
  };
  const arrows = (event, inside) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by && step(inside, by)) event.preventDefault();
  };

  // Figures in the whole window.
  const stage = make("div", { class: "stage", tabindex: "0", role: "group" });
  const button = (text, label, act) => {
    const one = make("button", { type: "button", "aria-label": label, title: label }, text);
    one.addEventListener("click", act);
    return one;
  };
  let scale = 1;
  const fit = () => {
    const svg = stage.querySelector("svg");
    if (!svg) return;
    const { width, height } = svg.viewBox.baseVal;
    const room = Math.min(stage.clientWidth / width, stage.clientHeight / height) * 0.98;
    svg.style.width = `${room * width * scale}px`;
  };
  const zoom = (factor) => {
    const x = (stage.scrollLeft + stage.clientWidth / 2) / stage.scrollWidth;
    const y = (stage.scrollTop + stage.clientHeight / 2) / stage.scrollHeight;
    scale = factor ? Math.min(8, Math.max(0.5, scale * factor)) : 1;
    hide();
    fit();
    // What was in the middle stays there.
    stage.scrollTo(x * stage.scrollWidth - stage.clientWidth / 2, y * stage.scrollHeight - stage.clientHeight / 2);
  };
  const dialog = make(
    "dialog",
    { "aria-label": "Figure" },
    make(
      "div",
      { class: "bar" },
      button("−", "Smaller (−)", () => zoom(1 / 1.25)),
      button("+", "Larger (+)", () => zoom(1.25)),
      button("Fit", "Fit into the window (0)", () => zoom(0)),
      button("Close", "Close (Esc)", () => dialog.close()),
    ),
    stage,
  );
  document.body.append(dialog);
  dialog.addEventListener("close", () => { hide(); document.body.append(tip); stage.replaceChildren(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const factor = { "+": 1.25, "=": 1.25, "-": 1 / 1.25, "0": 0 }[event.key];
    if (factor !== undefined) { zoom(factor); event.preventDefault(); } else arrows(event, stage);
  });
  addEventListener("resize", () => { hide(); fit(); });
  const open = (figure) => {
    hide();
    const svg = figure.querySelector("svg").cloneNode(true);
    svg.removeAttribute("style");
    stage.setAttribute("aria-label", svg.getAttribute("aria-label") ?? "figure");
    stage.replaceChildren(svg);
    scale = 1;
    dialog.showModal();
    fit();
    stage.focus();
  };
  for (const figure of document.querySelectorAll("figure")) {
    const card = figure.querySelector(".card");
    figure.querySelector("button.zoom").addEventListener("click", () => open(figure));
    card.classList.add("opens");
    card.addEventListener("click", (event) => {
      // A tap on a point asks for its values, and selected text is to be copied.
      if (!markOf(event) && !String(getSelection())) open(figure);
    });
    card.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === card) { open(figure); event.preventDefault(); } else arrows(event, card);
    });
  }
}
