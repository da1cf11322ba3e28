extension DERReader {
    /// A point in time in seconds since 1970.
    /// - Throws: Go's text.
    mutating func readTime() throws(X509Error) -> Int64 {
        if isNext(.utcTime) {
            guard let content = readElement(.utcTime)?.content, let time = Self.utcTime(content)
            else { throw X509Error("x509: malformed UTCTime") }
            return time
        }
        if isNext(.generalizedTime) {
            guard let content = readElement(.generalizedTime)?.content,
                let time = Self.generalizedTime(content)
            else { throw X509Error("x509: malformed GeneralizedTime") }
            return time
        }
        throw X509Error("x509: unsupported time format")
    }

    /// `YYMMDDhhmm`, seconds if given, and the zone.
    private static func utcTime(_ content: ArraySlice<UInt8>) -> Int64? {
        var content = content
        guard let twoDigits = number(2, &content) else { return nil }
        // RFC 5280: years from 50 on are of the 20th century.
        let year = twoDigits + (twoDigits < 50 ? 2000 : 1900)
        return time(year: year, secondsRequired: false, content)
    }

    /// `YYYYMMDDhhmmss` and the zone.
    private static func generalizedTime(_ content: ArraySlice<UInt8>) -> Int64? {
        var content = content
        guard let year = number(4, &content) else { return nil }
        return time(year: year, secondsRequired: true, content)
    }

    private static func time(
        year: Int, secondsRequired: Bool, _ rest: ArraySlice<UInt8>
    ) -> Int64? {
        var rest = rest
        guard let month = number(2, &rest), let day = number(2, &rest),
            let hour = number(2, &rest), let minute = number(2, &rest)
        else { return nil }
        var second = 0
        if secondsRequired || (rest.first.map(isDigit) ?? false) {
            guard let given = number(2, &rest) else { return nil }
            second = given
        }
        guard let zone = zoneSeconds(rest),
            let date = CivilTime(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        return date.secondsSince1970 - Int64(zone)
    }

    /// `Z`, or hours and minutes with a sign; `+0000` is not the shortest form.
    private static func zoneSeconds(_ zone: ArraySlice<UInt8>) -> Int? {
        if zone.elementsEqual([UInt8(ascii: "Z")]) { return 0 }
        var rest = zone.dropFirst()
        guard let sign = zone.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            let hours = number(2, &rest), let minutes = number(2, &rest), rest.isEmpty,
            hours < 24, minutes < 60, hours + minutes > 0
        else { return nil }
        return (hours * 60 + minutes) * (sign == UInt8(ascii: "+") ? 60 : -60)
    }

    private static func number(_ digits: Int, _ bytes: inout ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= digits, bytes.prefix(digits).allSatisfy(isDigit) else { return nil }
        defer { bytes = bytes.dropFirst(digits) }
        return bytes.prefix(digits).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
