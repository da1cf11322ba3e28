extension Compare {
    /// The expected result of the comparison; unknown numbers are preserved.
    package struct Result: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static var equal: Result { Result(rawValue: 0) }
        package static var greater: Result { Result(rawValue: 1) }
        package static var less: Result { Result(rawValue: 2) }
        package static var notEqual: Result { Result(rawValue: 3) }
    }
}

extension Compare {
    /// The field of the key to compare; unknown numbers are preserved.
    package struct Target: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static var version: Target { Target(rawValue: 0) }
        package static var create: Target { Target(rawValue: 1) }
        package static var mod: Target { Target(rawValue: 2) }
        package static var value: Target { Target(rawValue: 3) }
        package static var lease: Target { Target(rawValue: 4) }
    }
}
