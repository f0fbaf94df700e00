#!/usr/bin/env bash
# Draws the pictures of the manual: runs the shipped scenarios with the release binary, copies the figures named below
# to docs/images and writes docs/gallery.md from the captions in their descriptions. The same scenarios give the same
# bytes everywhere, so a difference from what is committed means that the committed gallery is stale.
#
# LEVYSCAPE names another binary than the one that is built here, WORK a folder for the runs, which is then kept: runs
# that are whole in it are not made again.
set -euo pipefail
cd "$(dirname "$0")/.."

# One picture a line: scenario, figure, heading.
pictures() {
  cat <<'LIST'
width_versus_depth width_depth Width against depth
width_versus_depth width_depth_cuts The same, along one width and one depth
double_well landscape A wide shallow well and a narrow deep one
double_well paths Paths under both noises
double_well exit_place Where paths leave
double_well exit_time_epsilon Mean times against the noise amplitude
triple_well transitions Which well is reached first
triple_well survival Are the times exponential?
chain stationary Where the process is in the long run
small_noise exit_time_epsilon Down to small noise
brownian_kramers exit_time_epsilon Brownian escape, quadrature and Eyring–Kramers
interval convergence The error of the time step, measured
estimators cost What an error costs, method by method
LIST
}

# What is run with fewer paths than the scenario asks for, so that all pictures are drawn in a minute and a half on two
# processors: settings of a scenario, as the command line takes them.
settings() {
  case $1 in
    chain) echo "--set ensemble.paths=10000" ;;
  esac
}

# The largest SVG that is shown; beyond it the PNG is the smaller file.
largest_svg=200000

if [ -z "${LEVYSCAPE:-}" ]; then
  cargo build --release --quiet
  LEVYSCAPE=${CARGO_TARGET_DIR:-target}/release/levyscape
fi
if [ -z "${WORK:-}" ]; then
  WORK=$(mktemp -d)
  trap 'rm -rf "$WORK"' EXIT
fi
mkdir -p "$WORK"

for scenario in $(pictures | cut -d' ' -f1 | awk '!seen[$0]++'); do
  begun=$SECONDS
  if [ ! -e "$WORK/$scenario/summary.json" ]; then
    # shellcheck disable=SC2046
    "$LEVYSCAPE" run "scenarios/$scenario.toml" $(settings "$scenario") \
      --set 'output.formats=["svg","png"]' --out "$WORK/$scenario" --force --quiet
  fi
  echo "$scenario: $((SECONDS - begun)) s"
done

rm -rf docs/images
mkdir docs/images
{
  cat <<'HEAD'
# Gallery

Figures of the [shipped scenarios](../scenarios), as the program draws them, each with the caption that it gives them. This page
and its pictures are made by `docs/gallery.sh`; the checks of the project make them again and fail if a byte differs.
HEAD
  pictures | while read -r scenario figure heading; do
    from=$WORK/$scenario/figures/$figure
    if [ ! -e "$from.svg" ]; then
      echo "$scenario has no figure $figure; it has: $(cd "$WORK/$scenario/figures" && echo *.svg)" >&2
      exit 1
    fi
    kind=svg
    [ "$(wc -c <"$from.svg")" -le "$largest_svg" ] || kind=png
    picture=images/$scenario-$figure.$kind
    cp "$from.$kind" "docs/$picture"
    printf '\n## %s\n\n![%s](%s)\n\n' "$heading" "$heading" "$picture"
    # The caption as it stands in the description: one line of JSON, mathematics between dollar signs.
    caption=$(sed -n 's/^  "caption": "\(.*\)",\{0,1\}$/\1/p' "$from.json")
    [ -n "$caption" ] || { echo "$from.json has no caption where one is looked for" >&2; exit 1; }
    sed -e 's/\\"/"/g' -e 's/\\\\/\\/g' -e 's/\$\([^$]*\)\$/$`\1`$/g' <<<"$caption"
    # shellcheck disable=SC2016
    printf '\nFigure `%s` of [`scenarios/%s.toml`](../scenarios/%s.toml):\n\n```sh\nlevyscape run scenarios/%s.toml%s\n```\n' \
      "$figure" "$scenario" "$scenario" "$scenario" "$(settings "$scenario" | sed 's/^/ /')"
  done
} >"$WORK/gallery.md"
cp "$WORK/gallery.md" docs/gallery.md
