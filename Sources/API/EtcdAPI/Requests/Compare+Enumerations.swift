extension Compare {
    /// How the two sides must stand to each other; unknown numbers stay what they are.
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
    /// What of a key is compared; unknown numbers stay what they are.
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
