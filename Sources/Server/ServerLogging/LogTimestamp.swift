import Glibc

/// Times of log lines: UTC with six digits, `2026-11-22T12:42:19.090694Z`.
package enum LogTimestamp {
    /// Microseconds since 1970.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    package static func text(_ microseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(microseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func append(_ microseconds: Int64, to bytes: inout [UInt8]) {
        let seconds = microseconds / 1_000_000
        let secondOfDay = seconds % 86_400
        let (year, month, day) = date(daysSince1970: seconds / 86_400)
        append(year, width: 4, then: "-", to: &bytes)
        append(month, width: 2, then: "-", to: &bytes)
        append(day, width: 2, then: "T", to: &bytes)
        append(secondOfDay / 3_600, width: 2, then: ":", to: &bytes)
        append(secondOfDay / 60 % 60, width: 2, then: ":", to: &bytes)
        append(secondOfDay % 60, width: 2, then: ".", to: &bytes)
        append(microseconds % 1_000_000, width: 6, then: "Z", to: &bytes)
    }

    private static func append(
        _ value: Int64, width: Int, then mark: Unicode.Scalar, to bytes: inout [UInt8]
    ) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
        bytes.append(UInt8(ascii: mark))
    }

    /// The Gregorian date, computed in eras of 400 years that begin in March, so that the leap day
    /// is the last day of a year.
    static func date(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSince1970 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}
