//! Rows of text under each other, so that a column begins where it begins in every row.

/// The column that stands at the right of its place: figures are compared by their last digit.
const FIGURES: usize = 1;
const BETWEEN: &str = "  ";

pub(super) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut table = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            line.push_str(BETWEEN);
            line.push_str(&match column {
                FIGURES => format!("{cell:>width$}"),
                _ => format!("{cell:width$}"),
            });
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_and_no_line_ends_in_blanks() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [row(["p50", "7.25 ms", "≤ 8 ms"]), row(["requests", "1,000", ""])];
        assert_eq!(aligned(&rows), "  p50       7.25 ms  ≤ 8 ms\n  requests    1,000\n");
        assert_eq!(aligned::<3>(&[]), "");
    }
}
