/// A semantic version: major.minor.patch.
package struct SemanticVersion: Comparable, Hashable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int
    package let patch: Int

    package init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Parses `3.7.0` or `3.7`, ignoring a pre-release or build suffix; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let core = text.prefix { $0 != "-" && $0 != "+" }
        let parts = core.split(separator: ".", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) else { return nil }
        var numbers: [Int] = []
        for part in parts {
            guard part.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(part) else {
                return nil
            }
            numbers.append(number)
        }
        self.init(numbers[0], numbers[1], numbers.count == 3 ? numbers[2] : 0)
    }

    package var description: String { "\(major).\(minor).\(patch)" }

    /// The form `3.7` of cluster versions in logs and metrics.
    package var majorMinor: String { "\(major).\(minor)" }

    /// The same version with patch 0, as in cluster versions.
    package var withoutPatch: SemanticVersion { SemanticVersion(major, minor) }

    package static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}

/// The etcd version that this program is compatible with and reports as its own.
package let compatibleVersion = SemanticVersion(3, 7, 1)
