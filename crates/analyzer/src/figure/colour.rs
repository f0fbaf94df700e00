//! Colour scales of heat maps.

use super::spec::{ColourMap, Scale};
use super::theme::Rgb;

const VIRIDIS: [u32; 11] = [
    0x440154, 0x482475, 0x414487, 0x355F8D, 0x2A788E, 0x21918C, 0x22A884, 0x44BF70, 0x7AD151, 0xBDDF26,
    0xFDE725,
];
const CIVIDIS: [u32; 10] =
    [0x00204D, 0x00336F, 0x39486B, 0x575C6D, 0x707173, 0x8A8779, 0xA69D75, 0xC4B56C, 0xE4CF5B, 0xFFEA46];
const DIVERGING: [u32; 11] = [
    0x053061, 0x2166AC, 0x4393C3, 0x92C5DE, 0xD1E5F0, 0xF7F7F7, 0xFDDBC7, 0xF4A582, 0xD6604D, 0xB2182B,
    0x67001F,
];
/// Steps of a drawn scale: finer than the eye, coarse enough that equal neighbours can be merged.
const STEPS: f64 = 255.0;

/// A colour scale with its ends settled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ColourScale {
    /// What the colour shows, without markup.
    pub name: String,
    pub map: ColourMap,
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
}

impl ColourScale {
    /// Share of the way from the low to the high end, within [0, 1]; None where there is no colour.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        let share = match self.scale {
            _ if !value.is_finite() => return None,
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log if value <= 0.0 => return None,
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        Some(share.clamp(0.0, 1.0))
    }

    pub(super) fn colour(&self, value: f64) -> Option<Rgb> {
        self.share(value).map(|share| colour(self.map, share))
    }
}

/// Colours (0xRRGGBB) at equal distances along a map.
pub(super) fn anchors(map: ColourMap) -> &'static [u32] {
    match map {
        ColourMap::Viridis => &VIRIDIS,
        ColourMap::Cividis => &CIVIDIS,
        ColourMap::Diverging => &DIVERGING,
    }
}

/// Colour at this share of the way along a map.
pub(super) fn colour(map: ColourMap, share: f64) -> Rgb {
    let anchors = anchors(map);
    let place = (share.clamp(0.0, 1.0) * STEPS).round() / STEPS * (anchors.len() - 1) as f64;
    let index = (place.floor() as usize).min(anchors.len() - 2);
    let weight = place - index as f64;
    let channel = |shift: u32| {
        let [from, to] =
            [anchors[index], anchors[index + 1]].map(|anchor| f64::from((anchor >> shift) & 0xFF));
        (from + weight * (to - from)).round() as u8
    };
    [channel(16), channel(8), channel(0)]
}

/// Relative luminance, 0 (black) to 1 (white), good enough to choose black or white lines.
pub(super) fn luminance([red, green, blue]: Rgb) -> f64 {
    (0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequential_maps_grow_lighter_all_the_way() {
        for map in [ColourMap::Viridis, ColourMap::Cividis] {
            let lightness: Vec<f64> =
                (0..=64).map(|step| luminance(colour(map, f64::from(step) / 64.0))).collect();
            assert!(lightness.windows(2).all(|pair| pair[1] > pair[0] - 0.004), "{map:?}");
        }
    }

    #[test]
    fn ends_clamp_and_missing_has_no_colour() {
        let scale = ColourScale {
            name: String::new(),
            map: ColourMap::Viridis,
            scale: Scale::Log,
            low: 1.0,
            high: 100.0,
        };
        assert_eq!(scale.share(10.0), Some(0.5));
        assert_eq!(scale.colour(1e9), Some([0xFD, 0xE7, 0x25]));
        assert_eq!(scale.colour(0.0), None);
        assert_eq!(scale.colour(f64::NAN), None);
    }
}
