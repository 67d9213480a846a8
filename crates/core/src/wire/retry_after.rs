//! `Retry-After`, [RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3).

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use std::time::Duration;

/// More than a day counts as a day, so that no server silences a client for good.
const MOST: u64 = 86_400;

/// How long the server asks to be left alone. A date counts from the answer's own `Date`, so that clocks that differ do no
/// harm; without one, and for nonsense, there is nothing to go by.
pub fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let sent = fixdate(headers.get(DATE)?.to_str().ok()?)?;
            u64::try_from(fixdate(text)?.saturating_sub(sent)).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds.min(MOST)))
}

/// Seconds since the epoch of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7; the obsolete forms are left aside).
fn fixdate(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.trim().split_once(", ")?.1.split([' ', ':']);
    let mut number = || words.next()?.parse::<i64>().ok().filter(|number| (0..10_000).contains(number));
    let day = number()?;
    let month = words.next().and_then(|name| MONTHS.iter().position(|month| *month == name))?;
    let mut number = || words.next()?.parse::<i64>().ok().filter(|number| (0..10_000).contains(number));
    let (year, hour, minute, second) = (number()?, number()?, number()?, number()?);
    if words.next() != Some("GMT") {
        return None;
    }
    // Days of the civil calendar, with years that begin in March so that the leap day comes last.
    let month = i64::try_from(month).ok()? + 1;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
            - 1
            - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(fixdate("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(fixdate("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(fixdate("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        for nonsense in
            ["", "Sun, 06 Nov 1994", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 PST", "soon"]
        {
            assert_eq!(fixdate(nonsense), None);
        }
    }

    #[test]
    fn seconds_or_a_date_counted_from_the_answers_own() {
        let read = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            read(&headers).map(|wait| wait.as_secs())
        };
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read("120", None), Some(120));
        assert_eq!(read("99999999999", None), Some(86_400));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:07 GMT", date), Some(30));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT", date), Some(0));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:07 GMT", None), None);
        assert_eq!(read("soon", date), None);
    }
}
