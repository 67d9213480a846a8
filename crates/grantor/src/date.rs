//! The `Date` field, [RFC 9110 section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7).

use crate::clock::system;

/// The formatted date of the current second.
#[derive(Default)]
pub(crate) struct Date {
    second: u64,
    text: String,
}

impl Date {
    pub(crate) fn now(&mut self) -> &str {
        let second = system().as_secs();
        if second != self.second || self.text.is_empty() {
            self.second = second;
            self.text = format(second);
        }
        &self.text
    }
}

fn format(second: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = second / 86_400;
    let (hour, minute, rest) = (second / 3600 % 24, second / 60 % 60, second % 60);
    let mut year = 1970;
    let mut left = days;
    while left >= length_of_year(year) {
        left -= length_of_year(year);
        year += 1;
    }
    let mut month = 0;
    while left >= length_of_month(year, month) {
        left -= length_of_month(year, month);
        month += 1;
    }
    format!(
        "{}, {:02} {} {year} {hour:02}:{minute:02}:{rest:02} GMT",
        DAYS[(days % 7) as usize],
        left + 1,
        MONTHS[month]
    )
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn length_of_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn length_of_month(year: u64, month: usize) -> u64 {
    const LENGTHS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if month == 1 && is_leap(year) { 29 } else { LENGTHS[month] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_the_way_http_writes_them() {
        assert_eq!(format(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(format(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(format(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
