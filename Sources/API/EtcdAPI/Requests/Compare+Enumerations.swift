extension Compare {
    /// How the two sides must stand to each other; unknown numbers stay what they are.
    package struct Result: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        @inlinable
        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        @inlinable
        package static var equal: Result { Result(rawValue: 0) }
        @inlinable
        package static var greater: Result { Result(rawValue: 1) }
        @inlinable
        package static var less: Result { Result(rawValue: 2) }
        @inlinable
        package static var notEqual: Result { Result(rawValue: 3) }
    }
}

extension Compare {
    /// What of a key is compared; unknown numbers stay what they are.
    package struct Target: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        @inlinable
        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        @inlinable
        package static var version: Target { Target(rawValue: 0) }
        @inlinable
        package static var create: Target { Target(rawValue: 1) }
        @inlinable
        package static var mod: Target { Target(rawValue: 2) }
        @inlinable
        package static var value: Target { Target(rawValue: 3) }
        @inlinable
        package static var lease: Target { Target(rawValue: 4) }
    }
}
