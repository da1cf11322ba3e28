/// The parts of a version that members compare: major and minor.
struct PeerVersion: Comparable, Sendable {
    let major: UInt32
    let minor: UInt32

    /// The version assumed for a member that sends none.
    static let unspecified = "2.0.0"

    /// Parses `3.7.1`, `3.6.0-rc.1`; nil without three numbers.
    init?(_ text: String) {
        let numbers = text.prefix { $0 != "-" && $0 != "+" }
            .split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 3, let major = UInt32(numbers[0]),
            let minor = UInt32(numbers[1]), UInt32(numbers[2]) != nil
        else { return nil }
        self.major = major
        self.minor = minor
    }

    static func < (left: PeerVersion, right: PeerVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// Whether a member of this version, older than this one, has the streams.
    var hasStreams: Bool {
        switch major {
        case 2: (1...3).contains(minor)
        case 3: minor <= 8
        default: false
        }
    }
}
