//! Bars, drawn on the server as SVG without a style or a script of its own: classes take their colours from the
//! style sheet. The same figures always stand in a table beside them.

/// Height of the drawing, in its own units.
pub const HEIGHT: u64 = 100;
/// Width of a bar with the gap behind it, in its own units.
const STEP: u64 = 10;
/// Width of a bar.
const BAR: u64 = 8;

/// A piece of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Left edge.
    pub x: u64,
    /// Upper edge.
    pub y: u64,
    /// Width.
    pub width: u64,
    /// Height.
    pub height: u64,
    /// Whether it stands for what was settled.
    pub is_good: bool,
}

/// A drawing of one bar a day.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows, in words.
    pub title: String,
    /// Width, in its own units.
    pub width: u64,
    /// What the highest bar stands for, as it is shown.
    pub highest: String,
    /// The pieces.
    pub pieces: Vec<Piece>,
}

impl Chart {
    /// A chart of values that are zero or more: of each, how much is good, and how much there is in all.
    #[must_use]
    pub fn of(title: String, values: &[(i64, i64)], highest: impl Fn(i64) -> String) -> Self {
        let most = values.iter().map(|(_, all)| *all).max().unwrap_or(0).max(0);
        let tall = |value: i64| scaled(value, most);
        let mut pieces = Vec::new();
        for (x, (good, all)) in (0_u64..).map(|n| n * STEP).zip(values) {
            let (good_height, height) = (tall((*good).min(*all)), tall(*all));
            let piece = |height: u64, below: u64, is_good| Piece {
                x,
                y: HEIGHT - below - height,
                width: BAR,
                height,
                is_good,
            };
            let both = [piece(good_height, 0, true), piece(height - good_height, good_height, false)];
            pieces.extend(both.into_iter().filter(|piece| piece.height > 0));
        }
        Self {
            title,
            width: STEP * u64::try_from(values.len().max(1)).unwrap_or(1),
            highest: highest(most),
            pieces,
        }
    }

    /// Whether there is anything to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// The height of a value; what is not nothing is never drawn as nothing.
fn scaled(value: i64, most: i64) -> u64 {
    let (value, most) = (u128::try_from(value).unwrap_or(0), u128::try_from(most).unwrap_or(0));
    if value == 0 || most == 0 {
        return 0;
    }
    let height = value.min(most) * u128::from(HEIGHT) / most;
    u64::try_from(height).unwrap_or(HEIGHT).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_ground_and_the_highest_is_full() {
        let chart = Chart::of("x".into(), &[(1, 2), (0, 0), (4, 4), (0, 1), (0, -3)], |most| most.to_string());
        let drawn: Vec<_> = chart.pieces.iter().map(|p| (p.x, p.y, p.height, p.is_good)).collect();
        assert_eq!(
            drawn,
            [(0, 75, 25, true), (0, 50, 25, false), (20, 0, 100, true), (30, 75, 25, false)]
        );
        assert_eq!((chart.width, chart.highest.as_str()), (50, "4"));
        let none = Chart::of("x".into(), &[(0, 0)], |most| most.to_string());
        assert!(none.is_empty());
        let huge = Chart::of("x".into(), &[(i64::MAX, i64::MAX), (1, 1)], |most| most.to_string());
        assert_eq!(huge.pieces.iter().map(|p| p.height).collect::<Vec<_>>(), [100, 1]);
    }
}
