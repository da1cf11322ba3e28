import Glibc

/// Wall-clock times in the formats of the peer protocol.
enum PeerClock {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Now, in nanoseconds since 1970.
    static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// The date format of HTTP headers: `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func headerDate() -> String {
        let parts = parts(of: nanoseconds() / 1_000_000_000)
        guard days.indices.contains(Int(parts.tm_wday)),
            months.indices.contains(Int(parts.tm_mon))
        else { return "Thu, 01 Jan 1970 00:00:00 GMT" }
        return "\(days[Int(parts.tm_wday)]), \(padded(parts.tm_mday, 2)) "
            + "\(months[Int(parts.tm_mon)]) \(1900 + Int(parts.tm_year)) \(clock(parts)) GMT"
    }

    /// Go's RFC3339Nano format: `2026-11-22T12:42:57.343876001Z`.
    static func timestamp(nanoseconds: Int64 = nanoseconds()) -> String {
        let parts = parts(of: nanoseconds / 1_000_000_000)
        var text = "\(1900 + Int(parts.tm_year))-\(padded(parts.tm_mon + 1, 2))"
        text += "-\(padded(parts.tm_mday, 2))T\(clock(parts))"
        var fraction = padded(Int32(truncatingIfNeeded: nanoseconds % 1_000_000_000), 9)[...]
        while fraction.hasSuffix("0") { fraction = fraction.dropLast() }
        return text + (fraction.isEmpty ? "" : "." + fraction) + "Z"
    }

    /// Parses an RFC 3339 timestamp of any time zone; nanoseconds since 1970.
    static func nanoseconds(timestamp text: String) -> Int64? {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int64? {
            guard start >= 0, start + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[start..<start + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard bytes.count >= 20, let year = number(0, 4), let month = number(5, 2),
            let day = number(8, 2), let hour = number(11, 2), let minute = number(14, 2),
            let second = number(17, 2), (1...12).contains(month), (1...31).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var position = 19
        var fraction: Int64 = 0
        if bytes[position] == UInt8(ascii: ".") {
            var unit: Int64 = 100_000_000
            position += 1
            while let digit = number(position, 1) {
                fraction += digit * unit
                unit /= 10
                position += 1
            }
        }
        guard position < bytes.count else { return nil }
        var offset: Int64 = 0
        if bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
            guard let hours = number(position + 1, 2), let minutes = number(position + 4, 2) else {
                return nil
            }
            offset = (hours * 60 + minutes) * 60 * (bytes[position] == 0x2B ? 1 : -1)
        } else if bytes[position] != UInt8(ascii: "Z") {
            return nil
        }
        let seconds =
            daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? nil : whole &+ fraction
    }

    /// Days of the Gregorian calendar, counted from March so that leap days come last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func parts(of seconds: Int64) -> tm {
        var seconds = time_t(seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return parts
    }

    private static func clock(_ parts: tm) -> String {
        [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, 2) }.joined(separator: ":")
    }

    private static func padded(_ number: Int32, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }
}
